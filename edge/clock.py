"""The box's clocks: the only place of `edge` that reads them."""

import ctypes
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the rim takes its time from."""

    def ts(self) -> float:
        """Monotonic seconds, for rules and timers."""
        ...

    def wall(self) -> datetime:
        """Aware UTC time, for people."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def ts(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 the rim's one reading of the wall clock


_TIME_ERROR = 5
_TIMEX_BYTES = 512
"""More than the kernel's struct timex (208 bytes on 64-bit Linux)."""


def kernel_synchronised() -> bool | None:
    """Whether the kernel believes its clock is disciplined (adjtimex(2)); None if it cannot say."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return bool(0 <= state < _TIME_ERROR) if state >= 0 else None
