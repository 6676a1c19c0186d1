"""The outbox's hash chain: every event's place in it, and its signature when there is a key."""

from edge.outbox_db import OutboxDb
from edge.seal import Seal, genesis, link_of
from edge.signing import Signer

# Of its own, not columns of `event`: a chain outlives the events that were filed and forgotten.
TABLE = """
CREATE TABLE IF NOT EXISTS seal (
  seq INTEGER PRIMARY KEY,
  prev BLOB NOT NULL,
  link BLOB NOT NULL,
  key_id TEXT NOT NULL,
  signature BLOB NOT NULL
) STRICT
"""
UNSIGNED = ("", b"")


class Chain:
    """The links of one outbox file, for the thread that holds the outbox's lock.

    Links are kept without a signer too, so that a box that is enrolled later goes on with them.
    A signature is made once and kept: an event that is sent again is sent byte for byte the same.
    """

    def __init__(self, db: OutboxDb, epoch: str, signer: Signer | None) -> None:
        """Bring the chain up to the events and the key; one transaction."""
        self._db = db
        self._signer = signer
        self._genesis = genesis(epoch)
        with db.write():
            db.run(TABLE)
            self._link_events_of_before()
            self._sign_anew()

    def add(self, seq: int, body: bytes) -> None:
        """Link and sign a new event, inside the transaction that puts it."""
        prev = self._newest()
        self._db.run(
            "INSERT INTO seal (seq, prev, link, key_id, signature) VALUES (?, ?, ?, ?, ?)",
            (seq, prev, link_of(prev, body), *self._sign(prev, body)),
        )

    def seal_of(self, seq: int) -> Seal | None:
        """The seal of an event, None while the box has no key."""
        rows = self._db.all("SELECT key_id, prev, signature FROM seal WHERE seq = ?", seq)
        return Seal(*rows[0]) if rows and rows[0][0] else None

    def prune(self) -> None:
        """Forget the seals of events that were forgotten, but not the newest link."""
        self._db.run(
            "DELETE FROM seal WHERE seq < (SELECT max(seq) FROM seal)"
            " AND seq NOT IN (SELECT seq FROM event)"
        )

    def _newest(self) -> bytes:
        found: bytes | None = self._db.one("SELECT link FROM seal ORDER BY seq DESC LIMIT 1")
        return self._genesis if found is None else found

    def _sign(self, prev: bytes, body: bytes) -> tuple[str, bytes]:
        if self._signer is None:
            return UNSIGNED
        seal = self._signer.seal(prev, body)
        return seal.key_id, seal.signature

    def _link_events_of_before(self) -> None:
        """Events that a version without a chain put into the file."""
        missing = "SELECT seq, body FROM event WHERE seq > ? ORDER BY seq"
        last = self._db.one("SELECT max(seq) FROM seal") or 0
        for seq, body in self._db.all(missing, last):
            self.add(seq, body)

    def _sign_anew(self) -> None:
        """Sign what another key or none has signed: central no longer believes that one.

        Filed events too, for central may ask for them again.
        """
        if self._signer is None:
            return
        rows = self._db.all(
            "SELECT seq, prev, body FROM event JOIN seal USING (seq) WHERE key_id <> ?",
            self._signer.key_id,
        )
        for seq, prev, body in rows:
            self._db.run(
                "UPDATE seal SET key_id = ?, signature = ? WHERE seq = ?",
                (*self._sign(prev, body), seq),
            )
