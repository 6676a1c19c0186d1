"""Observation level: a detector that errs as a small real one does.

Scores wander (they do not jump), fall at night, in rain and behind people, dip for seconds and
vanish below the manifest's threshold; boxes tremble, shrink to what shows, come twice; labels
flicker; things that are no vehicles are taken for some.
"""

import numpy as np

from edge.types import FULL_FRAME, Box, Detections, Image

from .world import Ghost, Rng, Scenario, Thing, cells_box, showing, within

SCORE_MIN = 0.2
"""`score_min` of the bundled model's manifest."""
LABELS = ("car", "truck", "bus")
WANDER_S = 6.0
"""Correlation time of a score's wandering."""
WANDER = 0.07
TREMBLE = 0.012
"""Standard deviation of an edge, share of the box's size."""
SHOWN_MIN = 0.25

Found = tuple[Box, float, str, str]
"""Box, score, name, kind."""


class FakeDetector:
    """Says what the detector would say at the moment it is set to, whatever picture it is given."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._rng = np.random.default_rng((scenario.seed, 5))
        self._wander = dict.fromkeys(range(len(scenario.things)), 0.0)
        self._at_s = 0.0
        self._shift = (0.0, 0.0)

    def at(self, at_s: float, shift: tuple[float, float]) -> None:
        """The moment of the next picture, and by how much (fractions) the picture is shifted."""
        fade = float(np.exp(-(at_s - self._at_s) / WANDER_S))
        for index in self._wander:
            push = self._rng.normal(0, WANDER * np.sqrt(1 - fade * fade))
            self._wander[index] = fade * self._wander[index] + push
        self._at_s, self._shift = at_s, shift

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        """What is in the region, best score first."""
        del image
        found: list[Found] = []
        for index, thing in enumerate(self._scenario.things):
            found += self._of_thing(index, thing)
        for ghost in self._scenario.ghosts:
            found += self._of_ghost(ghost)
        cut = [_cut(item, region_rel) for item in map(self._moved, found)]
        return detections([item for item in cut if item is not None])

    def _of_thing(self, index: int, thing: Thing) -> list[Found]:
        box = thing.box(self._at_s)
        if thing.what == "board" or box is None or within(thing.missed, self._at_s):
            return []
        cells = showing(self._scenario, index, box, self._at_s)
        shown = float(cells.mean())
        part = cells_box(box, cells)
        score = self._score(index, thing, shown)
        if shown < SHOWN_MIN or part is None or score < SCORE_MIN:
            return []
        if self._rng.random() < 0.5:
            box = part
        if thing.what == "person":
            return [(_trembled(self._rng, box), score, "person", "person")]
        others = [label for label in LABELS if label != thing.name]
        other = others[int(self._rng.integers(len(others)))]
        name = other if self._rng.random() < thing.flicker else thing.name
        found: list[Found] = [(_trembled(self._rng, box), score, name, "vehicle")]
        if self._rng.random() < thing.doubles:
            found.append((_half(self._rng, box), max(SCORE_MIN, 0.6 * score), other, "vehicle"))
        return found

    def _score(self, index: int, thing: Thing, shown: float) -> float:
        score = thing.score + self._wander[index] + self._rng.normal(0, 0.02)
        if within(thing.weak, self._at_s):
            score = 0.29 + self._wander[index] + self._rng.normal(0, 0.04)
        weather = self._scenario.weather
        if within(weather.infrared, self._at_s):
            score -= 0.1
        score -= 0.12 * weather.rain + 0.45 * (1 - shown)
        return float(np.clip(score, 0, 0.97))

    def _of_ghost(self, ghost: Ghost) -> list[Found]:
        begin, end = ghost.span
        if not begin <= self._at_s <= end or self._rng.random() >= ghost.rate:
            return []
        score = float(np.clip(ghost.score + self._rng.normal(0, 0.05), 0, 0.9))
        if score < SCORE_MIN:
            return []
        return [(_trembled(self._rng, ghost.box), score, "car", "vehicle")]

    def _moved(self, item: Found) -> Found:
        box, score, name, kind = item
        dx, dy = self._shift
        return (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy), score, name, kind


def _trembled(rng: Rng, box: Box) -> Box:
    width, height = box[2] - box[0], box[3] - box[1]
    x1, y1, x2, y2 = rng.normal(0, TREMBLE, 4) * (width, height, width, height) + box
    return (float(x1), float(y1), float(x2), float(y2))


def _half(rng: Rng, box: Box) -> Box:
    """The part of a vehicle that is found a second time: its cab or its tail."""
    share = rng.uniform(0.45, 0.6)
    cut = box[0] + share * (box[2] - box[0])
    return (box[0], box[1], cut, box[3]) if rng.random() < 0.5 else (cut, box[1], box[2], box[3])


def _cut(item: Found, region: Box) -> Found | None:
    """The item as seen in the region alone; None when too little of it lies in there."""
    box, score, name, kind = item
    inner = (
        max(box[0], region[0]),
        max(box[1], region[1]),
        min(box[2], region[2]),
        min(box[3], region[3]),
    )
    if inner[0] >= inner[2] or inner[1] >= inner[3]:
        return None
    kept = (inner[2] - inner[0]) * (inner[3] - inner[1])
    whole = (box[2] - box[0]) * (box[3] - box[1])
    return (inner, score, name, kind) if kept >= SHOWN_MIN * whole else None


def detections(found: list[Found]) -> Detections:
    """As the real detector hands them over."""
    best = sorted(found, key=lambda item: -item[1])
    return Detections(
        box_rel=np.array([item[0] for item in best], np.float32).reshape(-1, 4),
        score=np.array([item[1] for item in best], np.float32),
        name=tuple(item[2] for item in best),
        kind=tuple(item[3] for item in best),
    )
