"""The calendar's data file: JSON, read strictly; the shipped one and one that was imported."""

from collections import Counter
from datetime import date, time
from importlib import resources
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from central.clocks.calendar import Calendar, Year

SHIPPED = "cn.json"
WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Period(_Strict):
    name: Annotated[str, Field(min_length=1, max_length=40)]
    first: date
    last: date


class _Year(_Strict):
    year: Annotated[int, Field(ge=2000, le=2200)]
    certainty: Literal["announced", "estimated"]
    source: Annotated[str, Field(min_length=1, max_length=400)]
    holidays: Annotated[list[_Period], Field(min_length=1, max_length=60)]
    make_up_workdays: Annotated[list[date], Field(max_length=60)]


class _File(_Strict):
    about: str = ""
    zone: str = "Asia/Shanghai"
    hours: Annotated[list[tuple[time, time]], Field(min_length=1, max_length=12)]
    weekend: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = ["sat", "sun"]
    years: Annotated[list[_Year], Field(min_length=1, max_length=60)]


def read_calendar(text: str) -> Calendar:
    """The calendar of a data file; raises ValueError that names the key and what is wrong."""
    try:
        found = _File.model_validate_json(text)
    except ValidationError as error:
        raise ValueError("; ".join(_said(fault) for fault in error.errors()[:5])) from None
    twice, count = Counter(one.year for one in found.years).most_common(1)[0]
    if count > 1:
        raise ValueError(f"years: {twice} is there twice")
    years = {one.year: _year(one) for one in found.years}
    try:
        zone = ZoneInfo(found.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"zone: '{found.zone}' is not a time zone like Asia/Shanghai") from None
    weekend = frozenset(WEEKDAYS[day] for day in found.weekend)
    return Calendar(zone, years, tuple(found.hours), weekend)


def shipped_text() -> str:
    """The data file that comes with this version."""
    return resources.files("central.clocks").joinpath(SHIPPED).read_text("utf-8")


def shipped() -> Calendar:
    """The calendar that comes with this version; an imported one takes its place."""
    return read_calendar(shipped_text())


def _year(one: _Year) -> Year:
    where = f"years[{one.year}]"
    holidays: dict[date, str] = {}
    for period in one.holidays:
        days = (period.last - period.first).days
        if not 0 <= days <= 31:
            raise ValueError(f"{where}.holidays '{period.name}': last must follow first closely")
        for number in range(days + 1):
            day = date.fromordinal(period.first.toordinal() + number)
            _of_year(day, one.year, f"{where}.holidays '{period.name}'")
            if day in holidays:
                raise ValueError(f"{where}.holidays: {day} is in '{holidays[day]}' already")
            holidays[day] = period.name
    for day in one.make_up_workdays:
        _of_year(day, one.year, f"{where}.make_up_workdays")
        if day in holidays:
            raise ValueError(f"{where}.make_up_workdays: {day} is a holiday as well")
    return Year(one.year, one.certainty, one.source, holidays, frozenset(one.make_up_workdays))


def _of_year(day: date, year: int, where: str) -> None:
    if day.year != year:
        raise ValueError(f"{where}: {day} is not in {year}")


def _said(fault: object) -> str:
    assert isinstance(fault, dict)
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    return f"{where}: {fault['msg']}"
