"""What one grey picture says of its camera: a small picture, raw samples, texture by tile.

Pure numpy. Everything is taken at fixed grids that span the picture, so that pictures of any size
compare, and a large picture is touched at a few hundred thousand pixels only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Small = NDArray[np.float32]
"""(ROWS, COLS) block means in grey levels 0-255: noise and a few pixels of shaking average out."""
Samples = NDArray[np.uint8]
"""(SAMPLE_ROWS, SAMPLE_COLS) single pixels, which keep the sensor's noise."""
Tiles = NDArray[np.float32]
"""(TILE_ROWS, TILE_COLS), one number for each tile of the picture."""

ROWS, COLS = 90, 160
SAMPLE_ROWS, SAMPLE_COLS = 72, 128
TILE_ROWS, TILE_COLS = 6, 10
TAPS = 4
CLOCK_STRIP = 0.1
"""Top and bottom of the picture, where cameras write a clock that runs on in a frozen picture."""
COARSE_BOX = 13


@dataclass(frozen=True, slots=True)
class Texture:
    """Energy (grey levels squared) of a small picture by tile, in a fine and a coarse band.

    `noise` is what was taken off the fine band; None while it is not known.
    """

    fine: Tiles
    coarse: Tiles
    noise: float | None = None


def small_of(picture: Grey) -> Small:
    """Block means of a grey picture (H, W) uint8: TAPS x TAPS pixels spread over each block."""
    rows = _grid(picture.shape[0], ROWS * TAPS)
    cols = _grid(picture.shape[1], COLS * TAPS)
    sums = _add_taps(picture[rows].astype(np.uint16))
    columns = _add_taps(np.ascontiguousarray(sums[:, cols].T))
    small: Small = columns.T.astype(np.float32) / np.float32(TAPS * TAPS)
    return small


def _grid(size: int, points: int) -> NDArray[np.intp]:
    return (np.arange(points) * size // points).astype(np.intp)


def _add_taps(lines: NDArray[np.uint16]) -> NDArray[np.uint16]:
    total = lines[0::TAPS].copy()
    for tap in range(1, TAPS):
        total += lines[tap::TAPS]
    return total


def samples_of(picture: Grey) -> Samples:
    """Single pixels of a grey picture (H, W) at a fixed grid, without the clock strips."""
    height, width = picture.shape
    top, bottom = CLOCK_STRIP * height, (1 - CLOCK_STRIP) * height
    rows = np.linspace(top, bottom, SAMPLE_ROWS, endpoint=False).astype(np.intp)
    cols = np.linspace(0, width, SAMPLE_COLS, endpoint=False).astype(np.intp)
    return np.take(picture[rows], cols, axis=1)


def bands(small: Small) -> tuple[Small, Small]:
    """Detail of one to three blocks, which goes first out of focus, and of three to thirteen."""
    padded = np.pad(small, 1, "edge")
    lines = padded[:-2] + padded[1:-1] + padded[2:]
    smooth = (lines[:, :-2] + lines[:, 1:-1] + lines[:, 2:]) / np.float32(9)
    return small - smooth, smooth - _box_mean(smooth, COARSE_BOX)


def texture(fine: Small, coarse: Small, noise: float | None) -> Texture:
    """Texture of two bands, the fine one holding `noise` (grey levels squared) of noise.

    The coarse band hardly changes with focus, so fine over coarse tells focus from contrast.
    """
    energy = tile_means(fine * fine)
    if noise is None:
        return Texture(energy, tile_means(coarse * coarse))
    # What shakes looks like noise in time; real noise is also in the calmest tile.
    noise = min(noise, float(energy.min()))
    return Texture(energy - np.float32(noise), tile_means(coarse * coarse), noise)


def noise_between(fine: Small, before: Small) -> float:
    """Noise energy of a fine band, from two in a row; the median does not see what moves."""
    apart = np.abs(fine[::2, ::2] - before[::2, ::2])  # a quarter says as much
    spread = float(np.median(apart)) / 0.6745
    return spread * spread / 2


def tile_means(values: Small) -> Tiles:
    """Mean of each tile of an array (ROWS, COLS)."""
    lines = values.reshape(TILE_ROWS, ROWS // TILE_ROWS, COLS).sum(axis=1)
    cut = lines.reshape(TILE_ROWS, TILE_COLS, COLS // TILE_COLS)
    means: Tiles = cut.sum(axis=2) / np.float32(ROWS * COLS // (TILE_ROWS * TILE_COLS))
    return means


def _box_mean(small: Small, side: int) -> Small:
    """Mean over a square of `side` blocks, an odd number."""
    sums = np.pad(small, side // 2 + 1, "edge")[:-1, :-1]
    sums = sums.cumsum(0, np.float64).cumsum(1)
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    mean: Small = (total / (side * side)).astype(np.float32)
    return mean
