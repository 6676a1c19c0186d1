"""Vehicles that stand in a zone, found by place and look rather than by a track's number.

A spot is a place where a vehicle stands. It is born from a detection, fills by detections at the
same place, is carried through missed ones by how it looks, and ends when the ground behind it is
seen again. Nothing here knows how often pictures come: all times are seconds.
"""

import math
from dataclasses import dataclass

import numpy as np

from edge.geometry import Polygon, ground_contact, iou, overlap_of_smaller, share_inside
from edge.patch import PAD, Blocks, Canvas, Grey, alike, canvas_of, core, take, visible_blocks
from edge.scenes.glance import SAME_CORRELATION, Glance, same_thing
from edge.scenes.ground_memory import GroundMemory
from edge.scenes.rolling import Sighting, between, has_rolled
from edge.scenes.spot import Spot, arrived, evidence_of
from edge.types import Box, Detections

SUSTAIN_SCORE = 0.2
"""A weak detection says little alone but much at a place where a vehicle was seen before."""
MIN_INSIDE = 0.3
"""Share of the ground contact that must lie in the zone; a grazing wheel is not an occupation."""
SAME_PLACE_IOU = 0.5
ROLLED_ON_IOU = 0.35
"""A standing vehicle that has moved on by up to half its length is known again by its look."""
SAME_VEHICLE = 0.6
"""Of two boxes that share so much of the smaller one, one shows the vehicle better."""
POOR_SHARE = 0.6
RECENTRE_S = 10.0
ARRIVAL_BOXES = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """One vehicle detected in the zone."""

    box: Box
    score: float
    name: str


class StandingVehicles:
    """All spots of one zone. `update` takes every picture, in order of time."""

    def __init__(self, polygon: Polygon, region: Box) -> None:
        self._polygon = polygon
        self._region = region
        self._ground = GroundMemory()
        self._first: tuple[float, Canvas] | None = None
        self._next_number = 1
        self._looked_ts: float | None = None
        self.spots: list[Spot] = []
        self.left: list[Spot] = []
        """Vehicles of this occupation that have left."""
        self.last_gone: list[Spot] = []
        """Those of the occupation before."""
        self.replaced_since_ts: float | None = None
        """Set for one update: all that stood here left while nobody looked, at the latest then."""

    def update(self, picture: Grey, detections: Detections, ts: float) -> None:
        """Take one grey frame (H, W) and what was detected in it."""
        canvas = canvas_of(picture, self._region)
        if self._first is None:
            self._first = (ts, canvas)
        self._follow_light(canvas)
        free = self._in_zone(detections)
        self.replaced_since_ts = None
        people = _boxes_of(detections, "person")
        for spot in sorted(self.spots, key=lambda s: s.since_ts):
            # What is not in sight itself hides nothing.
            others = [s.box for s in self.standing() if s is not spot and s.status != "hidden"]
            where = visible_blocks(spot.box, people + others)
            glance = Glance(take(canvas, spot.box), where, ts, self._ground.at(spot.box))
            self._look_at(spot, free, canvas, glance)
        self._replace_strangers(canvas, ts)
        self._retire()
        self.spots += [self._born(s, canvas, ts) for s in free if not self._known(s.box)]
        taken = [s.box for s in self.spots] + _boxes_of(detections, "vehicle")
        self._ground.update(canvas, taken, people, ts)
        self._looked_ts = ts

    def standing(self) -> list[Spot]:
        """Spots where a vehicle stands, seen or not, earliest first."""
        return sorted((s for s in self.spots if s.standing), key=lambda s: s.since_ts)

    def begin_anew(self) -> None:
        """The zone is clear: who comes now belongs to another occupation, if it lasts."""
        if self.left:
            self.last_gone, self.left = self.left, []

    def is_back(self, spot: Spot) -> bool:
        """Whether it is one of those that stood here in the occupation before."""
        padded = np.pad(spot.look, PAD, mode="edge")
        return any(alike(padded, old.look, least=SAME_CORRELATION) for old in self.last_gone)

    def count(self, kind: str, detections: Detections) -> int:
        """How many things of a kind have enough of their ground contact in the zone."""
        return sum(
            share_inside(ground_contact(box), self._polygon) >= MIN_INSIDE
            for box in _boxes_of(detections, kind)
        )

    def _follow_light(self, canvas: Canvas) -> None:
        gain = np.float32(self._ground.follow_light(canvas))
        for spot in self.spots:
            spot.look = spot.look * gain
            spot.ground = None if spot.ground is None else spot.ground * gain
            spot.other = None if spot.other is None else spot.other * gain

    def _in_zone(self, detections: Detections) -> list[Seen]:
        """Vehicles with enough of their ground contact in the zone, best first."""
        found = [
            seen
            for seen in _of_kind(detections, "vehicle")
            if share_inside(ground_contact(seen.box), self._polygon) >= MIN_INSIDE
        ]
        return [seen for seen in found if not any(_outshines(other, seen) for other in found)]

    def _look_at(self, spot: Spot, free: list[Seen], canvas: Canvas, glance: Glance) -> None:
        """Let a spot take the detection at its place, or judge it by its look."""
        was_standing = spot.standing
        best = max(free, key=lambda seen: iou(seen.box, spot.box), default=None)
        if best is None or not _is_of(spot, best, canvas):
            spot.missed(glance)
            return
        free.remove(best)
        spot.detected(glance, best.score, best.box)
        spot.score, spot.name = _steady(spot, best)
        if spot.standing and not was_standing:
            self._stand(spot, canvas)
        elif spot.nudged:
            self._settle_at_last_boxes(spot, canvas)
        elif spot.standing and spot.status == "seen" and spot.away_since_ts is None:
            self._recentre(spot, best, canvas, glance.where)

    def _recentre(self, spot: Spot, seen: Seen, canvas: Canvas, where: Blocks) -> None:
        """Follow the detector's box and what is in sight slowly, whatever the rate of pictures."""
        step_s = (
            min(spot.looked_ts - self._looked_ts, RECENTRE_S)
            if self._looked_ts is not None
            else 0.0
        )
        share = 1 - math.exp(-step_s / RECENTRE_S)
        x1, y1, x2, y2 = (a + share * (b - a) for a, b in zip(spot.box, seen.box, strict=True))
        spot.box = (x1, y1, x2, y2)
        if not spot.strange:
            now = core(take(canvas, spot.box))
            spot.look = spot.look + np.float32(share) * where * (now - spot.look)

    def _settle_at_last_boxes(self, spot: Spot, canvas: Canvas) -> None:
        boxes = [seen.box for seen in spot.arrival][-ARRIVAL_BOXES:]
        x1, y1, x2, y2 = np.median(np.array(boxes), axis=0).tolist()
        spot.box = (x1, y1, x2, y2)
        spot.look, spot.ground = core(take(canvas, spot.box)), self._ground.at(spot.box)
        spot.strange, spot.away_since_ts = 0, None
        spot.boxes.clear()
        spot.boxes.extend(boxes)

    def _stand(self, spot: Spot, canvas: Canvas) -> None:
        """A candidate has proved to stand: where its last boxes are, since they are there."""
        self._settle_at_last_boxes(spot, canvas)
        if not spot.already_there:
            spot.since_ts = arrived(spot)
        spot.arrival.clear()
        spot.number, self._next_number = self._next_number, self._next_number + 1
        if spot.ground is not None and not spot.distinct:
            # Taken for ground while it was not detected: nothing is known of the ground there.
            self._ground.forget(spot.box)
            spot.ground = None

    def _replace_strangers(self, canvas: Canvas, ts: float) -> None:
        """Another vehicle stands where one stood before a gap: the old one left in the gap."""
        strangers = [spot for spot in self.spots if spot.replaced]
        if not strangers:
            return
        kept = [s for s in self.standing() if s not in strangers]
        if not kept:
            self.replaced_since_ts = max(between(s.shown_ts, s.strange_since_ts) for s in strangers)
        for old in strangers:
            self.left.append(old)
            new = self._born(Seen(old.box, old.score, old.name), canvas, ts)
            new.arrival.appendleft(Sighting(old.strange_since_ts, old.strange_since_ts, old.box))
            new.since_ts, new.ground, new.already_there = old.strange_since_ts, old.ground, False
            self.spots[self.spots.index(old)] = new

    def _retire(self) -> None:
        self.left += [s for s in self.spots if s.forgotten and s.standing]
        self.spots = [s for s in self.spots if not s.forgotten]

    def _known(self, box: Box) -> bool:
        """Whether the box shows a part, or more than the whole, of a vehicle that stands here."""
        return any(overlap_of_smaller(box, s.box) >= SAME_VEHICLE for s in self.standing())

    def _born(self, seen: Seen, canvas: Canvas, ts: float) -> Spot:
        look = core(take(canvas, seen.box))
        ground = self._ground.at(seen.box)
        spot = Spot(seen.box, seen.name, seen.score, ts, ts, ts, look, ground)
        spot.evidence, spot.shown_ts, spot.looked_ts = evidence_of(seen.score), ts, ts
        spot.in_place_ts = ts
        sighting = Sighting(ts if self._looked_ts is None else self._looked_ts, ts, seen.box)
        spot.since_ts = sighting.begin_ts
        spot.arrival.append(sighting)
        if self._first is not None and self._was_there_first(spot):
            spot.since_ts, spot.already_there = self._first[0], True
        return spot

    def _was_there_first(self, spot: Spot) -> bool:
        """Whether the very first picture shows it, and the place was never seen empty since."""
        assert self._first is not None
        if spot.ground is not None and not same_thing(spot.look, spot.ground):
            return False
        return alike(take(self._first[1], spot.box), spot.look)


def _is_of(spot: Spot, seen: Seen, canvas: Canvas) -> bool:
    """Whether a detection shows the vehicle of this spot: in place, or moved on a little."""
    shared = iou(seen.box, spot.box)
    if shared >= SAME_PLACE_IOU:
        return True
    rolled_on = spot.standing and shared >= ROLLED_ON_IOU and has_rolled(seen.box, spot.box)
    return rolled_on and alike(take(canvas, seen.box), spot.look, least=SAME_CORRELATION)


def _outshines(one: Seen, other: Seen) -> bool:
    """Whether `other` is a poor second box of the vehicle that `one` shows well."""
    same = overlap_of_smaller(one.box, other.box) >= SAME_VEHICLE
    return same and other.score < POOR_SHARE * one.score


def _boxes_of(detections: Detections, kind: str) -> list[Box]:
    return [seen.box for seen in _of_kind(detections, kind)]


def _of_kind(detections: Detections, kind: str) -> list[Seen]:
    rows = zip(
        detections.box_rel.tolist(),
        detections.score.tolist(),
        detections.name,
        detections.kind,
        strict=True,
    )
    return [
        Seen((box[0], box[1], box[2], box[3]), score, name)
        for box, score, name, its_kind in rows
        if its_kind == kind and score >= SUSTAIN_SCORE
    ]


def _steady(spot: Spot, seen: Seen) -> tuple[float, str]:
    """Score and class over time: a flicker car-truck-bus is one vehicle, named by its best look."""
    score = 0.9 * spot.score + 0.1 * seen.score
    return score, seen.name if seen.score > spot.score else spot.name
