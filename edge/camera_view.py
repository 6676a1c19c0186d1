"""Whether a picture shows the view it should: registration against what was learned.

Orientation correlation: the direction of each edge, doubled so that it does not matter which side
is bright, is correlated with the reference by FFT. People, vehicles and light cost some of the
peak's height, never its place; a picture of something else has no peak.
"""

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.camera_signals import COLS, ROWS, TILE_COLS, TILE_ROWS, Small, Texture, Tiles, tile_means

Field = NDArray[np.complex64]
"""(ROWS, COLS) edge directions, doubled; length 0-1 is how sure the edge is."""

SOFT_GRADIENT = 3.0
"""Grey levels per block; gradients below are softly taken as noise."""
SURE_PEAK = 12.0
"""Peak over the surface's standard deviation: 5-7 for other places, 22-70 for the same place."""
TILE_ALIKE = 0.25
LEAST_COARSE, LEAST_FINE = 1.0, 0.1
"""Grey levels squared that a tile of the reference must hold to say anything."""
LEAST_TILES = 6
LEAST_TELLING = 3
DETAIL_OVER_NOISE = 1.0
GONE = 0.04
"""Share of a tile's fine energy below which its structure is gone (a fifth of the amplitude)."""
ADAPT_S = 600.0
REFRESH_PICTURES = 8
"""The slowly changing mean is transformed anew every so many pictures, to save time."""

_WINDOW = np.outer(np.hanning(ROWS + 2)[1:-1], np.hanning(COLS + 2)[1:-1]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Match:
    """How a picture compares with a reference.

    `dx_rel`, `dy_rel`: shift of the picture's content in fractions of the frame, right and down,
    meaningful when `sure`. Of the reference's structured tiles, `found` is the share seen again
    at that shift and `gone` the share without structure now; `gain` is the contrast and `focus`
    the fine detail of what is found, both as amplitudes relative to the reference (1 = as learned).
    `judged` is False when the reference has too little structure to say anything.
    """

    sure: bool
    dx_rel: float
    dy_rel: float
    found: float
    gone: float
    gain: float
    focus: float
    judged: bool

    @property
    def shift_rel(self) -> float:
        """Length of the shift in fractions of the frame."""
        return math.hypot(self.dx_rel, self.dy_rel)


class Reference:
    """What the camera sees when all is well, in one kind of light. Not for several threads."""

    def __init__(self, small: Small, texture: Texture) -> None:
        self.mean = small.copy()
        self.fine = texture.fine.copy()
        self.coarse = texture.coarse.copy()
        self.pictures = 1
        self.learned_s = 0.0
        self._field = edge_field(self.mean)
        self._spectrum = _spectrum(self._field)

    def learn(self, small: Small, texture: Texture, step_s: float, learn_s: float) -> None:
        """Take in another picture: the plain mean while learning, then slowly."""
        self.pictures += 1
        self.learned_s += step_s
        slow = 1.0 - math.exp(-step_s / ADAPT_S)
        share = max(slow, 1.0 / self.pictures) if self.learned_s < learn_s else slow
        self.mean += np.float32(share) * (small - self.mean)
        self.fine += np.float32(share) * (texture.fine - self.fine)
        self.coarse += np.float32(share) * (texture.coarse - self.coarse)
        if self.pictures < REFRESH_PICTURES or self.pictures % REFRESH_PICTURES == 0:
            self._field = edge_field(self.mean)
            self._spectrum = _spectrum(self._field)

    @property
    def structured(self) -> NDArray[np.bool_]:
        """Tiles (TILE_ROWS, TILE_COLS) with enough structure to be found again."""
        return has_structure(Texture(self.fine, self.coarse))

    def match(self, field: Field, now: Texture) -> Match:
        """Compare a picture, given as its edge field and texture."""
        ratio, dx, dy = _register(_spectrum(field), self._spectrum)
        sure = ratio >= SURE_PEAK
        tiles = self.structured
        if int(tiles.sum()) < LEAST_TILES:
            return Match(sure, dx / COLS, dy / ROWS, 0.0, 0.0, 1.0, 1.0, judged=False)
        alike = _tile_correlation(field, self._field)
        if sure and (round(dx), round(dy)) != (0, 0):
            shifted = _tile_correlation(_unshifted(field, dx, dy), self._field)
            if np.median(shifted[tiles]) >= np.median(alike[tiles]):
                alike = shifted
            else:
                # What makes the peak is a vehicle that moved on: most of the view is in its place.
                dx, dy = 0.0, 0.0
        fine = np.sqrt(now.fine[tiles] / self.fine[tiles])
        coarse = np.sqrt(now.coarse[tiles] / self.coarse[tiles])
        again, detail = alike[tiles] >= TILE_ALIKE, fine / np.maximum(coarse, 0.05)
        # Only where the view itself is seen, and had detail to lose: the side of a bus has none of
        # its own, and what noise leaves of smooth asphalt is chance.
        telling = again & (self.fine[tiles] >= DETAIL_OVER_NOISE * (now.noise or 0.0))
        return Match(
            sure,
            dx / COLS,
            dy / ROWS,
            found=float(np.mean(again)),
            gone=float(np.mean(fine * fine < GONE)),
            gain=float(np.median(coarse)),
            focus=float(np.median(detail[telling])) if telling.sum() >= LEAST_TELLING else 1.0,
            judged=True,
        )

    def to_json(self) -> dict[str, Any]:
        """For the dump: the mean picture in whole grey levels, texture by tile."""
        mean = np.clip(np.rint(self.mean), 0, 255).astype(np.uint8)
        return {
            "mean": base64.b64encode(mean.tobytes()).decode(),
            "fine": [round(float(v), 3) for v in self.fine.ravel()],
            "coarse": [round(float(v), 3) for v in self.coarse.ravel()],
            "pictures": self.pictures,
            "learned_s": round(self.learned_s, 3),
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> "Reference":
        """Back from a dump; raises ValueError or KeyError for anything else."""
        mean = np.frombuffer(base64.b64decode(state["mean"]), np.uint8).reshape(ROWS, COLS)
        fine = np.array(state["fine"], np.float32).reshape(TILE_ROWS, TILE_COLS)
        coarse = np.array(state["coarse"], np.float32).reshape(TILE_ROWS, TILE_COLS)
        made = cls(mean.astype(np.float32), Texture(fine, coarse))
        made.pictures = int(state["pictures"])
        made.learned_s = float(state["learned_s"])
        return made


def has_structure(texture: Texture) -> NDArray[np.bool_]:
    """Which tiles hold something that could be found again."""
    return (texture.coarse >= LEAST_COARSE) & (texture.fine >= LEAST_FINE)


def stands_out(texture: Texture) -> NDArray[np.bool_]:
    """Which tiles hold at least as much detail as noise."""
    return has_structure(texture) & (texture.fine >= DETAIL_OVER_NOISE * (texture.noise or 0.0))


def edge_field(small: Small) -> Field:
    """Edge directions of a small picture."""
    gradient = np.zeros(small.shape, np.complex64)
    gradient.real[:, 1:-1] = (small[:, 2:] - small[:, :-2]) / 2
    gradient.imag[1:-1] = (small[2:] - small[:-2]) / 2
    length = np.abs(gradient)
    field: Field = gradient * gradient / (length * (length + np.float32(SOFT_GRADIENT)) + 1e-6)
    return field


def _unshifted(field: Field, dx: float, dy: float) -> Field:
    return np.roll(field, (-round(dy), -round(dx)), (0, 1))


def _spectrum(field: Field) -> Field:
    spectrum: Field = np.fft.fft2((field - field.mean()) * _WINDOW).astype(np.complex64)
    return spectrum


def _register(now: Field, before: Field) -> tuple[float, float, float]:
    """Peak over standard deviation of the correlation, and its place dx, dy in blocks."""
    cross = now * before.conj()
    # The root of the spectrum is divided out: all of it (phase correlation) would favour noise.
    cross /= np.sqrt(np.abs(cross)) + np.float32(1e-6)
    surface = np.fft.ifft2(cross).real
    row, col = divmod(int(np.argmax(surface)), COLS)
    spread = float(surface.std())
    ratio = float(surface[row, col]) / spread if spread > 0 else 0.0
    dy = _wrapped(row + _vertex(surface[:, col], row), ROWS)
    dx = _wrapped(col + _vertex(surface[row], col), COLS)
    return ratio, dx, dy


def _vertex(line: NDArray[np.floating[Any]], at: int) -> float:
    """Where, between -0.5 and 0.5 of `at`, the parabola through the peak has its top."""
    left, top, right = (float(line[(at + step) % len(line)]) for step in (-1, 0, 1))
    bend = left - 2 * top + right
    return max(-0.5, min(0.5, (left - right) / (2 * bend))) if bend < 0 else 0.0


def _wrapped(place: float, size: int) -> float:
    return place - size if place > size / 2 else place


def _tile_correlation(a: Field, b: Field) -> Tiles:
    product = tile_means((a * b.conj()).real)
    scale = np.sqrt(tile_means(_power(a)) * tile_means(_power(b)))
    tiles: Tiles = product / (scale + np.float32(1e-6))
    return tiles


def _power(field: Field) -> Small:
    return field.real * field.real + field.imag * field.imag
