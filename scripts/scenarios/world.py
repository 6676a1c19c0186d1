"""What happens in a generated scenario: plain values, times in seconds from its beginning."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge.types import FULL_FRAME, Box

Span = tuple[float, float]
Rng = np.random.Generator
Level = Literal["observation", "pixel"]
What = Literal["vehicle", "person", "board"]

HIDDEN_BELOW = 0.3
"""Share of a vehicle that must show, else nobody could say that it is there."""
GRID = 12


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is drawn: it follows `keys` (time, box) and is away outside of them.

    `stands` are the times at which it stands in the zone; `score` is the detector's usual score
    for it; in `weak` spans the detector sees it badly, in `missed` ones not at all. `flicker` is
    the share of pictures in which its label is another one, `doubles` the share in which it is
    found twice.
    """

    what: What
    name: str
    look: int
    keys: tuple[tuple[float, Box], ...]
    stands: tuple[Span, ...] = ()
    score: float = 0.6
    weak: tuple[Span, ...] = ()
    missed: tuple[Span, ...] = ()
    flicker: float = 0.02
    doubles: float = 0.01

    def box(self, at_s: float) -> Box | None:
        """Where it is, None when it is away."""
        if not self.keys[0][0] <= at_s <= self.keys[-1][0]:
            return None
        for (t0, low), (t1, high) in pairwise(self.keys):
            if at_s <= t1:
                part = (at_s - t0) / max(t1 - t0, 1e-9)
                x1, y1, x2, y2 = (a + part * (b - a) for a, b in zip(low, high, strict=True))
                return (x1, y1, x2, y2)
        return self.keys[-1][1]

    def stands_at(self, at_s: float) -> bool:
        """Whether it stands in the zone."""
        return within(self.stands, at_s)


@dataclass(frozen=True, slots=True)
class Ghost:
    """The detector takes something for a vehicle in a share `rate` of the pictures."""

    span: Span
    box: Box
    score: float
    rate: float


@dataclass(frozen=True, slots=True)
class Weather:
    """Light and disturbance of the picture."""

    light: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    """Gain of the light at moments, linear in between."""
    shadows: tuple[tuple[Span, float], ...] = ()
    """A shadow's edge crosses the picture during the span; gain inside it."""
    beams: tuple[Span, ...] = ()
    """Headlights sweep over the picture."""
    infrared: tuple[Span, ...] = ()
    noise: float = 2.0
    """Grey levels, standard deviation."""
    rain: float = 0.0
    """0-1: streaks, lost contrast, lower scores."""
    shake_px: float = 0.0
    """Standard deviation of the pole's sway in pixels of a picture 320 wide."""


@dataclass(frozen=True, slots=True)
class Restart:
    """The process ends and another one begins `away_s` later, with another monotonic clock.

    `killed`: only what was on the disk survives.
    """

    at_s: float
    away_s: float
    killed: bool = True

    @property
    def span(self) -> Span:
        """When nobody looks."""
        return (self.at_s, self.at_s + self.away_s)


@dataclass(frozen=True, slots=True)
class Feed:
    """How pictures come."""

    fps: float = 1.0
    jitter: float = 0.1
    """Share of the interval by which a picture may be early or late."""
    outages: tuple[Span, ...] = ()
    restarts: tuple[Restart, ...] = ()

    @property
    def gaps(self) -> tuple[Span, ...]:
        """When no picture is looked at."""
        return (*self.outages, *(restart.span for restart in self.restarts))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that happens in front of one camera, and the rule that watches it."""

    kind: str
    index: int
    seed: int
    duration_s: float
    polygon: tuple[tuple[float, float], ...]
    rule: dict[str, float]
    things: tuple[Thing, ...]
    """Drawn in this order: later ones are in front."""
    weather: Weather = field(default_factory=Weather)
    feed: Feed = field(default_factory=Feed)
    ghosts: tuple[Ghost, ...] = ()
    stage: str = ""
    """Pixel level: which camera's pictures it plays over."""

    @property
    def name(self) -> str:
        """Kind and number, e.g. `relay-0003`: the name that reproduces it under the same seed."""
        return f"{self.kind}-{self.index:04}"

    def block(self) -> dict[str, Any]:
        """Its `fire_lane` block of streams.yaml."""
        rule = dict(self.rule)
        return {"scene": "fire_lane", "place": "FL-0001", "polygon": list(self.polygon)} | rule


def within(spans: tuple[Span, ...], at_s: float) -> bool:
    """Whether a moment lies in one of the spans."""
    return any(begin <= at_s <= end for begin, end in spans)


def showing(scenario: Scenario, index: int, box: Box, at_s: float) -> NDArray[np.bool_]:
    """Which cells (GRID, GRID) of a box in the layer of thing `index` show: in the picture and
    behind nothing."""
    steps = (np.arange(GRID) + 0.5) / GRID
    x = (box[0] + steps * (box[2] - box[0]))[None, :]
    y = (box[1] + steps * (box[3] - box[1]))[:, None]
    x1, y1, x2, y2 = FULL_FRAME
    shows = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    for other in scenario.things[index + 1 :]:
        front = other.box(at_s)
        if front is not None:
            x1, y1, x2, y2 = front
            shows = shows & ~((x >= x1) & (x <= x2) & (y >= y1) & (y <= y2))
    return shows


def cells_box(box: Box, cells: NDArray[np.bool_]) -> Box | None:
    """Smallest box round the set cells (GRID, GRID) of a box, None when none is set."""
    rows, cols = np.nonzero(cells)
    if not rows.size:
        return None
    step_x, step_y = (box[2] - box[0]) / GRID, (box[3] - box[1]) / GRID
    return (
        box[0] + float(cols.min()) * step_x,
        box[1] + float(rows.min()) * step_y,
        box[0] + float(cols.max() + 1) * step_x,
        box[1] + float(rows.max() + 1) * step_y,
    )
