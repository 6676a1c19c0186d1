"""Metres between any two points of the earth, and boxes that hold what is near. Pure.

Unlike `central.routing.shapes` it is right everywhere: at the date line and at the poles, too.
"""

from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin, sqrt

Point = tuple[float, float]
"""Longitude, latitude in degrees (WGS-84)."""
RADIUS_M = 6_371_000.0
"""Mean radius of the earth."""
MARGIN = 1e-9
"""Degrees (a tenth of a millimetre) by which a box is wider than it must be: for rounding."""


@dataclass(frozen=True, slots=True)
class Box:
    """A range of longitudes and latitudes in degrees, both ends belong to it."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, point: Point) -> bool:
        """Whether the point lies in it."""
        return self.west <= point[0] <= self.east and self.south <= point[1] <= self.north


def metres_apart(one: Point, two: Point) -> float:
    """Metres along the great circle, the same from either end (haversine)."""
    up = sin(radians(one[1] - two[1]) / 2) ** 2
    aside = sin(radians(one[0] - two[0]) / 2) ** 2
    part = up + cos(radians(one[1])) * cos(radians(two[1])) * aside
    return 2 * RADIUS_M * asin(sqrt(min(1.0, part)))


def boxes_around(point: Point, within_m: float) -> tuple[Box, ...]:
    """One box, or two at the date line, that hold every point so near, and some further ones."""
    longitude, latitude = point
    up = degrees(within_m / RADIUS_M) + MARGIN
    south, north = latitude - up, latitude + up
    if south <= -90 or north >= 90:
        return (Box(-180.0, max(-90.0, south), 180.0, min(90.0, north)),)
    aside = degrees(asin(min(1.0, sin(radians(up)) / cos(radians(latitude))))) + MARGIN
    west, east = longitude - aside, longitude + aside
    if west <= -180:
        return Box(-180.0, south, east, north), Box(west + 360, south, 180.0, north)
    if east >= 180:
        return Box(west, south, 180.0, north), Box(-180.0, south, east - 360, north)
    return (Box(west, south, east, north),)
