"""The camera behind a ground plane: how high things appear that stand on it.

A homography of the ground fixes the camera but for its focal length; square pixels and an optical
axis through the middle of the frame fix that too (Zhang 2000, two constraints of one plane).
Lens distortion is not modelled.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FOCAL_USUAL = 0.8
FOCAL_SPREAD = 0.4
"""Focal length in frame widths of street cameras: 0.8 is 64 degrees across; the spread is of its
logarithm, one step reaches 45-86 degrees (2.8-6 mm lenses on 1/2.8 inch sensors)."""
FOCAL_LEAST, FOCAL_MOST = 0.25, 4.0


@dataclass(frozen=True, slots=True)
class Cameras:
    """S cameras. `projection` (S, 3, 4) carries x, y, height (metres), 1 to u, v, w: the picture
    point is (u/w, v/w) in frame widths from the middle, w the depth in metres. `foot_m` (S, 2): the
    ground point below the camera."""

    projection: Floats
    foot_m: Floats


def picture_units(points_rel: Floats, aspect: float) -> Floats:
    """Fractions of the frame (..., 2) as frame widths from its middle; `aspect` = width/height."""
    return np.asarray((points_rel - 0.5) / np.array([1.0, aspect]), dtype=np.float64)


def cameras(image_from_ground: Floats, aspect: float) -> Cameras:
    """Cameras of (S, 3, 3) ground planes that are versions of one plane with clicking errors."""
    centred = np.array([[1, 0, -0.5], [0, 1 / aspect, -0.5 / aspect], [0, 0, 1]])
    plane = centred @ image_from_ground
    focal = _tempered(_log_focal(plane))
    lens = np.stack([focal, focal, np.ones_like(focal)], axis=-1)
    right, ahead, shift = np.moveaxis(plane / lens[..., None], -1, 0)
    size = 0.5 * (np.linalg.norm(right, axis=-1) + np.linalg.norm(ahead, axis=-1))[:, None]
    up = np.cross(right, ahead)
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    # Seen from above: the camera's own height above the plane is positive.
    up *= -np.sign((up * shift).sum(axis=-1, keepdims=True))
    foot = -np.stack([(right * shift).sum(axis=-1), (ahead * shift).sum(axis=-1)], axis=-1)
    columns = [plane[..., 0], plane[..., 1], up * lens * size, plane[..., 2]]
    return Cameras(np.stack(columns, axis=-1) / size[..., None], foot / size**2)


def _log_focal(plane: Floats) -> Floats:
    """Logarithm of the focal length in frame widths, (S,), from the plane alone."""
    (a1, b1, c1), (a2, b2, c2) = plane[..., 0].T, plane[..., 1].T
    flat = np.stack([2 * (a1 * a2 + b1 * b2), a1**2 + b1**2 - a2**2 - b2**2])
    deep = np.stack([2 * c1 * c2, c1**2 - c2**2])
    inverse_square = -(flat * deep).sum(axis=0) / np.maximum((flat**2).sum(axis=0), 1e-300)
    bounded = np.clip(inverse_square, FOCAL_MOST**-2, FOCAL_LEAST**-2)
    return np.asarray(-0.5 * np.log(bounded), dtype=np.float64)


def _tempered(log_focal: Floats) -> Floats:
    """Focal lengths, drawn towards the usual as far as the clicks leave them open."""
    middle, variance = np.median(log_focal), log_focal.var() + 1e-6
    kept = FOCAL_SPREAD**2 / (FOCAL_SPREAD**2 + variance)
    centre = kept * middle + (1 - kept) * np.log(FOCAL_USUAL)
    return np.asarray(np.exp(centre + np.sqrt(kept) * (log_focal - middle)), dtype=np.float64)
