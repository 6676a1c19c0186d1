"""A town as it was imported, at one version, and the route of a case in it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from central.clocks.calendar import Calendar
from central.clocks.limits import Limits
from central.routing.codes import Codes
from central.routing.grids import AreaType, Atlas, Grid, How
from central.routing.parties import Org, Person, Place
from central.routing.rules import Asked, Ref, Rule, matching
from central.sphere import Point, boxes_around, metres_apart

Flag = Literal["unknown_place", "no_grid", "grid_doubtful", "nobody_on_duty", "no_rule", "no_lead"]
"""Why a person should look at a route: the place is not in the town; no grid is near; a border or
the nearest grid decided; the leads are off duty; no rule holds; the rule names nobody here."""


class NoRule(Exception):
    """No rule holds for what was asked; `central.routing.checks` finds that out at start."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who has to do with a case, and the snapshot that stays with it.

    Later versions of the town do not move old cases: `grid_version` and `rule_id` say which
    grids and which rule it was.
    """

    lead: str
    assist: tuple[str, ...]
    inform: tuple[str, ...]
    limits: Limits
    priority: int
    rule_id: str
    grid_version: int
    grid: str
    grid_how: How
    area_type: AreaType
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Town:
    """Everything that routes depend on. `fallback` is the desk (兜底) for what fits nowhere."""

    version: int
    calendar: Calendar
    atlas: Atlas
    places: Mapping[str, Place]
    orgs: Mapping[str, Org]
    rules: tuple[Rule, ...]
    people: tuple[Person, ...] = ()
    codes: Codes = field(default_factory=Codes)
    fallback: str = field(init=False)

    def __post_init__(self) -> None:
        desks = sorted(org.id for org in self.orgs.values() if org.kind == "desk")
        object.__setattr__(self, "fallback", desks[0] if desks else "")

    def route(self, place_id: str, scene: str, severity: str, at: datetime) -> Route:
        """The route of a case that is filed at `at`; raises NoRule."""
        return Routing(self, place_id, at).route(scene, severity)

    @cached_property
    def lineages(self) -> Mapping[str, tuple[str, ...]]:
        """By place the grids that it lies in, found once: its own, that one's parent and so on."""
        found = {}
        for place in self.places.values():
            grid = self.atlas.locate(place.point, place.declared_grid).grid
            lineage = self.atlas.lineage(grid) if grid else ()
            found[place.id] = tuple(one.id for one in lineage)
        return found

    @cached_property
    def places_by_grid(self) -> Mapping[str, frozenset[str]]:
        """By grid the places that lie in it, or in a grid inside of it."""
        found: dict[str, set[str]] = {}
        for place, lineage in self.lineages.items():
            for grid in lineage:
                found.setdefault(grid, set()).add(place)
        return {grid: frozenset(places) for grid, places in found.items()}

    def places_in(self, grids: Iterable[str]) -> frozenset[str]:
        """Places that lie in one of the grids, or in a grid inside of one."""
        nothing: frozenset[str] = frozenset()
        return nothing.union(*(self.places_by_grid.get(grid, nothing) for grid in grids))

    def places_within(self, point: Point, within_m: float) -> tuple[str, ...]:
        """Places that lie so near to a point, in the order of their ids."""
        boxes = boxes_around(point, within_m)
        found = (
            place.id
            for place in self.places.values()
            if any(box.holds(place.point) for box in boxes)
            and metres_apart(point, place.point) <= within_m
        )
        return tuple(sorted(found))

    def members(self, org: str, role: str = "") -> tuple[Person, ...]:
        """People of an organisation, with a role if one is asked for."""
        return tuple(p for p in self.people if p.org == org and (not role or role in p.roles))


@dataclass(frozen=True, slots=True)
class Routing:
    """Where a case is and who can take it at a moment."""

    town: Town
    place_id: str
    at: datetime

    def route(self, scene: str, severity: str) -> Route:
        """The route; raises NoRule."""
        place = self.town.places.get(self.place_id)
        grid, how = self._grid(place)
        area_type = (place and place.area_type) or (grid.area_type if grid else "street")
        asked = Asked(scene, severity, area_type, self.at)
        rule = matching(self.town.rules, asked, self.town.calendar)
        if rule is None:
            raise NoRule(f"no rule holds for {scene}, {severity}, {area_type} at {self.at}")
        lead, flag = self._lead(rule, place, grid)
        flags = [flag, *_flags(place, how)]
        assist = tuple(self._known(rule.assist, place, grid))
        return Route(
            lead=lead,
            assist=tuple(dict.fromkeys(org for org in assist if org != lead)),
            inform=self._inform(rule, {lead, *assist}, place, grid),
            limits=rule.limits,
            priority=rule.priority,
            rule_id=rule.id,
            grid_version=self.town.version,
            grid=grid.id if grid else "",
            grid_how=how,
            area_type=area_type,
            flags=tuple(found for found in flags if found is not None),
        )

    def _grid(self, place: Place | None) -> tuple[Grid | None, How]:
        if place is None:
            return None, "nowhere"
        found = self.town.atlas.locate(place.point, place.declared_grid)
        return found.grid, found.how

    def _lead(self, rule: Rule, place: Place | None, grid: Grid | None) -> tuple[str, Flag | None]:
        """The first of the rule's leads who is on duty, otherwise the fallback desk."""
        known = list(self._known(rule.lead, place, grid))
        for org in known:
            if self.town.orgs[org].on_duty(self.at, self.town.calendar):
                return org, None
        return self.town.fallback, "nobody_on_duty" if known else "no_lead"

    def _inform(
        self, rule: Rule, taken: set[str], place: Place | None, grid: Grid | None
    ) -> tuple[str, ...]:
        found = self._known(rule.inform, place, grid)
        return tuple(dict.fromkeys(org for org in found if org not in taken))

    def _known(self, refs: Iterable[Ref], place: Place | None, grid: Grid | None) -> Iterator[str]:
        """Organisations that the references lead to and that exist."""
        for ref in refs:
            org = ref.org or self._related(ref, place, grid)
            if org in self.town.orgs:
                yield org

    def _related(self, ref: Ref, place: Place | None, grid: Grid | None) -> str:
        if ref.relation == "property":
            return place.property if place else ""
        if ref.relation == "owner":
            return place.owner if place else ""
        if grid is None:
            return ""
        name = "committee" if ref.relation == "committee" else "district"
        lineage = self.town.atlas.lineage(grid)
        return next((org for one in lineage if (org := str(getattr(one, name)))), "")


def _flags(place: Place | None, how: How) -> Iterator[Flag]:
    if place is None:
        yield "unknown_place"
    elif how == "nowhere":
        yield "no_grid"
    elif how in ("border", "nearest"):
        yield "grid_doubtful"
