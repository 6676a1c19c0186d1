"""Which days and hours are worked: weekends, public holidays, make-up workdays. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

DayKind = Literal["workday", "weekend", "holiday", "make_up"]
"""工作日, 双休日, 法定节假日(含调休放假), 调休上班日."""

Certainty = Literal["announced", "estimated", "unknown"]
"""Published by the State Council; worked out from the law alone; no data for the year at all."""

Span = tuple[datetime, datetime]
"""From (included) until (excluded), both aware, UTC."""

WEEKEND = frozenset({5, 6})
MIDNIGHT = time(0)
DEFAULT_HOURS = ((time(8), time(12)), (time(14), time(18)))
"""Working hours of the study (§4): 8-12 and 14-18, so that 1 工作日 = 8 h."""


@dataclass(frozen=True, slots=True)
class Year:
    """What is known of a year's working days: exceptions from Monday to Friday."""

    year: int
    certainty: Certainty
    source: str
    holidays: Mapping[date, str]
    make_up: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working time of a town.

    `hours` are the working periods of every working day, in order, apart from each other and
    within one day; an end of 00:00 means the end of the day. Raises ValueError otherwise.
    """

    zone: ZoneInfo
    years: Mapping[int, Year]
    hours: tuple[tuple[time, time], ...] = DEFAULT_HOURS
    weekend: frozenset[int] = WEEKEND
    day_length: timedelta = field(init=False)

    def __post_init__(self) -> None:
        if not self.hours:
            raise ValueError("hours: at least one working period is needed, e.g. 08:00-12:00")
        if self.weekend >= frozenset(range(7)):
            raise ValueError("weekend: at least one day of the week must be worked")
        before = timedelta(0)
        total = timedelta(0)
        for begin, end in self.hours:
            opens, closes = _since_midnight(begin), _since_midnight(end) or timedelta(days=1)
            if not before <= opens < closes:
                raise ValueError(
                    f"hours: {begin:%H:%M}-{end:%H:%M} must end after it begins and come after "
                    "the period before it"
                )
            before, total = closes, total + (closes - opens)
        object.__setattr__(self, "day_length", total)

    def kind(self, day: date) -> DayKind:
        """What sort of day it is; a year without data has plain weekends only."""
        year = self.years.get(day.year)
        if year is not None:
            if day in year.make_up:
                return "make_up"
            if day in year.holidays:
                return "holiday"
        return "weekend" if day.weekday() in self.weekend else "workday"

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day."""
        return self.kind(day) in ("workday", "make_up")

    def certainty(self, day: date) -> Certainty:
        """How well the day is known."""
        year = self.years.get(day.year)
        return year.certainty if year is not None else "unknown"

    def local_day(self, at: datetime) -> date:
        """The day of a moment in this calendar's zone."""
        return at.astimezone(self.zone).date()

    def working_spans(self, since: datetime) -> Iterator[Span]:
        """Working periods that end after `since`, in order, without end."""
        day = self.local_day(since)
        while True:
            if self.is_workday(day):
                for span in self._spans_of(day):
                    if span[1] > since:
                        yield span
            day += timedelta(days=1)

    def doubtful_years(self, begin: datetime, end: datetime) -> tuple[int, ...]:
        """Years that a span touches and whose days are not announced, in order."""
        first, last = self.local_day(begin).year, self.local_day(end).year
        years = range(first, last + 1)
        return tuple(y for y in years if self.certainty(date(y, 1, 1)) != "announced")

    def warnings(self, today: date, ahead_days: int = 60) -> tuple[str, ...]:
        """What somebody must be told at start: years near `today` that are not announced."""
        until = today + timedelta(days=ahead_days)
        years = range(today.year, until.year + 1)
        return tuple(
            f"the calendar of {y} is {self.certainty(date(y, 1, 1))}: deadlines in working time "
            "may shift; import the announced one with `jinmu-central import calendar FILE`"
            for y in years
            if self.certainty(date(y, 1, 1)) != "announced"
        )

    def _spans_of(self, day: date) -> Iterator[Span]:
        for begin, end in self.hours:
            last = day + timedelta(days=1) if end == MIDNIGHT else day
            yield self._moment(day, begin), self._moment(last, end)

    def _moment(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
