"""A set of moments, kept as spans of time. Pure."""

from bisect import bisect_right
from collections.abc import Iterator


class Spans:
    """Spans without overlaps, in order; the latest may still grow, old ones are forgotten."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []

    def add(self, start_s: float, end_s: float, join_s: float = 0.0) -> None:
        """Add a span; it joins spans less than `join_s` before or after it.

        It must not begin before the latest one does.
        """
        if self._starts and start_s <= self._ends[-1] + join_s:
            self._ends[-1] = max(self._ends[-1], end_s)
            return
        self._starts.append(start_s)
        self._ends.append(end_s)

    def holds(self, ts: float) -> bool:
        """Whether the moment lies in one of them; a span holds its start and not its end."""
        index = bisect_right(self._starts, ts) - 1
        return index >= 0 and ts < self._ends[index]

    def touches(self, start_s: float, end_s: float) -> bool:
        """Whether any moment of the stretch lies in one of them."""
        index = bisect_right(self._starts, end_s) - 1
        return index >= 0 and start_s < self._ends[index]

    def forget(self, before_s: float) -> None:
        """Drop the spans that ended before."""
        while self._ends and self._ends[0] < before_s:
            del self._starts[0], self._ends[0]

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return iter(zip(self._starts, self._ends, strict=True))
