"""How a small piece of the picture looks, and whether it still looks the same.

Pure numpy. A canvas is the part of a frame that a zone looks at, reduced to a few hundred pixels.
Patches are block means of it, so that noise, compression and a few pixels of shaking average out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edge.types import Box

SIDE = 16
"""Blocks along each side of a look."""
PAD = 2
"""Blocks taken round it as well: a shaking pole moves the picture by a few pixels."""
CANVAS_WIDTH_PX = 480
ALIKE_CORRELATION = 0.75
FLAT_STD = 4.0
"""Grey levels (of 255): with less structure than this, correlation says nothing."""
FLAT_SHIFT = 10.0
MIN_VISIBLE = 0.4
LEVELS_OFF = 7.0
"""Grey levels, median of the blocks: drawn vehicles seen again after a gap, in rain, shaking, under
clouds were off by at most 6.5 for more than one look, others of the same build by 7.8 and more. In
doubt it is the same one: a blocked lane is not called free."""
GAIN_LIMIT = 1.2
"""What is left of a change of light when the ground's has been followed."""

Grey = NDArray[np.uint8]
Plane = NDArray[np.float32]
Look = NDArray[np.float32]
"""(SIDE, SIDE) float32 grey levels 0-255."""
Patch = NDArray[np.float32]
"""(SIDE + 2 PAD, SIDE + 2 PAD) float32: a look with its surroundings."""

Blocks = NDArray[np.bool_]
"""(SIDE, SIDE): which blocks of a look count."""
EVERYWHERE: Blocks = np.ones((SIDE, SIDE), np.bool_)
EVERYWHERE.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Canvas:
    """`plane` is (h, w) float32 grey levels of the part `region` of the frame."""

    plane: Plane
    region: Box

    def to_px(self, box: Box) -> tuple[float, float, float, float]:
        """A box in fractions of the frame as pixels of the plane, not clipped."""
        height, width = self.plane.shape
        x1, y1, x2, y2 = self.region
        across, down = width / (x2 - x1), height / (y2 - y1)
        return (
            (box[0] - x1) * across,
            (box[1] - y1) * down,
            (box[2] - x1) * across,
            (box[3] - y1) * down,
        )


def canvas_of(picture: Grey, region: Box) -> Canvas:
    """The part `region` of a grey picture (H, W), reduced by whole blocks."""
    height, width = picture.shape
    left, right = round(region[0] * width), round(region[2] * width)
    top, bottom = round(region[1] * height), round(region[3] * height)
    block = max(1, (right - left) // CANVAS_WIDTH_PX)
    right -= (right - left) % block
    bottom -= (bottom - top) % block
    crop = picture[top:bottom, left:right]
    if block == 1:
        plane = crop.astype(np.float32)
    else:
        rows, cols = crop.shape[0] // block, crop.shape[1] // block
        plane = crop.reshape(rows, block, cols, block).mean(axis=(1, 3), dtype=np.float32)
    return Canvas(plane, (left / width, top / height, right / width, bottom / height))


def take(canvas: Canvas, box: Box) -> Patch:
    """The patch under a box in fractions of the frame; beyond the canvas its rim is repeated."""
    x1, y1, x2, y2 = canvas.to_px(box)
    rows = _edges(canvas.plane.shape[0], y1, y2)
    cols = _edges(canvas.plane.shape[1], x1, x2)
    crop = canvas.plane[rows[0] : rows[-1], cols[0] : cols[-1]]
    sums = np.add.reduceat(np.add.reduceat(crop, rows[:-1] - rows[0], 0), cols[:-1] - cols[0], 1)
    means: Patch = (sums / np.outer(np.diff(rows), np.diff(cols))).astype(np.float32)
    return means


def _edges(size: int, low: float, high: float) -> NDArray[np.int64]:
    """SIDE + 2 PAD + 1 strictly rising pixel positions, the box and PAD blocks on either side."""
    count = SIDE + 2 * PAD
    step = max((high - low) / SIDE, 1.0)
    middle = (low + high) / 2
    edges = np.round(middle + step * (np.arange(count + 1) - count / 2)).astype(np.int64)
    floor = np.arange(count + 1)
    return np.clip(edges, floor, size - count + floor)


def core(patch: Patch) -> Look:
    """The look in the middle of a patch."""
    return patch[PAD:-PAD, PAD:-PAD]


def visible_blocks(box: Box, obstacles: list[Box]) -> Blocks:
    """Which of the SIDE x SIDE blocks of a box have their middle outside all obstacles."""
    steps = (np.arange(SIDE) + 0.5) / SIDE
    xs, ys = box[0] + steps * (box[2] - box[0]), box[1] + steps * (box[3] - box[1])
    free = np.ones((SIDE, SIDE), np.bool_)
    for x1, y1, x2, y2 in obstacles:
        free &= ~np.outer((ys >= y1) & (ys <= y2), (xs >= x1) & (xs <= x2))
    return free


def likeness(now: Patch, before: Look, where: Blocks = EVERYWHERE) -> float:
    """Best normalised cross-correlation of `before` with any place in `now`, -1 to 1.

    Only the blocks `where` count; 0 when there are none.
    """
    chosen = where.reshape(-1)
    windows = sliding_window_view(now, (SIDE, SIDE)).reshape(-1, SIDE * SIDE)[:, chosen]
    wanted = before.reshape(-1)[chosen]
    if not wanted.size:
        return 0.0
    a = windows - windows.mean(axis=1, keepdims=True)
    b = wanted - wanted.mean()
    scale = np.sqrt(np.einsum("ij,ij->i", a, a) * float(b @ b))
    return float(np.max(a @ b / np.maximum(scale, 1e-3)))


def same_levels(now: Patch, before: Look, where: Blocks = EVERYWHERE) -> bool:
    """Whether both have the same grey levels in the blocks `where`, up to a little of the light.

    Correlation does not know a silver car from a white one of the same build; this does.
    """
    chosen = where.reshape(-1)
    windows = sliding_window_view(now, (SIDE, SIDE)).reshape(-1, SIDE * SIDE)[:, chosen]
    wanted = before.reshape(-1)[chosen]
    if not wanted.size:
        return False
    gain = windows @ wanted / max(float(wanted @ wanted), 1.0)
    gain = np.clip(gain, 1 / GAIN_LIMIT, GAIN_LIMIT)[:, None]
    off = np.median(np.abs(windows - gain * wanted), axis=1)
    return float(off.min()) <= LEVELS_OFF


def alike(
    now: Patch,
    before: Look,
    where: Blocks = EVERYWHERE,
    least: float = ALIKE_CORRELATION,
) -> bool:
    """Whether both show the same thing in the blocks `where`: correlation at `least`.

    Where there is too little structure for that, grey levels decide, so both must be of the same
    light. Nothing is said of what is mostly hidden: then False.
    """
    if where.mean() < MIN_VISIBLE:
        return False
    wanted = before[where]
    if wanted.std() >= FLAT_STD:
        return likeness(now, before, where) >= least
    middle = core(now)[where]
    shift = abs(float(middle.mean()) - float(wanted.mean()))
    return bool(middle.std() < 2 * FLAT_STD) and shift <= FLAT_SHIFT
