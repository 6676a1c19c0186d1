"""Grids (网格): which one a point on the ground belongs to, also at borders and outside. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Literal, get_args

from central.routing.crs import Point
from central.routing.shapes import Area

Level = Literal["unit", "community", "district", "office"]
"""单元网格, 居村, 片区, 街道; the finest first."""

AreaType = Literal["estate", "street", "rural", "park"]
"""小区, 街面, 农村, 园区."""

How = Literal["inside", "declared", "border", "nearest", "nowhere"]
"""Clearly inside; on a border and settled by what the place declares; on a border and settled by
where the point lies; outside of all grids but near one; too far from any."""

LEVELS: tuple[Level, ...] = get_args(Level)
AREA_TYPES: tuple[AreaType, ...] = get_args(AreaType)
Cell = tuple[int, int]
CELL_DEGREES = 0.005
MARGIN_DEGREES = 0.001
"""Wider than `NEAR_M` anywhere below 60° north."""

MOST_CELLS = 4096
BORDER_M = 5.0
NEAR_M = 50.0
"""§11-3 of the study: nearer to a border than a survey is exact; as far as a grid may reach out."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A piece of the town; `committee` and `district` are organisations that look after it."""

    id: str
    name: str
    level: Level
    area_type: AreaType
    area: Area
    parent: str = ""
    committee: str = ""
    district: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """The grid of a point; `doubtful` asks a person to look at it."""

    grid: Grid | None
    how: How

    @property
    def doubtful(self) -> bool:
        """Whether the rules of borders had to decide without the place's own word."""
        return self.how in ("border", "nearest", "nowhere")


@dataclass(frozen=True, slots=True)
class Atlas:
    """All grids of a town, the finest level first."""

    grids: tuple[Grid, ...]
    by_id: Mapping[str, Grid] = field(init=False, repr=False, compare=False)
    _cells: Mapping[Cell, tuple[Grid, ...]] = field(init=False, repr=False, compare=False)
    _wide: tuple[Grid, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {grid.id: grid for grid in self.grids})
        cells: dict[Cell, list[Grid]] = {}
        wide: list[Grid] = []
        for grid in self.grids:
            touched = _cells_of(grid.area)
            for cell in touched or ():
                cells.setdefault(cell, []).append(grid)
            if touched is None:
                wide.append(grid)
        object.__setattr__(self, "_cells", {cell: tuple(found) for cell, found in cells.items()})
        object.__setattr__(self, "_wide", tuple(wide))

    def locate(self, point: Point, declared: str = "") -> Located:
        """The grid of a point; `declared` is what the place says of itself, asked at borders."""
        there = (*self._cells.get(_cell(point), ()), *self._wide)
        near = [grid for grid in there if grid.area.near(point, NEAR_M)]
        for level in LEVELS:
            found = _locate([grid for grid in near if grid.level == level], point, declared)
            if found is not None:
                return found
        return Located(None, "nowhere")

    def lineage(self, grid: Grid) -> Iterator[Grid]:
        """The grid, its parent and so on."""
        seen: set[str] = set()
        at: Grid | None = grid
        while at is not None and at.id not in seen:
            seen.add(at.id)
            yield at
            at = self.by_id.get(at.parent)


def _cell(point: Point) -> Cell:
    return floor(point[0] / CELL_DEGREES), floor(point[1] / CELL_DEGREES)


def _cells_of(area: Area) -> list[Cell] | None:
    """Cells that the bounding box comes near; None when they are too many to be kept."""
    west, south, east, north = area.bounds
    x0, y0 = _cell((west - MARGIN_DEGREES, south - MARGIN_DEGREES))
    x1, y1 = _cell((east + MARGIN_DEGREES, north + MARGIN_DEGREES))
    if (x1 - x0 + 1) * (y1 - y0 + 1) > MOST_CELLS:
        return None
    return [(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]


def _locate(grids: list[Grid], point: Point, declared: str) -> Located | None:
    """Among grids of one level; None when none is near enough."""
    inside = sorted((g for g in grids if g.area.contains(point)), key=lambda g: g.id)
    reach = {g.id: g.area.border_m(point) for g in grids}
    at_border = [g for g in grids if reach[g.id] < BORDER_M]
    candidates = sorted({g.id: g for g in (*inside, *at_border)}.values(), key=lambda g: g.id)
    if len(candidates) == 1:
        return Located(candidates[0], "inside" if inside else "nearest")
    if candidates:
        own = next((g for g in candidates if g.id == declared), None)
        if own is not None:
            return Located(own, "declared")
        return Located(inside[0] if inside else candidates[0], "border")
    close = min(grids, key=lambda g: (reach[g.id], g.id), default=None)
    if close is not None and reach[close.id] <= NEAR_M:
        return Located(close, "nearest")
    return None
