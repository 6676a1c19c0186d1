import numpy as np
import pytest

from edge.geometry import (
    bounds,
    clip_to_box,
    covered_share,
    crosses_itself,
    ground_contact,
    iou,
    points_in,
    polygon_area,
    sample_grid,
    share_inside,
)

SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
TRIANGLE = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
ARROW = np.array([(0.0, 0.0), (1.0, 0.5), (0.0, 1.0), (0.3, 0.5)])  # concave
BOW_TIE = np.array([(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)])


@pytest.mark.parametrize(
    ("polygon", "box", "share"),
    [
        (SQUARE, (0.2, 0.2, 0.4, 0.4), 1.0),  # wholly inside
        (SQUARE, (0.8, 0.0, 1.2, 1.0), 0.5),  # half over the edge
        (SQUARE, (1.5, 0.0, 2.0, 1.0), 0.0),  # outside
        (SQUARE, (-1.0, -1.0, 2.0, 2.0), 1 / 9),  # the box is larger than the zone
        (TRIANGLE, (0.0, 0.0, 1.0, 1.0), 0.5),  # a slanted edge
        (ARROW, (0.0, 0.0, 1.0, 1.0), 0.35),  # a concave zone
        (SQUARE, (0.5, 0.5, 0.5, 0.9), 0.0),  # a box without area
    ],
)
def test_share_inside(polygon, box, share):
    assert share_inside(box, polygon) == pytest.approx(share)


def test_ground_contact_is_the_lowest_third():
    assert ground_contact((0.1, 0.1, 0.3, 0.4)) == pytest.approx((0.1, 0.3, 0.3, 0.4))


@pytest.mark.parametrize(
    ("polygon", "crossed"), [(SQUARE, False), (ARROW, False), (TRIANGLE, False), (BOW_TIE, True)]
)
def test_crossing_edges(polygon, crossed):
    assert crosses_itself(polygon) is crossed


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 1, 1), (0, 0, 1, 1), 1.0),
        ((0, 0, 1, 1), (1, 0, 2, 1), 0.0),  # touching is not overlapping
        ((0, 0, 2, 1), (1, 0, 3, 1), 1 / 3),
    ],
)
def test_iou(a, b, expected):
    assert iou(a, b) == pytest.approx(expected)


def test_coverage_of_overlapping_boxes_counts_the_overlap_once():
    ruler = sample_grid(SQUARE)
    both = covered_share(ruler, [(0.0, 0.0, 0.5, 1.0), (0.25, 0.0, 0.75, 1.0)])
    assert both == pytest.approx(0.75, abs=0.02)


def test_points_in_a_concave_polygon():
    points = np.array([(0.5, 0.5), (0.1, 0.5), (0.2, 0.2), (2.0, 0.5)])
    assert points_in(ARROW, points).tolist() == [True, False, True, False]


def test_clip_and_bounds():
    assert polygon_area(clip_to_box(TRIANGLE, (0.0, 0.0, 0.5, 0.5))) == pytest.approx(0.25)
    assert bounds(ARROW) == (0.0, 0.0, 1.0, 1.0)
