"""Where a vehicle stands on the ground, from its box: the solid that fits the box best.

A box's edges are not the vehicle's place: the roof leans away from the camera and the far side is
unseen. So a solid of the class's usual size is fitted to the four edges, and the size, heading
and edges are varied within their doubt to see what else the box could be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.camera import Cameras, picture_units
from edge.draws import SAMPLES, reordered
from edge.solid import edges_of, ground_corners
from edge.types import Box

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Size:
    """Usual length, width, height in metres and their spread (standard deviation).

    `cabin`: 0 a box from ground to roof, 1 a saloon whose roof is much smaller than its footprint.
    """

    mean_m: tuple[float, float, float]
    spread_m: tuple[float, float, float]
    cabin: tuple[float, float]


SIZES = {
    "car": Size((4.5, 1.8, 1.55), (0.35, 0.07, 0.14), (0.5, 0.4)),
    "truck": Size((6.0, 2.1, 2.4), (1.2, 0.2, 0.4), (0.1, 0.2)),
    "bus": Size((10.0, 2.5, 3.1), (1.5, 0.06, 0.2), (0.0, 0.1)),
}
"""Passenger cars on Chinese roads are 1.7-1.95 m wide without mirrors; GB 1589-2016 allows lorries
and buses 2.55 m. A detector's "truck" is anything from a van upwards."""
UNKNOWN = Size((4.8, 1.9, 1.8), (0.9, 0.15, 0.4), (0.3, 0.4))

HEADINGS = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
HEADING_SPREAD = (0.12, 0.25, 0.18, 0.25)
HEADING_PRIOR = (0.5, 0.15, 0.2, 0.15)
"""Most vehicles stand along the lane, some across it; any heading is possible (radians)."""

AT_BORDER = 0.004
UNSEEN_EDGE = 0.5
"""An edge on the frame's border says only that the vehicle goes on: half a frame of doubt."""
PLACE_SPREAD_M = 30.0
FARTHEST_M = 300.0
OFF_SQUARE = np.array([0.02, 0.0, 0.0, 0.0, 0.0])
MISFIT_MOST = 6.0

DRAWS_PER_VEHICLE = 10
"""Four edges, heading, length, width, height, cabin, and which heading it is at all."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """V boxes as they are fitted: `edges` (V, 4) left, top, right, bottom in picture units, their
    standard deviations `sigma` (V, 4), the classes' `mean` and `spread` (V, 5): heading (0),
    logarithms of length, width, height, and cabin."""

    edges: Floats
    sigma: Floats
    mean: Floats
    spread: Floats
    keys: tuple[int, ...]

    def contacts(self, view: Cameras) -> Floats:
        """Ground points (V, 2) at the middle of the boxes' lower edges, by the first camera."""
        inverse = np.linalg.inv(view.projection[0][:, [0, 1, 3]])
        middle = np.stack([self.edges[:, [0, 2]].mean(axis=1), self.edges[:, 3]], axis=-1)
        mapped = middle @ inverse[:, :2].T + inverse[:, 2]
        # A box above the horizon has no place on the ground: put it far off.
        return np.asarray(mapped[:, :2] / np.maximum(mapped[:, 2:], 1 / FARTHEST_M))


@dataclass(frozen=True, slots=True)
class Footprints:
    """`best` (V, 4, 2) and `samples` (S, V, 4, 2): corners on the ground in metres."""

    best: Floats
    samples: Floats


def boxes_of(vehicles: Sequence[tuple[str, Box]], aspect: float, doubt_share: float) -> Boxes:
    """What is known of vehicles (class, box in fractions of the frame) before fitting."""
    rel = np.array([box for _, box in vehicles], dtype=np.float64)
    edges = picture_units(rel.reshape(-1, 2, 2), aspect).reshape(-1, 4)
    sides = np.maximum(edges[:, 2:] - edges[:, :2], 1e-4)
    at_border = (rel < AT_BORDER) & [True, True, False, False]
    at_border |= (rel > 1 - AT_BORDER) & [False, False, True, True]
    sigma = np.where(at_border, UNSEEN_EDGE, doubt_share * np.tile(sides, 2))
    sizes = [SIZES.get(name, UNKNOWN) for name, _ in vehicles]
    means = [[0.0, *np.log(s.mean_m), s.cabin[0]] for s in sizes]
    spreads = [[1.0, *(np.array(s.spread_m) / s.mean_m), s.cabin[1]] for s in sizes]
    # The same errors for the same part of the picture, whatever else is in it.
    middles = ((rel[:, :2] + rel[:, 2:]) * 16).astype(int)
    keys = tuple(int(x + 33 * y) for x, y in middles)
    return Boxes(edges, sigma, np.array(means), np.array(spreads), keys)


def fit(boxes: Boxes, view: Cameras, axis_rad: Floats, draws: Floats) -> Footprints:
    """Footprints of all boxes under all versions of the camera; the first version is the best.

    `view` holds 1 + SAMPLES cameras; `axis_rad` (V,) is the lane's direction at each vehicle;
    `draws` (SAMPLES, DRAWS_PER_VEHICLE).
    """
    states, chances, misfit = _headings(boxes, view, axis_rad)
    best = states[np.arange(len(states)), chances.argmax(axis=1)]
    own = np.stack([reordered(draws, key) for key in boxes.keys], axis=1)
    # Bounds of the headings' shares on the normal scale would need erf; ranks do as well.
    place = (own[..., 9].argsort(axis=0).argsort(axis=0) + 0.5) / SAMPLES
    which = (place[..., None] > chances.cumsum(axis=1)[:, :-1]).sum(axis=-1)
    mean, spread = _priors(boxes, axis_rad)
    vehicle = np.arange(len(states))
    start, mean, spread = states[vehicle, which], mean[vehicle, which], spread[vehicle, which]
    sigma = boxes.sigma * misfit[:, None]
    goal = _Goal(
        boxes.edges + sigma * own[..., :4],
        np.broadcast_to(sigma, own[..., :4].shape),
        mean + spread * own[..., 4:9],
        spread,
        start[..., :2],
    )
    state = start
    for _ in range(2):
        state, _, _ = _step(view.projection[1:, None], state, goal)
    return Footprints(ground_corners(best), ground_corners(state))


@dataclass(frozen=True, slots=True)
class _Goal:
    """What a state should meet: edges and their doubt, sizes and their doubt, a rough place."""

    edges: Floats
    sigma: Floats
    mean: Floats
    spread: Floats
    place: Floats


def _headings(boxes: Boxes, view: Cameras, axis_rad: Floats) -> tuple[Floats, Floats, Floats]:
    """Best state (V, 4, 7) for each heading, its chance (V, 4), and the misfit factor (V,)."""
    mean, spread = _priors(boxes, axis_rad)
    seen = np.broadcast_to(boxes.edges[:, None], (*mean.shape[:2], 4))
    place = _first_place(boxes, mean, view)
    sigma = np.broadcast_to(boxes.sigma[:, None], seen.shape)
    goal = _Goal(seen, sigma, mean, spread, place)
    # Not quite square to the picture: there two corners make one edge and either slope is wrong.
    state = np.concatenate([place, mean + OFF_SQUARE], axis=-1)
    for _ in range(5):
        state, cost, log_det = _step(view.projection[:1, None], state, goal)
    log_chance = np.log(HEADING_PRIOR) - np.log(HEADING_SPREAD) - 0.5 * (cost + log_det)
    chance = np.exp(log_chance - log_chance.max(axis=1, keepdims=True))
    # Four edges less two coordinates leave two to be missed by; a box that no vehicle fits
    # (half hidden, two in one) is believed less.
    misfit = np.clip(np.sqrt(cost.min(axis=1) / 4), 1.0, MISFIT_MOST)
    return state, chance / chance.sum(axis=1, keepdims=True), misfit


def _priors(boxes: Boxes, axis_rad: Floats) -> tuple[Floats, Floats]:
    """Mean and spread of heading and sizes for each heading, (V, 4, 5) each."""
    mean = np.repeat(boxes.mean[:, None], len(HEADINGS), axis=1)
    spread = np.repeat(boxes.spread[:, None], len(HEADINGS), axis=1)
    mean[..., 0] = axis_rad[:, None] + np.array(HEADINGS)
    spread[..., 0] = HEADING_SPREAD
    return mean, spread


def _first_place(boxes: Boxes, mean: Floats, view: Cameras) -> Floats:
    """Middle of the vehicle if the box's lower edge touches its near side, (V, 4, 2) metres."""
    ground = np.repeat(boxes.contacts(view)[:, None], mean.shape[1], axis=1)
    away = ground - view.foot_m[0]
    away /= np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)
    turn = np.arctan2(away[..., 1], away[..., 0]) - mean[..., 0]
    length, width = np.exp(mean[..., 1]), np.exp(mean[..., 2])
    half = 0.5 * (length * np.abs(np.cos(turn)) + width * np.abs(np.sin(turn)))
    return np.asarray(ground + away * half[..., None], dtype=np.float64)


_LONGEST_STEP = np.array([0.5, 0.3, 0.3, 0.3, 0.5])
_LONGEST_WAY_M = 6.0


def _step(projection: Floats, state: Floats, goal: _Goal) -> tuple[Floats, Floats, Floats]:
    """One Gauss-Newton step: new states, cost and log-determinant at the old ones."""
    seen, slope = edges_of(projection, state)
    miss = (seen - goal.edges) / goal.sigma
    slope = slope / goal.sigma[..., None]
    weight = np.concatenate(
        [np.full(goal.place.shape, PLACE_SPREAD_M**-2), goal.spread**-2], axis=-1
    )
    off = state - np.concatenate([goal.place, goal.mean], axis=-1)
    turned = np.swapaxes(slope, -1, -2)
    pull = (turned @ miss[..., None])[..., 0] + weight * off
    curve = turned @ slope + weight[..., None] * np.eye(7)
    move = np.linalg.solve(curve, pull[..., None])[..., 0]
    cost = (miss**2).sum(axis=-1) + (weight * off**2).sum(axis=-1)
    way = np.linalg.norm(move[..., :2], axis=-1, keepdims=True)
    move[..., :2] *= _LONGEST_WAY_M / np.maximum(way, _LONGEST_WAY_M)
    move[..., 2:] = np.clip(move[..., 2:], -_LONGEST_STEP, _LONGEST_STEP)
    return state - move, cost, np.linalg.slogdet(curve)[1]
