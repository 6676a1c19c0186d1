"""Building blocks of scenarios: places to stand, ways in and out, people, boards, rates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edge.geometry import ground_contact, share_inside
from edge.types import Box

from .world import Feed, Ghost, Rng, Scenario, Span, Thing, Weather

RATES_FPS = (0.2, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 5.0)
WELL_INSIDE = 0.65
"""Share of the ground contact in the zone above which everybody calls it an occupation."""
WELL_OUTSIDE = 0.12

Look = tuple[int, float, float]
"""Number of the look, width and height in fractions of the frame."""
Parked = tuple[Look, Box]


@dataclass(frozen=True, slots=True)
class Site:
    """A camera and its lane; `vehicles` and `people` None means that looks are drawn freely."""

    stage: str
    polygon: tuple[tuple[float, float], ...]
    vehicles: tuple[Look, ...] | None = None
    people: tuple[Look, ...] | None = None


def drawn_site(rng: Rng) -> Site:
    """A lane in a drawn street, seen in some perspective."""
    top, bottom = rng.uniform(0.38, 0.48), rng.uniform(0.9, 0.98)
    left, right = rng.uniform(0.08, 0.25), rng.uniform(0.75, 0.92)
    lean = rng.uniform(0.0, 0.12)
    return Site("", ((left + lean, top), (right - lean, top), (right, bottom), (left, bottom)))


@dataclass(slots=True)
class Maker:
    """Collects what a scenario consists of."""

    rng: Rng
    site: Site
    fps: float
    things: list[Thing] = field(default_factory=list)
    ghosts: list[Ghost] = field(default_factory=list)

    @property
    def rule(self) -> dict[str, float]:
        """Short thresholds that suit the rate."""
        slow = self.fps <= 0.5
        return {
            "warn_after_s": 30.0 if slow else 20.0,
            "file_after_s": 60.0,
            "clear_after_s": 30.0 if slow else 15.0,
            "ongoing_every_s": 60.0,
        }

    @property
    def step_s(self) -> float:
        """Seconds between two pictures."""
        return 1 / self.fps

    def uniform(self, low: float, high: float) -> float:
        """A number in between."""
        return float(self.rng.uniform(low, high))

    def dwell(self) -> float:
        """Long enough for a warning beyond all doubt, short enough to be quick."""
        least = self.rule["warn_after_s"] + 15 + 3 * self.step_s
        return self.uniform(least, least + 60)

    def vehicle(self) -> Look:
        """Some vehicle's look and size."""
        if self.site.vehicles is not None:
            return self.site.vehicles[int(self.rng.integers(len(self.site.vehicles)))]
        width = self.uniform(0.14, 0.3)
        return int(self.rng.integers(1 << 30)), width, width * self.uniform(0.95, 1.5)

    def parked(self, *taken: Box) -> Parked:
        """Some vehicle at a place in the lane that is clear of those taken."""
        look = self.vehicle()
        return look, self.spot(look, taken)

    def spot(self, look: Look, taken: Sequence[Box] = ()) -> Box:
        """A place in the lane for this vehicle, clear of those taken."""
        return self._place(look, lambda share: share >= WELL_INSIDE, taken)

    def beside(self, look: Look) -> Box:
        """A place just outside of the lane."""
        return self._place(look, lambda share: share <= WELL_OUTSIDE, ())

    def _place(self, look: Look, fits: Callable[[float], bool], taken: Sequence[Box]) -> Box:
        _, width, height = look
        for _ in range(4000):
            x1 = self.uniform(0.02, max(0.03, 0.98 - width))
            y2 = self.uniform(min(0.97, height + 0.02), 0.98)
            box = (x1, y2 - height, x1 + width, y2)
            inside = share_inside(ground_contact(box), np.array(self.site.polygon))
            if fits(inside) and not any(_overlap(box, other) for other in taken):
                return box
        raise LookupError("no room left in the lane")

    def stay(self, span: Span, at: Parked | None = None, **details: Any) -> Thing:
        """A vehicle that drives in, stands for the span, and drives off; it is added.

        Where, and which vehicle, is drawn when it is not given. `details` are fields of Thing.
        """
        begin_s, end_s = span
        look, spot = self.parked() if at is None else at
        keys = (*self._way_in(spot, begin_s), (end_s, spot), *self._way_out(spot, end_s))
        name = ("car", "car", "car", "truck", "bus")[int(self.rng.integers(5))]
        thing = Thing("vehicle", name, look[0], keys, (span,), self.uniform(0.45, 0.78))
        thing = replace(thing, **details)
        self.things.append(thing)
        return thing

    def _way_in(self, spot: Box, stop_s: float) -> list[tuple[float, Box]]:
        """Fast, then braking; none when it stands there from the beginning."""
        if stop_s <= 0:
            return [(-1.0, spot)]
        took_s, far = self.uniform(2.5, 5.0), self._outside(spot)
        return [
            (stop_s - took_s, far),
            (stop_s - 0.4 * took_s, _between(far, spot, 0.8)),
            (stop_s, spot),
        ]

    def _way_out(self, spot: Box, start_s: float) -> list[tuple[float, Box]]:
        took_s, far = self.uniform(2.5, 5.0), self._outside(spot)
        return [(start_s + 0.4 * took_s, _between(spot, far, 0.25)), (start_s + took_s, far)]

    def _outside(self, spot: Box) -> Box:
        """The same vehicle out of the picture: to the left, to the right or below."""
        x1, y1, x2, y2 = spot
        dx, dy = [(-x2 - 0.02, 0.0), (1.02 - x1, 0.0), (0.0, 1.02 - y1)][int(self.rng.integers(3))]
        return (x1 + dx, y1 + dy, x2 + dx, y2 + dy)

    def drive_through(self, at_s: float, took_s: float, in_front_of: Box | None = None) -> None:
        """A vehicle crosses the picture; `in_front_of` a place when it hides that."""
        look, width, height = self.vehicle()
        y2 = self.uniform(max(0.55, height + 0.02), 0.98)
        if in_front_of is not None:
            y2 = min(1.1, in_front_of[3] + 0.04)
        ways = [(-width - 0.02, 1.02), (1.02, -width - 0.02)]
        start, end = ways[int(self.rng.integers(2))]
        keys = tuple(
            (t, (x, y2 - height, x + width, y2)) for t, x in ((at_s, start), (at_s + took_s, end))
        )
        self.things.append(Thing("vehicle", "car", look, keys, (), self.uniform(0.45, 0.75)))

    def walk_past(self, at_s: float, place: Box, stop_s: float = 0.0) -> None:
        """A person walks past in front of a place, and stands there for a while."""
        look, width, height = self._person(place)
        y2 = min(1.08, place[3] + self.uniform(0.01, 0.04))
        stop = self.uniform(place[0] - width / 2, place[2] - width / 2)
        took_s = self.uniform(2.0, 5.0)
        xs = [place[0] - 0.25, stop, stop, place[2] + 0.25]
        times = [at_s, at_s + took_s, at_s + took_s + stop_s, at_s + 2 * took_s + stop_s]
        keys = tuple((t, (x, y2 - height, x + width, y2)) for t, x in zip(times, xs, strict=True))
        self.things.append(Thing("person", "person", look, keys, (), self.uniform(0.4, 0.75)))

    def _person(self, place: Box) -> Look:
        if self.site.people is not None:
            return self.site.people[int(self.rng.integers(len(self.site.people)))]
        height = self.uniform(0.6, 1.0) * (place[3] - place[1])
        return int(self.rng.integers(1 << 30)), 0.2 * height, height

    def board(self, span: Span, place: Box) -> None:
        """Something that is no vehicle to the detector hides a place completely."""
        x1, y1, x2, y2 = place
        wide, tall = self.uniform(0.1, 0.4) * (x2 - x1), self.uniform(0.05, 0.3) * (y2 - y1)
        box = (x1 - wide, y1 - tall, x2 + wide, y2 + 0.03)
        look = int(self.rng.integers(1 << 30))
        away = (box[0] - 1.5, box[1], box[2] - 1.5, box[3])
        keys = ((span[0] - 1, away), (span[0], box), (span[1], box), (span[1] + 1, away))
        self.things.append(Thing("board", "board", look, keys))

    def feed(self, **more: Any) -> Feed:
        """The rate that was drawn, and what else is asked for."""
        return replace(Feed(self.fps), **more)

    def done(self, label: "Label", duration_s: float, **more: Any) -> Scenario:
        """The scenario of what was collected."""
        weather = Weather(noise=self.uniform(1.0, 4.0))
        scenario = Scenario(
            kind=label.kind,
            index=label.index,
            seed=label.seed,
            duration_s=duration_s,
            polygon=self.site.polygon,
            rule=self.rule,
            things=_far_to_near(self.things),
            weather=weather,
            feed=self.feed(),
            ghosts=tuple(self.ghosts),
            stage=self.site.stage,
        )
        return replace(scenario, **more)


@dataclass(frozen=True, slots=True)
class Label:
    """What a scenario is called; `seed` is its own."""

    kind: str
    index: int
    seed: int


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _between(a: Box, b: Box, part: float) -> Box:
    x1, y1, x2, y2 = (p + part * (q - p) for p, q in zip(a, b, strict=True))
    return (x1, y1, x2, y2)


def _far_to_near(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """Those whose feet are lower in the picture are in front."""
    return tuple(sorted(things, key=_depth))


def _depth(thing: Thing) -> float:
    at_rest = [box for t, box in thing.keys if thing.stands_at(t)]
    return max(box[3] for box in at_rest or [box for _, box in thing.keys])
