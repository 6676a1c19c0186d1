"""The ticker: lets due timers act, one case per transaction, for as long as central runs."""

import threading
from collections.abc import Callable
from zoneinfo import ZoneInfo

import structlog

from central import store
from central.cases.states import Action
from central.clock import Now
from central.db import Database, database_is_gone, is_contention

EVERY_S = 1.0

log = structlog.get_logger()


def tick(database: Database, now: Now, zone: ZoneInfo) -> dict[int, tuple[Action, ...]]:
    """Fire everything that is due now; what was done, by case id. Days are those of `zone`."""
    with database.read() as session:
        waiting, devices = store.due_cases(session, now()), store.devices_wait(session, now())
    done: dict[int, tuple[Action, ...]] = {}
    if devices:
        with database.write() as session:
            done |= store.watch_devices(session, now(), zone)
    for case_id in waiting:
        with database.write() as session:
            done[case_id] = store.fire(session, case_id, now())
    _tell_overdue(database, now)
    _keep(database, now)
    return done


def _tell_overdue(database: Database, now: Now) -> None:
    """Let people hear of appeals whose deadline for the first contact has run out."""
    with database.read() as session:
        waits = store.any_contact_overdue(session, now())
    if waits:
        with database.write() as session:
            store.tell_contact_overdue(session, now())


def _keep(database: Database, now: Now) -> None:
    """Keep short what lists and figures are counted from; the figures need none of it."""
    with database.read() as session:
        is_long, changed = store.tally_is_long(session), store.any_to_settle(session, now())
    if is_long:
        with database.write() as session:
            store.fold_tally(session)
    if changed:
        with database.write() as session:
            store.settle_cases(session, now())


class Ticker:
    """A thread that ticks every second; a lost database is waited for, said once."""

    def __init__(
        self, database: Database, now: Now, zone: ZoneInfo, changed: Callable[[str], None]
    ) -> None:
        self._database = database
        self._now = now
        self._zone = zone
        self._changed = changed
        self._stopping = threading.Event()
        self._well = True
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begin; what fell due while central was away acts at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the case at hand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self._once()

    def _once(self) -> None:
        """A fault is said once and tried again: no timer may die of another's trouble."""
        try:
            done = tick(self._database, self._now, self._zone)
        except Exception as error:
            if is_contention(error):
                return
            if self._well:
                gone = database_is_gone(error)
                log.error("ticker_waits", gone=gone, error=str(error).partition("\n")[0][:200])
            self._well = False
            return
        if not self._well:
            log.info("ticker_back")
        self._well = True
        for case_id, actions in done.items():
            if actions:
                log.info("timers_fired", case=case_id, actions=list(actions))
        if any(done.values()):
            self._changed("cases")
