"""Rows of import files in their checked shapes, and the values that the core works with."""

from abc import abstractmethod
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from central.clocks.limits import Limits, read_ladder, read_limit
from central.routing.bands import read_band, read_bands
from central.routing.codes import Code
from central.routing.grids import AreaType, Grid, Level
from central.routing.parties import Org, OrgKind, Person, Place
from central.routing.rules import EVERY, Rule, read_refs
from central.routing.shapes import check_point, known_area, read_area
from central.town.fields import (
    AreaTypeWord,
    Channels,
    Degree,
    DistrictCode,
    Event,
    Id,
    Ids,
    LimitText,
    MaybeId,
    MaybeName,
    Name,
    Phone,
    Refs,
    Slug,
    Text,
    channels_of,
    checked,
    roles_of,
    split,
    word,
)
from central.town.words import Kind

Value = Org | Grid | Place | Rule | Person | Code


class Row(BaseModel):
    """What all rows have: a key, and no columns that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: Id

    @abstractmethod
    def value(self) -> Value:
        """The core's value."""


class OrgRow(Row):
    """An organisation."""

    name: Name
    kind: Annotated[OrgKind, word("kind")]
    parent: MaybeId = ""
    duty: Annotated[Text, checked(read_bands)] = ""
    channels: Channels = ""
    contact: Text = ""
    phone: Phone = ""

    def value(self) -> Org:
        """The core's value."""
        return Org(
            id=self.id,
            name=self.name,
            kind=self.kind,
            parent=self.parent,
            duty=read_bands(self.duty),
            channels=channels_of(self.channels),
            contact=self.contact,
            phone=self.phone,
        )


class GridRow(Row):
    """A grid; `polygons` are coordinates of a MultiPolygon in WGS-84."""

    name: Name
    level: Annotated[Level, word("level")]
    area_type: AreaTypeWord
    parent: MaybeId = ""
    committee: MaybeId = ""
    district: MaybeId = ""
    polygons: list[list[list[tuple[float, float]]]]

    @model_validator(mode="after")
    def _whole_area(self) -> "GridRow":
        read_area(self.polygons)
        return self

    def value(self) -> Grid:
        """The core's value."""
        return Grid(
            id=self.id,
            name=self.name,
            level=self.level,
            area_type=self.area_type,
            area=known_area(self.polygons),
            parent=self.parent,
            committee=self.committee,
            district=self.district,
        )


class PlaceRow(Row):
    """A place with its point on the ground in WGS-84."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
    name: Name
    scenes: Annotated[list[Annotated[Slug, word("scene")]], BeforeValidator(split)]
    lon: float
    lat: float
    grid: MaybeId = ""
    area_type: Annotated[AreaType | Literal[""], word("area_type")] = ""
    address: Text = ""
    property: MaybeId = ""
    owner: MaybeId = ""

    @model_validator(mode="after")
    def _on_earth(self) -> "PlaceRow":
        check_point((self.lon, self.lat))
        if not self.scenes:
            raise ValueError("scenes: name at least one, e.g. fire_lane")
        return self

    def value(self) -> Place:
        """The core's value."""
        return Place(
            id=self.id,
            name=self.name,
            scenes=tuple(self.scenes),
            point=(self.lon, self.lat),
            declared_grid=self.grid,
            area_type=self.area_type or None,
            address=self.address,
            property=self.property,
            owner=self.owner,
        )


class RuleRow(Row):
    """A rule; limits are texts like `2 紧急工作时`, `lead` are alternatives."""

    name: Text = ""
    scene: Annotated[Slug, word("scene")]
    severity: Annotated[str, word("severity"), Field(pattern=r"^(\*|[a-z_]{1,40})$")] = EVERY
    area_type: Annotated[AreaType | Literal["*"], word("area_type")] = "*"
    time: Annotated[Text, checked(read_band)] = ""
    lead: Annotated[Refs, checked(read_refs)]
    assist: Annotated[Refs, checked(read_refs)] = ""
    inform: Annotated[Refs, checked(read_refs)] = ""
    official: LimitText
    internal: LimitText
    verify: LimitText = "30 分钟"
    contact: LimitText = "1 工作日"
    escalation: Annotated[str, checked(read_ladder)] = "15/30/60"
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _sound(self) -> "RuleRow":
        if not read_refs(self.lead):
            raise ValueError("lead: name at least one organisation")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to: the rule would end before it begins")
        official, internal = read_limit(self.official), read_limit(self.internal)
        same_clock = official.unit == internal.unit
        if same_clock and internal.amount > official.amount:
            raise ValueError("internal: the red light must not be later than the official limit")
        return self

    def value(self) -> Rule:
        """The core's value."""
        limits = Limits(
            official=read_limit(self.official),
            internal=read_limit(self.internal),
            verify=read_limit(self.verify),
            contact=read_limit(self.contact),
            ladder=read_ladder(self.escalation),
        )
        lead, assist, inform = (read_refs(text) for text in (self.lead, self.assist, self.inform))
        return Rule(
            id=self.id,
            scene=self.scene,
            severity=self.severity,
            area_type=self.area_type,
            band=read_band(self.time),
            lead=lead,
            assist=assist,
            inform=inform,
            limits=limits,
            priority=self.priority,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class PersonRow(Row):
    """A person of an organisation."""

    name: Name
    org: Id
    roles: Annotated[list[str], AfterValidator(roles_of), BeforeValidator(split)]
    grids: Ids = []
    account: Annotated[str, Field(max_length=40)] = ""
    phone: Phone = ""
    channels: Channels = ""

    def value(self) -> Person:
        """The core's value."""
        return Person(
            id=self.id,
            name=self.name,
            org=self.org,
            roles=tuple(self.roles),
            grids=tuple(self.grids),
            account=self.account,
            phone=self.phone,
            channels=channels_of(self.channels),
        )


class CodeRow(Row):
    """An event code of ours; the district's own beside it is empty until somebody knows it."""

    name: Name
    category: MaybeName = ""
    scene: Event
    severity: Degree = EVERY
    district_code: DistrictCode = ""
    district_name: MaybeName = ""

    def value(self) -> Code:
        """The core's value."""
        return Code(
            id=self.id,
            name=self.name,
            category=self.category,
            scene=self.scene,
            severity=self.severity,
            district_code=self.district_code,
            district_name=self.district_name,
        )


AnyRow = OrgRow | GridRow | PlaceRow | RuleRow | PersonRow | CodeRow
ROWS: dict[Kind, type[Row]] = {
    "orgs": OrgRow,
    "grids": GridRow,
    "places": PlaceRow,
    "rules": RuleRow,
    "people": PersonRow,
    "codes": CodeRow,
}
assert set(get_args(Kind)) - set(ROWS) == {"calendar"}, "the calendar is one document"
