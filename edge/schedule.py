"""Which queued event is sent when: order, timers and restraint, without I/O.

A PUBACK proves nothing, so an event that was sent is sent again until central acknowledges it.
Newest unsent events go first: what happens now is not held up by a backlog. While central is
silent only probes go out, so an outage of central is no storm at the broker. How many are on their
way follows what comes back, as in TCP: more with every acknowledgement, half when some stay away.
Else many boxes that drain at once would fill every queue with repetitions.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

ACK_TIMEOUT_S = 5.0
RETRY_CAP_S = 300.0
JITTER = 0.2
RECONNECT_GRACE_S = 1.0  # acknowledgements the broker kept for us arrive first
SILENT_AFTER_S = 20.0
PROBE_EVERY_S = 5.0
RECOVERY_SPREAD_S = 2.0
WINDOW = 256
WINDOW_AT_START = 32.0
LEAST_WINDOW = 8.0
FAST_STEP = 0.5  # per acknowledgement, until the first repetition; then one per window
LIVE = 8
"""So many of the newest events do not wait for the window: what happens now overtakes a drain."""
LONER_BREAKS = 2


@dataclass(slots=True)
class _Flight:
    """An event that was sent and is not acknowledged by central."""

    sent_ts: float = 0.0
    lost_ts: float = -math.inf
    """When the connection ended that it was sent over: nothing comes back of it."""
    next_ts: float = 0.0
    tries: int = 0
    breaks: int = 0
    """Connections in a row that ended between its PUBLISH and its PUBACK."""


class Schedule:
    """Timers of one outbox; `now_ts` is monotonic seconds, `rng` gives numbers in [0, 1).

    An event on which the connection broke twice in a row may be what breaks it, so it goes alone,
    last, and ever more rarely: it cannot hold up the others.
    """

    def __init__(self, seqs: Iterable[int], rng: Callable[[], float]) -> None:
        self._unsent = sorted(seqs)
        self._flights: dict[int, _Flight] = {}
        self._rng = rng
        self._quiet_since_ts: float | None = None
        self._probed_ts = 0.0
        self._window = WINDOW_AT_START
        self._narrowed_ts: float | None = None
        self._live: deque[int] = deque(maxlen=LIVE)

    def __len__(self) -> int:
        """Events that central has not acknowledged."""
        return len(self._unsent) + len(self._flights)

    @property
    def unsent(self) -> int:
        """Events that were not sent since the outbox was opened or since central asked again."""
        return len(self._unsent)

    def add(self, seq: int) -> None:
        """Queue an event that is not queued."""
        insort(self._unsent, seq)
        if self._unsent[-1] == seq:
            self._live.append(seq)

    def due(self, now_ts: float, limit: int, idle: bool) -> list[int]:
        """At most `limit` events to send now, in order; `idle`: no PUBACK is awaited."""
        if limit <= 0:
            return []
        if self.silent(now_ts):
            return self._probe(now_ts)
        room = max(0, min(limit, int(self._window) - self._on_their_way(now_ts)))
        live_count = sum(seq in self._live for seq in self._unsent[-LIVE:])
        again = self._timed_out(now_ts, loners=False)[: max(0, min(room, limit - live_count))]
        fresh_count = min(len(self._unsent), max(room - len(again), min(limit, live_count)))
        fresh = self._unsent[len(self._unsent) - fresh_count :]
        if fresh or again or not idle:
            return fresh + again
        return self._timed_out(now_ts, loners=True)[:1]

    def sent(self, seq: int, now_ts: float) -> bool:
        """Note that it was handed to the broker; whether that was for the first time."""
        first = seq not in self._flights
        if first:
            self._drop_unsent(seq)
        flight = self._flights.setdefault(seq, _Flight())
        flight.tries += 1
        if flight.tries > 1:
            self._narrow(now_ts)
        flight.sent_ts = now_ts
        flight.next_ts = now_ts + self._wait_s(flight.tries)
        self._probed_ts = now_ts
        if self._quiet_since_ts is None:
            self._quiet_since_ts = now_ts
        return first

    def settled(self, seq: int) -> None:
        """It is filed or quarantined: never send it again."""
        if self._flights.pop(seq, None) is None:
            self._drop_unsent(seq)
        else:
            step = FAST_STEP if self._narrowed_ts is None else 1 / self._window
            self._window = min(float(WINDOW), self._window + step)

    def progress(self, now_ts: float) -> None:
        """Central acknowledged something; after a silence everything is retried soon."""
        if self.silent(now_ts):
            for flight in self._steady():
                soon_ts = now_ts + RECOVERY_SPREAD_S * self._rng()
                flight.next_ts = min(flight.next_ts, soon_ts)
        self._quiet_since_ts = now_ts if self._flights else None

    def silent(self, now_ts: float) -> bool:
        """Whether events were sent and central has said nothing for a long time."""
        since_ts = self._quiet_since_ts
        return since_ts is not None and now_ts - since_ts > SILENT_AFTER_S

    def taken(self, seq: int) -> None:
        """The broker took it over (PUBACK): it is not what breaks connections."""
        if seq in self._flights:
            self._flights[seq].breaks = 0

    def broken(self, seqs: Iterable[int], now_ts: float) -> None:
        """The connection ended before the PUBACK of these."""
        for flight in [self._flights[seq] for seq in seqs if seq in self._flights]:
            flight.breaks += 1
            flight.lost_ts = flight.next_ts = now_ts
            if flight.breaks >= LONER_BREAKS:
                flight.next_ts += self._wait_s(flight.breaks - LONER_BREAKS + 1)

    def reset(self, now_ts: float) -> None:
        """A new connection: what was sent over the old one is retried soon."""
        for flight in self._steady():
            flight.tries = 0
            flight.lost_ts = now_ts
            flight.next_ts = min(flight.next_ts, now_ts + RECONNECT_GRACE_S)
        self._quiet_since_ts = now_ts if self._flights else None

    def _on_their_way(self, now_ts: float) -> int:
        """Events that may still be acknowledged; older ones are lost as far as we know."""
        return sum(
            now_ts - flight.sent_ts < ACK_TIMEOUT_S and flight.lost_ts < flight.sent_ts
            for flight in self._flights.values()
        )

    def _narrow(self, now_ts: float) -> None:
        """Something is repeated: half as many at once, but no more than once per timeout."""
        if self._narrowed_ts is None or now_ts - self._narrowed_ts >= ACK_TIMEOUT_S:
            self._narrowed_ts = now_ts
            self._window = max(LEAST_WINDOW, self._window / 2)

    def _probe(self, now_ts: float) -> list[int]:
        if now_ts - self._probed_ts < PROBE_EVERY_S:
            return []
        if self._unsent:
            return self._unsent[-1:]
        return sorted(self._flights, key=lambda seq: self._flights[seq].sent_ts)[:1]

    def _timed_out(self, now_ts: float, loners: bool) -> list[int]:
        due = [
            (flight.next_ts, seq)
            for seq, flight in self._flights.items()
            if flight.next_ts <= now_ts and (flight.breaks >= LONER_BREAKS) is loners
        ]
        return [seq for _, seq in sorted(due)]

    def _steady(self) -> list[_Flight]:
        return [flight for flight in self._flights.values() if flight.breaks < LONER_BREAKS]

    def _drop_unsent(self, seq: int) -> None:
        at = bisect_left(self._unsent, seq)
        if at < len(self._unsent) and self._unsent[at] == seq:
            del self._unsent[at]

    def _wait_s(self, tries: int) -> float:
        base_s = min(ACK_TIMEOUT_S * 2.0 ** min(tries - 1, 10), RETRY_CAP_S)
        return base_s * (1 + JITTER * (2 * self._rng() - 1))
