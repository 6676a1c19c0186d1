"""How long something may take, and by which clock; as people write it: `2 紧急工作时`. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from central.clocks.calendar import Calendar

Clock = Literal["urgent", "working"]
"""紧急: runs day and night. 工作: runs in working time only."""

Unit = Literal["urgent_minutes", "urgent_hours", "working_hours", "working_days", "natural_days"]
"""(紧急)分钟, 紧急工作时, 工作时, 工作日, 自然日."""

WORDS: dict[str, Unit] = {
    "分钟": "urgent_minutes",
    "紧急分钟": "urgent_minutes",
    "min": "urgent_minutes",
    "minutes": "urgent_minutes",
    "紧急工作时": "urgent_hours",
    "紧急小时": "urgent_hours",
    "urgent_hours": "urgent_hours",
    "工作时": "working_hours",
    "working_hours": "working_hours",
    "工作日": "working_days",
    "working_days": "working_days",
    "自然日": "natural_days",
    "天": "natural_days",
    "natural_days": "natural_days",
}
"""`小时` alone is not here: one city reads it as working hours, another as continuous ones."""

CONTINUOUS: dict[Unit, timedelta] = {
    "urgent_minutes": timedelta(minutes=1),
    "urgent_hours": timedelta(hours=1),
    "natural_days": timedelta(days=1),
}
CHINESE: dict[Unit, str] = {
    "urgent_minutes": "分钟",
    "urgent_hours": "紧急工作时",
    "working_hours": "工作时",
    "working_days": "工作日",
    "natural_days": "自然日",
}
MINUTES: dict[Unit, int] = {
    "urgent_minutes": 1,
    "urgent_hours": 60,
    "working_hours": 60,
    "working_days": 1440,
    "natural_days": 1440,
}
LONGEST_MINUTES = 3660 * 1440
MOST_MINUTES = 60
"""What nobody accepts must have reached the third level by then (§14d of the study)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """An amount of one unit; positive."""

    amount: Fraction
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError("a time limit must be more than nothing")
        if self.amount * MINUTES[self.unit] > LONGEST_MINUTES:
            raise ValueError("a time limit must be shorter than ten years")

    @property
    def clock(self) -> Clock:
        """Which clock it runs on."""
        return "urgent" if self.unit in CONTINUOUS else "working"

    def length(self, calendar: Calendar) -> timedelta:
        """Counted time: 1 工作日 is the calendar's working hours of one day."""
        one = CONTINUOUS.get(self.unit)
        if one is None:
            one = timedelta(hours=1) if self.unit == "working_hours" else calendar.day_length
        microseconds = Fraction(one // timedelta(microseconds=1)) * self.amount
        return timedelta(microseconds=round(microseconds))

    def __str__(self) -> str:
        """As `read_limit` reads it again."""
        amount = Decimal(self.amount.numerator) / Decimal(self.amount.denominator)
        return f"{amount.normalize():f} {CHINESE[self.unit]}"


@dataclass(frozen=True, slots=True)
class Ladder:
    """Minutes of waiting after which each level hears of it; they count on `clock`.

    Raises ValueError unless they rise and the third level hears within the hour.
    """

    minutes: tuple[int, int, int] = (15, 30, 60)
    clock: Clock = "urgent"

    def __post_init__(self) -> None:
        first, second, third = self.minutes
        if not 0 < first < second < third <= MOST_MINUTES:
            raise ValueError(
                f"levels must rise and the third must come within {MOST_MINUTES} minutes, "
                "e.g. 15/30/60"
            )

    def limit(self, level: int) -> Limit:
        """How long nobody may accept before `level` (1-3) is told."""
        count = self.minutes[level - 1]
        if self.clock == "urgent":
            return Limit(Fraction(count), "urgent_minutes")
        return Limit(Fraction(count, 60), "working_hours")


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of a case, from its rule.

    `internal` is the red light, `contact` the time for calling an appellant back. The time for
    accepting is over when the first level of the ladder is told.
    """

    official: Limit
    internal: Limit
    verify: Limit
    contact: Limit
    ladder: Ladder = Ladder()

    @property
    def accept(self) -> Limit:
        """How long a case may wait for somebody to accept it."""
        return self.ladder.limit(1)


LADDER = re.compile(r"\s*(\d{1,4})\s*/\s*(\d{1,4})\s*/\s*(\d{1,4})\s*(工作|working)?\s*")
WRITTEN = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*(\S+)\s*")


def read_limit(text: str) -> Limit:
    """The limit that a person wrote; raises ValueError with what is allowed."""
    found = WRITTEN.fullmatch(text)
    unit = WORDS.get(found[2]) if found else None
    if found is None or unit is None:
        hint = "、".join(dict.fromkeys(CHINESE.values()))
        why = ""
        if found and found[2] in ("小时", "时", "h", "hours"):
            why = "; a plain 小时 does not say whether nights and weekends count"
        raise ValueError(f"'{text}' is not a time limit like 2 紧急工作时 (units: {hint}){why}")
    return Limit(Fraction(found[1]), unit)


def minutes(count: int) -> Limit:
    """A limit of so many minutes, day and night."""
    return Limit(Fraction(count), "urgent_minutes")


def read_ladder(text: str) -> Ladder:
    """`15/30/60` minutes, `15/30/60 工作` in working time; raises ValueError."""
    found = LADDER.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is not three numbers of minutes like 15/30/60 or 15/30/60 工作")
    first, second, third = (int(found[number]) for number in (1, 2, 3))
    return Ladder((first, second, third), "working" if found[4] else "urgent")
