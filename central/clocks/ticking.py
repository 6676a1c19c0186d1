"""Counting along a clock: the moment after so much counted time, and the time between two moments.

Counted time is the time of the clock (all of it, or working time) without approved suspensions.
Going on is additive: after `a` and then after `b` is after `a + b`. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from central.clocks.calendar import Calendar, Span
from central.clocks.limits import Clock, Limit

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pause:
    """An approved suspension (挂账).

    While it lasts `end` is the approved end, afterwards the moment when the case was resumed:
    a suspension without an end does not exist, so a deadline can always be told.
    """

    begin: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.begin:
            raise ValueError("a suspension cannot end before it begins")


def after(
    start: datetime, limit: Limit, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> datetime:
    """The first moment at which `limit` has been counted since `start`, UTC."""
    left = limit.length(calendar)
    for begin, end in _counted(start, limit.clock, calendar, pauses):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise OverflowError("the end of the limit lies beyond the year 9999")


def between(
    start: datetime, end: datetime, clock: Clock, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> timedelta:
    """Counted time from `start` until `end`; nothing when `end` comes first."""
    total = timedelta(0)
    for opens, closes in _counted(start, clock, calendar, pauses):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def _counted(
    start: datetime, clock: Clock, calendar: Calendar, pauses: Sequence[Pause]
) -> Iterator[Span]:
    """Spans after `start` that count, in order."""
    start = start.astimezone(UTC)
    spans = iter([(start, FOREVER)]) if clock == "urgent" else calendar.working_spans(start)
    gaps = _joined(pauses)
    for begin, end in spans:
        yield from _without(max(begin, start), end, gaps)


def _without(begin: datetime, end: datetime, gaps: Sequence[Span]) -> Iterator[Span]:
    for gap_begin, gap_end in gaps:
        if gap_end <= begin or gap_begin >= end:
            continue
        if begin < gap_begin:
            yield begin, gap_begin
        begin = gap_end
    if begin < end:
        yield begin, end


def _joined(pauses: Sequence[Pause]) -> list[Span]:
    """Pauses in order, overlapping ones made one: no time is left out twice."""
    joined: list[Span] = []
    for pause in sorted(pauses, key=lambda p: p.begin):
        begin, end = pause.begin.astimezone(UTC), pause.end.astimezone(UTC)
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined
