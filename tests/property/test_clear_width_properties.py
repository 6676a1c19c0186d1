"""Clear width and ground plane: what holds for every street."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clear_width import LaneMeter
from edge.events import Interval
from edge.ground import GroundPlane
from edge.severity import SeverityFilter, severity
from scripts.scenarios.lane_truth import ASPECT, Pole, Solid, box_of

poles = st.builds(
    Pole, st.floats(3, 10), st.floats(0.2, 0.8), st.floats(0.4, 1.4), st.floats(-0.1, 0.1)
)
solids = st.builds(
    Solid, st.floats(-3, 3), st.floats(8, 24), st.floats(0, np.pi), st.floats(3.5, 5.5)
)
LANE = np.array([[-2.5, 7.0], [2.5, 7.0], [2.5, 27.0], [-2.5, 27.0]])
ZONE = np.array([[-2.3, 7.5], [2.4, 7.0], [2.4, 18.0], [2.5, 26.0], [-2.4, 26.5]])
slow = settings(max_examples=60, deadline=None)


def boxes(pole: Pole, several: list[Solid]) -> list[tuple[str, tuple[float, ...]]]:
    return [("car", tuple(np.clip(box_of(pole, solid), 0, 1).tolist())) for solid in several]


def meter(pole: Pole, metres=LANE, zone=ZONE) -> LaneMeter:
    plane = GroundPlane.from_points(pole.see_ground(LANE), metres)
    return LaneMeter(plane, pole.see_ground(zone), ASPECT)


def numbers(width: Interval) -> list[float]:
    return [width.lo, width.est, width.hi]


@given(poles, st.lists(st.tuples(st.floats(-20, 20), st.floats(5, 100)), min_size=1, max_size=9))
def test_there_and_back_again(pole, places) -> None:
    points = np.array(places)
    plane = GroundPlane.from_points(pole.see_ground(LANE), LANE)
    np.testing.assert_allclose(plane.to_metres(plane.to_image(points)), points, atol=1e-5)


@given(poles, st.permutations(range(4)))
def test_the_order_of_the_points_is_free_if_it_is_the_same(pole, order) -> None:
    plane = GroundPlane.from_points(pole.see_ground(LANE)[order], LANE[order])
    np.testing.assert_allclose(plane.to_metres(pole.see_ground(ZONE)), ZONE, atol=1e-6)


@slow
@given(poles, st.lists(solids, max_size=3), solids)
def test_another_vehicle_never_widens_the_gap(pole, before, more) -> None:
    ruler = meter(pole)
    less = numbers(ruler.measure(boxes(pole, before)).clear_width_m)
    left = numbers(ruler.measure(boxes(pole, [*before, more])).clear_width_m)
    assert all(a <= b + 1e-6 for a, b in zip(left, less, strict=True))


@slow
@given(poles, st.lists(solids, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_vehicles_and_corners_is_free(pole, several, chance) -> None:
    seen = boxes(pole, several)
    expected = meter(pole).measure(seen)
    chance.shuffle(seen)
    first = chance.randrange(len(ZONE))
    got = meter(pole, zone=np.roll(ZONE, first, axis=0)).measure(seen)
    np.testing.assert_allclose(
        numbers(got.clear_width_m), numbers(expected.clear_width_m), atol=5e-3
    )


@slow
@given(
    poles,
    st.lists(solids, min_size=1, max_size=2),
    st.tuples(st.floats(-np.pi, np.pi), st.floats(-500, 500), st.sampled_from([-1.0, 1.0])),
)
def test_where_the_metres_begin_and_how_they_run_is_free(pole, several, change) -> None:
    turn, shift, mirror = change
    cos, sin = np.cos(turn), np.sin(turn)
    # 5 cm: where two corners make one edge of a box, rounding decides which way a fit goes.
    moved = (LANE * [mirror, 1]) @ np.array([[cos, sin], [-sin, cos]]) + shift
    expected = meter(pole).measure(boxes(pole, several))
    got = meter(pole, moved).measure(boxes(pole, several))
    np.testing.assert_allclose(
        numbers(got.clear_width_m), numbers(expected.clear_width_m), atol=0.05
    )
    assert abs(got.coverage - expected.coverage) < 0.02


@slow
@given(poles, st.floats(0.1, 10))
def test_an_empty_lane_grows_with_the_metres(pole, scale) -> None:
    once = numbers(meter(pole).measure([]).clear_width_m)
    scaled = numbers(meter(pole, LANE * scale).measure([]).clear_width_m)
    np.testing.assert_allclose(scaled, np.array(once) * scale, atol=2e-3 * (1 + scale))


@slow
@given(poles, st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=4))
def test_any_boxes_give_ordered_numbers(pole, corners) -> None:
    seen = [("truck", (min(a, c), min(b, d), max(a, c), max(b, d))) for a, b, c, d in corners]
    use = meter(pole).measure(seen)
    low, middle, high = numbers(use.clear_width_m)
    assert 0 <= low <= middle <= high <= 6
    assert 0 <= use.coverage <= 1


widths = st.none() | st.builds(
    lambda est, half: Interval(est=est, lo=est - half, hi=est + half),
    st.floats(2, 6),
    st.floats(0, 1),
)


@given(st.lists(st.tuples(st.floats(0.1, 60), widths), max_size=60), st.integers(0, 60))
def test_a_restart_changes_no_severity(steps, restart_at) -> None:
    """But for the step across the restart, whose time is not observed."""
    whole, parts = SeverityFilter(4.0), SeverityFilter(4.0)
    ts = 0.0
    for index, (passed, width) in enumerate(steps):
        ts += passed
        if index == restart_at:
            restored = SeverityFilter(4.0)
            restored.load(parts.dump())
            parts = restored
            whole.update(None, ts - passed / 2)
        assert parts.update(width, ts) == whole.update(width, ts)


@given(st.lists(st.tuples(st.floats(0.1, 60), widths), min_size=1, max_size=60))
def test_never_blocked_without_two_certain_minutes(steps) -> None:
    state = SeverityFilter(4.0)
    ts, certain_s = 0.0, 0.0
    for passed, width in steps:
        ts += passed
        if severity(width, 4.0) == "blocked":
            certain_s += passed
        if state.update(width, ts) == "blocked":
            assert certain_s >= 120
