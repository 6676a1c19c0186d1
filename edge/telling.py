"""A report of a zone as it goes out: the event with its pictures."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from edge.alerting import Marked
from edge.config import Stream, rule_digest
from edge.events import (
    Clock,
    DeviceData,
    DeviceEvent,
    EvidenceRef,
    IncidentData,
    IncidentEvent,
    Model,
    Rule,
    Timeline,
    TimelineSpan,
    wire_time,
)
from edge.ids import uuid7
from edge.latches import Change
from edge.renditions import Rendition, Setting, renditions
from edge.timeline import Span
from edge.timeline_text import WallTime, describe
from edge.types import Detector, Frame
from edge.zone import Decided, Zone


@dataclass(frozen=True, slots=True)
class Picture:
    """One evidence picture and what the event says of it."""

    ref: EvidenceRef
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """One event with its pictures."""

    event: IncidentEvent | DeviceEvent
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class Facts:
    """What every event of this box says of the box."""

    site: str
    box: str
    zone: tzinfo
    model: Model
    clock: Callable[[], Clock]


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes the events of one stream."""

    stream: Stream
    facts: Facts
    detector: Detector

    def tell(self, zone: Zone, decided: Decided, marked: Marked, frame: Frame) -> Told:
        """The event of one report that is told of `frame`, and its pictures."""
        report = marked.report
        wall = wire_time(frame.wall.astimezone(self.facts.zone))
        clock = WallTime(frame.ts, wall, self.facts.zone)
        pictures = self._pictures(zone, decided, marked, frame)
        data = IncidentData(
            incident_id=report.incident_id,
            rev=report.rev,
            scene=zone.params.scene,
            stage=report.stage,
            severity=report.reading.severity,
            since=wire_time(wall - timedelta(seconds=frame.ts - report.since_ts)),
            dwell_s=round(report.dwell_s, 3),
            observed_s=round(report.observed_s, 3),
            already_there=report.already_there,
            restored=report.restored,
            reopened=report.reopened,
            mode=marked.mode,
            reached=marked.reached,
            suppressed_s=round(marked.suppressed_s, 3),
            suppressed_by=marked.suppressed_by,
            reason=report.reading.reason,
            measures=report.reading.measures,
            timeline=_timeline(decided.spans, clock),
            evidence=[picture.ref for picture in pictures],
            rule=self._rule(zone, decided),
            model=self.facts.model,
            clock=self.facts.clock(),
        )
        source = f"/{self.facts.site}/{self.facts.box}/{self.stream.id}"
        event = IncidentEvent(
            id=uuid7(frame.wall), source=source, time=wall, subject=zone.params.place, data=data
        )
        return Told(event, pictures)

    def _rule(self, zone: Zone, decided: Decided) -> Rule:
        thresholds = zone.params.thresholds(decided.force.thresholds)
        return Rule(digest=rule_digest(zone.params), thresholds=thresholds)

    def _pictures(
        self, zone: Zone, decided: Decided, marked: Marked, frame: Frame
    ) -> list[Picture]:
        shots = zone.evidence.shots(marked.report, frame)
        if marked.mode == "off_schedule":  # where standing is allowed nobody is photographed
            return []
        polygon = zone.params.polygon_rel
        setting = Setting(zone.params.place, self.stream.name, polygon, self.facts.zone)
        return [
            picture_of(rendition)
            for role, shot in shots
            for rendition in renditions(role, shot, setting, self.detector, decided.spans)
        ]


def device_events(
    facts: Facts, stream_id: str, changes: Sequence[Change[Any]], ts: float, wall: datetime
) -> list[Told]:
    """What is told at `ts`, `wall` of conditions of a camera or microphone that changed."""
    return [
        Told(_device_event(facts, stream_id, change, change.since_ts - ts, wall), [])
        for change in changes
    ]


def _device_event(
    facts: Facts, stream_id: str, change: Change[Any], since_s: float, wall: datetime
) -> DeviceEvent:
    now = wire_time(wall.astimezone(facts.zone))
    return DeviceEvent(
        id=uuid7(wall),
        source=f"/{facts.site}/{facts.box}/{stream_id}",
        time=now,
        subject=stream_id,
        data=DeviceData(
            condition=change.condition,
            state=change.state,
            since=wire_time(now + timedelta(seconds=since_s)),
            detail=change.detail,
        ),
    )


def picture_of(rendition: Rendition) -> Picture:
    """The picture with what an event says of it."""
    digest = hashlib.sha256(rendition.jpeg).hexdigest()
    taken_at: datetime = wire_time(rendition.wall)
    size = len(rendition.jpeg)
    ref = EvidenceRef(sha256=digest, role=rendition.role, bytes=size, taken_at=taken_at)
    return Picture(ref, rendition.jpeg)


def _timeline(spans: Sequence[Span], clock: WallTime) -> Timeline:
    return Timeline(
        spans=wire_spans(spans, clock),
        zh=describe(spans, clock, "zh")[:200],
        en=describe(spans, clock, "en")[:200],
    )


def wire_spans(spans: Sequence[Span], clock: WallTime) -> list[TimelineSpan]:
    """The last of the spans, as many as an event takes."""
    return [
        TimelineSpan(
            from_=wire_time(clock.at(span.from_ts)),
            to=wire_time(clock.at(span.to_ts)),
            state=span.state,
            coverage=span.coverage,
            score=span.score,
            reason=span.reason[:80],
        )
        for span in spans[-24:]
    ]
