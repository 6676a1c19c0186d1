"""Where a box shows a vehicle to be: in its place, or rolling into it or out of it; and when."""

from dataclasses import dataclass

from edge.geometry import iou
from edge.types import Box

IN_PLACE_IOU = 0.75
ROLLED_SHARE = 0.07
"""Of its size: a vehicle whose box is off by more rolls; a detector's boxes tremble by 0.02."""
SAME_SIZE = 0.2
HALF_STEP_S = 2.5
"""Something happened between two looks: in the middle, but not more than this from the one look at
which it is known; in a longer gap nothing is claimed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A detection: when, when it was looked before that, and where."""

    before_ts: float
    ts: float
    box: Box

    @property
    def begin_ts(self) -> float:
        """When what is seen for the first time began."""
        return self.ts - min((self.ts - self.before_ts) / 2, HALF_STEP_S)


def between(before_ts: float, after_ts: float) -> float:
    """When something happened that was not yet so before and is so after."""
    return before_ts + min(max(0.0, after_ts - before_ts) / 2, HALF_STEP_S)


def has_rolled(box: Box, place: Box) -> bool:
    """Whether a box shows what stood at `place` in another one; a part of it is no answer."""
    width, height = place[2] - place[0], place[3] - place[1]
    wider = (box[2] - box[0]) / width - 1
    taller = (box[3] - box[1]) / height - 1
    right = (box[0] + box[2] - place[0] - place[2]) / (2 * width)
    down = (box[1] + box[3] - place[1] - place[3]) / (2 * height)
    whole = max(abs(wider), abs(taller)) <= SAME_SIZE
    return whole and max(abs(right), abs(down)) >= ROLLED_SHARE


def is_in_place(box: Box, place: Box) -> bool:
    """Whether a box shows what stands at `place` in that place."""
    return iou(box, place) >= IN_PLACE_IOU and not has_rolled(box, place)
