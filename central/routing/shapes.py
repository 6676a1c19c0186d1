"""Polygons on the ground in WGS-84 degrees: inside or not, metres to the border, faults. Pure.

Distances are reckoned on a plane that touches the earth at the point asked about: over a street
office (a few kilometres) that is right to centimetres.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, hypot, radians

from central.routing.crs import Point

DEGREE_M = 111_195.0
"""Metres of one degree of a great circle, mean radius 6371 km."""

Ring = tuple[Point, ...]
Polygon = tuple[Ring, ...]
"""The outer ring, then holes."""

MAX_VERTICES = 5000


@dataclass(frozen=True, slots=True)
class Area:
    """One or more polygons with holes; rings are closed (first corner = last corner)."""

    polygons: tuple[Polygon, ...]
    bounds: tuple[float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        longitudes = [x for ring in self.rings() for x, _ in ring]
        latitudes = [y for ring in self.rings() for _, y in ring]
        if not longitudes:
            raise ValueError("it has no polygon")
        box = (min(longitudes), min(latitudes), max(longitudes), max(latitudes))
        object.__setattr__(self, "bounds", box)

    def rings(self) -> Iterator[Ring]:
        """All rings, outer ones and holes."""
        for polygon in self.polygons:
            yield from polygon

    def near(self, point: Point, within_m: float) -> bool:
        """Whether the bounding box comes so near: quick, and never wrongly False."""
        west, south, east, north = self.bounds
        up = within_m / DEGREE_M
        aside = up / max(cos(radians(point[1])), 0.01)
        return west - aside <= point[0] <= east + aside and south - up <= point[1] <= north + up

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside; on the border either answer may come."""
        return any(_inside_polygon(polygon, point) for polygon in self.polygons)

    def border_m(self, point: Point) -> float:
        """Metres from the point to the nearest border, from inside or outside."""
        return min(_to_ring_m(ring, point) for ring in self.rings())


def metres_between(one: Point, two: Point) -> float:
    """Metres between two near points."""
    east, north = _plane(one, two)
    return hypot(east, north)


def read_area(polygons: Sequence[Sequence[Sequence[Point]]]) -> Area:
    """The area of a GeoJSON MultiPolygon's coordinates; raises ValueError that says the fault."""
    vertices = sum(len(ring) for polygon in polygons for ring in polygon)
    if vertices > MAX_VERTICES:
        raise ValueError(f"{vertices} corners are too many, simplify it to {MAX_VERTICES}")
    made = tuple(
        tuple(_ring(number, ring) for number, ring in enumerate(polygon)) for polygon in polygons
    )
    return Area(made)


def known_area(polygons: Sequence[Sequence[Sequence[Point]]]) -> Area:
    """The same of coordinates that `read_area` has accepted before: no fault is looked for."""
    return Area(tuple(tuple(tuple((x, y) for x, y in r) for r in rings) for rings in polygons))


def check_point(point: Point) -> Point:
    """The point itself; raises ValueError when it is not on earth."""
    longitude, latitude = point
    if not -180 <= longitude <= 180 or not -90 <= latitude <= 90:
        swapped = -180 <= latitude <= 180 and -90 <= longitude <= 90
        hint = ": longitude comes first, then latitude" if swapped else ""
        raise ValueError(f"({longitude}, {latitude}) is not a longitude and a latitude{hint}")
    return point


def _ring(number: int, corners: Sequence[Point]) -> Ring:
    name = "outer ring" if number == 0 else f"hole {number}"
    ring = tuple(check_point(corner) for corner in corners)
    if len(ring) < 4:
        raise ValueError(f"{name}: {len(ring)} corners, a closed ring has at least 4")
    if ring[0] != ring[-1]:
        raise ValueError(f"{name} is not closed: its last corner must be its first one again")
    crossing = _crossing(ring)
    if crossing is not None:
        a, b = crossing
        raise ValueError(f"{name} crosses itself: its edges {a + 1} and {b + 1} meet")
    return ring


def _crossing(ring: Ring) -> tuple[int, int] | None:
    """Numbers of two edges that cross, found along the sweep of their western ends."""
    edges = sorted(
        (min(a[0], b[0]), max(a[0], b[0]), number) for number, (a, b) in enumerate(pairwise(ring))
    )
    last = len(ring) - 2
    open_edges: list[tuple[float, int]] = []
    for west, east, number in edges:
        open_edges = [edge for edge in open_edges if edge[0] >= west]
        for _, other in open_edges:
            apart = abs(number - other)
            if apart in (1, last):
                continue
            if _cross(ring[number], ring[number + 1], ring[other], ring[other + 1]):
                return min(number, other), max(number, other)
        open_edges.append((east, number))
    return None


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _turn(a, b, c) * _turn(a, b, d) <= 0 and _turn(c, d, a) * _turn(c, d, b) <= 0


def _turn(a: Point, b: Point, c: Point) -> float:
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (cross > 0) - (cross < 0)


def _inside_polygon(polygon: Polygon, point: Point) -> bool:
    """Even-odd rule over the outer ring and the holes together."""
    inside = False
    for ring in polygon:
        for a, b in pairwise(ring):
            if (a[1] > point[1]) != (b[1] > point[1]):
                at = a[0] + (point[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
                inside ^= at > point[0]
    return inside


def _to_ring_m(ring: Ring, point: Point) -> float:
    return min(_to_edge_m(a, b, point) for a, b in pairwise(ring))


def _to_edge_m(a: Point, b: Point, point: Point) -> float:
    ax, ay = _plane(point, a)
    bx, by = _plane(point, b)
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
    return hypot(ax + along * dx, ay + along * dy)


def _plane(origin: Point, point: Point) -> tuple[float, float]:
    east = (point[0] - origin[0]) * DEGREE_M * cos(radians(origin[1]))
    return east, (point[1] - origin[1]) * DEGREE_M
