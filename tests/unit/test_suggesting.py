"""What may be the same thing told twice: near on the ground, near in time, of one family."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.appeals.rules import KINDS
from central.cases.states import ROLES
from central.cases.suggesting import (
    FAMILY_OF,
    MOST,
    REACH_M,
    WINDOW,
    Family,
    Told,
    codes_of,
    may_merge,
    near,
    nearest,
)
from central.filing import PREFIXES
from central.open311.services import SERVICES
from central.sphere import RADIUS_M, Point, boxes_around, metres_apart
from tests.cases import at
from tests.central.town import EXAMPLE_TOWN, spot

HERE: Point = spot(0, 0)


def told(
    number: str = "AP-1",
    point: Point | None = HERE,
    minutes: tuple[float, float] = (0, 0),
    place: str = "",
    family: Family | None = "fire_lane",
) -> Told:
    return Told(number, family, at(minutes[0]), at(minutes[1]), place, point)


CASE = told("FL-1", minutes=(0, 60), place="FL-0317")
DAY = 24 * 60
NEAR = [
    ("at the same point while it goes on", told(minutes=(30, 30)), 0, 0),
    ("49.9 m east", told(point=spot(49.9, 0)), 49.9, 0),
    ("49.9 m north", told(point=spot(0, 49.9)), 49.9, 0),
    ("a day before it began", told(minutes=(-DAY, -DAY)), 0, DAY),
    ("a day after it ended", told(minutes=(60 + DAY, 60 + DAY)), 0, DAY),
    ("the same place without a point", told("FL-2", None, place="FL-0317"), 0, 0),
    ("another place beside it", told("FL-2", spot(30, 40), place="FL-0318"), 50, 0),
]
FAR = [
    ("50.1 m east", told(point=spot(50.1, 0))),
    ("more than a day before", told(minutes=(-DAY - 0.1, -DAY - 0.1))),
    ("more than a day after", told(minutes=(60.1 + DAY, 60.1 + DAY))),
    ("another family", told(family="noise")),
    ("no family", told(family=None)),
    ("nobody knows where", told(point=None)),
    ("another place without a point", told("FL-2", None, place="FL-0318")),
    ("itself", told("FL-1", place="FL-0317")),
]


@pytest.mark.parametrize(("_", "other", "metres", "minutes"), NEAR, ids=[row[0] for row in NEAR])
def test_what_is_near(_: str, other: Told, metres: float, minutes: float) -> None:
    found = near(CASE, other)
    assert found is not None
    assert found.number == other.number
    assert found.distance_m == pytest.approx(metres, abs=0.05)
    assert found.apart == timedelta(minutes=minutes)


@pytest.mark.parametrize(("_", "other"), FAR, ids=[row[0] for row in FAR])
def test_what_is_not(_: str, other: Told) -> None:
    assert near(CASE, other) is None
    assert near(other, CASE) is None


def test_the_nearest_come_first_then_those_of_the_same_time_and_not_many() -> None:
    others = [
        told("AP-far", spot(40, 0)),
        told("AP-late", spot(10, 0), (61, 61)),
        told("AP-now", spot(10, 0)),
        told("AP-out", spot(60, 0)),
        *(told(f"AP-{n}", spot(20 + n, 0)) for n in range(9)),
    ]
    found = [one.number for one in nearest(CASE, others)]
    assert found == ["AP-now", "AP-late", "AP-0", "AP-1", "AP-2"]
    assert len(found) == MOST


def test_what_has_no_family_suggests_nothing_not_even_its_like() -> None:
    assert near(told("AP-1", family=None), told("AP-2", family=None)) is None


def test_families_hold_our_scenes_and_services_but_what_is_none_of_the_above() -> None:
    assert set(FAMILY_OF) == {one.code for one in SERVICES} - {"other"}
    assert set(FAMILY_OF) == set(PREFIXES) - {"device"}
    assert [codes_of(family) for family in ("fire_lane", "noise", "facility")] == [
        ("fire_lane",), ("square_dance",), ("facility",),
    ]  # fmt: skip
    assert KINDS[:3] == ("12345", "110", "qr")


def test_two_cases_are_merged_by_desk_and_dispatcher() -> None:
    merging = {role for role in ROLES if may_merge(role)}
    assert merging == {"desk", "dispatcher", "administrator", "system"}


LONGITUDES = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 179.9999, -179.9999, 0.0])
LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 89.9999, -89.9996, 0.0])
POINTS = st.tuples(LONGITUDES, LATITUDES)
STEPS = st.floats(-0.001, 0.001)
MINUTES = st.floats(-3 * DAY, 3 * DAY)


@st.composite
def pairs_of_points(draw: st.DrawFn) -> tuple[Point, Point]:
    """Any two points, most of them near each other, also over the date line and at the poles."""
    one = draw(POINTS)
    if draw(st.integers(0, 4)) == 0:
        return one, draw(POINTS)
    longitude = one[0] + draw(STEPS) * draw(st.sampled_from([1.0, 50.0, 180_000.0]))
    longitude = (longitude + 180) % 360 - 180
    return one, (longitude, min(90.0, max(-90.0, one[1] + draw(STEPS))))


@st.composite
def tales(draw: st.DrawFn, number: str, point: Point) -> Told:
    begin = draw(MINUTES)
    return told(
        number,
        draw(st.sampled_from([point, point, None])),
        (begin, begin + draw(st.floats(0, DAY))),
        draw(st.sampled_from(["", "FL-0317", "FL-0318"])),
        draw(st.sampled_from(["fire_lane", "fire_lane", "noise", None])),
    )


@given(pairs_of_points(), st.data())
def test_near_is_the_same_both_ways_and_never_far(
    points: tuple[Point, Point], data: st.DataObject
) -> None:
    one, two = (
        data.draw(tales(name, point)) for name, point in zip(("A", "B"), points, strict=True)
    )
    there, back = near(one, two), near(two, one)
    assert (there is None) == (back is None)
    if there is None or back is None:
        return
    assert (there.distance_m, there.apart) == (back.distance_m, back.apart)
    assert 0 <= there.distance_m <= REACH_M
    assert timedelta(0) <= there.apart <= WINDOW
    assert one.family == two.family is not None
    if one.place != two.place or not one.place:
        assert metres_apart(*points) <= REACH_M


@given(pairs_of_points())
def test_a_box_holds_all_that_is_near(points: tuple[Point, Point]) -> None:
    one, two = points
    metres = metres_apart(one, two)
    assert metres == metres_apart(two, one)
    assert 0 <= metres <= RADIUS_M * 3.15
    boxes = boxes_around(one, REACH_M)
    assert len(boxes) in (1, 2)
    for box in boxes:
        assert -180 <= box.west <= box.east <= 180
        assert -90 <= box.south <= box.north <= 90
    if metres <= REACH_M:
        assert any(box.holds(two) for box in boxes)


@pytest.mark.parametrize(
    ("one", "two", "metres"),
    [
        ((180.0, 0.0), (-180.0, 0.0), 0.0),
        ((179.9998, 10.0), (-179.9999, 10.0), 32.8),
        ((10.0, 90.0), (-170.0, 90.0), 0.0),
        ((0.0, 89.9998), (180.0, 89.9998), 44.5),
        ((121.4942, 31.0724), (121.4942, 31.0824), 1112.0),
        ((0.0, 0.0), (180.0, 0.0), 20_015_086.8),
    ],
)
def test_metres_at_the_date_line_and_the_poles(one: Point, two: Point, metres: float) -> None:
    assert metres_apart(one, two) == pytest.approx(metres, abs=0.1)
    if metres <= REACH_M:
        assert any(box.holds(two) for box in boxes_around(one, REACH_M))


def test_a_box_is_not_much_wider_than_the_reach() -> None:
    (box,) = boxes_around(HERE, REACH_M)
    assert metres_apart((box.west, HERE[1]), (box.east, HERE[1])) == pytest.approx(100, abs=0.1)
    assert metres_apart((HERE[0], box.south), (HERE[0], box.north)) == pytest.approx(100, abs=0.1)


def test_places_of_the_town_within_some_metres() -> None:
    gate = EXAMPLE_TOWN.places["FL-0317"].point
    assert EXAMPLE_TOWN.places_within(gate, REACH_M) == ("FL-0317",)
    assert EXAMPLE_TOWN.places_within(gate, 350) == ("FL-0317", "FL-0318", "SG-01")
    assert EXAMPLE_TOWN.places_within((0.0, 90.0), REACH_M) == ()
