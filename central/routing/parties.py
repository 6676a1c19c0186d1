"""Places, organisations and people of a town. Pure values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from central.clocks.calendar import Calendar
from central.routing.bands import Band
from central.routing.crs import Point
from central.routing.grids import AreaType

OrgKind = Literal[
    "office", "district", "committee", "property", "enforcement", "police", "fire", "owner", "desk"
]
"""街道, 片区, 居村委, 物业, 综合执法, 公安, 消防, 产权/管理单位, 值守席."""

ORG_KINDS: tuple[OrgKind, ...] = get_args(OrgKind)
ALWAYS = (Band(),)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where an organisation or a person hears: a channel's name and who there."""

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class Org:
    """Somebody who can have a case; `duty` is when they can take one on."""

    id: str
    name: str
    kind: OrgKind
    parent: str = ""
    duty: tuple[Band, ...] = ALWAYS
    channels: tuple[Channel, ...] = ()
    contact: str = ""
    phone: str = ""

    def on_duty(self, at: datetime, calendar: Calendar) -> bool:
        """Whether they can take a case on at this moment."""
        return any(band.covers(at, calendar) for band in self.duty)


@dataclass(frozen=True, slots=True)
class Person:
    """A member of an organisation; `account` is the name to sign in with, if there is one."""

    id: str
    name: str
    org: str
    roles: tuple[str, ...]
    grids: tuple[str, ...] = ()
    account: str = ""
    phone: str = ""
    channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The asset on the ground that cameras watch: `point` is where it is, never the camera's pole.

    `declared_grid` settles borders; `area_type`, when given, is instead of the grid's; `property`
    and `owner` are organisations.
    """

    id: str
    name: str
    scenes: tuple[str, ...]
    point: Point
    declared_grid: str = ""
    area_type: AreaType | None = None
    address: str = ""
    property: str = ""
    owner: str = ""
