"""A wall clock that a dead battery cannot throw back: it never falls behind what is known past.

A box without power and battery wakes up in 1970 or in the year of its making. Until the network
has set its clock, time goes on from the last moment that was kept on the disk.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from edge.clock import Clock
from edge.outbox import Outbox, OutboxError

KEY = "clock"
KEEP_EVERY_S = 60.0


class KeptClock:
    """`inner` with a floor under its wall time; `synchronised()` says whether to trust it.

    Trusted time is taken as it is, also when it is earlier than what was kept.
    """

    def __init__(
        self, inner: Clock, outbox: Outbox, synchronised: Callable[[], bool | None]
    ) -> None:
        self._inner = inner
        self._outbox = outbox
        self._synchronised = synchronised
        self._floor = known_time(outbox)
        self._floor_ts = inner.ts()
        self._kept_ts: float | None = None

    def ts(self) -> float:
        """Monotonic seconds."""
        return self._inner.ts()

    def wall(self) -> datetime:
        """Aware UTC time."""
        wall = self._inner.wall()
        if self._floor is None or self._synchronised():
            return wall
        return max(wall, self._floor + timedelta(seconds=self._inner.ts() - self._floor_ts))

    def behind(self) -> bool:
        """Whether the machine's own clock is known to be wrong: it shows what is past."""
        return self.wall() > self._inner.wall() + timedelta(seconds=1)

    def keep(self) -> None:
        """Keep the moment on the disk, now and then; raises OutboxError."""
        now_ts = self._inner.ts()
        if self._kept_ts is not None and now_ts - self._kept_ts < KEEP_EVERY_S:
            return
        self._outbox.save_state({KEY: self.wall().isoformat().encode()})
        self._kept_ts = now_ts


def known_time(outbox: Outbox) -> datetime | None:
    """The last moment that was kept; None when there is none that can be read."""
    try:
        kept = outbox.load_state(KEY)
        wall = None if kept is None else datetime.fromisoformat(kept.decode())
    except (OutboxError, ValueError):
        return None
    return wall if wall is None or wall.tzinfo is not None else wall.replace(tzinfo=UTC)
