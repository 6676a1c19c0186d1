"""A street that is known exactly: a pinhole camera, vehicles as solids, the true clear width.

Written apart from `edge`: rotation matrices and brute force, so that an error in the fitted
camera or in the cross-sections cannot hide.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class Pole:
    """A camera `height_m` above (0, 0), looking along y and `pitch` radians down; `focal` in
    frame widths."""

    height_m: float
    pitch: float
    focal: float
    roll: float = 0.0

    def see(self, points: Floats) -> Floats:
        """Picture points (N, 2) in fractions of the frame of (N, 3) points in metres."""
        east, north, up = points[:, 0], points[:, 1], points[:, 2] - self.height_m
        depth = north * np.cos(self.pitch) - up * np.sin(self.pitch)
        down = -north * np.sin(self.pitch) - up * np.cos(self.pitch)
        u, v = self.focal * east / depth, self.focal * down / depth
        turned_u = u * np.cos(self.roll) - v * np.sin(self.roll)
        turned_v = u * np.sin(self.roll) + v * np.cos(self.roll)
        return np.stack([0.5 + turned_u, 0.5 + turned_v * ASPECT], axis=-1)

    def see_ground(self, points: Floats) -> Floats:
        return self.see(np.column_stack([points, np.zeros(len(points))]))


@dataclass(frozen=True, slots=True)
class Solid:
    """A vehicle at (x, y), heading from the x axis; `cabin` (0-1): how much smaller the roof is."""

    x: float
    y: float
    heading: float
    length: float = 4.5
    width: float = 1.8
    height: float = 1.5
    cabin: float = 0.0

    def footprint(self, along: float = 1.0, across: float = 1.0) -> Floats:
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.5
        local = half * [self.length * along, self.width * across]
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        turned = local @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(turned + np.array([self.x, self.y]), dtype=np.float64)

    def corners(self) -> Floats:
        """Corners (16, 3): footprint, bonnet line, roof."""
        roof = self.footprint(1 - 0.45 * self.cabin, 1 - 0.22 * self.cabin)
        rings = [(self.footprint(), 0.0), (self.footprint(), 0.6), (roof, 1.0)]
        return np.concatenate(
            [np.column_stack([ring, np.full(4, share * self.height)]) for ring, share in rings]
        )


def box_of(pole: Pole, solid: Solid) -> tuple[float, float, float, float]:
    """Box of a vehicle, fractions of the frame, not cut at the frame's border."""
    seen = pole.see(solid.corners())
    (x1, y1), (x2, y2) = seen.min(axis=0), seen.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def true_clear_width(lane: tuple[float, float, float], solids: list[Solid]) -> float:
    """Clear width of the straight lane |x| <= width / 2, from y = `begin` to y = `end`, by
    sections every 5 cm. `lane` is (width, begin, end)."""
    width, begin, end = lane
    rings = [np.vstack([s.footprint(), s.footprint()[:1]]) for s in solids]
    least = width
    for y in np.arange(begin, end, 0.05):
        taken = []
        for ring in rings:
            near, far = ring[:-1], ring[1:]
            passes = (near[:, 1] > y) != (far[:, 1] > y)
            if passes.any():
                a, b = near[passes], far[passes]
                x = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
                taken.append((max(x.min(), -width / 2), min(x.max(), width / 2)))
        reached, widest = -width / 2, 0.0
        for left, right in sorted(taken):
            widest, reached = max(widest, left - reached), max(reached, right)
        least = min(least, max(widest, width / 2 - reached))
    return least
