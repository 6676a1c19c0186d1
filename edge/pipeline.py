"""The way of a frame: health → detect → zones → event with pictures → sink. One per stream."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge.camera_health import CameraHealth
from edge.config import Stream
from edge.observer import Observer, ZoneLook
from edge.patch import Grey
from edge.picture import luma
from edge.scenes.base import View, zone_region
from edge.scenes.gathering import Look, count_people
from edge.telling import Facts, Teller, Told, device_events
from edge.types import Box, Detections, Detector, Frame
from edge.zone import Decided, Zone


class Sink(Protocol):
    """Where events go: the outbox, or standard output in replay."""

    def put(self, told: Sequence[Told], state: Mapping[str, bytes]) -> None:
        """Keep events, their pictures and the state after them: all of it or nothing."""
        ...


OnPeople = Callable[[Frame, Mapping[str, Look]], None]


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who else wants to know: every look, and people by the place they are in."""

    observer: Observer | None = None
    ear: OnPeople | None = None


NOBODY = Watchers()


class StreamPipeline:
    """Everything that happens to the frames of one stream. Not for several threads."""

    def __init__(
        self,
        stream: Stream,
        facts: Facts,
        detector: Detector,
        sink: Sink,
        watchers: Watchers = NOBODY,
    ) -> None:
        self.stream = stream
        self._facts = facts
        self._detector = detector
        self._sink = sink
        self._watchers = watchers
        self._health = CameraHealth() if stream.watch_picture else None
        self._health_key = f"{stream.id}/camera"
        self._zones = [Zone(stream, params) for params in stream.picture_scenes]
        self._teller = Teller(stream, facts, detector)
        self.began = False
        """Whether an occupation began at the last frame: worth keeping at once."""

    def frame(self, frame: Frame) -> None:
        """Look at a frame; whatever was decided is with the sink when this returns."""
        self.began = False
        grey = luma(frame.image)
        suspended = self._suspended(grey, View(frame.ts, frame.wall))
        if suspended:
            self._all_blind(View(frame.ts, frame.wall, blind_reason=suspended))
            return
        seen: dict[Box, Detections] = {}
        looks = []
        for zone in self._zones:
            region = zone.scene.region_rel
            if region not in seen:
                seen[region] = self._detector.detect(frame.image, region)
            view = View(frame.ts, frame.wall, grey, seen[region])
            looks.append(self._look(zone, view, frame))
        self._count(frame, seen)
        if self._watchers.observer is not None:
            self._watchers.observer.looked(frame, looks)

    def _count(self, frame: Frame, seen: dict[Box, Detections]) -> None:
        """Who is where those scenes listen that want to know."""
        people: dict[str, Look] = {}
        for params in self.stream.sound_scenes:
            polygon = params.polygon_rel
            region = zone_region(polygon)
            if region not in seen:
                seen[region] = self._detector.detect(frame.image, region)
            people[params.place] = count_people(seen[region], polygon, frame.ts)
        if self._watchers.ear is not None:
            self._watchers.ear(frame, people)

    def _look(self, zone: Zone, view: View, frame: Frame) -> ZoneLook:
        assert view.detections is not None
        idle = zone.incident.phase == "idle"
        decided = zone.decide(view, self._facts.zone)
        zone.evidence.note(frame, decided.reading, view.detections, idle)
        self._tell(zone, decided, frame)
        self.began |= idle and zone.incident.phase != "idle"
        reports = tuple(marked.report for marked in decided.marked)
        place, polygon = zone.params.place, zone.params.polygon_rel
        dwell_s = zone.incident.dwell_s(view.ts)
        return ZoneLook(place, polygon, view.detections, decided.reading, reports, dwell_s)

    def _tell(self, zone: Zone, decided: Decided, frame: Frame) -> None:
        told = [self._teller.tell(zone, decided, marked, frame) for marked in decided.marked]
        if told:
            self._sink.put(told, {zone.key: zone.dump(frame.ts, frame.wall)})

    def blind(self, ts: float, wall: datetime, reason: str) -> None:
        """There is no picture at `ts`: the zones are unobserved, which is never clear."""
        view = View(ts, wall, blind_reason=reason)
        self._suspended(None, view)
        self._all_blind(view)

    def _all_blind(self, view: View) -> None:
        for zone in self._zones:
            zone.decide(view, self._facts.zone)

    def _suspended(self, grey: Grey | None, at: View) -> str:
        """Look at the camera itself, tell what changed; why judgement is suspended, or nothing."""
        if self._health is None:
            return ""
        changes = self._health.update(grey, at.ts, at.blind_reason)
        told = device_events(self._facts, self.stream.id, changes, at.ts, at.wall)
        if told:
            self._sink.put(told, {self._health_key: self._health.dump(at.ts)})
        return self._health.suspended

    @property
    def occupied(self) -> bool:
        """Whether an occupation is going on, told or not yet."""
        return any(zone.incident.phase != "idle" for zone in self._zones)

    def zone_state(self, ts: float, wall: datetime) -> dict[str, bytes]:
        """The small part of the state: what the zones know."""
        return {zone.key: zone.dump(ts, wall) for zone in self._zones}

    def state(self, ts: float, wall: datetime) -> dict[str, bytes]:
        """What must survive a restart."""
        zones = self.zone_state(ts, wall)
        camera = {self._health_key: self._health.dump(ts)} if self._health else {}
        return zones | camera

    def restore(self, load: Callable[[str], bytes | None], ts: float, wall: datetime) -> None:
        """Continue what was going on when the box went down."""
        for zone in self._zones:
            if (blob := load(zone.key)) is not None:
                zone.load(blob, ts, wall)
        blob = load(self._health_key)
        if self._health is not None and blob is not None:
            self._health.load(blob, ts)
