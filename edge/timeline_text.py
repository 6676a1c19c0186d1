"""A dwell timeline in words, as people read it: when, how much of it was seen, which gaps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import ceil, floor
from typing import Literal

from edge.timeline import Span

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class WallTime:
    """Reads monotonic seconds as time of the day at a site: `wall` (aware) is the moment `ts`."""

    ts: float
    wall: datetime
    zone: tzinfo

    def at(self, ts: float) -> datetime:
        """The moment `ts` on the site's clock."""
        return (self.wall + timedelta(seconds=ts - self.ts)).astimezone(self.zone)

    def text(self, ts: float) -> str:
        """`14:02:10`, rounded to the second."""
        return (self.at(ts) + timedelta(milliseconds=500)).strftime("%H:%M:%S")


@dataclass(frozen=True, slots=True)
class Summary:
    """An occupation in figures; times in monotonic seconds.

    From the first moment to the last occupied one; a gap is a stretch in between of any other
    state. `observed_share` is 0-1 of the seconds between.
    """

    from_ts: float
    to_ts: float
    observed_share: float
    gap_count: int
    longest_gap_s: float


def summarise(spans: Sequence[Span]) -> Summary | None:
    """Figures of one occupation's spans in order of time; None when none of them is occupied."""
    occupied = [index for index, span in enumerate(spans) if span.state == "occupied"]
    if not occupied:
        return None
    life = spans[: occupied[-1] + 1]
    from_ts, to_ts = life[0].from_ts, life[-1].to_ts
    gaps_s = [s for s in _gaps(life) if s > 0]
    length_s = to_ts - from_ts
    share = 1.0 if length_s <= 0 else max(0.0, 1 - sum(gaps_s) / length_s)
    return Summary(from_ts, to_ts, share, len(gaps_s), max(gaps_s, default=0.0))


def _gaps(life: Sequence[Span]) -> list[float]:
    """Lengths of the stretches that are not occupied; neighbours make one gap."""
    gaps = [0.0]
    for span in life:
        if span.state == "occupied":
            gaps.append(0.0)
        else:
            gaps[-1] += span.seconds
    return gaps


def describe(spans: Sequence[Span], clock: WallTime, language: Language = "en") -> str:
    """`occupied 14:02:10-14:19:40, 96 % observed, 2 gaps ≤ 8 s`; empty when never occupied.

    Of an occupation past midnight both ends carry the date. The share is rounded down and the
    longest gap up: the sentence never claims more than was seen.
    """
    found = summarise(spans)
    if found is None:
        return ""
    between = _between(found, clock)
    percent = floor(found.observed_share * 100 + 1e-9)
    longest_s = ceil(found.longest_gap_s - 1e-9)
    if language == "zh":
        gaps = f"{found.gap_count} 次中断，每次 ≤ {longest_s} 秒" if found.gap_count else "无中断"
        return f"占用 {between}，其中 {percent} % 时间可见，{gaps}"
    plural = "gap" if found.gap_count == 1 else "gaps"
    gaps = f"{found.gap_count} {plural} ≤ {longest_s} s" if found.gap_count else "no gaps"
    return f"occupied {between}, {percent} % observed, {gaps}"


def _between(found: Summary, clock: WallTime) -> str:
    first, last = clock.text(found.from_ts), clock.text(found.to_ts)
    days = [clock.at(ts).date() for ts in (found.from_ts, found.to_ts)]
    if days[0] == days[1]:
        return f"{first}-{last}"
    return f"{days[0]} {first} - {days[1]} {last}"
