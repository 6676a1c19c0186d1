"""What is wrong with a town before any case is lost in it: missing rules, dangling names. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from central.routing.grids import BORDER_M, AreaType, Grid
from central.routing.rules import Asked, Rule, matching, rivals
from central.routing.shapes import Area
from central.routing.town import NoRule, Town

SEVERITIES: dict[str, tuple[str, ...]] = {
    "fire_lane": ("occupied", "blocked"),
    "square_dance": ("over_limit", "curfew", "relapse"),
    "facility": ("*",),
}
"""What boxes can say of each scene that files by itself."""
FILED: dict[str, tuple[str, ...]] = {
    "fire_lane": ("occupied", "blocked"),
    "square_dance": ("over_limit", "curfew", "relapse", "advisory"),
    "facility": ("intrusion",),
    "device": ("storm", "fault"),
}
"""What cases are about that nobody files by hand: those should leave with an event code."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`fatal` problems stop the server: a case could get no owner or no deadline.

    Those about a code do not, but no import may bring one in.
    """

    what: str
    fatal: bool = True
    about: Literal["name", "rule", "desk", "code", "advice"] = "advice"
    where: "Where | None" = None


@dataclass(frozen=True, slots=True)
class Where:
    """The row and the column that a problem comes from, in the words of import files."""

    kind: str
    key: str
    column: str


def problems(town: Town, now: datetime) -> tuple[Problem, ...]:
    """Everything that is wrong, the fatal ones first."""
    found = [*_no_desk(town), *_rivals(town), *_names(town), *_missing_rules(town, now)]
    found += [*_owners(town, now), *_grids(town), *_overlaps(town)]
    found += [*_rival_codes(town), *_missing_codes(town)]
    found += [
        Problem(text, fatal=False) for text in town.calendar.warnings(town.calendar.local_day(now))
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: not problem.fatal))


def _no_desk(town: Town) -> Iterator[Problem]:
    if not town.fallback:
        yield Problem("orgs: there is no desk (kind desk) for cases that fit nowhere", about="desk")


def _rivals(town: Town) -> Iterator[Problem]:
    for one, other in rivals(town.rules):
        yield Problem(f"rules: nobody can say whether {one} or {other} is meant", about="rule")


def _rival_codes(town: Town) -> Iterator[Problem]:
    for one, other in town.codes.rivals():
        text = (
            f"codes: {one.id} and {other.id} are both for scene {one.scene}, "
            f"severity {one.severity}: leave one of them"
        )
        where = Where("codes", other.id, "severity")
        yield Problem(text, fatal=False, about="code", where=where)


def _missing_codes(town: Town) -> Iterator[Problem]:
    if not town.codes.rows:
        text = "codes: none were imported, cases leave without event code and district code"
        yield Problem(f"{text} (jinmu-central import codes)", fatal=False)
        return
    for scene, severities in FILED.items():
        without = [one for one in severities if not town.codes.of(scene, one).id]
        if without:
            yield Problem(
                f"codes: none for scene {scene}, severity {', '.join(without)}: add a row, "
                "with severity 全部 (*) for all of them",
                fatal=False,
            )


def _names(town: Town) -> Iterator[Problem]:
    """Names that lead nowhere."""
    for where, org in _named_orgs(town):
        if org and org not in town.orgs:
            yield _dangling(where, org, "organisation", "orgs")
    for where, grid in _named_grids(town):
        if grid and grid not in town.atlas.by_id:
            yield _dangling(where, grid, "grid", "grids")


def _dangling(where: Where, name: str, what: str, kind: str) -> Problem:
    text = (
        f"{where.kind}: {where.key} names {name}, which is no {what}: correct it, or import the "
        f"{what} first (jinmu-central import {kind})"
    )
    return Problem(text, about="name", where=where)


def _named_orgs(town: Town) -> Iterator[tuple[Where, str]]:
    for rule in town.rules:
        for column in ("lead", "assist", "inform"):
            for ref in getattr(rule, column):
                yield Where("rules", rule.id, column), ref.org
    for place in town.places.values():
        yield Where("places", place.id, "property"), place.property
        yield Where("places", place.id, "owner"), place.owner
    for grid in town.atlas.grids:
        yield Where("grids", grid.id, "committee"), grid.committee
        yield Where("grids", grid.id, "district"), grid.district
    for org in town.orgs.values():
        yield Where("orgs", org.id, "parent"), org.parent
    for person in town.people:
        yield Where("people", person.id, "org"), person.org


def _named_grids(town: Town) -> Iterator[tuple[Where, str]]:
    for place in town.places.values():
        yield Where("places", place.id, "grid"), place.declared_grid
    for grid in town.atlas.grids:
        yield Where("grids", grid.id, "parent"), grid.parent
    for person in town.people:
        yield from ((Where("people", person.id, "grids"), grid) for grid in person.grids)


def _missing_rules(town: Town, now: datetime) -> Iterator[Problem]:
    """Every scene of a place, at every severity and hour of the week to come, has a rule."""
    for scene, area_type in sorted(_needed(town)):
        for severity in SEVERITIES.get(scene, ("*",)):
            at = _hour_without_rule(town, Asked(scene, severity, area_type, now))
            if at is not None:
                yield Problem(
                    f"rules: none holds for scene {scene}, severity {severity}, area {area_type} "
                    f"at {at.astimezone(town.calendar.zone):%a %H:%M}: add a rule with "
                    "time 全天 (any) for it",
                    about="rule",
                )


def _needed(town: Town) -> set[tuple[str, AreaType]]:
    """Scenes with the area types they are in; a place without a grid counts as street."""
    needed: set[tuple[str, AreaType]] = set()
    for place in town.places.values():
        grid = town.atlas.locate(place.point, place.declared_grid).grid
        area_type = place.area_type or (grid.area_type if grid else "street")
        needed |= {(scene, area_type) for scene in place.scenes}
    scenes = {rule.scene for rule in town.rules} | set(SEVERITIES)
    return needed | {(scene, "street") for scene in scenes}  # a place that nobody has imported


def _hour_without_rule(town: Town, asked: Asked) -> datetime | None:
    candidates = [r for r in town.rules if r.scene == asked.scene]
    if _always(candidates, asked):
        return None
    for half_hours in range(7 * 48):
        at = asked.at + timedelta(minutes=30 * half_hours)
        there = Asked(asked.scene, asked.severity, asked.area_type, at)
        if matching(candidates, there, town.calendar) is None:
            return at
    return None


def _always(rules: list[Rule], asked: Asked) -> bool:
    """Whether one rule holds at all hours and has no last day."""
    return any(
        rule.band.kind == "any"
        and rule.valid_to is None
        and (rule.valid_from is None or rule.valid_from <= asked.at.date())
        and rule.severity in ("*", asked.severity)
        and rule.area_type in ("*", asked.area_type)
        for rule in rules
    )


def _owners(town: Town, now: datetime) -> Iterator[Problem]:
    """Places whose cases would have no owner but the desk."""
    for place in town.places.values():
        for scene in place.scenes:
            for severity in SEVERITIES.get(scene, ("*",)):
                try:
                    route = town.route(place.id, scene, severity, now)
                except NoRule:
                    continue  # said above
                if "no_lead" in route.flags:
                    yield Problem(
                        f"places: {place.id}: rule {route.rule_id} names nobody who is there, "
                        "the desk gets its cases",
                        fatal=False,
                    )


def _overlaps(town: Town) -> Iterator[Problem]:
    """Grids of one level that lie over each other by more than a border's width."""
    from_west = sorted(town.atlas.grids, key=lambda grid: grid.area.bounds[0])
    open_grids: list[Grid] = []
    for grid in from_west:
        west = grid.area.bounds[0]
        open_grids = [other for other in open_grids if other.area.bounds[2] > west]
        for other in open_grids:
            if other.level == grid.level and (
                _reaches_into(grid.area, other.area) or _reaches_into(other.area, grid.area)
            ):
                first, second = sorted((grid.id, other.id))
                yield Problem(f"grids: {first} and {second} overlap: draw them apart", fatal=False)
        open_grids.append(grid)


def _reaches_into(one: Area, other: Area) -> bool:
    """Whether a corner or the middle of an edge of `one` lies well inside of `other`."""
    (w, s, e, n), (west, south, east, north) = one.bounds, other.bounds
    if e <= west or east <= w or n <= south or north <= s:
        return False
    return any(
        other.contains(point) and other.border_m(point) > BORDER_M
        for ring in one.rings()
        for a, b in pairwise(ring)
        for point in (a, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
    )


def _grids(town: Town) -> Iterator[Problem]:
    """Places on a border or outside, which should declare their grid or be surveyed again."""
    for place in town.places.values():
        found = town.atlas.locate(place.point, place.declared_grid)
        if found.how == "nowhere":
            yield Problem(f"places: {place.id} lies in no grid, the desk gets its cases", False)
        elif found.doubtful:
            grid = found.grid.id if found.grid else ""
            yield Problem(
                f"places: {place.id} lies on a border ({found.how}: {grid}): declare its grid",
                fatal=False,
            )
