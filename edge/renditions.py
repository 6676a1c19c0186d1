"""The three forms of an evidence picture: drawn on, untouched, and masked for going out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import cv2
import numpy as np

from edge.evidence_set import Role, Shot
from edge.geometry import Polygon
from edge.masking import look, mask
from edge.picture import PAPER_BGR, Caption, annotate, fit, from_jpeg, jpeg, write
from edge.scenes.base import Mark
from edge.timeline import Span
from edge.timeline_strip import draw_timeline
from edge.timeline_text import WallTime, describe
from edge.types import Detections, Detector, Image

STRIP_PX = 56
STANDING_SCORE = 1.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same on all pictures of a zone."""

    place: str
    stream_name: str
    polygon_rel: Polygon
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Rendition:
    """One picture as it goes to the disk; `wall` is when it was taken, on the site's clock."""

    role: str
    jpeg: bytes
    wall: datetime


def renditions(
    role: Role, shot: Shot, setting: Setting, detector: Detector, spans: Sequence[Span] = ()
) -> list[Rendition]:
    """The picture as `role`, `role_original` and `role_masked`, in this order.

    The original is the shot's own bytes; the others are drawn on what it shows. With `spans` the
    dwell timeline stands below. The detector looks at the whole frame three times, for the mask.
    """
    wall = shot.wall.astimezone(setting.zone)
    caption = Caption(setting.place, setting.stream_name, role, shot.dwell_s, wall)
    image = from_jpeg(shot.jpeg)
    covered = mask(image, _with_marks(look(detector, image), shot.marks))
    below = _timeline(spans, WallTime(shot.ts, shot.wall, setting.zone), fit(image).shape[1])
    drawn, masked = (
        jpeg(np.vstack([annotate(fit(i), setting.polygon_rel, shot.marks, caption), *below]))
        for i in (image, covered)
    )
    return [
        Rendition(role, drawn, wall),
        Rendition(f"{role}_original", shot.jpeg, wall),
        Rendition(f"{role}_masked", masked, wall),
    ]


def _with_marks(seen: Detections, marks: Sequence[Mark]) -> Detections:
    """What stands is known to be a vehicle, also when this one picture does not show it so."""
    if not marks:
        return seen
    boxes = np.array([mark.box for mark in marks], dtype=np.float32)
    scores = np.full(len(marks), STANDING_SCORE, dtype=np.float32)
    return Detections(
        np.concatenate([seen.box_rel, boxes]),
        np.concatenate([seen.score, scores]),
        seen.name + ("vehicle",) * len(marks),
        seen.kind + ("vehicle",) * len(marks),
    )


def _timeline(spans: Sequence[Span], clock: WallTime, width_px: int) -> list[Image]:
    if not spans:
        return []
    words: Image = np.full((22, width_px, 3), PAPER_BGR, dtype=np.uint8)
    write(words, describe(spans, clock, "zh"), (8, 16), 15)
    strip = draw_timeline(spans, (width_px - 16, STRIP_PX), clock)
    edged = cv2.copyMakeBorder(strip, 0, 4, 8, 8, cv2.BORDER_CONSTANT, value=PAPER_BGR)
    return [words, np.asarray(edged, dtype=np.uint8)]
