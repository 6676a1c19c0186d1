"""Coordinates, shapes and grids: which grid a point belongs to, at borders and outside too."""

import pytest

from central.routing.crs import from_gcj02, read_crs, to_gcj02
from central.routing.grids import Atlas, Grid
from central.routing.shapes import metres_between, read_area
from tests.central.town import spot, square


def test_gcj02_is_some_hundred_metres_away_and_comes_back() -> None:
    """Tian'anmen as many maps give it: WGS-84 116.3912, 39.9073 is GCJ-02 116.3974, 39.9087."""
    shifted = to_gcj02((116.391244, 39.907333))
    assert metres_between(shifted, (116.397486, 39.908737)) < 1.5
    assert metres_between(from_gcj02(shifted), (116.391244, 39.907333)) < 0.001
    town = (121.4942, 31.0724)
    assert 100 < metres_between(to_gcj02(town), town) < 700


def test_outside_of_china_nothing_is_shifted() -> None:
    assert to_gcj02((2.35, 48.85)) == (2.35, 48.85)


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("WGS-84", "WGS-84"),
        ("wgs84", "WGS-84"),
        ("EPSG:4326", "WGS-84"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "WGS-84"),
        ("CGCS2000", "WGS-84"),
        ("EPSG:4490", "WGS-84"),
        ("GCJ-02", "GCJ-02"),
        ("gcj02", "GCJ-02"),
    ],
)
def test_names_of_coordinates(name: str, crs: str) -> None:
    assert read_crs(name) == crs


@pytest.mark.parametrize("name", ["BD-09", "bd09ll", "BD09MC", "EPSG:3857", "EPSG:4549", "moon"])
def test_other_coordinates_are_refused_with_the_fix(name: str) -> None:
    with pytest.raises(ValueError, match="WGS-84"):
        read_crs(name)


ATLAS = Atlas((square("A", 0), square("B", 100), square("far", 400)))

BORDERS = [
    # well inside
    (50, 50, "", "A", "inside"),
    (50, 50, "B", "A", "inside"),
    # within five metres of the common border the place's own word counts
    (98, 50, "", "A", "border"),
    (98, 50, "B", "B", "declared"),
    (98, 50, "A", "A", "declared"),
    (98, 50, "far", "A", "border"),
    (103, 50, "A", "A", "declared"),
    (103, 50, "", "B", "border"),
    # beyond them it does not
    (94, 50, "B", "A", "inside"),
    # at the outer border nobody else could be meant
    (2, 50, "", "A", "inside"),
    (-2, 50, "", "A", "nearest"),
    # outside: the nearest within fifty metres
    (-49, 50, "", "A", "nearest"),
    (249, 50, "", "B", "nearest"),
    (-51, 50, "", None, "nowhere"),
    (300, 50, "", None, "nowhere"),
    (370, 50, "A", "far", "nearest"),
]


@pytest.mark.parametrize(("east", "north", "declared", "grid", "how"), BORDERS)
def test_borders(east: float, north: float, declared: str, grid: str | None, how: str) -> None:
    found = ATLAS.locate(spot(east, north), declared)
    assert (found.grid and found.grid.id, found.how) == (grid, how)


def test_the_finest_level_counts_and_a_near_unit_before_a_coarse_one() -> None:
    atlas = Atlas((square("A", 0), square("office", -500, "office", 1000)))
    found = {east: atlas.locate(spot(east, 50)).grid for east in (50.0, 140.0, 200.0)}
    assert {east: grid and grid.id for east, grid in found.items()} == {
        50.0: "A",
        140.0: "A",
        200.0: "office",
    }


def test_grids_that_overlap_are_settled_the_same_way_each_time() -> None:
    for grids in ((square("A", 0), square("B", 40)), (square("B", 40), square("A", 0))):
        found = Atlas(grids).locate(spot(70, 50))
        assert (found.grid and found.grid.id, found.how) == ("A", "border")


def test_a_hole_is_outside() -> None:
    outer = [spot(*c) for c in ((0, 0), (300, 0), (300, 300), (0, 300), (0, 0))]
    hole = [spot(*c) for c in ((100, 100), (200, 100), (200, 200), (100, 200), (100, 100))]
    area = read_area([[outer, hole]])
    assert area.contains(spot(50, 50))
    assert not area.contains(spot(150, 150))
    assert area.border_m(spot(150, 150)) == pytest.approx(50, abs=0.1)


SHAPES = [
    ([(0, 0), (1, 0), (0, 0)], "3 corners"),
    ([(0, 0), (1, 0), (1, 1), (0, 1)], "not closed"),
    ([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)], "crosses itself: its edges 1 and 3"),
    ([(31, 121), (31.1, 121), (31.1, 121.1), (31, 121)], "longitude comes first"),
    ([(0, 0), (500, 0), (1, 1), (0, 0)], "is not a longitude"),
]


@pytest.mark.parametrize(("ring", "says"), SHAPES)
def test_shapes_that_cannot_be_used(ring: list[tuple[float, float]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_area([[ring]])


def test_shapes_of_nothing_or_of_too_much_are_refused() -> None:
    with pytest.raises(ValueError, match="no polygon"):
        read_area([])
    with pytest.raises(ValueError, match="too many"):
        read_area([[[(0.0, 0.0)] * 6000]])


def test_a_grid_as_wide_as_the_world_is_no_trouble() -> None:
    ring = [(-170.0, -80.0), (170.0, -80.0), (170.0, 80.0), (-170.0, 80.0), (-170.0, -80.0)]
    world = Grid("world", "", "office", "street", read_area([[ring]]))
    atlas = Atlas((world, square("A", 0)))
    assert [atlas.locate(p).grid for p in (spot(50, 50), spot(900, 50))] == [atlas.grids[1], world]
