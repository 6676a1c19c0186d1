"""Back-off ladder for everything that is retried for ever."""

from collections.abc import Callable

LADDER_S = (1.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
JITTER = 0.2


class Backoff:
    """Waiting times that climb the ladder and stay on its last rung, ±20 % so that boxes spread.

    `rng` gives numbers in [0, 1), e.g. `random.random`.
    """

    def __init__(self, rng: Callable[[], float]) -> None:
        self._rng = rng
        self._rung = 0

    def next_s(self) -> float:
        """Seconds to wait before the next try."""
        base_s = LADDER_S[min(self._rung, len(LADDER_S) - 1)]
        self._rung += 1
        return base_s * (1 + JITTER * (2 * self._rng() - 1))

    def reset(self) -> None:
        """The thing works again: start at the bottom."""
        self._rung = 0
