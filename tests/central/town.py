"""The example town and small pieces of others, for tests of routes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from central.clocks.limits import Limits, read_limit
from central.routing.bands import read_band
from central.routing.grids import Grid, Level
from central.routing.rules import Rule, read_refs
from central.routing.shapes import DEGREE_M, read_area
from central.routing.town import Town
from central.town.importing import EXAMPLE, EXAMPLE_FOLDER, Wish, read_rows
from central.town.keeping import town_of

NOW = datetime(2026, 11, 24, 14, 3, 10, tzinfo=UTC)
"""A Tuesday, 22:03 in the town."""


def example() -> Town:
    found = {}
    for kind, name in EXAMPLE:
        path = EXAMPLE_FOLDER / name
        rows = read_rows(Wish(kind, Path(name)), path.read_bytes())
        found[kind] = {key: one.body for key, one in rows.items()}
    return town_of(found, version=1)


EXAMPLE_TOWN = example()


LAT = 31.0
METRE_EAST = 1 / (DEGREE_M * 0.8571673007)  # cos 31°
METRE_NORTH = 1 / DEGREE_M


def spot(east_m: float, north_m: float) -> tuple[float, float]:
    return 121.5 + east_m * METRE_EAST, LAT + north_m * METRE_NORTH


def square(grid_id: str, west_m: float, level: Level = "unit", size_m: float = 100) -> Grid:
    corners = [(west_m, 0.0), (west_m + size_m, 0.0), (west_m + size_m, 100.0), (west_m, 100.0)]
    ring = [spot(*corner) for corner in (*corners, corners[0])]
    return Grid(grid_id, grid_id, level, "street", read_area([[ring]]))


LIMITS = Limits(
    read_limit("2 紧急工作时"), read_limit("30 分钟"), read_limit("30 分钟"), read_limit("1 工作日")
)


def rule(rule_id: str, severity: str, area: str, band: str, **more: object) -> Rule:
    made = Rule(
        id=rule_id,
        scene="fire_lane",
        severity=severity,
        area_type=area,  # type: ignore[arg-type]
        band=read_band(band),
        lead=read_refs("desk"),
        assist=(),
        inform=(),
        limits=LIMITS,
    )
    return replace(made, **more)  # type: ignore[arg-type]
