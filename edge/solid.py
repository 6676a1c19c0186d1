"""The solid that stands for a vehicle, and the box it makes in the picture.

A state is (..., 7): x, y of the middle in metres, heading in radians, the natural logarithms of
length, width and height in metres, and cabin (0: roof as large as the footprint, 1: a saloon's).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ALONG = np.tile([-0.5, 0.5, 0.5, -0.5], 3)
_ACROSS = np.tile([-0.5, -0.5, 0.5, 0.5], 3)
_HEIGHTS = np.repeat([0.0, 0.6, 1.0], 4)
_ROOF = np.repeat([0.0, 0.0, 1.0], 4)
"""Corners of the solid: footprint, bonnet line, roof; `cabin` draws the roof in."""
_CABIN_SHORTER, _CABIN_NARROWER = 0.45, 0.22

_NEAREST_M = 0.1
"""What is nearer to the camera than this, or behind it, counts as this near."""


def edges_of(projection: Floats, state: Floats) -> tuple[Floats, Floats]:
    """Left, top, right, bottom (..., 4) of solids seen by cameras (..., 3, 4), in the cameras'
    picture units, and how they change with the state (..., 4, 7).

    Each edge is made by one corner; the edge's change is that corner's.
    """
    heading, log_length, log_width, log_height, cabin = np.moveaxis(state[..., 2:], -1, 0)[
        ..., None
    ]
    length, width = np.exp(log_length), np.exp(log_width)
    along = length * _ALONG * (1 - _CABIN_SHORTER * _ROOF * cabin)
    across = width * _ACROSS * (1 - _CABIN_NARROWER * _ROOF * cabin)
    up = np.exp(log_height) * _HEIGHTS
    cos, sin = np.cos(heading), np.sin(heading)
    east, north = cos * along - sin * across, sin * along + cos * across
    seen = _seen(projection, state[..., 0, None] + east, state[..., 1, None] + north, up)
    least, most = seen[..., :2, :].argmin(axis=-1), seen[..., :2, :].argmax(axis=-1)
    corner = np.concatenate([least, most], axis=-1)
    along, across, up, depth_m = (
        np.take_along_axis(values, corner, axis=-1)
        for values in (along, across, up, seen[..., 2, :])
    )
    picked = np.concatenate([seen[..., :2, :].min(axis=-1), seen[..., :2, :].max(axis=-1)], axis=-1)
    rows = projection[..., [0, 1, 0, 1], :3]
    slope = (rows - picked[..., None] * projection[..., 2:, :3]) / depth_m[..., None]
    ahead = slope[..., 0] * cos + slope[..., 1] * sin
    aside = slope[..., 1] * cos - slope[..., 0] * sin
    longer = _CABIN_SHORTER * length * _ALONG[corner] * ahead
    wider = _CABIN_NARROWER * width * _ACROSS[corner] * aside
    turning, rising = along * aside - across * ahead, up * slope[..., 2]
    drawn_in = -_ROOF[corner] * (longer + wider)
    sized = [turning, along * ahead, across * aside, rising, drawn_in]
    return picked, np.stack([slope[..., 0], slope[..., 1], *sized], axis=-1)


def _seen(projection: Floats, east: Floats, north: Floats, up: Floats) -> Floats:
    """u, v and depth in metres (..., 3, 12) of the solids' corners."""
    column = projection[..., None]
    mapped = (
        column[..., 0, :] * east[..., None, :]
        + column[..., 1, :] * north[..., None, :]
        + column[..., 2, :] * up[..., None, :]
        + column[..., 3, :]
    )
    mapped[..., 2, :] = np.maximum(mapped[..., 2, :], _NEAREST_M)
    mapped[..., :2, :] /= mapped[..., 2:, :]
    return np.asarray(mapped, dtype=np.float64)


def ground_corners(state: Floats) -> Floats:
    """Corners (..., 4, 2) in metres of the footprints of states (..., 7)."""
    cos, sin = np.cos(state[..., 2, None]), np.sin(state[..., 2, None])
    along = np.exp(state[..., 3, None]) * _ALONG[:4]
    across = np.exp(state[..., 4, None]) * _ACROSS[:4]
    x = state[..., 0, None] + cos * along - sin * across
    y = state[..., 1, None] + sin * along + cos * across
    return np.stack([x, y], axis=-1)
