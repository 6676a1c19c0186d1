"""A month or year of the calendar as the scope of figures. Pure."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from central.kpi.rules import Period, Population, Rules, Scope

PERIOD = r"^20[0-9]{2}(-(0[1-9]|1[0-2]))?$"


def named(moment: datetime, zone: ZoneInfo) -> str:
    """The month of a moment, e.g. `2026-11`."""
    return f"{moment.astimezone(zone):%Y-%m}"


def period_of(name: str, zone: ZoneInfo) -> Period:
    """`2026-11` or `2026` as moments; raises ValueError for anything else."""
    if not re.fullmatch(PERIOD, name):
        raise ValueError(f"'{name}' is neither a month like 2026-11 nor a year like 2026")
    year, _, month = name.partition("-")
    begin, months = (int(year), int(month or 1)), 1 if month else 12
    return Period(_first(*begin, zone), _first(*_later(begin, months), zone))


def beside(name: str, months: int) -> str:
    """The month so many months later; a year's name stays as it is."""
    year, _, month = name.partition("-")
    if not month:
        return name
    other, number = _later((int(year), int(month)), months)
    return f"{other}-{number:02}"


def scope_of(
    name: str, zone: ZoneInfo, now: datetime, as_of: datetime | None = None, sample: str = ""
) -> Scope:
    """The period with the log as far as it was written at `as_of`, which is now at the latest.

    A log that ends before the period begins tells nothing: it is read until there.
    """
    period = period_of(name, zone)
    read_until = now if as_of is None else min(as_of, now)
    return Scope(period, max(read_until, period.begin), Rules(), Population(sample))


def _later(begin: tuple[int, int], months: int) -> tuple[int, int]:
    count = begin[0] * 12 + begin[1] - 1 + months
    return count // 12, count % 12 + 1


def _first(year: int, month: int, zone: ZoneInfo) -> datetime:
    return datetime(year, month, 1, tzinfo=zone)
