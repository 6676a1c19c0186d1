"""What may be the same thing told twice: near on the ground, near in time, of one family. Pure.

It is only suggested, a person decides: residents, cameras and the police describe one thing in
ways that no rule can compare. A scene of ours and the service code of an appeal belong to one
family when their names say the same. The code `other` belongs to none: in the list of services it
says "none of the above", so beside every case of its street it would mostly be wrong, and people
who are often shown what is wrong stop reading. A code that is not in the list is a partner's own
word for something else and belongs to none either. Both can still be linked by number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from central.cases.states import Role
from central.cases.table import TABLE
from central.sphere import Point, metres_apart

REACH_M = 50.0
WINDOW = timedelta(hours=24)
"""Rule 8 of §10 of the study of case management: 50 m and 24 h, which platforms for city
management (数字城管) configure as "similar case" too."""
MOST = 5
"""Suggestions at once: more would be a list to search in."""

Family = Literal["fire_lane", "noise", "facility"]
FAMILY_OF: Mapping[str, Family] = {
    "fire_lane": "fire_lane",
    "square_dance": "noise",
    "facility": "facility",
}
"""Scenes of cases and service codes of appeals; what is not in it belongs to no family."""


@dataclass(frozen=True, slots=True)
class Told:
    """A case or an appeal: what it is about, where, and from when to when it was so.

    An appeal has one moment and no place. A place that is not in the town has no point.
    """

    number: str
    family: Family | None
    begin: datetime
    end: datetime
    place: str = ""
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """How near something is: metres over the ground, and the time between."""

    number: str
    distance_m: float
    apart: timedelta


def family_of(scene: str) -> str:
    """The family of a scene; one that belongs to none is a family of its own."""
    return FAMILY_OF.get(scene) or scene


def codes_of(family: Family) -> tuple[str, ...]:
    """The scenes and service codes of a family."""
    return tuple(code for code, of in FAMILY_OF.items() if of == family)


def near(subject: Told, other: Told) -> Near | None:
    """How near the other one is, None when it is too far or another thing; the same both ways."""
    if subject.number == other.number:
        return None
    if subject.family is None or subject.family != other.family:
        return None
    distance_m = _distance_m(subject, other)
    if distance_m is None or distance_m > REACH_M:
        return None
    apart = max(subject.begin - other.end, other.begin - subject.end, timedelta(0))
    return None if apart > WINDOW else Near(other.number, distance_m, apart)


def nearest(subject: Told, others: Iterable[Told], most: int = MOST) -> tuple[Near, ...]:
    """Those of the others that are near, the nearest on the ground first, then in time."""
    found = (near(subject, other) for other in others)
    return tuple(sorted(filter(None, found), key=_order)[:most])


def may_merge(role: Role) -> bool:
    """Whether the table lets this role say that two cases are one, or that they are not."""
    return any(role in rule.roles for rule in TABLE if rule.action == "merge")


def _order(one: Near) -> tuple[float, timedelta, str]:
    return one.distance_m, one.apart, one.number


def _distance_m(one: Told, two: Told) -> float | None:
    """Metres between them; without two points only the same place is known to be near."""
    if one.place and one.place == two.place:
        return 0.0
    if one.point is None or two.point is None:
        return None
    return metres_apart(one.point, two.point)
