"""Rules: scene × area type × time band × severity → lead, assist, inform and limits. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from central.clocks.calendar import Calendar
from central.clocks.limits import Limits
from central.routing.bands import Band
from central.routing.grids import AreaType

Relation = Literal["property", "committee", "district", "owner"]
"""物业 and 产权单位 of the place, 居村委 and 片区 of its grid."""

RELATIONS: tuple[Relation, ...] = get_args(Relation)
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Ref:
    """An organisation by its id, or by what it is to the place (`@property`)."""

    org: str = ""
    relation: Relation | None = None

    def __str__(self) -> str:
        return self.org if self.relation is None else f"@{self.relation}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `lead` are alternatives: the first one that exists and is on duty has the case.

    `severity` and `area_type` may be `*`. The rule holds from `valid_from` until and with
    `valid_to`; None is open.
    """

    id: str
    scene: str
    severity: str
    area_type: AreaType | Literal["*"]
    band: Band
    lead: tuple[Ref, ...]
    assist: tuple[Ref, ...]
    inform: tuple[Ref, ...]
    limits: Limits
    priority: int = 0
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the rule is in force on a day."""
        after_start = self.valid_from is None or day >= self.valid_from
        return after_start and (self.valid_to is None or day <= self.valid_to)

    @property
    def specificity(self) -> tuple[int, int, int, int]:
        """What decides between two rules that match: how much they say, then what they say it of.

        Scene is always said. Then severity counts most: a blocked lane has its own people at
        night as well.
        """
        said = (self.severity != EVERY, self.area_type != EVERY, self.band.specificity)
        severity, area, band = map(int, said)
        return sum(map(bool, said)), severity, area, band


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule is looked for."""

    scene: str
    severity: str
    area_type: AreaType
    at: datetime


def matching(rules: Iterable[Rule], asked: Asked, calendar: Calendar) -> Rule | None:
    """The most specific rule that is in force; None when there is none."""
    day = calendar.local_day(asked.at)
    fits = [
        rule
        for rule in rules
        if rule.scene == asked.scene
        and rule.severity in (EVERY, asked.severity)
        and rule.area_type in (EVERY, asked.area_type)
        and rule.holds_on(day)
        and rule.band.covers(asked.at, calendar)
    ]
    return max(fits, key=lambda rule: (rule.specificity, rule.id), default=None)


def rivals(rules: Sequence[Rule]) -> tuple[tuple[str, str], ...]:
    """Pairs of rules of which nobody could say which one is meant, by id."""
    found = []
    for number, one in enumerate(rules):
        for other in rules[number + 1 :]:
            same = (one.scene, one.severity, one.area_type) == (
                other.scene,
                other.severity,
                other.area_type,
            )
            if same and _dates_meet(one, other) and _bands_meet(one.band, other.band):
                found.append((one.id, other.id))
    return tuple(found)


def read_refs(text: str) -> tuple[Ref, ...]:
    """`@property|@committee|ORG`: organisations parted by | ; or 、; raises ValueError."""
    parts = text.replace("；", ";").replace("、", ";").replace("|", ";").split(";")
    return tuple(_ref(part.strip()) for part in parts if part.strip())


def _ref(text: str) -> Ref:
    if not text.startswith("@"):
        return Ref(text)
    name = text[1:]
    found = next((relation for relation in RELATIONS if relation == name), None)
    if found is None:
        raise ValueError(f"'{text}' is not known: use {', '.join('@' + r for r in RELATIONS)}")
    return Ref(relation=found)


def _dates_meet(one: Rule, other: Rule) -> bool:
    begins = max(one.valid_from or date.min, other.valid_from or date.min)
    ends = min(one.valid_to or date.max, other.valid_to or date.max)
    return begins <= ends


def _bands_meet(one: Band, other: Band) -> bool:
    """Whether two bands of the same weight have a moment in common."""
    if one.specificity != other.specificity:
        return False
    if one.kind != "hours":
        return one.kind == other.kind
    return bool(_minutes(one) & _minutes(other))


def _minutes(band: Band) -> set[int]:
    """Minutes of the week that a band of hours covers."""
    begin = band.begin.hour * 60 + band.begin.minute
    length = (band.end.hour * 60 + band.end.minute - begin) % 1440 or 1440
    week = 7 * 1440
    return {(day * 1440 + begin + n) % week for day in band.days for n in range(length)}
