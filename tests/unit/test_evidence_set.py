"""Which pictures go with which report, by replaying readings."""

from datetime import timedelta

import numpy as np
import pytest

from edge.evidence_set import CONTEXT_EVERY_S, EvidenceSet, roles
from edge.incident import Incident
from edge.reopen import Birth
from edge.scenes.base import Mark, Reading
from edge.types import Frame
from tests.factories import PARKED, START, detections, fire_lane

NOTHING = detections()
MARK = Mark(PARKED, "car 0.60")


def encode(image):
    return bytes(image[0, 0, :1])


def frame(ts):
    image = np.full((2, 2, 3), int(ts) % 256, np.uint8)
    return Frame(image, float(ts), START + timedelta(seconds=ts))


class Zone:
    """An incident and its pictures; `go` plays readings, one a second."""

    def __init__(self):
        self.incident = Incident(fire_lane(ongoing_every_s=1000), 3.5)
        self.evidence = EvidenceSet(fire_lane().polygon_rel, encode)
        self.ts = 0
        self.told = []

    def go(self, seconds, state, since=None, severity="occupied", seen=NOTHING):
        for _ in range(seconds):
            marks = (MARK,) if state == "occupied" else ()
            reading = Reading(state, since_ts=since, severity=severity, marks=marks)
            idle = self.incident.phase == "idle"
            now = fire_lane().own_thresholds
            reports = self.incident.update(reading, float(self.ts), now, lambda _: Birth("x"))
            self.evidence.note(frame(self.ts), reading, seen, idle)
            for report in reports:
                shots = self.evidence.shots(report, frame(self.ts))
                self.told.append([(role, shot.ts, shot.dwell_s) for role, shot in shots])
            self.ts += 1


@pytest.mark.parametrize(
    ("stage", "changed", "wanted"),
    [
        ("warned", True, ("arrival", "warned")),
        ("confirmed", False, ("confirmed", "context")),
        ("confirmed", True, ("confirmed", "context")),
        ("ongoing", False, ()),
        ("ongoing", True, ("severity",)),
        ("cleared", False, ("cleared",)),
    ],
)
def test_roles_of_a_stage(stage, changed, wanted):
    assert roles(stage, changed) == wanted


def test_a_whole_life():
    zone = Zone()
    zone.go(10, "clear")
    zone.go(80, "occupied", since=8.0)
    zone.go(5, "occupied", since=8.0, severity="blocked")
    zone.go(20, "clear")
    assert zone.told == [
        [("arrival", 10.0, 2.0), ("warned", 28.0, 20.0)],
        [("confirmed", 68.0, 60.0), ("context", 0.0, None)],
        [("severity", 90.0, 82.0)],
        [("cleared", 105.0, 87.0)],
    ]


def test_the_untouched_picture_of_the_moment_is_kept():
    zone = Zone()
    zone.go(3, "clear")
    zone.go(10, "occupied", since=3.0)
    arrival = zone.evidence._arrival
    assert arrival.jpeg == bytes([3])
    assert arrival.marks == (MARK,)
    assert arrival.wall == START + timedelta(seconds=3)


def test_a_flicker_inside_an_occupation_keeps_the_first_arrival():
    zone = Zone()
    zone.go(5, "clear")
    zone.go(6, "occupied", since=5.0)
    zone.go(3, "clear")
    zone.go(3, "unobserved")
    zone.go(20, "occupied", since=5.0)
    assert zone.told[0][0] == ("arrival", 5.0, 0.0)


def test_the_next_vehicle_has_its_own_arrival():
    zone = Zone()
    zone.go(5, "clear")
    zone.go(6, "occupied", since=5.0)
    zone.go(15, "clear")
    zone.go(25, "occupied", since=26.0)
    assert zone.told[0][0] == ("arrival", 26.0, 0.0)


def test_a_vehicle_that_was_always_there_has_no_context():
    zone = Zone()
    zone.go(70, "occupied", since=0.0)
    assert [role for role, _, _ in zone.told[1]] == ["confirmed"]


@pytest.mark.parametrize("kind", ["vehicle", "person", "two_wheeler"])
def test_the_context_waits_until_nothing_stands_before_the_mark(kind):
    zone = Zone()
    zone.go(10, "clear", seen=detections((PARKED, 0.5, "x"), kind=kind))
    assert zone.evidence._context is None
    zone.go(1, "clear", seen=detections(((0.0, 0.0, 0.1, 0.1), 0.5, "x"), kind=kind))
    assert zone.evidence._context.ts == 10


def test_the_context_is_renewed_but_rarely():
    zone = Zone()
    taken = set()
    for _ in range(200):
        zone.go(1, "clear")
        taken.add(zone.evidence._context.ts)
    assert sorted(taken) == [0.0, CONTEXT_EVERY_S, 2 * CONTEXT_EVERY_S, 3 * CONTEXT_EVERY_S]


def test_memory_is_two_pictures_whatever_happens():
    zone = Zone()
    for since in range(0, 600, 60):
        zone.go(30, "clear")
        zone.go(30, "occupied", since=float(since + 30))
        assert zone.evidence.held_bytes <= 2


def test_after_a_restart_the_first_look_stands_in_for_the_arrival():
    zone = Zone()
    zone.go(5, "clear")
    zone.go(10, "occupied", since=5.0)
    zone.evidence = EvidenceSet(fire_lane().polygon_rel, encode)
    zone.go(20, "occupied", since=5.0)
    assert zone.told[0][0] == ("arrival", 15.0, 10.0)
