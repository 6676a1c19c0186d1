"""Vocabulary of the box: the values that go from stage to stage of the pipeline."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""Picture, shape (H, W, 3), uint8, BGR."""

Box = tuple[float, float, float, float]
"""Rectangle x1, y1, x2, y2 in fractions (0-1) of the frame, top left to bottom right."""

Point = tuple[float, float]
"""x, y; fractions (0-1) of the frame unless the name says otherwise (`_px`, `_m`)."""

IncidentId = NewType("IncidentId", str)

FULL_FRAME: Box = (0.0, 0.0, 1.0, 1.0)

SCENE_KINDS = ("vehicle", "two_wheeler", "person")
"""Kinds of objects that scenes reason about. Only they compete for a box: a car that is seen from
above at night is a "cell phone" of 0.5 to a model that knows 80 classes, and a car of 0.3."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture that is looked at.

    `ts` is a monotonic clock in seconds (media time in replay) and is what rules use;
    `wall` is the aware UTC time of the same moment and is what people read.
    """

    image: Image
    ts: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector saw in one picture: parallel arrays of length N, best score first.

    `box_rel` is (N, 4) float32 x1, y1, x2, y2 in fractions of the whole frame (also when only a
    region was looked at); `score` is (N,) float32 in 0-1; `name` is the model's own class
    ("truck"); `kind` is the class scenes reason about ("vehicle"), merged by the manifest's map.
    """

    box_rel: NDArray[np.float32]
    score: NDArray[np.float32]
    name: tuple[str, ...]
    kind: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.name)


class Detector(Protocol):
    """Something that finds objects in pictures."""

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        """Look at `region_rel` of `image`; boxes come back in fractions of the whole image."""
        ...
