"""What is known of the sequence numbers of one outbox file: pure, order-free, loss is visible."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_RANGES = 500
ASK_AFTER_S = 30.0
ASK_EVERY_S = 3600.0
YOUNG_S = 300.0
"""A gap younger than this is on its way: boxes send the newest first, receivers share a stream."""

Range = tuple[int, int]
"""First and last sequence number of a gap, both included."""


class Gap(NamedTuple):
    """Numbers `low` to `high` have not come; `since_s` (Unix time) is when that was first seen.

    A `joined` one has numbers between them that came: too many gaps to remember them all.
    """

    low: int
    high: int
    since_s: float
    joined: bool = False


def is_due(since_s: float, before_s: float, now_s: float) -> bool:
    """Whether a gap seen since `since_s` is to be asked for between two moments.

    Half a minute after it was seen, then after 1, 2, 4 … minutes, from an hour on every hour, for
    ever. All are Unix time.
    """
    return _times_asked(now_s - since_s) > _times_asked(before_s - since_s)


def _times_asked(age_s: float) -> int:
    if age_s < ASK_AFTER_S:
        return 0
    doublings = math.log2(min(age_s, ASK_EVERY_S) / ASK_AFTER_S)
    return int(doublings) + 1 + int(age_s / ASK_EVERY_S)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Highest number seen and the gaps below it, ascending; numbers count from 1."""

    hwm: int = 0
    gaps: tuple[Gap, ...] = ()

    @classmethod
    def of(cls, hwm: int, rows: Iterable[Sequence[Any]]) -> "Ledger":
        """From `rows` as they are kept, with the values of a Gap; rows without an age are old."""
        return cls(
            hwm, tuple(Gap(*row) if len(row) > 2 else Gap(row[0], row[1], 0.0) for row in rows)
        )

    @property
    def missing(self) -> tuple[Range, ...]:
        """The gaps without their age."""
        return tuple((gap.low, gap.high) for gap in self.gaps)

    @property
    def wanted(self) -> tuple[Range, ...]:
        """What the box may be asked for: never numbers that came."""
        return tuple((gap.low, gap.high) for gap in self.gaps if not gap.joined)

    def mended(self, gap: Gap, parts: Iterable[Gap]) -> "Ledger":
        """With a joined gap replaced by the gaps in it; too many are joined again."""
        others = [other for other in self.gaps if other != gap]
        return Ledger(self.hwm, _bounded(tuple(sorted([*others, *parts]))))

    def overdue(self, now_s: float) -> tuple[Range, ...]:
        """Gaps that are not young any more: somebody should know."""
        return tuple((gap.low, gap.high) for gap in self.gaps if now_s - gap.since_s >= YOUNG_S)

    def has(self, seq: int) -> bool:
        """Whether the number was seen before."""
        at = bisect_left(self.gaps, seq, key=lambda gap: gap.high)
        return seq <= self.hwm and (at == len(self.gaps) or self.gaps[at].low > seq)

    def note(self, seq: int, now_s: float = 0.0) -> "Ledger":
        """The ledger after this number arrived at `now_s` (Unix time)."""
        if seq > self.hwm:
            new = (Gap(self.hwm + 1, seq - 1, now_s),) if seq > self.hwm + 1 else ()
            return Ledger(seq, _bounded(self.gaps + new))
        at = bisect_left(self.gaps, seq, key=lambda gap: gap.high)
        if at == len(self.gaps) or self.gaps[at].low > seq:
            return self
        parts = _without(self.gaps[at], seq)
        return Ledger(self.hwm, _bounded((*self.gaps[:at], *parts, *self.gaps[at + 1 :])))


def _without(gap: Gap, seq: int) -> tuple[Gap, ...]:
    if gap.joined and gap.low < seq < gap.high:
        return (gap,)
    parts = (gap._replace(high=seq - 1), gap._replace(low=seq + 1))
    return tuple(part for part in parts if part.low <= part.high)


def _bounded(gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """At most MAX_RANGES gaps: the first are joined, which counts more as missing, never less."""
    while len(gaps) > MAX_RANGES:
        first, second = gaps[:2]
        joined = Gap(first.low, second.high, min(first.since_s, second.since_s), joined=True)
        gaps = (joined, *gaps[2:])
    return gaps
