"""Random streets with known clear widths, and how well the meter does on them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.clear_width import Doubt, LaneMeter
from edge.ground import GroundPlane
from edge.types import Box

from .lane_truth import ASPECT, Pole, Solid, box_of, true_clear_width

Floats = NDArray[np.float64]
Headings = Literal["along", "usual", "any"]


@dataclass(frozen=True, slots=True)
class Street:
    """Kind of street: how vehicles stand (`usual`: 7 of 10 along, the rest across), how many, and
    the standard deviation of a box's edge (share of its side) and of a click (fractions).

    `looks`: of so many boxes the median is measured. Of an edge's variance `TREMBLES` is drawn anew
    for each look, the rest is how this detector sees this vehicle.
    """

    headings: Headings
    cars: int
    edge_share: float = 0.025
    click_rel: float = 0.001
    looks: int = 1


TREMBLES = 0.64
"""Four fifths of the deviation; an assumption, between a box drawn anew and one always wrong
alike."""


@dataclass(frozen=True, slots=True)
class Made:
    """One street as a camera and a surveyor see it, with the true clear width."""

    clicks: Floats
    metres: Floats
    vehicles: list[tuple[str, Box]]
    truth_m: float


@dataclass(frozen=True, slots=True)
class Result:
    """Shares of streets, and the error of the estimate in metres."""

    in_band: float
    within_0_3_m: float
    mean_error_m: float
    mean_abs_error_m: float
    p95_abs_error_m: float
    median_half_band_m: float
    wrongly_blocked: int
    blocked_found: float


def street(kind: Street, chance: np.random.Generator) -> Made:
    """A street whose lane and vehicles are all in the frame."""
    while True:
        made = _try_street(kind, chance)
        if made is not None:
            return made


def _try_street(kind: Street, chance: np.random.Generator) -> Made | None:
    width, length, begin = chance.uniform([4, 12, 5], [7, 25, 10])
    height = chance.uniform(3.5, 8)
    pitch = float(np.arctan2(height, begin + 0.4 * length))
    pole = Pole(height, pitch, chance.uniform(0.55, 1.2), chance.normal(0, 0.03))
    yaw, aside = chance.uniform(-0.6, 0.6), chance.uniform(-4, 4)
    turn = np.array([[np.cos(yaw), np.sin(yaw)], [-np.sin(yaw), np.cos(yaw)]])
    metres = np.array([[-0.5, 0], [0.5, 0], [0.5, 1], [-0.5, 1]]) * [width, length]
    picture = pole.see_ground(metres @ turn + [aside, begin])
    solids = [_solid(kind.headings, width, length, chance) for _ in range(kind.cars)]
    if picture.min() < 0 or picture.max() > 1 or _overlap(solids):
        return None
    boxes = []
    for solid in solids:
        x, y = np.array([solid.x, solid.y]) @ turn + [aside, begin]
        there = Solid(x, y, solid.heading + yaw, *_size(solid))
        box = np.array(box_of(pole, there))
        if box.min() < 0 or box.max() > 1:
            return None
        errors = _edge_errors(kind, chance) * np.tile(box[2:] - box[:2], 2)
        x1, y1, x2, y2 = (float(v) for v in np.clip(box + errors, 0, 1))
        boxes.append(("car", (x1, y1, x2, y2)))
    clicks = picture + chance.normal(0, kind.click_rel, (4, 2))
    return Made(clicks, metres, boxes, true_clear_width((width, 0.0, length), solids))


def _edge_errors(kind: Street, chance: np.random.Generator) -> Floats:
    """Errors of the measured box's edges (4,), shares of its sides."""
    if kind.looks == 1:
        return chance.normal(0, kind.edge_share, 4)
    steady = chance.normal(0, kind.edge_share * np.sqrt(1 - TREMBLES), 4)
    trembling = chance.normal(0, kind.edge_share * np.sqrt(TREMBLES), (kind.looks, 4))
    return np.asarray(steady + np.median(trembling, axis=0), dtype=np.float64)


def _solid(headings: Headings, width: float, length: float, chance: np.random.Generator) -> Solid:
    kind = chance.random()
    if headings == "any":
        heading = chance.uniform(0, np.pi)
    elif headings == "along" or kind < 0.7:
        heading = np.pi / 2 + chance.normal(0, 0.08)
    else:
        heading = chance.normal(0, 0.1)
    x, y = chance.uniform(-width / 2, width / 2), chance.uniform(1, length - 1)
    long, wide, high = chance.normal([4.5, 1.8, 1.53], [0.3, 0.06, 0.1])
    return Solid(x, y, heading, long, wide, high, float(chance.choice([0.0, 0.5, 1.0])))


def _size(solid: Solid) -> tuple[float, float, float, float]:
    return solid.length, solid.width, solid.height, solid.cabin


def _overlap(solids: list[Solid]) -> bool:
    places = [np.array([s.x, s.y]) for s in solids]
    return any(
        np.abs(a - b)[0] < 2 and np.abs(a - b)[1] < 4.8
        for i, a in enumerate(places)
        for b in places[:i]
    )


def measure_streets(kind: Street, count: int, seed: int) -> Result:
    """The meter, told the true doubts, on `count` streets; same seed, same numbers."""
    chance = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        made = street(kind, chance)
        plane = GroundPlane.from_points(made.clicks, made.metres)
        doubt = Doubt(kind.edge_share, kind.click_rel)
        width = LaneMeter(plane, made.clicks, ASPECT, doubt=doubt).measure(made.vehicles)
        band = width.clear_width_m
        rows.append((made.truth_m, band.lo, band.est, band.hi))
    truth, low, middle, high = np.array(rows).T
    error, blocked = middle - truth, truth < 4.0
    return Result(
        in_band=round(float(((truth >= low - 1e-3) & (truth <= high + 1e-3)).mean()), 3),
        within_0_3_m=round(float((np.abs(error) <= 0.3).mean()), 3),
        mean_error_m=round(float(error.mean()), 3),
        mean_abs_error_m=round(float(np.abs(error).mean()), 3),
        p95_abs_error_m=round(float(np.quantile(np.abs(error), 0.95)), 3),
        median_half_band_m=round(float(np.median(high - low)) / 2, 3),
        wrongly_blocked=int(((high < 4.0) & ~blocked).sum()),
        blocked_found=round(float((high[blocked] < 4.0).mean()), 3),
    )
