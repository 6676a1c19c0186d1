"""Which pictures an incident is proved with, and of which moments. Pure.

Two moments are over when somebody asks for them: when the vehicle came, and how the empty lane with
its painted mark looked. They are kept from before, one JPEG each per zone, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.events import Stage
from edge.geometry import Polygon, share_inside
from edge.incident import Report
from edge.scenes.base import Mark, Reading
from edge.types import SCENE_KINDS, Detections, Frame, Image

Role = Literal[
    "arrival", "warned", "confirmed", "ongoing", "severity", "cleared", "context", "loudest"
]
"""What a picture shows. Each comes drawn on (`role`), untouched (`role_original`) and masked
(`role_masked`)."""

CONTEXT_EVERY_S = 60.0
IN_THE_WAY = SCENE_KINDS


@dataclass(frozen=True, slots=True)
class Shot:
    """One moment as the camera gave it: `jpeg` is the untouched picture in its own size.

    `marks` are what was judged in it, `dwell_s` how long it had stood then (None: nothing stood).
    """

    jpeg: bytes
    ts: float
    wall: datetime
    marks: tuple[Mark, ...] = ()
    dwell_s: float | None = None


def roles(stage: Stage, severity_changed: bool) -> tuple[Role, ...]:
    """Pictures that a report of this stage carries.

    The arrival comes with the warning; the context with the case, which is what needs it.
    """
    match stage:
        case "warned":
            return ("arrival", "warned")
        case "confirmed":
            return ("confirmed", "context")
        case "ongoing":
            return ("severity",) if severity_changed else ()
        case "cleared":
            return ("cleared",)


class EvidenceSet:
    """The pictures of one zone; `encode` makes a JPEG of a whole frame.

    Nothing of it outlives a restart: an incident that was warned of before has its arrival already,
    and of one that was not the first look after the restart stands in, with its dwell.
    """

    def __init__(self, polygon_rel: Polygon, encode: Callable[[Image], bytes]) -> None:
        self._polygon = polygon_rel
        self._encode = encode
        self._arrival: Shot | None = None
        self._context: Shot | None = None
        self._severity: str | None = None

    @property
    def held_bytes(self) -> int:
        """Memory taken by pictures that wait."""
        return sum(len(shot.jpeg) for shot in (self._arrival, self._context) if shot)

    def note(self, frame: Frame, reading: Reading, seen: Detections, idle: bool) -> None:
        """Every look, before its reports are told; `idle`: no occupation was running before it."""
        if reading.state == "occupied":
            if self._arrival is None or idle:
                since_ts = frame.ts if reading.since_ts is None else reading.since_ts
                self._arrival = self._shot(frame, reading.marks, frame.ts - since_ts)
        elif reading.state == "clear" and idle:
            self._arrival = None
            if self._context_due(frame) and not self._in_the_way(seen):
                self._context = self._shot(frame, (), None)

    def shots(self, report: Report, frame: Frame) -> list[tuple[Role, Shot]]:
        """The pictures of a report that is told of `frame`; one that nobody saw is left out."""
        wanted = roles(report.stage, report.reading.severity != self._severity)
        self._severity = None if report.stage == "cleared" else report.reading.severity
        found: list[tuple[Role, Shot]] = []
        for role in wanted:
            shot = self._of(role, report, frame)
            if shot is not None:
                found.append((role, shot))
        return found

    def _of(self, role: Role, report: Report, frame: Frame) -> Shot | None:
        match role:
            case "arrival":
                return self._arrival
            case "context":
                return self._context
            case _:
                return self._shot(frame, report.reading.marks, report.dwell_s)

    def _shot(self, frame: Frame, marks: tuple[Mark, ...], dwell_s: float | None) -> Shot:
        return Shot(self._encode(frame.image), frame.ts, frame.wall, marks, dwell_s)

    def _context_due(self, frame: Frame) -> bool:
        return self._context is None or frame.ts - self._context.ts >= CONTEXT_EVERY_S

    def _in_the_way(self, seen: Detections) -> bool:
        """Whether something that was seen touches the zone, standing or not."""
        for box, kind in zip(seen.box_rel.tolist(), seen.kind, strict=True):
            if kind in IN_THE_WAY and share_inside(tuple(box), self._polygon) > 0:
                return True
        return False
