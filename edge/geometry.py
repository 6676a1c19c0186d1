"""Plane geometry of zones and boxes: arrays in, numbers out.

Polygons are (N, 2) float64 x, y in fractions of the frame; boxes are x1, y1, x2, y2 likewise.
"""

import numpy as np
from numpy.typing import NDArray

from edge.types import Box

Polygon = NDArray[np.float64]
Points = NDArray[np.float64]

CONTACT_SHARE = 1 / 3
"""A vehicle's ground contact is the lowest third of its box: seen from a pole, wheels and shadow
lie there, while roof and far side lean out over ground that the vehicle does not stand on."""


def polygon_area(polygon: Polygon) -> float:
    """Area of a simple polygon (shoelace formula), whatever its direction."""
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def crosses_itself(polygon: Polygon) -> bool:
    """Whether two edges that are not neighbours cross or touch."""
    n = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    return any(
        _segments_meet(*edges[i], *edges[j])
        for i in range(n)
        for j in range(i + 2, n)
        if (j + 1) % n != i
    )


def _segments_meet(a: Points, b: Points, c: Points, d: Points) -> bool:
    def side(p: Points, q: Points, r: Points) -> float:
        return float((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


def clip_to_box(polygon: Polygon, box: Box) -> Polygon:
    """The part of the polygon inside the box (Sutherland-Hodgman, 1974); may have 0 corners."""
    x1, y1, x2, y2 = box
    # Plain tuples: for a handful of corners they are several times faster than arrays.
    corners: list[tuple[float, float]] = [(x, y) for x, y in polygon.tolist()]
    for axis, limit, sign in ((0, x1, 1.0), (0, x2, -1.0), (1, y1, 1.0), (1, y2, -1.0)):
        corners = _clip_to_half_plane(corners, axis, limit, sign)
    return np.array(corners, dtype=np.float64).reshape(-1, 2)


def _clip_to_half_plane(
    corners: list[tuple[float, float]], axis: int, limit: float, sign: float
) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for index, end in enumerate(corners):
        start = corners[index - 1]
        inside_start = sign * (start[axis] - limit) >= 0
        inside_end = sign * (end[axis] - limit) >= 0
        if inside_start != inside_end:
            share = (limit - start[axis]) / (end[axis] - start[axis])
            kept.append(
                (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            )
        if inside_end:
            kept.append(end)
    return kept


def ground_contact(box: Box) -> Box:
    """The part of a vehicle's box that touches the ground."""
    x1, y1, x2, y2 = box
    return (x1, y2 - (y2 - y1) * CONTACT_SHARE, x2, y2)


def share_inside(box: Box, polygon: Polygon) -> float:
    """Share (0-1) of the box's area that lies in the polygon; 0 for an empty box."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    if area <= 0:
        return 0.0
    return min(1.0, polygon_area(clip_to_box(polygon, box)) / area)


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0-1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def overlap_of_smaller(a: Box, b: Box) -> float:
    """Intersection over the area of the smaller box, 0-1: 1 when one lies in the other."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0.0


def points_in(polygon: Polygon, points: Points) -> NDArray[np.bool_]:
    """Which of the (M, 2) points lie inside the polygon (even-odd rule), shape (M,)."""
    inside = np.zeros(len(points), dtype=np.bool_)
    px, py = points[:, 0], points[:, 1]
    for (x1, y1), (x2, y2) in zip(np.roll(polygon, 1, axis=0), polygon, strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > py) != (y2 > py)
        inside ^= crosses & (px < (x2 - x1) * (py - y1) / (y2 - y1) + x1)
    return inside


def sample_grid(polygon: Polygon, per_side: int = 64) -> Points:
    """Evenly spread points inside the polygon, (M, 2): a ruler for areas of unions."""
    (x1, y1), (x2, y2) = polygon.min(axis=0), polygon.max(axis=0)
    steps = (np.arange(per_side) + 0.5) / per_side
    grid = np.stack(np.meshgrid(x1 + steps * (x2 - x1), y1 + steps * (y2 - y1)), axis=-1)
    points = grid.reshape(-1, 2)
    return points[points_in(polygon, points)]


def covered_share(points: Points, boxes: list[Box]) -> float:
    """Share (0-1) of the points that lie in at least one box."""
    if not len(points) or not boxes:
        return 0.0
    covered = np.zeros(len(points), dtype=np.bool_)
    for x1, y1, x2, y2 in boxes:
        covered |= (
            (points[:, 0] >= x1)
            & (points[:, 0] <= x2)
            & (points[:, 1] >= y1)
            & (points[:, 1] <= y2)
        )
    return float(covered.mean())


def bounds(polygon: Polygon) -> Box:
    """Smallest box round the polygon."""
    (x1, y1), (x2, y2) = polygon.min(axis=0), polygon.max(axis=0)
    return (float(x1), float(y1), float(x2), float(y2))
