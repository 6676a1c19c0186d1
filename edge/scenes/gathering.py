"""How many people are in a zone over a while. Pure."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.geometry import Polygon, points_in
from edge.scenes.dance_verdict import Crowd
from edge.types import Detections

SURE_SCORE = 0.5
POSSIBLE_SCORE = 0.3
LONGEST_LOOK_S = 5.0
"""A look stands for the time until the next one, so long at most."""


@dataclass(frozen=True, slots=True)
class Look:
    """People whose feet are in the zone: those who certainly are people, and the doubtful too."""

    ts: float
    sure: int
    possible: int


def count_people(detections: Detections, polygon: Polygon, ts: float) -> Look:
    """Count the detections of kind `person` that stand in the polygon (fractions of the frame)."""
    boxes = detections.box_rel.astype(np.float64)
    feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)
    # Feet at the very edge of the frame are inside a zone that reaches to it.
    inside = points_in(polygon, np.clip(feet, 0.0, 1 - 1e-6))
    person = np.array([kind == "person" for kind in detections.kind], dtype=bool)
    here = detections.score[inside & person]
    sure, possible = (int(np.sum(here >= limit)) for limit in (SURE_SCORE, POSSIBLE_SCORE))
    return Look(ts, sure, possible)


class Gathering:
    """The looks of the last `keep_s`; moments without a picture simply have none."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._looks: deque[Look] = deque()

    def add(self, look: Look) -> None:
        """A look, later than those before."""
        self._looks.append(look)
        while self._looks[0].ts < look.ts - self._keep_s:
            self._looks.popleft()

    def over(self, start_ts: float, end_ts: float, span_s: float) -> Crowd:
        """The crowd in a stretch of time, as seen in it, against all of `span_s`."""
        looks = [look for look in self._looks if start_ts <= look.ts < end_ts]
        if not looks:
            return Crowd()
        following = [look.ts for look in looks[1:]] + [end_ts]
        steps = zip(looks, following, strict=True)
        seen_s = sum(min(until - look.ts, LONGEST_LOOK_S) for look, until in steps)
        sure, possible = np.median([(look.sure, look.possible) for look in looks], axis=0)
        return Crowd(float(sure), float(possible), min(1.0, seen_s / span_s))
