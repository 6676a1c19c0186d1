"""What the ground of a zone looks like where no vehicle stands, learned piece by piece."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edge.patch import Canvas, Look, Plane, core, take
from edge.types import Box

STABLE_S = 8.0
"""A place that looked the same for so long, with no vehicle on it, is ground."""
SURE_S = 16.0
"""Time for which a place may look otherwise, because people pass, before it is learned anew."""
STIR = 12.0
"""Grey levels by which a place must change to count as changed, or 4 times the noise."""
MARGIN = 0.15
KNOWN_SHARE = 0.8
LONGEST_STEP_S = 5.0
SEEN_SHARE = 0.1
"""Of the picture, so much known ground must be in sight to say how the light changed."""
SPARSE = 4
"""Medians of a whole picture are taken of one pixel in SPARSE x SPARSE."""


class GroundMemory:
    """Keeps a picture of the empty ground; places under vehicles keep what was seen before.

    Every place has a look that is on trial and votes for it, in seconds: time in which it looks so
    counts for it, time in which it looks otherwise against it. So a street full of passers-by is
    learned as well as an empty one. What is kept follows the light, as the rest of the ground shows
    it.
    """

    def __init__(self) -> None:
        self._canvas: Canvas | None = None
        self._trial: Plane = np.zeros((0, 0), np.float32)
        self._votes_s: Plane = np.zeros((0, 0), np.float32)
        self._known: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._last: Plane = np.zeros((0, 0), np.float32)
        self._hidden: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._ts = 0.0

    def follow_light(self, canvas: Canvas) -> float:
        """Bring what is known to the light of this picture; the factor by which it changed."""
        if self._canvas is None or self._canvas.plane.shape != canvas.plane.shape:
            return 1.0
        seen = (self._known & ~self._hidden)[::SPARSE, ::SPARSE]
        if seen.mean() < SEEN_SHARE:
            return 1.0
        now = canvas.plane[::SPARSE, ::SPARSE][seen]
        before = self._canvas.plane[::SPARSE, ::SPARSE][seen]
        gain = float(np.median((now + 1.0) / (before + 1.0)))
        self._canvas.plane[:] *= np.float32(gain)
        self._trial *= np.float32(gain)
        return gain

    def update(
        self, canvas: Canvas, vehicles: Iterable[Box], people: Iterable[Box], ts: float
    ) -> None:
        """Learn from one picture; `vehicles` and `people` are boxes in fractions of the frame that
        hide the ground."""
        if self._canvas is None or self._canvas.plane.shape != canvas.plane.shape:
            self._start(canvas)
            self._ts = ts
        assert self._canvas is not None
        step_s, self._ts = np.float32(min(LONGEST_STEP_S, ts - self._ts)), ts
        plane = canvas.plane
        moved = np.abs(plane - self._last)[::SPARSE, ::SPARSE]
        off = plane - self._trial
        same = np.abs(off) <= max(STIR, 4 * 1.48 * float(np.median(moved)))
        free = np.ones(plane.shape, np.bool_)
        for box in people:
            free[_pixels(canvas, box)] = False
        self._hidden = ~free
        self._votes_s += np.where(same, step_s, -step_s) * free
        anew = (self._votes_s <= 0) & free & ~same
        self._trial += np.where(anew, off, np.float32(0.2) * off * (same & free))
        for box in vehicles:
            self._votes_s[_pixels(canvas, box, MARGIN)] = 0.0
            self._hidden[_pixels(canvas, box, MARGIN)] = True
        np.clip(self._votes_s, 0.0, SURE_S, out=self._votes_s)
        settled = (self._votes_s >= STABLE_S) & same
        self._canvas.plane[settled] = self._trial[settled]
        self._known |= settled
        self._last = plane

    def _start(self, canvas: Canvas) -> None:
        shape = canvas.plane.shape
        self._canvas = Canvas(canvas.plane.copy(), canvas.region)
        self._trial, self._last = canvas.plane.copy(), canvas.plane
        self._votes_s = np.zeros(shape, np.float32)
        self._known, self._hidden = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)

    def at(self, box: Box) -> Look | None:
        """How the empty ground under a box looks; None where most of it was never seen empty."""
        if self._canvas is None or not self._known[_pixels(self._canvas, box)].size:
            return None
        if self._known[_pixels(self._canvas, box)].mean() < KNOWN_SHARE:
            return None
        return core(take(self._canvas, box))

    def forget(self, box: Box) -> None:
        """What was taken for ground under the box turned out to be a vehicle."""
        if self._canvas is not None:
            self._known[_pixels(self._canvas, box)] = False


def _pixels(canvas: Canvas, box: Box, margin: float = 0.0) -> tuple[slice, slice]:
    x1, y1, x2, y2 = canvas.to_px(box)
    dx, dy = margin * (x2 - x1), margin * (y2 - y1)
    return (
        slice(max(0, int(y1 - dy)), max(0, int(np.ceil(y2 + dy)))),
        slice(max(0, int(x1 - dx)), max(0, int(np.ceil(x2 + dx)))),
    )
