"""What every scene shares: its parameters' base, what it sees, what it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from edge.blocks import Number, fault_at
from edge.events import Fraction, Measures, Place, SceneName
from edge.force import Thresholds
from edge.geometry import Polygon, bounds, crosses_itself, polygon_area
from edge.patch import Grey
from edge.rules import PlaceRules, check_overrides
from edge.types import FULL_FRAME, Box, Detections

ZoneState = Literal["occupied", "clear", "unobserved"]

Corner = tuple[Fraction, Fraction]

NOTHING_MEASURED = Measures()

REGION_MARGIN = 0.35
REGION_LARGEST = 0.5


def _simple_polygon(corners: list[Corner]) -> list[Corner]:
    polygon = np.array(corners)
    if crosses_itself(polygon):
        raise ValueError("the edges cross; give the corners in order round the zone")
    if polygon_area(polygon) < 1e-4:
        raise ValueError("the zone has (almost) no area; corners are fractions 0-1 of the frame")
    return corners


PolygonRel = Annotated[
    list[Corner], Field(min_length=3, max_length=64), AfterValidator(_simple_polygon)
]


class SceneParams(PlaceRules):
    """Keys that every scene block has."""

    scene: SceneName
    place: Place = Field(description="asset on the ground: lane segment, square, sports ground")
    polygon: PolygonRel = Field(description="corners of the zone, fractions 0-1 of the frame")
    warn_after_s: Number = Field(60, gt=0, le=86_400, description="dwell until the warning")
    file_after_s: Number = Field(300, gt=0, le=86_400, description="dwell until the case is filed")
    clear_after_s: Number = Field(30, gt=0, le=3_600, description="empty for so long = cleared")
    ongoing_every_s: Number = Field(
        300, ge=10, le=86_400, description="still-there message every so often"
    )

    min_observed_share: Number = Field(
        0.3, ge=0, le=1, description="share of the dwell that must have been seen before filing"
    )

    @model_validator(mode="after")
    def _warn_before_filing(self) -> "SceneParams":
        if self.warn_after_s > self.file_after_s:
            raise fault_at(
                ("warn_after_s",),
                f"{self.warn_after_s:g} must not be more than file_after_s, {self.file_after_s:g}",
            )
        check_overrides(self.schedule, self.own_thresholds)
        return self

    @property
    def own_thresholds(self) -> Thresholds:
        """The zone's thresholds where its schedule names no others."""
        return Thresholds(self.warn_after_s, self.file_after_s)

    @property
    def polygon_rel(self) -> Polygon:
        """Corners as (N, 2) float64, fractions of the frame."""
        return np.array(self.polygon, dtype=np.float64)

    def thresholds(self, now: Thresholds) -> dict[str, float]:
        """The numbers that decide `now`, as they go into every event."""
        return {
            "warn_after_s": now.warn_after_s,
            "file_after_s": now.file_after_s,
            "clear_after_s": self.clear_after_s,
        }


@dataclass(frozen=True, slots=True)
class View:
    """What a scene sees at one moment; without a picture (`grey` None) it is blind.

    `ts` is monotonic seconds, `wall` aware UTC; `grey` is the whole frame, (H, W) uint8 luma;
    `blind_reason` says why there is no picture.
    """

    ts: float
    wall: datetime
    grey: Grey | None = None
    detections: Detections | None = None
    blind_reason: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle worth drawing, with what to write on it."""

    box: Box
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scene says of its zone at one moment.

    `since_ts` is when the present occupation began as far as the evidence reaches back, None
    unless occupied or held through blindness. `clear_since_ts` is when it became clear if that is
    known to be earlier than this moment. `replaced_since_ts`: those who stood here before left
    while nobody could see, at the latest then; what stands here now is another occupation.
    `already_there`: it was there at first sight.
    """

    state: ZoneState
    since_ts: float | None = None
    clear_since_ts: float | None = None
    replaced_since_ts: float | None = None
    severity: str = "occupied"
    measures: Measures = NOTHING_MEASURED
    marks: tuple[Mark, ...] = ()
    already_there: bool = False
    alike: bool = False
    """Looks like the vehicle that was the last to leave this place."""
    reason: str = ""


class Scene(Protocol):
    """One rule watching one zone. Pure: same views in, same readings out."""

    region_rel: Box
    """Where the detector should look, fractions of the frame."""

    def update(self, view: View) -> Reading:
        """Take the next view, strictly later than the last, and say how the zone is."""
        ...

    def dump(self, ts: float) -> bytes:
        """State to keep on disk; times are written relative to `ts`."""
        ...

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away."""
        ...


def zone_region(polygon: Polygon) -> Box:
    """Part of the frame the detector looks at for this zone.

    Vehicles stand up out of the ground they stand on, so the region reaches further up than to
    the sides. A zone that fills most of the frame is looked at as a whole: a crop would gain no
    resolution and lose context.
    """
    x1, y1, x2, y2 = bounds(polygon)
    dx, dy = REGION_MARGIN * (x2 - x1), REGION_MARGIN * (y2 - y1)
    region = (max(0.0, x1 - dx), max(0.0, y1 - 2 * dy), min(1.0, x2 + dx), min(1.0, y2 + dy))
    area = (region[2] - region[0]) * (region[3] - region[1])
    return region if area <= REGION_LARGEST else FULL_FRAME
