import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.geometry import points_in, polygon_area, share_inside

unit = st.floats(0.01, 0.99)


@st.composite
def star_polygons(draw):
    """Simple polygons: corners at rising angles round a centre."""
    radii = draw(st.lists(st.floats(0.05, 0.45), min_size=3, max_size=9))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return 0.5 + np.array(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@st.composite
def boxes(draw):
    x1, x2 = sorted(draw(st.tuples(unit, unit)))
    y1, y2 = sorted(draw(st.tuples(unit, unit)))
    return (x1, y1, x2 + 0.01, y2 + 0.01)


@given(star_polygons(), boxes(), st.integers(0, 8))
def test_the_first_corner_and_the_direction_do_not_matter(polygon, box, turn):
    turned = np.roll(polygon, turn, axis=0)[::-1]
    assert abs(share_inside(box, polygon) - share_inside(box, turned)) < 1e-9
    assert abs(polygon_area(polygon) - polygon_area(turned)) < 1e-12


@given(star_polygons(), boxes(), st.floats(0.2, 5.0))
def test_scaling_zone_and_box_together_changes_nothing(polygon, box, scale):
    scaled = tuple(scale * v for v in box)
    assert abs(share_inside(box, polygon) - share_inside(scaled, scale * polygon)) < 1e-9


@given(star_polygons(), boxes())
def test_share_agrees_with_counting_points(polygon, box):
    steps = (np.arange(40) + 0.5) / 40
    xs = box[0] + steps * (box[2] - box[0])
    ys = box[1] + steps * (box[3] - box[1])
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    counted = points_in(polygon, points).mean()
    assert abs(share_inside(box, polygon) - counted) < 0.06
