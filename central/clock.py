"""Central's clock: the only place of `central` that reads the time."""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
"""Gives the current moment, aware, UTC."""


def utc_now() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)  # noqa: TID251 the one reading of the wall clock
