"""Keeps the senders alive: a dead thread is noticed within a second and replaced, visibly."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.crash import crash_point
from central.db import database_is_gone, is_contention
from central.tell import outbox
from central.tell.adapters import Adapter, make_adapter
from central.tell.book import AnyChannel, Book
from central.tell.sender import Sender, Tools

WATCH_EVERY_S = 1.0
IDLE_S = 0.3
AWAY_S = 2.0

log = structlog.get_logger()


class Clerk:
    """Addresses new messages, takes back what dead senders held, counts what waits."""

    def __init__(self, tools: Tools, book: Book) -> None:
        self._tools = tools
        self._book = book

    def step(self) -> float:
        """One round; the seconds until the next."""
        now = self._tools.now()
        with self._tools.database.read() as session:
            new, left = outbox.any_new(session), outbox.any_left(session, now)
            found = outbox.counts(session)
        for key, number in found.items():
            self._tools.metrics.untold.labels(*key).set(number)
        for channel in self._book.channels:
            for state in ("waiting", "sending", "dead"):
                if (channel.name, state) not in found:
                    self._tools.metrics.untold.labels(channel.name, state).set(0)
        if new:
            self._address()
        if left:
            with self._tools.database.write() as session:
                count = outbox.take_back(session, now)
            log.warning("messages_taken_back", messages=count)
        return 0.0 if new else IDLE_S

    def _address(self) -> None:
        now = self._tools.now()
        with self._tools.database.write() as session:
            for row in outbox.new_messages(session):
                listed = self._tools.listed(session, row.party)
                addresses = self._book.addresses(row.kind, row.party, listed)  # type: ignore[arg-type]
                outbox.address(session, row, addresses, now)
            crash_point("tell.before_address")
        crash_point("tell.after_address")
        self._tools.changed("tell")


@dataclass
class Loop:
    """A thread that takes one step after the other, with pauses."""

    name: str
    step: Callable[[], float]
    stopping: threading.Event
    away: bool = False
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=f"tell-{self.name}", daemon=True)

    @property
    def alive(self) -> bool:
        return self.thread.is_alive()

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.stopping.wait(self._pace())
        except BaseException as error:
            log.error("teller_thread_died", name=self.name, error=repr(error), exc_info=True)

    def _pace(self) -> float:
        """The pause after one step; a database that is away is waited for, for ever."""
        try:
            pause_s = self.step()
        except SQLAlchemyError as error:
            if is_contention(error):
                return 0.05
            if not database_is_gone(error):
                raise
            if not self.away:
                log.error("tell_database_lost", name=self.name)
            self.away = True
            return AWAY_S
        self.away = False
        return pause_s


class Teller:
    """One thread per channel, one that addresses, and the watchdog over them."""

    def __init__(
        self,
        tools: Tools,
        book: Book,
        make: Callable[[AnyChannel], Adapter] | None = None,
    ) -> None:
        self._tools = tools
        self._stopping = threading.Event()
        adapter = make or (lambda channel: make_adapter(channel, tools.now))
        self._senders = {
            channel.name: Sender(tools, channel.lane, adapter(channel)) for channel in book.channels
        }
        steps: dict[str, Callable[[], float]] = {
            name: sender.step for name, sender in self._senders.items()
        }
        self._steps: Mapping[str, Callable[[], float]] = steps | {"": Clerk(tools, book).step}
        self._loops: dict[str, Loop] = {}
        self._watchdog = threading.Thread(target=self._watch, name="tell-watchdog", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        for name in self._steps:
            self._begin(name)
        self._watchdog.start()

    def stop(self) -> None:
        """End after the messages at hand."""
        self._stopping.set()
        if self._watchdog.is_alive():
            self._watchdog.join(timeout=5)
        for loop in self._loops.values():
            loop.thread.join(timeout=10)
        for sender in self._senders.values():
            sender.close()

    @property
    def alive(self) -> bool:
        """Whether every thread runs."""
        return all(loop.alive for loop in self._loops.values())

    def _begin(self, name: str) -> None:
        self._loops[name] = Loop(name or "clerk", self._steps[name], self._stopping)
        self._loops[name].thread.start()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_EVERY_S):
            for name in [name for name, loop in self._loops.items() if not loop.alive]:
                log.error("teller_restarted", name=name or "clerk")
                self._tools.metrics.teller_restarts.inc()
                self._begin(name)
