"""The worker: takes what came, commits it in one transaction, and only then acknowledges."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from central import store
from central.clock import Now
from central.crash import crash_point
from central.db import Database, database_is_gone, is_contention
from central.folded import FoldedLog
from central.intake import Item, Refusal, Taken, TakenState, take
from central.metrics import Metrics
from central.receiver.gaps import GapWatch
from central.receiver.link import Letter
from central.receiver.outcome import Done, as_poison, places_of, scene_of, short, topics
from central.settings import Policy
from central.signatures import SEAL_CODES
from edge.events import to_json, topic

MAX_BATCH = 50
IDLE_S = 0.5
MAX_TRIES = 3
RETRY_DATABASE_S = (0.2, 0.5, 1.0, 2.0, 5.0)
ALARMS = frozenset({"id_conflict", "foreign_incident", "wrong_box"}) | SEAL_CODES

log = structlog.get_logger()
T = TypeVar("T")


class Stopped(Exception):
    """The worker was told to end while the database was gone; nothing was acknowledged."""


class Wire(Protocol):
    """What the worker needs of the link."""

    @property
    def connected(self) -> bool: ...

    def publish(self, topic: str, body: bytes) -> bool: ...

    def ack(self, letter: Letter) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker works with; `changed` is told the topics that changed, after the commit."""

    database: Database
    changed: Callable[[str], None]
    metrics: Metrics
    now: Now
    zone: ZoneInfo
    policy: Policy = "auto"


class Worker:
    """One thread between queue and database."""

    def __init__(self, tools: Tools, inbox: "queue.Queue[Letter]", wire: Wire) -> None:
        self._tools = tools
        self._inbox = inbox
        self._wire = wire
        self._stopping = threading.Event()
        self._folded = FoldedLog(time.monotonic)
        self._gaps = GapWatch(tools.database, tools.metrics, tools.now, time.monotonic, wire)
        self._acks_wait = True  # there may be some from before a restart
        self.database_up = True
        self.beat_ts = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to work; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def reconnected(self) -> None:
        """The broker is back: acknowledgements that could not be published may go now."""
        self._acks_wait = True

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.beat_ts = time.monotonic()
                self._gaps.look()
                letters = self._collect()
                if letters:
                    self._handle(letters)
                elif self._acks_wait:
                    self._publish_acks()
        except Stopped:
            return
        except BaseException as error:
            log.error("receiver_thread_died", error=repr(error), exc_info=True)

    def _collect(self) -> list[Letter]:
        """What is there now, at most a batch; waits a moment when there is nothing.

        It does not wait for more: what comes during a commit is the next batch, so a lone event
        is never delayed and a flood is committed fifty at a time.
        """
        letters: list[Letter] = []
        try:
            letters.append(self._inbox.get(timeout=IDLE_S))
            while len(letters) < MAX_BATCH:
                letters.append(self._inbox.get_nowait())
        except queue.Empty:
            pass
        return letters

    def _handle(self, letters: list[Letter]) -> None:
        items = [take(one.topic, one.payload, one.retained, one.user) for one in letters]
        items.sort(key=scene_of)
        with self._tools.metrics.batch_s.time():
            done = self._commit_all(items)
        crash_point("batch.after_commit")
        for name in topics(done):
            self._tools.changed(name)
        self._publish_acks()
        crash_point("broker.before_ack")
        for letter in letters:
            self._wire.ack(letter)
        crash_point("broker.after_ack")
        for one in done:
            self._count(one)

    def _commit_all(self, items: list[Item]) -> list[Done]:
        """In one transaction; if one of them cannot be, each in its own."""
        try:
            return self._persist(lambda session: self._batch(session, items))
        except Stopped:
            raise
        except Exception as error:
            self._folded.warn("batch_failed", type(error).__name__, error=short(error))
        return [self._alone(item) for item in items]

    def _batch(self, session: Session, items: list[Item]) -> list[Done]:
        store.lock_boxes(session, [item.sender for item in items if item.sender])
        store.lock_places(session, places_of(items))
        done = [self._one(session, item) for item in items]
        crash_point("batch.before_commit")
        return done

    def _alone(self, item: Item) -> Done:
        """One message in its own transaction; what fails three times goes into quarantine."""
        for _ in range(MAX_TRIES):
            try:
                return self._persist(lambda session: self._batch(session, [item]))[0]
            except Stopped:
                raise
            except Exception as error:
                fault = error
        poison = as_poison(item, fault)
        return Done(poison, self._persist(lambda session: self._refuse(session, poison)))

    def _one(self, session: Session, item: Item) -> Done:
        now = self._tools.now()
        match item:
            case Taken():
                return Done(
                    item, store.merge(session, item, now, self._tools.zone, self._tools.policy)
                )
            case TakenState():
                store.save_state(session, item, now)
                return Done(item, store.Verdict("state"))
            case Refusal():
                return Done(item, self._refuse(session, item))

    def _refuse(self, session: Session, refusal: Refusal) -> store.Verdict:
        return store.refuse(session, refusal, self._tools.now(), self._tools.policy)

    def _persist(self, work: Callable[[Session], T]) -> T:
        """Result of `work`, committed; while the database is gone it is tried again, for ever.

        Raises Stopped when the worker must end meanwhile, and whatever else `work` raises.
        """
        tries = 0
        while True:
            try:
                with self._tools.database.write() as session:
                    result = work(session)
            except Exception as error:
                if is_contention(error):  # another receiver won; at once again
                    continue
                if not database_is_gone(error):
                    raise
                self._tell_database(False, error=short(error))
            else:
                self._tell_database(True)
                return result
            self.beat_ts = time.monotonic()
            delay_s = RETRY_DATABASE_S[min(tries, len(RETRY_DATABASE_S) - 1)]
            if self._stopping.wait(delay_s):
                raise Stopped
            tries += 1

    def _publish_acks(self) -> None:
        """Publish every acknowledgement that waits and forget those the broker took.

        In one transaction: whatever breaks in it, they are said again, and that is harmless.
        """
        self._acks_wait = True
        while self._wire.connected:
            waiting, gone = self._persist(self._move_acks)
            self._acks_wait = waiting > gone
            if not gone:
                return
            crash_point("acks.after_commit")

    def _move_acks(self, session: Session) -> tuple[int, int]:
        """How many waited and how many of them the broker took."""
        waiting = store.pending_acks(session)
        if not waiting:
            return 0, 0
        crash_point("acks.before_publish")
        gone = [row_id for ack in waiting if self._publish(ack) for row_id in ack.row_ids]
        crash_point("acks.after_publish")
        store.drop_acks(session, gone)
        return sum(len(ack.row_ids) for ack in waiting), len(gone)

    def _publish(self, waiting: store.PendingAck) -> bool:
        name = topic(waiting.sender.site, waiting.sender.box, "ack")
        return self._wire.publish(name, to_json(waiting.ack))

    def _tell_database(self, up: bool, **why: str) -> None:
        """Say it once per change of state."""
        self._tools.metrics.database_up.set(up)
        if self.database_up is not up:
            self.database_up = up
            (log.info if up else log.error)("database_back" if up else "database_lost", **why)

    def _count(self, done: Done) -> None:
        """Metrics and the log lines that people need."""
        verdict, item = done.verdict, done.item
        self._tools.metrics.messages.labels(verdict.kind).inc()
        if isinstance(item, Taken) and verdict.case_no is not None:
            log.info("case_filed", case_no=verdict.case_no, place=item.event.subject)
            self._tools.metrics.cases.labels(verdict.case_no[:2]).inc()
        if verdict.kind == "rejected":
            self._tools.metrics.rejected.labels(verdict.code).inc()
            sender = item.sender.box if item.sender else ""
            self._folded.warn(
                "message_rejected",
                f"{sender} {verdict.code}",
                box=sender,
                code=verdict.code,
                reason=verdict.reason,
            )
        if verdict.code in ALARMS or verdict.seq_reused or verdict.forked:
            kind = verdict.code or ("seq_reused" if verdict.seq_reused else "chain_fork")
            self._tools.metrics.alarms.labels(kind).inc()
            self._folded.warn("alarm", kind, kind=kind, sender=str(item.sender))
