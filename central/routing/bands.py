"""Times of rules and of duties: all day, working time, the rest, or hours of some days. Pure.

`work` is from the first working hour of a working day to its last, noon included (who is on duty is
on duty at noon); make-up workdays count, holidays do not.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from central.clocks.calendar import MIDNIGHT, Calendar

Kind = Literal["any", "work", "off", "hours"]
WORDS: dict[str, Kind] = {
    "": "any",
    "*": "any",
    "any": "any",
    "全天": "any",
    "work": "work",
    "工作时间": "work",
    "off": "off",
    "非工作时间": "off",
}
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHINESE_DAYS = "一二三四五六日"
EVERY_DAY = frozenset(range(7))
HOURS = re.compile(r"(?:(\S+)\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
SPECIFICITY: dict[Kind, int] = {"any": 0, "work": 1, "off": 1, "hours": 2}


@dataclass(frozen=True, slots=True)
class Band:
    """A time band; `begin`, `end` and `days` are of kind `hours`. Over midnight, days name the
    evening; the end is excluded; 00:00-00:00 is a whole day."""

    kind: Kind = "any"
    begin: time = MIDNIGHT
    end: time = MIDNIGHT
    days: frozenset[int] = EVERY_DAY

    @property
    def specificity(self) -> int:
        """Of two bands that cover a moment the higher one is meant."""
        return SPECIFICITY[self.kind]

    def covers(self, at: datetime, calendar: Calendar) -> bool:
        """Whether the moment lies in the band."""
        if self.kind == "any":
            return True
        if self.kind == "hours":
            return self._in_hours(at.astimezone(calendar.zone))
        return on_duty(at, calendar) == (self.kind == "work")

    def _in_hours(self, local: datetime) -> bool:
        clock = local.time()
        if self.begin < self.end:
            return local.weekday() in self.days and self.begin <= clock < self.end
        evening = local.weekday() in self.days and clock >= self.begin
        day_before = (local - timedelta(days=1)).weekday()
        return evening or (day_before in self.days and clock < self.end)

    def __str__(self) -> str:
        if self.kind != "hours":
            return {"any": "全天", "work": "工作时间", "off": "非工作时间"}[self.kind]
        hours = f"{self.begin:%H:%M}-{self.end:%H:%M}"
        if self.days == EVERY_DAY:
            return hours
        return f"{','.join(DAY_NAMES[day] for day in sorted(self.days))} {hours}"


def on_duty(at: datetime, calendar: Calendar) -> bool:
    """Whether the moment lies between a working day's first and last hour."""
    local = at.astimezone(calendar.zone)
    if not calendar.is_workday(local.date()):
        return False
    begin, end = calendar.hours[0][0], calendar.hours[-1][1]
    return begin <= local.time() and (end == MIDNIGHT or local.time() < end)


def read_band(text: str) -> Band:
    """The band that a person wrote; raises ValueError with what is allowed."""
    plain = text.strip()
    kind = WORDS.get(plain.lower())
    if kind is not None:
        return Band(kind)
    found = HOURS.fullmatch(plain)
    if found is None:
        raise ValueError(
            f"'{text}' is not a time: use 全天, 工作时间, 非工作时间, 22:00-06:00 or "
            "mon-fri 08:00-20:00"
        )
    begin, end = _clock(found[2], found[3]), _clock(found[4], found[5])
    return Band("hours", begin, end, _days(found[1]) if found[1] else EVERY_DAY)


def read_bands(text: str) -> tuple[Band, ...]:
    """Several bands, parted by `;`."""
    return tuple(read_band(part) for part in text.replace("；", ";").split(";"))


def _clock(hour: str, minute: str) -> time:
    if (hour, minute) == ("24", "00"):
        return MIDNIGHT
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"{hour}:{minute} is not a time of day") from None


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.lower().replace("，", ",").split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        days |= {(begin + n) % 7 for n in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _day(text: str) -> int:
    chinese = text.removeprefix("周").removeprefix("星期")
    if len(chinese) == 1 and chinese in CHINESE_DAYS:
        return CHINESE_DAYS.index(chinese)
    if text not in DAY_NAMES:
        raise ValueError(f"'{text}' is not a day: use mon … sun or 周一 … 周日")
    return DAY_NAMES.index(text)
