"""Ground plane: exact on exact cameras, and refuses points that fix no plane, with the remedy."""

import numpy as np
import pytest

from edge.camera import cameras
from edge.ground import GroundPlane
from scripts.scenarios.lane_truth import ASPECT, Pole

METRES = np.array([[-2.0, 6.0], [2.0, 6.0], [2.0, 24.0], [-2.0, 24.0]])
POLE = Pole(5.0, 0.4, 0.8, 0.05)
IMAGE = POLE.see_ground(METRES)


def test_every_ground_point_is_where_the_camera_sees_it() -> None:
    plane = GroundPlane.from_points(IMAGE, METRES)
    points = np.random.default_rng(1).uniform([-8, 4], [8, 60], (200, 2))
    np.testing.assert_allclose(plane.to_image(points), POLE.see_ground(points), atol=1e-9)
    np.testing.assert_allclose(plane.to_metres(POLE.see_ground(points)), points, atol=1e-6)


@pytest.mark.parametrize("mirror", [1.0, -1.0])
@pytest.mark.parametrize("focal", [0.5, 0.8, 1.5])
@pytest.mark.parametrize("roll", [0.0, 0.1])
def test_heights_come_from_the_plane_alone(focal, roll, mirror) -> None:
    pole = Pole(5.0, 0.4, focal, roll)
    flip = np.array([1.0, mirror])
    plane = GroundPlane.from_points(pole.see_ground(METRES), METRES * flip)
    assert plane.mirrored == (mirror < 0)
    view = cameras(plane.image_from_ground[None], ASPECT)
    np.testing.assert_allclose(view.foot_m[0], [0, 0], atol=1e-3)
    points = np.random.default_rng(2).uniform([-3, 6, 0], [3, 30, 3], (50, 3))
    seen = np.column_stack([points * [1, mirror, 1], np.ones(50)]) @ view.projection[0].T
    expected = (pole.see(points) - 0.5) / [1, ASPECT]
    np.testing.assert_allclose(seen[:, :2] / seen[:, 2:], expected, atol=1e-4)


def test_a_view_straight_down_has_no_focal_length_but_a_usual_one() -> None:
    pole = Pole(12.0, np.pi / 2, 0.8)
    square = np.array([[-2.0, -3.0], [2.0, -3.0], [2.0, 3.0], [-2.0, 3.0]])
    plane = GroundPlane.from_points(pole.see_ground(square), square)
    assert np.isfinite(cameras(plane.image_from_ground[None], ASPECT).projection).all()


def swapped(points):
    return points[[1, 0, 2, 3]]


@pytest.mark.parametrize(
    ("image", "metres", "says"),
    [
        (IMAGE[[0, 1, 2, 2]], METRES, "points 1, 3 and 4 of ground.image lie"),
        (IMAGE, [[0, 0], [4, 0], [8, 0], [0, 9]], "points 1, 2 and 3 of ground.metres lie"),
        ([[0.5, 0.5]] * 4, METRES, r"ground.image lie .* in one line"),
        (IMAGE, swapped(METRES), "list the same four points in the same order"),
        (swapped(IMAGE), METRES, "list the same four points in the same order"),
        (
            [*IMAGE[:3], IMAGE[:3].mean(axis=0)],
            METRES,
            "of ground.image lies beyond the horizon: one",
        ),
        (IMAGE[:3], METRES, "ground.image must hold four points"),
        ([*IMAGE[:3], [np.nan, 0.3]], METRES, "ground.image must hold four points"),
    ],
)
def test_points_that_fix_no_plane_are_refused(image, metres, says) -> None:
    with pytest.raises(ValueError, match=says):
        GroundPlane.from_points(image, metres)


def test_four_points_need_not_be_a_rectangle() -> None:
    metres = np.array([[-2.0, 6.0], [2.0, 6.0], [0.0, 24.0], [0.2, 11.0]])
    plane = GroundPlane.from_points(POLE.see_ground(metres), metres)
    np.testing.assert_allclose(plane.to_metres(IMAGE), METRES, atol=1e-6)


@pytest.mark.parametrize(("top", "says"), [(0.15, "beyond"), (0.22, "too close to")])
def test_a_zone_up_to_the_horizon_is_refused(top, says) -> None:
    pole = Pole(5.0, 0.2, 0.8)
    plane = GroundPlane.from_points(pole.see_ground(METRES), METRES)
    zone = np.array([[0.4, 0.9], [0.6, 0.9], [0.55, top], [0.45, 0.4]])
    with pytest.raises(ValueError, match=rf"corner 3 of the polygon .* lies {says} the horizon"):
        plane.check_zone(zone)
    plane.check_zone(pole.see_ground(METRES))


def test_nothing_beyond_the_horizon_has_a_place() -> None:
    plane = GroundPlane.from_points(IMAGE, METRES)
    with pytest.raises(ValueError, match="no place on the ground"):
        plane.to_metres(np.array([[0.5, -1.0]]))
    with pytest.raises(ValueError, match="behind the camera"):
        plane.to_image(np.array([[0.0, -50.0]]))
