"""Keeps the broker supplied from the outbox, whatever happens to the broker."""

import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.backoff import Backoff
from edge.changes import Changes
from edge.clock import Clock
from edge.events import BoxState, topic
from edge.exchange import Ends, Exchange, Identity
from edge.identity import ClientCertificate
from edge.mqtt import Address, Link, LinkLost, Route
from edge.outbox import Outbox, OutboxError
from edge.worker import Worker

TURN_S = 0.5
GOODBYE_LIMIT_S = 1.0
STUCK_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class PublisherSettings:
    """Which broker, and who this box is; `boot_id` is new with every start of the program."""

    site: str
    box: str
    boot_id: str
    url: str = field(repr=False)
    ca_file: Path | None = None
    certificate: ClientCertificate | None = None


class Publisher:
    """A thread that publishes every event until central acknowledges it, and the box's state.

    Events go at QoS 1 to `…/event`, acknowledgements come on `…/ack`; `state_source()` goes
    retained to `…/state` on connect and every 10 s (every 5 s where sound is measured), with a last
    will. A broker that is away is tried for ever, one log line per change. Raises ValueError,
    without the URL in it, when the URL is not a broker's.
    """

    def __init__(
        self,
        settings: PublisherSettings,
        outbox: Outbox,
        clock: Clock,
        state_source: Callable[[], BoxState],
    ) -> None:
        identity = Identity(settings.site, settings.box, settings.boot_id)
        self._ends = Ends(identity, outbox, clock, state_source, Changes())
        self._route = Route(
            Address.from_url(settings.url),
            identity.client_id,
            will=identity.offline,
            listen_to=topic(settings.site, settings.box, "ack"),
            ca_file=settings.ca_file,
            certificate=settings.certificate,
        )
        self._worker = Worker("publisher", self._run)
        self._backoff = Backoff(random.random)
        self._beat_ts = clock.ts()
        self._wake, self._bell = socket.socketpair()
        self._wake.setblocking(False)
        self._bell.setblocking(False)
        self.connected = False
        outbox.listen(self._ring)

    def start(self) -> None:
        """Start the thread; the broker need not be there."""
        self._worker.start()

    def stop(self, limit_s: float = 10.0) -> bool:
        """Say that the box goes offline and end; False when the thread hangs in the network."""
        self._ring()
        ended = self._worker.stop(limit_s)
        if ended:
            self._wake.close()
            self._bell.close()
        return ended

    def healthy(self, now_ts: float) -> bool:
        """Whether the thread runs and has turned lately, for the program's watchdog."""
        return self._worker.is_alive() and now_ts - self._beat_ts < STUCK_AFTER_S

    @property
    def bad_acks_total(self) -> int:
        """Acknowledgements that were not understood since the start."""
        return self._ends.bad_acks_total

    def _ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody listens any more
            self._bell.send(b"\0")

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._connection(stop)
            except LinkLost as lost:
                self._ends.changes.note("broker_unreachable", True, reason=str(lost))
            except OutboxError as error:
                self._ends.changes.note("outbox_unusable", True, reason=str(error))
            self._wait(stop)

    def _wait(self, stop: threading.Event) -> None:
        until_ts = self._ends.clock.ts() + self._backoff.next_s()
        while not stop.is_set() and self._ends.clock.ts() < until_ts:
            self._beat_ts = self._ends.clock.ts()
            stop.wait(min(TURN_S, until_ts - self._beat_ts))

    def _connection(self, stop: threading.Event) -> None:
        link = Link(self._route, self._wake)
        exchange = Exchange(link, self._ends)
        try:
            link.open()
            self.connected = True
            self._ends.changes.note("broker_unreachable", False)
            self._ends.outbox.reset_timers(self._ends.clock.ts())
            while not stop.is_set():
                self._turn(link, exchange)
            self._say_goodbye(link, exchange)
        finally:
            self.connected = False
            link.close()
            self._ends.outbox.broken(exchange.awaited_seqs(), self._ends.clock.ts())

    def _turn(self, link: Link, exchange: Exchange) -> None:
        exchange.turn()
        if exchange.works:  # a broker that only accepts connections is not one that works
            self._backoff.reset()
            self._ends.changes.note("outbox_unusable", False)
        self._beat_ts = self._ends.clock.ts()
        link.turn(TURN_S)

    def _say_goodbye(self, link: Link, exchange: Exchange) -> None:
        mid = exchange.say_offline()
        until_ts = self._ends.clock.ts() + GOODBYE_LIMIT_S
        while mid not in [taken for taken, _ in link.taken] and self._ends.clock.ts() < until_ts:
            link.turn(0.1)
