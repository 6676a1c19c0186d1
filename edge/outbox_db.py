"""The outbox's SQLite file: schema, transactions and the statements of `edge.outbox`."""

import os
import sqlite3
import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge.crash import crash_point
from edge.outbox_file import OutboxCorrupt, OutboxError, lock, move_aside, sync_folder
from edge.seal import Seal

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  made_at REAL NOT NULL,
  body BLOB NOT NULL,
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'filed', 'quarantined')),
  reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX event_queued ON event (seq) WHERE state = 'queued';
CREATE INDEX event_quarantined ON event (seq) WHERE state = 'quarantined';
CREATE TABLE evidence (
  sha256 TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  taken_at REAL NOT NULL,
  first_seq INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'uploaded', 'quarantined')),
  reason TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_pending ON evidence (first_seq) WHERE state = 'pending';
CREATE TABLE scene_state (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID
"""
MAX_INTEGER = 2**63 - 1
CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Row:
    """One event to send: `body` is the canonical JSON, `seal` stands beside it."""

    seq: int
    event_id: str
    body: bytes
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to upload."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One event that central or the broker will never take, and why."""

    seq: int
    event_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """Counts for state and metrics; the `_total` ones count since the outbox was opened."""

    depth: int
    unsent: int
    oldest_s: float
    quarantined: int
    pictures_pending: int
    pictures_quarantined: int
    sent_total: int
    resent_total: int
    filed_total: int
    rejected_total: int
    foreign_acks_total: int


class OutboxDb:
    """One connection to the file. Not for several threads at once: `edge.outbox` has the lock.

    Methods that write belong inside `with db.write():`. Everything raises OutboxError when SQLite
    cannot do its work; the transaction is undone then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.moved_aside: Path | None = None
        self._unlock = weakref.finalize(self, os.close, lock(path))
        try:
            self._open()
        except OutboxCorrupt as error:
            self.moved_aside = move_aside(path)
            log.error("outbox_moved_aside", to=str(self.moved_aside), reason=str(error))
            self._open()
        except OutboxError:
            self._unlock()
            raise

    def close(self) -> None:
        self._db.close()
        self._unlock()

    def _open(self) -> None:
        with self._errors_told():
            self._db = sqlite3.connect(
                self._path, timeout=5.0, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except OutboxError:
            self._db.close()
            raise

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction: on the disk when the block ends, undone when it raises."""
        with self._errors_told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite undid it by itself when the disk is full
                    self._db.execute("ROLLBACK")
                raise

    def all(self, sql: str, *values: Any) -> list[Any]:
        """Every row of a query."""
        with self._errors_told():
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        """First column of the first row of a query, None without a row."""
        rows = self.all(sql, *values)
        return rows[0][0] if rows else None

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """A statement that gives no rows."""
        self._db.execute(sql, values)

    def last_seq(self) -> int:
        """The last number that was ever given, also when its row is gone."""
        return int(self.one("SELECT seq FROM sqlite_sequence WHERE name = 'event'") or 0)

    def insert_event(self, seq: int, event_id: str, made_at_s: float, body: bytes) -> None:
        """Raises ValueError when an event of this id was put before."""
        try:
            self._db.execute(
                "INSERT INTO event (seq, event_id, made_at, body) VALUES (?, ?, ?, ?)",
                (seq, event_id, made_at_s, body),
            )
        except sqlite3.IntegrityError:
            raise ValueError(f"event {event_id} was put before") from None

    def insert_picture(self, sha256: str, size_bytes: int, taken_at_s: float, seq: int) -> None:
        """A picture that is known already stays as it is."""
        self._db.execute(
            "INSERT INTO evidence (sha256, bytes, taken_at, first_seq) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (sha256, size_bytes, taken_at_s, seq),
        )

    def save_state(self, state: Mapping[str, bytes]) -> None:
        self._db.executemany(
            "INSERT INTO scene_state (key, value) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            list(state.items()),
        )

    def mark_filed(self, event_ids: Iterable[str]) -> list[int]:
        """The seqs that were not filed before."""
        return self._each(
            "UPDATE event SET state = 'filed', reason = '' WHERE event_id = ? AND state <> 'filed'"
            " RETURNING seq",
            [(event_id,) for event_id in event_ids],
        )

    def mark_quarantined(self, reasons: Mapping[str, str]) -> list[int]:
        """The seqs of queued events by id; an event that is filed stays filed."""
        return self._each(
            "UPDATE event SET state = 'quarantined', reason = ?"
            " WHERE event_id = ? AND state = 'queued' RETURNING seq",
            [(reason, event_id) for event_id, reason in reasons.items()],
        )

    def requeue_filed(self, ranges: Iterable[tuple[int, int]]) -> list[int]:
        """The seqs in the ranges (ends included) that had been filed and are queued now."""
        return self._each(
            "UPDATE event SET state = 'queued' WHERE state = 'filed' AND seq BETWEEN ? AND ?"
            " RETURNING seq",
            [(_clamp(first), _clamp(last)) for first, last in ranges],
        )

    def requeue_pictures(self, sha256s: Iterable[str]) -> list[int]:
        """The first seqs of pictures that had been uploaded and are pending now."""
        return self._each(
            "UPDATE evidence SET state = 'pending' WHERE sha256 = ? AND state = 'uploaded'"
            " RETURNING first_seq",
            [(sha256,) for sha256 in sha256s],
        )

    def mark_picture(self, sha256: str, state: str, reason: str) -> None:
        self._db.execute(
            "UPDATE evidence SET state = ?, reason = ? WHERE sha256 = ?", (state, reason, sha256)
        )

    def forget_picture(self, sha256: str) -> None:
        self._db.execute("DELETE FROM evidence WHERE sha256 = ? AND state = 'uploaded'", (sha256,))

    def untouched_pictures(self, limit: int) -> list[tuple[str, int]]:
        """(sha256, bytes) of pending pictures whose event names them as original or masked."""
        return self.all(
            "SELECT DISTINCT e.sha256, e.bytes FROM evidence e JOIN event v ON v.seq = e.first_seq,"
            " json_each(CAST(v.body AS TEXT), '$.data.evidence') named"
            " WHERE e.state = 'pending' AND json_extract(named.value, '$.sha256') = e.sha256"
            " AND (json_extract(named.value, '$.role') GLOB '*_original'"
            " OR json_extract(named.value, '$.role') GLOB '*_masked')"
            " ORDER BY e.first_seq, e.sha256 LIMIT ?",
            limit,
        )

    def prune(self, before_s: float) -> list[str]:
        """Forget filed events and uploaded pictures; gives the pictures' sha256."""
        self._db.execute("DELETE FROM event WHERE state = 'filed' AND made_at < ?", (before_s,))
        gone = self._db.execute(
            "DELETE FROM evidence WHERE state = 'uploaded' AND taken_at < ? RETURNING sha256",
            (before_s,),
        )
        return [sha256 for (sha256,) in gone.fetchall()]

    def _each(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> list[int]:
        return [seq for row in rows for (seq,) in self._db.execute(sql, row).fetchall()]

    def _prepare(self) -> None:
        # FULL, not NORMAL: a power cut with NORMAL loses commits that put() had promised.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self.all(f"PRAGMA {pragma}")
        found = self.one("PRAGMA quick_check(1)")
        if found != "ok":
            raise OutboxCorrupt(f"{self._path}: {found}")
        with self.write():
            version = int(self.one("PRAGMA user_version"))
            if version > SCHEMA_VERSION:
                raise OutboxError(f"{self._path}: made by a newer version of Jinmu")
            if version == 0:
                self._create()
            crash_point("outbox.create.before_commit")
        crash_point("outbox.create.after_commit")
        sync_folder(self._path.parent)

    def _create(self) -> None:
        for statement in SCHEMA.split(";"):
            self._db.execute(statement)
        self._db.execute("INSERT INTO meta VALUES ('epoch', ?)", (uuid.uuid4().hex,))
        self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            kind = OutboxCorrupt if code in CORRUPT else OutboxError
            raise kind(f"{self._path}: {error}") from error


def _clamp(number: int) -> int:
    """A number that SQLite can compare; acknowledgements are untrusted."""
    return max(0, min(number, MAX_INTEGER))
