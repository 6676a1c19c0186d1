"""The pictures' side of the outbox: what waits for upload, what may go when the disk is full."""

import threading
from collections.abc import Callable, Iterable

from edge.crash import crash_point
from edge.outbox_db import OutboxDb, Picture

SHED = "shed: the disk was full"


class OutboxPictures:
    """Base of `edge.outbox.Outbox`: the file, its lock, who listens, and the pictures."""

    def __init__(self, db: OutboxDb) -> None:
        self._db = db
        self._lock = threading.RLock()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every commit that queued something; it must not block."""
        self._listeners.append(listener)

    def pictures_to_upload(self, limit: int) -> list[Picture]:
        """Pictures that central has not got, the newest event's first."""
        with self._lock:
            rows = self._db.all(
                "SELECT sha256, bytes FROM evidence WHERE state = 'pending'"
                " ORDER BY first_seq DESC, sha256 LIMIT ?",
                limit,
            )
        return [Picture(*row) for row in rows]

    def uploaded(self, sha256: str) -> None:
        """Central has this picture."""
        self._settle_picture(sha256, "uploaded", "")

    def quarantine_picture(self, sha256: str, reason: str) -> None:
        """Central will never take this picture, or its file is gone."""
        self._settle_picture(sha256, "quarantined", reason)

    def need(self, sha256s: Iterable[str]) -> None:
        """Central lacks these: upload again those that had been uploaded."""
        with self._lock, self._db.write():
            wanted = self._db.requeue_pictures(sha256s)
        if wanted:
            self._tell()

    def known_pictures(self) -> set[str]:
        """Every picture that an event names and that was not shed; other files are orphans."""
        with self._lock:
            rows = self._db.all("SELECT sha256 FROM evidence WHERE reason <> ?", SHED)
        return {sha256 for (sha256,) in rows}

    def spare_pictures(self, limit: int) -> list[Picture]:
        """Pictures that central has, the oldest first: their files may go before their time."""
        with self._lock:
            rows = self._db.all(
                "SELECT sha256, bytes FROM evidence WHERE state = 'uploaded'"
                " ORDER BY first_seq, sha256 LIMIT ?",
                limit,
            )
        return [Picture(*row) for row in rows]

    def forget_picture(self, sha256: str) -> None:
        """Central has it and its file goes: it is an orphan from now on."""
        with self._lock:
            with self._db.write():
                self._db.forget_picture(sha256)
                crash_point("outbox.picture.before_commit")
            crash_point("outbox.picture.after_commit")

    def untouched_pictures(self, limit: int) -> list[Picture]:
        """Pending pictures that the drawn ones stand for (originals, masked), the oldest first."""
        with self._lock:
            return [Picture(*row) for row in self._db.untouched_pictures(limit)]

    def shed_picture(self, sha256: str) -> None:
        """The disk is full and this one goes; it stays in the books with that reason."""
        self._settle_picture(sha256, "quarantined", SHED)

    def _settle_picture(self, sha256: str, state: str, reason: str) -> None:
        with self._lock:
            with self._db.write():
                self._db.mark_picture(sha256, state, reason)
                crash_point("outbox.picture.before_commit")
            crash_point("outbox.picture.after_commit")

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
