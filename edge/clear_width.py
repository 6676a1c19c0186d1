"""How much of a lane is left: clear width in metres with its band, and the share that is covered.

A fire engine passes through one gap. So the clear width is, over all cross-sections of the lane,
the least of their widest gaps between the lane's edges and vehicles (GB 55037-2022 3.4.5 asks for
4.0 m). Band and estimate are the 2.5 %, 50 % and 97.5 % points of the widths that result when the
clicked points, the boxes' edges and the vehicles' sizes and headings are varied within their doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.camera import Cameras, cameras
from edge.draws import SAMPLES, normal_draws, reordered
from edge.events import Interval
from edge.footprint import DRAWS_PER_VEHICLE, Footprints, boxes_of, fit
from edge.geometry import Points, Polygon, points_in, sample_grid
from edge.ground import GroundPlane, apply, homographies
from edge.lane_shape import clear_widths, direction_at, lane_shape
from edge.types import Box

Floats = NDArray[np.float64]

BAND = (0.025, 0.5, 0.975)
SAME_CLICK = 1e-3
"""A zone corner this near to a ground point is the same mark: one click, one error."""
WIDE_FRAME = 16 / 9


@dataclass(frozen=True, slots=True)
class Doubt:
    """Standard deviations: of a box's edge as share of the box's side, and of a clicked point in
    fractions of the frame (0.001: 2 pixels of 1920)."""

    box_edge_share: float = 0.025
    click_rel: float = 0.001


@dataclass(frozen=True, slots=True)
class LaneUse:
    """What vehicles leave of a lane. `footprints_m`: (V, 4, 2) corners on the ground, to draw."""

    clear_width_m: Interval
    coverage: float
    footprints_m: Floats


class LaneMeter:
    """Measures one lane. Pure: the same vehicles give the same numbers, in any order."""

    def __init__(
        self,
        plane: GroundPlane,
        polygon_rel: Polygon,
        aspect: float = WIDE_FRAME,
        axis_rel: Points | None = None,
        doubt: Doubt = Doubt(),
    ) -> None:
        """`aspect` is width / height of the frame in square pixels; `axis_rel` (2, 2) two picture
        points along the direction of traffic, needed only for a zone about as long as wide.

        Raises ValueError for a zone that reaches the horizon.
        """
        plane.check_zone(polygon_rel)
        plane = _unmirrored(plane)
        self._aspect, self._doubt = aspect, doubt
        self._last: tuple[tuple[tuple[str, Box], ...], LaneUse] | None = None
        self._draws = normal_draws(8 + DRAWS_PER_VEHICLE)
        self._polygon_m = plane.to_metres(polygon_rel)
        axis = None if axis_rel is None else np.diff(plane.to_metres(axis_rel), axis=0)[0]
        self._shape = lane_shape(self._polygon_m, axis)
        self._ruler = sample_grid(self._polygon_m, 32)
        self._views, self._polygons = self._versions(plane, polygon_rel)

    def measure(self, vehicles: Sequence[tuple[str, Box]]) -> LaneUse:
        """What vehicles (class, box in fractions of the frame) leave of the lane.

        Some milliseconds; nothing when the vehicles are those of the last call, as they mostly
        are while they stand.
        """
        seen = tuple(sorted(vehicles, key=lambda v: v[1]))
        if self._last is None or self._last[0] != seen:
            self._last = (seen, self._measure(seen))
        return self._last[1]

    def _measure(self, vehicles: Sequence[tuple[str, Box]]) -> LaneUse:
        prints = self._footprints(vehicles)
        widths = clear_widths(self._shape, self._polygons, prints.samples)
        lo, est, hi = (round(float(q), 3) for q in np.quantile(widths, BAND, method="weibull"))
        covered = np.zeros(len(self._ruler), dtype=np.bool_)
        for corners in prints.best:
            covered |= points_in(corners, self._ruler)
        return LaneUse(Interval(est=est, lo=lo, hi=hi), float(covered.mean()), prints.best)

    def _footprints(self, vehicles: Sequence[tuple[str, Box]]) -> Footprints:
        if not vehicles:
            return Footprints(np.zeros((0, 4, 2)), np.zeros((SAMPLES, 0, 4, 2)))
        boxes = boxes_of(vehicles, self._aspect, self._doubt.box_edge_share)
        axis_rad = direction_at(self._shape, boxes.contacts(self._views))
        return fit(boxes, self._views, axis_rad, self._draws[:, 8:])

    def _versions(self, plane: GroundPlane, polygon_rel: Polygon) -> tuple[Cameras, Floats]:
        """Nominal and SAMPLES other cameras, and SAMPLES lanes in metres (SAMPLES, N, 2)."""
        errors = self._doubt.click_rel * self._draws[:, :8].reshape(SAMPLES, 4, 2)
        clicks = plane.image_rel + np.concatenate([np.zeros((1, 4, 2)), errors])
        views = cameras(homographies(plane.metres[None], clicks), self._aspect)
        corners = [corner + self._corner_errors(errors, plane, corner) for corner in polygon_rel]
        there = homographies(clicks[1:], plane.metres[None])
        return views, apply(there, np.stack(corners, axis=1))

    def _corner_errors(self, errors: Floats, plane: GroundPlane, corner: Points) -> Floats:
        """Clicking errors of one zone corner, (SAMPLES, 2)."""
        apart = np.abs(plane.image_rel - corner).max(axis=1)
        if apart.min() <= SAME_CLICK:
            return np.asarray(errors[:, apart.argmin()])
        # By place, not by number: it must not matter with which corner the list begins.
        key = int(corner[0] * 64) + 65 * int(corner[1] * 64)
        return self._doubt.click_rel * reordered(self._draws, key)[:, :2]


def _unmirrored(plane: GroundPlane) -> GroundPlane:
    """The plane in metres that run like a map's, so that mirrored metres change no number."""
    if not plane.mirrored:
        return plane
    return GroundPlane.from_points(plane.image_rel, plane.metres * [1.0, -1.0])
