"""The sweeper: takes away pictures that were kept long enough, a bounded batch per transaction.

It looks through all pictures that are here, the oldest first, again and again; so it needs no list
of what falls due, whatever happens to cases in between, and a death costs nothing but time.
"""

import threading
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from central import store
from central.cases.retention import FOREVER, Policy
from central.clock import Now
from central.db import Database, database_is_gone, is_contention
from central.evidence import EvidenceFiles
from central.renditions import Renditions
from central.settings import Settings

BATCH = 200
BETWEEN_BATCHES_S = 1.0
BETWEEN_ROUNDS_S = 3600.0
AFTER_FAULT_S = 30.0

log = structlog.get_logger()


def policy_of(settings: Settings) -> Policy:
    """What was set; for ever unless retention is switched on."""
    if not settings.retention:
        return FOREVER
    return Policy(
        settings.retain_void_days, settings.retain_handled_days, settings.retain_masked_days
    )


@dataclass(frozen=True, slots=True)
class Broom:
    """What a sweep works on."""

    database: Database
    files: EvidenceFiles
    renditions: Renditions
    policy: Policy
    now: Now


def sweep(broom: Broom, since: store.Mark | None = None) -> tuple[store.Mark | None, int]:
    """Look at the next pictures after a mark: the mark to go on from (None: all seen), how many
    were deleted.
    """
    now = broom.now()
    with broom.database.read() as session:
        marks = store.kept_pictures(session, since, BATCH)
        due = store.due_pictures(session, marks, broom.policy, now)
    if due:
        with broom.database.write() as session:
            deleted = _delete(session, broom, [mark for mark in marks if mark.sha256 in due])
    else:
        deleted = 0
    return (marks[-1] if len(marks) == BATCH else None), deleted


def _delete(session: Session, broom: Broom, marks: list[store.Mark]) -> int:
    """Files go before the commit: after a death between them the next round finds them due again.

    Their cases are locked first and everything is asked anew, so a hold that came in between holds.
    """
    now = broom.now()
    store.lock_cases_of(session, [mark.sha256 for mark in marks])
    due = store.due_pictures(session, marks, broom.policy, now)
    for sha256, needed in due.items():
        store.mark_deleted(session, sha256, needed, now)
    session.flush()
    for sha256 in due:
        broom.files.remove(sha256)
        broom.renditions.forget(sha256)
    return len(due)


class Sweeper:
    """A thread that sweeps for as long as central runs, if its policy ever deletes anything."""

    def __init__(self, broom: Broom) -> None:
        self._broom = broom
        self._stopping = threading.Event()
        self._since: store.Mark | None = None
        self._well = True
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin, unless pictures are kept for ever."""
        if self._broom.policy.is_on:
            self._thread.start()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        pause_s = BETWEEN_BATCHES_S
        while not self._stopping.wait(pause_s):
            pause_s = self._once()

    def _once(self) -> float:
        """Seconds until the next batch; a fault is said once and tried again."""
        try:
            self._since, deleted = sweep(self._broom, self._since)
        except Exception as error:
            if self._well and not is_contention(error):
                log.error("sweeper_waits", gone=database_is_gone(error), error=str(error)[:200])
                self._well = False
            return AFTER_FAULT_S
        self._well = True
        if deleted:
            log.info("evidence_deleted", pictures=deleted)
        return BETWEEN_BATCHES_S if self._since is not None else BETWEEN_ROUNDS_S
