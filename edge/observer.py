"""The way to look over the pipeline's shoulder: what it saw and said at each frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.geometry import Polygon
from edge.incident import Report
from edge.scenes.base import Reading
from edge.types import Detections, Frame


@dataclass(frozen=True, slots=True)
class ZoneLook:
    """One zone at one frame: what was detected for it, how it is, what was told.

    `dwell_s` is that of the running occupation after this frame, 0 when there is none.
    """

    place: str
    polygon_rel: Polygon
    seen: Detections
    reading: Reading
    reports: tuple[Report, ...]
    dwell_s: float


class Observer(Protocol):
    """Somebody who wants to see every frame that was looked at."""

    def looked(self, frame: Frame, zones: Sequence[ZoneLook]) -> None:
        """Called once per frame, in order of time, after all its zones were judged."""
        ...
