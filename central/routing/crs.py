"""Coordinates: WGS-84 is kept, GCJ-02 is turned into it once, everything else is refused. Pure."""

from collections.abc import Callable
from math import cos, pi, sin, sqrt
from typing import Literal

Crs = Literal["WGS-84", "GCJ-02"]
Point = tuple[float, float]
"""Longitude, latitude in degrees."""

NAMES: dict[str, Crs] = {
    "wgs84": "WGS-84",
    "crs84": "WGS-84",
    "4326": "WGS-84",
    "cgcs2000": "WGS-84",  # the same to centimetres
    "4490": "WGS-84",
    "gcj02": "GCJ-02",
}
REFUSED = {
    "bd09": "BD-09 (Baidu) cannot be used: export the map as WGS-84 or GCJ-02",
    "bd09ll": "BD-09 (Baidu) cannot be used: export the map as WGS-84 or GCJ-02",
    "bd09mc": "BD-09 (Baidu) cannot be used: export the map as WGS-84 or GCJ-02",
    "3857": "projected metres (EPSG:3857) cannot be used: export the map as WGS-84 degrees",
}
SEMI_MAJOR_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
"""Krasovsky 1940, which the offset of GCJ-02 is computed on (published formula)."""

CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north: GCJ-02 equals WGS-84 outside."""


def read_crs(text: str) -> Crs:
    """The system that a file names in whatever spelling; raises ValueError with what to do."""
    plain = "".join(c for c in text.lower().rpartition(":")[2] if c.isalnum())
    if plain in REFUSED:
        raise ValueError(REFUSED[plain])
    if plain not in NAMES:
        raise ValueError(f"'{text}' is not known: use WGS-84 (EPSG:4326, CGCS2000) or GCJ-02")
    return NAMES[plain]


def to_wgs84(crs: Crs) -> Callable[[Point], Point]:
    """What turns points of this system into WGS-84."""
    return from_gcj02 if crs == "GCJ-02" else lambda point: point


def to_gcj02(point: Point) -> Point:
    """WGS-84 to GCJ-02."""
    longitude, latitude = point
    west, south, east, north = CHINA
    if not (west <= longitude <= east and south <= latitude <= north):
        return point
    x, y = longitude - 105.0, latitude - 35.0
    radians = latitude / 180.0 * pi
    magic = 1 - ECCENTRICITY_SQUARED * sin(radians) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / (magic * sqrt(magic)) * pi / 180.0
    parallel_m = SEMI_MAJOR_M / sqrt(magic) * cos(radians) * pi / 180.0
    return longitude + _east_m(x, y) / parallel_m, latitude + _north_m(x, y) / meridian_m


def from_gcj02(point: Point) -> Point:
    """GCJ-02 to WGS-84 by repeated approximation, to better than a millimetre."""
    guess = point
    for _ in range(12):
        seen = to_gcj02(guess)
        guess = guess[0] + point[0] - seen[0], guess[1] + point[1] - seen[1]
    return guess


def _waves(x: float) -> float:
    return (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0


def _north_m(x: float, y: float) -> float:
    offset = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    offset += _waves(x)
    offset += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    offset += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    return offset


def _east_m(x: float, y: float) -> float:
    offset = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    offset += _waves(x)
    offset += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    offset += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    return offset
