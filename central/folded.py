"""Storms of one complaint become one line a minute that says how often it happened."""

from collections.abc import Callable
from typing import Any

import structlog

EVERY_S = 60.0
MAX_KEYS = 1000

log = structlog.get_logger()


class FoldedLog:
    """Logs the first of a kind at once, then at most one line a minute with the number left out.

    `monotonic` gives seconds, e.g. `time.monotonic`.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def warn(self, event: str, key: str, **values: Any) -> None:
        """Log `event`; those with the same `event` and `key` are folded together."""
        now = self._monotonic()
        last, hidden = self._seen.get((event, key), (float("-inf"), 0))
        if now - last < EVERY_S:
            self._seen[event, key] = (last, hidden + 1)
            return
        if len(self._seen) >= MAX_KEYS:
            self._seen.clear()
        self._seen[event, key] = (now, 0)
        log.warning(event, **values, **({"not_shown": hidden} if hidden else {}))
