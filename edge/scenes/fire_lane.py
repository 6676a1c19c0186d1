"""Fire-lane occupancy (消防通道占用): the zone owns the clock.

A lane must stay clear (消防法 §28; clear width 4.0 m: GB 55037-2022 3.4.5).
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field, model_validator

from edge.blocks import Closed, Number, fault_at
from edge.clear_width import LaneMeter
from edge.events import Interval, Measures, VehicleSeen, wire_time
from edge.force import Thresholds
from edge.geometry import covered_share, ground_contact, sample_grid
from edge.ground import GroundPlane as Plane
from edge.scenes.base import Mark, Reading, SceneParams, View, zone_region
from edge.scenes.spot import Spot
from edge.scenes.spot_state import spot_from_json, spot_to_json
from edge.scenes.standing import StandingVehicles
from edge.severity import SeverityFilter


class GroundPlane(Closed):
    """Four points of the picture and where they are on the ground, in metres."""

    image: list[tuple[float, float]] = Field(
        min_length=4, max_length=4, description="four points, fractions 0-1 of the frame"
    )
    metres: list[tuple[float, float]] = Field(
        min_length=4, max_length=4, description="the same four points on the ground, metres"
    )


class Params(SceneParams):
    """The block `scene: fire_lane` of streams.yaml."""

    scene: Literal["fire_lane"] = Field(description="the rule: fire_lane")
    ground: GroundPlane | None = Field(None, description="enables widths in metres")
    required_width_m: Number = Field(
        4.0, gt=0, le=20, description="clear width the law asks for (GB 55037-2022 3.4.5: 4.0 m)"
    )
    blocked_after_s: Number = Field(
        120, gt=0, le=86_400, description="surely too narrow for so long = blocked (堵塞)"
    )

    @model_validator(mode="after")
    def _ground_fits(self) -> "Params":
        try:
            if plane := self.plane():
                plane.check_zone(self.polygon_rel)
        except ValueError as fault:
            raise fault_at(("ground",), str(fault)) from None
        return self

    def plane(self) -> Plane | None:
        """The ground in metres, if its four points are given; ValueError if they are unusable."""
        if self.ground is None:
            return None
        return Plane.from_points(self.ground.image, self.ground.metres)

    def thresholds(self, now: Thresholds) -> dict[str, float]:
        widths = {
            "required_width_m": self.required_width_m,
            "blocked_after_s": self.blocked_after_s,
        }
        return super().thresholds(now) | (widths if self.ground else {})


class FireLane:
    """Watches one lane segment."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self.region_rel = zone_region(params.polygon_rel)
        self._standing = StandingVehicles(params.polygon_rel, self.region_rel)
        self._ruler = sample_grid(params.polygon_rel)
        self._meter: LaneMeter | None = None
        self._severity = self._fresh_severity()
        self._wall_at = (0.0, datetime.min.replace(tzinfo=UTC))

    def update(self, view: View) -> Reading:
        self._wall_at = (view.ts, view.wall)
        if view.grey is None or view.detections is None:
            return self._held(view.blind_reason)
        height, width = view.grey.shape
        if self._meter is None and (plane := self._params.plane()):
            self._meter = LaneMeter(plane, self._params.polygon_rel, width / height)
        before = self._standing.standing()
        self._standing.update(view.grey, view.detections, view.ts)
        spots = self._standing.standing()
        if not spots:
            return self._clear(before)
        if all(spot.status == "hidden" for spot in spots):
            return self._held("hidden by something in front")
        if all(spot.status in ("hidden", "compare") for spot in spots):
            return self._held("compared with the vehicle that stood here")
        return self._occupied(spots, view)

    def _occupied(self, spots: list[Spot], view: View) -> Reading:
        assert view.detections is not None
        measures = self._measures(spots)
        two_wheelers = self._standing.count("two_wheeler", view.detections)
        return Reading(
            "occupied",
            since_ts=spots[0].since_ts,
            replaced_since_ts=self._standing.replaced_since_ts,
            severity=self._severity.update(measures.clear_width_m, view.ts),
            measures=measures.model_copy(update={"two_wheelers": two_wheelers}),
            marks=_marks(spots),
            already_there=spots[0].already_there,
            alike=self._standing.is_back(spots[0]),
        )

    def _fresh_severity(self) -> SeverityFilter:
        return SeverityFilter(self._params.required_width_m, self._params.blocked_after_s)

    def _clear(self, before: list[Spot]) -> Reading:
        """Clear since the last vehicle was out of sight, if that was earlier than it is known."""
        left = [*self._standing.left, *before]
        last = max(left, key=lambda s: s.shown_ts, default=None)
        self._standing.begin_anew()
        self._severity = self._fresh_severity()
        return Reading(
            "clear",
            clear_since_ts=last.left_ts if last else None,
            replaced_since_ts=self._standing.replaced_since_ts,
            measures=Measures(coverage=0.0, vehicles=self._children(self._standing.last_gone)),
        )

    def _held(self, reason: str) -> Reading:
        spots = self._standing.standing()
        return Reading(
            "unobserved",
            since_ts=spots[0].since_ts if spots else None,
            replaced_since_ts=self._standing.replaced_since_ts,
            severity=self._severity.update(None, self._wall_at[0]),
            measures=self._measures(spots),
            marks=_marks(spots),
            already_there=bool(spots) and spots[0].already_there,
            reason=reason,
        )

    def _measures(self, spots: list[Spot]) -> Measures:
        children = self._children([*self._standing.left, *spots])
        if self._meter is None or not spots:
            coverage = covered_share(self._ruler, [ground_contact(s.steady_box) for s in spots])
            return Measures(coverage=round(coverage, 3), vehicles=children)
        use = self._meter.measure([(s.name, s.steady_box) for s in spots])
        width_m = Interval(**{k: round(v, 2) for k, v in use.clear_width_m.model_dump().items()})
        coverage = min(1.0, round(use.coverage, 3))
        return Measures(coverage=coverage, clear_width_m=width_m, vehicles=children)

    def _children(self, spots: list[Spot]) -> list[VehicleSeen]:
        return [self._child(spot) for spot in spots[-32:]]

    def _child(self, spot: Spot) -> VehicleSeen:
        gone = spot in self._standing.left or spot in self._standing.last_gone
        return VehicleSeen(
            class_=spot.name,
            score=round(spot.score, 3),
            box=_rounded(spot.box),
            since=self._wall(spot.since_ts),
            left=self._wall(spot.left_ts) if gone else None,
            restored=spot.restored,
        )

    def _wall(self, ts: float) -> datetime:
        now_ts, wall = self._wall_at
        return wire_time(wall - timedelta(seconds=now_ts - ts))

    def dump(self, ts: float) -> bytes:
        state = {
            "spots": [spot_to_json(s, ts) for s in self._standing.spots],
            "left": [spot_to_json(s, ts) for s in self._standing.left[-16:]],
            "gone": [spot_to_json(s, ts) for s in self._standing.last_gone],
            "severity": self._severity.dump(),
        }
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        state = json.loads(blob)
        if "spots" not in state:
            return  # a dump of an earlier version: what stands there is found anew
        self._standing.spots = [spot_from_json(item, ts) for item in state["spots"]]
        self._standing.left = [spot_from_json(item, ts) for item in state["left"]]
        self._standing.last_gone = [spot_from_json(item, ts) for item in state["gone"]]
        self._severity.load(state["severity"])


def _marks(spots: list[Spot]) -> tuple[Mark, ...]:
    return tuple(Mark(s.box, f"{s.name} {s.score:.2f} {s.status}") for s in spots)


def _rounded(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (round(min(1.0, max(0.0, v)), 4) for v in box)
    return (x1, y1, x2, y2)
