"""The keys of a zone that say when its rule holds: schedule, permits, maintenance, shadow."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from edge.blocks import Closed, Number, Switch, fault_at
from edge.events import Place
from edge.force import DAY_MIN, Rules, Span, Thresholds, Window

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_HELP = "use all, or days and ranges of mon tue wed thu fri sat sun, e.g. mon-fri,sun"
CLOCK_HELP = 'use a time of the day in quotes, "HH:MM"'
MOMENT_HELP = "use RFC 3339 with an offset, e.g. 2026-11-24T08:00:00+08:00"

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def raise_if_common(windows: Sequence[Window], key: str) -> None:
    """Raises the fault of the first window that shares a minute of the week with an earlier one."""
    for index, window in enumerate(windows):
        for earlier, other in enumerate(windows[:index]):
            minute = window.common_minute(other)
            if minute is not None:
                at = f"{DAY_NAMES[minute // DAY_MIN]} {minute // 60 % 24:02}:{minute % 60:02}"
                raise fault_at((index, "from"), f"overlaps {key}[{earlier}] on {at}")


def days_of(text: str) -> frozenset[int]:
    """Days of the week (0 = Monday) named by `all`, `mon-fri`, `sat,sun`, `fri-mon`, …

    Raises ValueError with what is allowed for anything else, and for a day named twice.
    """
    if text == "all":
        return frozenset(range(7))
    found: list[int] = []
    for part in text.split(","):
        ends = [name.strip() for name in part.split("-")]
        if len(ends) > 2 or any(name not in DAY_NAMES for name in ends):
            raise ValueError(DAYS_HELP)
        first, last = DAY_NAMES.index(ends[0]), DAY_NAMES.index(ends[-1])
        found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    if len(found) != len(set(found)):
        raise ValueError(f"names a day twice; {DAYS_HELP}")
    return frozenset(found)


def minutes_of(text: str) -> int:
    """Minutes since midnight of "HH:MM"; "24:00" is the end of the day.

    Raises ValueError for anything else.
    """
    if text == "24:00":
        return DAY_MIN
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(CLOCK_HELP)
    return int(match[1]) * 60 + int(match[2])


def moment_of(value: Any) -> datetime:
    """An instant written as RFC 3339, or as YAML's own time stamp with an offset.

    Raises ValueError for anything else: numbers, dates, local times.
    """
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise ValueError(MOMENT_HELP)
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError(f"is no moment of the calendar; {MOMENT_HELP}") from None


def _days_check(text: str) -> str:
    days_of(text)
    return text


def _clock_check(text: str) -> str:
    minutes_of(text)
    return text


DaysText = Annotated[str, AfterValidator(_days_check)]
ClockText = Annotated[str, AfterValidator(_clock_check)]
Moment = Annotated[datetime, BeforeValidator(moment_of)]
Note = Annotated[str, Field(max_length=200)]


class WeekWindow(Closed):
    """One entry of `schedule`: when the rule holds, and with which thresholds."""

    days: DaysText = Field("all", description="days on which it begins: all | mon-fri | sat,sun")
    from_: ClockText = Field(alias="from", description='"HH:MM" on the site\'s clock')
    to: ClockText = Field(description='"HH:MM", not included; earlier than from: the next day')
    warn_after_s: Number | None = Field(
        None, gt=0, le=86_400, description="dwell until the warning in this window"
    )
    file_after_s: Number | None = Field(
        None, gt=0, le=86_400, description="dwell until the case is filed in this window"
    )

    @model_validator(mode="after")
    def _some_time(self) -> "WeekWindow":
        if self.from_ == "24:00":
            raise fault_at(("from",), 'a day begins at "00:00"')
        if self.from_ == self.to:
            raise fault_at(("to",), 'is the same as from; a whole day is "00:00" to "24:00"')
        return self

    def window(self) -> Window:
        """The entry as the core needs it."""
        return Window(
            days_of(self.days),
            minutes_of(self.from_),
            minutes_of(self.to),
            self.warn_after_s,
            self.file_after_s,
        )


class Between(Closed):
    """A span between two instants."""

    from_: Moment = Field(alias="from", description="RFC 3339, included")
    to: Moment = Field(description="RFC 3339, not included")

    @model_validator(mode="after")
    def _forward(self) -> "Between":
        if self.to <= self.from_:
            raise fault_at(("to",), "must be later than from")
        return self


class Permit(Between):
    """One entry of `permits`: somebody may stand there for a while."""

    id: Place = Field(description="number of the permit; goes into the events it covers")
    what: Literal["moving_van", "works", "emergency", "other"] = Field(
        description="moving_van | works | emergency | other"
    )
    note: Note = Field("", description="whose it is, who gave it")


class Maintenance(Between):
    """One entry of `maintenance`: somebody works at the camera or in the lane."""


class PlaceRules(Closed):
    """The keys that every zone has besides its picture and its own thresholds."""

    schedule: list[WeekWindow] = Field(
        [], max_length=64, description="when the rule holds; empty: always"
    )
    permits: list[Permit] = Field(
        [], max_length=256, description="recorded as permitted, nobody is alerted"
    )
    maintenance: list[Maintenance] = Field(
        [], max_length=256, description="judged and recorded, nobody is alerted"
    )
    shadow: Switch = Field(False, description="true: decide and show, alert nobody")
    reopen_within_s: Number = Field(
        1800, ge=0, le=86_400, description="the same vehicle back so soon: the same incident"
    )

    @field_validator("schedule")
    @classmethod
    def _apart(cls, schedule: list[WeekWindow]) -> list[WeekWindow]:
        raise_if_common([entry.window() for entry in schedule], "schedule")
        return schedule

    @field_validator("permits")
    @classmethod
    def _own_numbers(cls, permits: list[Permit]) -> list[Permit]:
        for index, permit in enumerate(permits):
            if any(other.id == permit.id for other in permits[:index]):
                raise fault_at((index, "id"), f"two permits have the number {permit.id}")
        return permits

    def rules(self, own: Thresholds) -> Rules:
        """The keys as the core needs them, beside the zone's `own` thresholds."""
        return Rules(
            own,
            tuple(entry.window() for entry in self.schedule),
            tuple(Span(p.from_, p.to, p.id) for p in self.permits),
            tuple(Span(m.from_, m.to) for m in self.maintenance),
            self.shadow,
        )


def check_overrides(schedule: list[WeekWindow], own: Thresholds) -> None:
    """Raises a fault of the window whose thresholds, with the zone's, warn after filing."""
    for index, entry in enumerate(schedule):
        warn_s = own.warn_after_s if entry.warn_after_s is None else entry.warn_after_s
        file_s = own.file_after_s if entry.file_after_s is None else entry.file_after_s
        if warn_s > file_s:
            key = "file_after_s" if entry.warn_after_s is None else "warn_after_s"
            raise fault_at(
                ("schedule", index, key),
                f"in this window the warning would come at {warn_s:g} s, the case at {file_s:g} s",
            )
