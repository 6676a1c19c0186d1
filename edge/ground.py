"""The ground as a plane: four clicked points and a tape measure turn the picture into metres.

Picture points are fractions (0-1) of the frame. Fractions suffice for a plane-to-plane map: they
differ from pixels by a scale per axis, which a homography absorbs, so the frame's shape plays no
part here. (Only heights above the ground need it: `edge.camera`.)
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

THIN = 0.01
"""Least area of a triangle of the points, as share of the rectangle round them. A drawn rectangle
has 0.5; at 0.01 a click that is 1 % off turns the triangle over."""
NEAREST_TO_HORIZON = 0.02
"""A corner this much nearer to the horizon than the nearest ground point lies 50 times as far
away: one pixel there is metres."""


@dataclass(frozen=True, slots=True)
class GroundPlane:
    """Map between picture and ground. Made by `from_points`.

    `image_rel` and `metres` are the (4, 2) points; `ground_from_image` and `image_from_ground`
    the (3, 3) homographies, signed so that the third coordinate is positive this side of the
    horizon.
    """

    image_rel: Floats
    metres: Floats
    ground_from_image: Floats
    image_from_ground: Floats

    @classmethod
    def from_points(cls, image_rel: ArrayLike, metres: ArrayLike) -> "GroundPlane":
        """Plane through four points of the picture and the same four on the ground, (4, 2) each.

        Raises ValueError, with the remedy, for points that do not fix a plane.
        """
        image = np.asarray(image_rel, dtype=np.float64)
        ground = np.asarray(metres, dtype=np.float64)
        _refuse_lines("image", image)
        _refuse_lines("metres", ground)
        _refuse_disorder(image, ground)
        there = homographies(image[None], ground[None])[0]
        back = homographies(ground[None], image[None])[0]
        return cls(image, ground, there, back)

    @property
    def mirrored(self) -> bool:
        """Whether the metres run the other way round than a map seen from above does."""
        seen = _twice_area(self.image_rel[:3]) * _twice_area(self.metres[:3])
        return seen > 0  # the picture's y points down: the usual map turns against it

    def nearness(self, points_rel: Floats) -> Floats:
        """Nearness (1 / distance) of (N, 2) picture points, 1 at the nearest of the four points.

        Zero at the horizon, negative beyond. Shape (N,).
        """
        row = self.ground_from_image[2]
        here = points_rel @ row[:2] + row[2]
        return np.asarray(here / (self.image_rel @ row[:2] + row[2]).max(), dtype=np.float64)

    def check_zone(self, polygon_rel: Floats) -> None:
        """Raises ValueError if a corner of the (N, 2) zone lies at or beyond the horizon."""
        nearness = self.nearness(polygon_rel)
        far = int(np.argmin(nearness))
        if nearness[far] < NEAREST_TO_HORIZON:
            x, y = polygon_rel[far]
            where = "beyond" if nearness[far] <= 0 else "too close to"
            raise ValueError(
                f"corner {far + 1} of the polygon ({x:g}, {y:g}) lies {where} the horizon of this "
                "ground plane: end the zone nearer to the camera, or correct the ground points"
            )

    def to_metres(self, points_rel: Floats) -> Floats:
        """Ground positions in metres of (N, 2) picture points.

        Raises ValueError for a point at or beyond the horizon, where there is no ground.
        """
        if len(points_rel) and self.nearness(points_rel).min() <= 0:
            raise ValueError("a point at or beyond the horizon has no place on the ground")
        return apply(self.ground_from_image, points_rel)

    def to_image(self, points_m: Floats) -> Floats:
        """Where (N, 2) ground points in metres appear, fractions of the frame.

        Raises ValueError for a point behind the camera.
        """
        row = self.image_from_ground[2]
        if len(points_m) and (points_m @ row[:2] + row[2]).min() <= 0:
            raise ValueError("a point behind the camera does not appear in the picture")
        return apply(self.image_from_ground, points_m)


def apply(homography: Floats, points: Floats) -> Floats:
    """(..., N, 2) points through (..., 3, 3) homographies, without a look at the horizon."""
    mapped = points @ np.swapaxes(homography[..., :2], -1, -2) + homography[..., None, :, 2]
    return np.asarray(mapped[..., :2] / mapped[..., 2:], dtype=np.float64)


def homographies(source: Floats, target: Floats) -> Floats:
    """Maps that carry (S, 4, 2) source points onto (S, 4, 2) or (1, 4, 2) targets, (S, 3, 3).

    The direct linear transformation for exactly four points, in coordinates scaled to the points
    (Hartley 1997). The third coordinate comes out positive at the source points.
    """
    source, target = np.broadcast_arrays(source, target)
    before, after = _scaling(source), _scaling(target)
    x, y = np.moveaxis(apply(before, source), -1, 0)
    u, v = np.moveaxis(apply(after, target), -1, 0)
    one, zero = np.ones_like(x), np.zeros_like(x)
    # The scaled source points have their centre at 0, which lies this side of the horizon with
    # them: the last coefficient is not 0 and may be set to 1.
    upper = np.stack([x, y, one, zero, zero, zero, -x * u, -y * u], axis=-1)
    lower = np.stack([zero, zero, zero, x, y, one, -x * v, -y * v], axis=-1)
    equations = np.concatenate([upper, lower], axis=1)
    right = np.concatenate([u, v], axis=1)[..., None]
    entries = np.linalg.solve(equations, right)[..., 0]
    scaled = np.concatenate([entries, np.ones((len(entries), 1))], axis=1).reshape(-1, 3, 3)
    return np.asarray(np.linalg.inv(after) @ scaled @ before, dtype=np.float64)


def _scaling(points: Floats) -> Floats:
    """(S, 3, 3) maps that move the (S, 4, 2) points' centres to 0 and their spread to 1."""
    centre, spread = points.mean(axis=1), points.std(axis=1)
    matrix = np.zeros((len(points), 3, 3))
    matrix[:, 0, 0], matrix[:, 1, 1], matrix[:, 2, 2] = 1 / spread[:, 0], 1 / spread[:, 1], 1
    matrix[:, :2, 2] = -centre / spread
    return matrix


def _twice_area(corners: Floats) -> float:
    """Twice the signed area of a (3, 2) triangle."""
    (ax, ay), (bx, by), (cx, cy) = corners
    return float((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))


def _refuse_lines(name: str, points: Floats) -> None:
    if points.shape != (4, 2) or not np.isfinite(points).all():
        raise ValueError(f"ground.{name} must hold four points of two numbers each")
    across, down = np.ptp(points, axis=0)
    for a, b, c in combinations(range(4), 3):
        if abs(_twice_area(points[[a, b, c]])) <= 2 * THIN * across * down:
            raise ValueError(
                f"points {a + 1}, {b + 1} and {c + 1} of ground.{name} lie (almost) in one line: "
                "choose four corners of a rectangle, well apart"
            )


def _refuse_disorder(image: Floats, metres: Floats) -> None:
    """Each point's side of the horizon follows from the turn of the other three's triangle."""
    others = [[j for j in range(4) if j != i] for i in range(4)]
    sides = [np.sign(_twice_area(image[o]) * _twice_area(metres[o])) for o in others]
    beyond = [i for i, side in enumerate(sides) if side != np.sign(sum(sides) or 1)]
    if len(beyond) == 1:
        raise ValueError(
            f"by these numbers point {beyond[0] + 1} of ground.image lies beyond the horizon: one "
            "of the four is clicked or measured wrong; click them again and check ground.metres"
        )
    if beyond:
        raise ValueError(
            "ground.image and ground.metres name the points in different orders: list the same "
            "four points in the same order, going round"
        )
