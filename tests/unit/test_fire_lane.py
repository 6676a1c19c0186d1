"""The scene over drawn pictures: a car is a texture, the detector is a list."""

import numpy as np
import pytest

from edge.scenes.fire_lane import FireLane
from tests.factories import PARKED, detections, fire_lane, road, view

CAR = (PARKED, 0.6, "car")
HIDER = (0.25, 0.3, 0.65, 0.85)


def feed(scene, script):
    """Readings for rows of (from_s, to_s, picture, detections), one look a second."""
    readings = {}
    for first, last, picture, seen in script:
        for ts in range(first, last):
            readings[ts] = scene.update(view(float(ts), picture, seen))
    return readings


EMPTY = road()
PARKED_CAR = road((PARKED, 7))


def test_occupied_since_the_car_stopped_and_clear_once_it_left():
    got = feed(
        FireLane(fire_lane()),
        [(0, 20, EMPTY, None), (20, 60, PARKED_CAR, detections(CAR)), (60, 70, EMPTY, None)],
    )
    assert [got[t].state for t in (5, 19, 30, 59, 61)] == [
        "clear",
        "clear",
        "occupied",
        "occupied",
        "clear",
    ]
    assert got[30].since_ts == 19.5  # between the two looks
    assert not got[30].already_there
    assert got[30].measures.vehicles[0].class_ == "car"


def test_a_car_that_is_there_at_first_sight_says_so_even_when_detected_late():
    got = feed(
        FireLane(fire_lane()), [(0, 6, PARKED_CAR, None), (6, 30, PARKED_CAR, detections(CAR))]
    )
    assert got[20].already_there
    assert got[20].since_ts == 0


@pytest.mark.parametrize("light", [0.6, 1.0, 1.5])
def test_missed_detections_are_carried_by_the_look_in_any_light(light):
    dim = road((PARKED, 7), light=light)
    got = feed(
        FireLane(fire_lane()),
        [(0, 10, EMPTY, None), (10, 30, PARKED_CAR, detections(CAR)), (30, 90, dim, None)],
    )
    assert {got[t].state for t in range(20, 90)} == {"occupied"}


def test_something_in_front_is_unobserved_not_clear():
    hidden = road((PARKED, 7), (HIDER, 99))
    got = feed(
        FireLane(fire_lane()),
        [
            (0, 10, EMPTY, None),
            (10, 30, PARKED_CAR, detections(CAR)),
            (30, 60, hidden, None),
            (60, 90, PARKED_CAR, detections(CAR)),
        ],
    )
    assert {got[t].state for t in range(30, 60)} == {"unobserved"}
    assert {got[t].state for t in range(60, 90)} == {"occupied"}
    assert got[80].since_ts == 9.5


def test_moving_vehicles_never_count():
    scene = FireLane(fire_lane())
    for ts in range(60):
        x = 0.1 + 0.15 * (ts % 5)  # a stream of cars, each new one where the last one was 5 s ago
        box = (x, 0.45, x + 0.25, 0.8)
        seen = detections((box, 0.7, "car"))
        reading = scene.update(view(float(ts), road((box, 100 + ts)), seen))
        assert reading.state == "clear"


def test_a_flicker_of_the_class_is_the_same_vehicle():
    scene = FireLane(fire_lane())
    names = ["car", "truck", "bus"]
    for ts in range(40):
        seen = detections((PARKED, 0.35, names[ts % 3]))
        reading = scene.update(view(float(ts), PARKED_CAR, seen))
    assert reading.since_ts == 0
    assert len(reading.measures.vehicles) == 1


def test_a_vehicle_beside_the_lane_does_not_count():
    beside = (0.3, 0.05, 0.6, 0.53)  # its roof hangs over, its wheels stand above the lane
    got = feed(
        FireLane(fire_lane()), [(0, 30, road((beside, 7)), detections((beside, 0.9, "car")))]
    )
    assert got[29].state == "clear"


def test_people_are_not_vehicles():
    seen = detections((PARKED, 0.9, "person"), kind="person")
    got = feed(FireLane(fire_lane()), [(0, 30, PARKED_CAR, seen)])
    assert got[29].state == "clear"


def test_a_blind_camera_is_unobserved():
    scene = FireLane(fire_lane())
    feed(scene, [(0, 20, PARKED_CAR, detections(CAR))])
    reading = scene.update(view(21.0, None))
    assert (reading.state, reading.reason, reading.since_ts) == ("unobserved", "no signal", 0)


def test_after_a_restart_the_same_car_is_known_by_its_look():
    before = FireLane(fire_lane())
    feed(before, [(0, 10, EMPTY, None), (10, 40, PARKED_CAR, detections(CAR))])
    after = FireLane(fire_lane())
    after.load(before.dump(40.0), 1000.0 - 20.0)
    reading = after.update(view(1000.0, PARKED_CAR))
    assert (reading.state, reading.since_ts) == ("occupied", pytest.approx(949.5))


def test_after_a_restart_an_empty_lane_is_clear():
    before = FireLane(fire_lane())
    feed(before, [(0, 10, EMPTY, None), (10, 40, PARKED_CAR, detections(CAR))])
    after = FireLane(fire_lane())
    after.load(before.dump(40.0), 1000.0 - 20.0)
    assert after.update(view(1000.0, EMPTY)).state == "clear"


def test_a_car_that_was_there_from_the_start_is_gone_once_the_ground_stays_still():
    scene = FireLane(fire_lane())
    got = feed(scene, [(0, 60, PARKED_CAR, detections(CAR)), (60, 240, EMPTY, None)])
    assert got[80].state == "unobserved"
    assert got[239].state == "clear"
    first_clear = min(t for t in range(60, 240) if got[t].state == "clear")
    assert got[first_clear].clear_since_ts == 59.5


def test_a_ghost_of_the_detector_on_bare_ground_never_stands():
    scene = FireLane(fire_lane())
    states = set()
    for ts in range(120):
        seen = detections(CAR) if ts % 20 in (5, 6, 7, 8) else None
        states.add(scene.update(view(float(ts), EMPTY, seen)).state)
    assert states == {"clear"}


def test_a_faint_ghost_that_comes_in_bursts_never_stands():
    scene = FireLane(fire_lane())
    kerb = road((PARKED, 7))
    states = set()
    for ts in range(180):
        seen = detections((PARKED, 0.24, "car")) if ts % 12 < 7 else None
        states.add(scene.update(view(float(ts), kerb, seen)).state)
    assert states == {"clear"}


@pytest.mark.parametrize("by", [0.07, 0.11, 0.13])
def test_a_car_that_moves_on_a_little_leaves_when_it_leaves(by):
    there = (PARKED[0] + by, PARKED[1], PARKED[2] + by, PARKED[3])
    got = feed(
        FireLane(fire_lane()),
        [
            (0, 20, EMPTY, None),
            (20, 50, PARKED_CAR, detections(CAR)),
            (50, 90, road((there, 7)), detections((there, 0.6, "car"))),
            (90, 100, EMPTY, None),
        ],
    )
    assert {got[t].state for t in range(30, 90)} == {"occupied"}
    assert got[80].measures.vehicles[0].box == pytest.approx(there, abs=0.01)
    assert got[80].since_ts == 19.5
    first_clear = min(t for t in range(90, 100) if got[t].state == "clear")
    assert got[first_clear].clear_since_ts == 89.5


def test_a_car_that_rolls_in_and_out_stands_only_in_between():
    def at(share):
        box = (PARKED[0] - share * 0.3, PARKED[1], PARKED[2] - share * 0.3, PARKED[3])
        return road((box, 7)), detections((box, 0.6, "car"))

    scene, readings = FireLane(fire_lane()), {}
    for step in range(400):
        ts = step / 5
        away = max(0.0, (20 - ts) * 0.3, (ts - 60) * 0.3)
        picture, seen = (EMPTY, None) if away > 1 else at(away)
        readings[ts] = scene.update(view(ts, picture, seen))
    assert readings[40.0].since_ts == pytest.approx(20, abs=0.5)
    first_clear = min(ts for ts, r in readings.items() if ts > 60 and r.state == "clear")
    assert readings[first_clear].clear_since_ts == pytest.approx(60, abs=0.7)


def test_a_car_that_had_just_come_when_the_box_went_down_is_not_forgotten():
    before = FireLane(fire_lane())
    feed(before, [(0, 20, EMPTY, None), (20, 22, PARKED_CAR, detections(CAR))])
    after = FireLane(fire_lane())
    after.load(before.dump(22.0), 1000.0 - 15.0)
    for ts in range(1000, 1012):
        reading = after.update(view(float(ts), PARKED_CAR, detections(CAR)))
    assert (reading.state, reading.already_there) == ("occupied", False)
    assert reading.since_ts == pytest.approx(985 - 2.5)


def test_a_car_that_leaves_behind_a_crowd_is_gone_though_the_ground_was_never_seen():
    scene = FireLane(fire_lane())
    feed(scene, [(0, 60, PARKED_CAR, detections(CAR))])
    walker = (0.4, 0.35, 0.46, 0.8)
    states = {}
    for ts in range(60, 200):
        picture = road((walker, 5)) if ts % 4 == 0 else EMPTY  # nobody sees 25 s of it at a time
        states[ts] = scene.update(view(float(ts), picture)).state
    assert states[199] == "clear"


@pytest.mark.parametrize("shift_px", [2, 4])
def test_a_shaking_pole_does_not_lose_the_car(shift_px):
    scene = FireLane(fire_lane())
    feed(scene, [(0, 15, EMPTY, None)])
    for ts in range(15, 90):
        shaken = np.roll(PARKED_CAR, (ts % 3 - 1) * shift_px, axis=1)
        reading = scene.update(view(float(ts), shaken, detections(CAR) if ts < 30 else None))
    assert reading.state == "occupied"
    assert reading.since_ts == 14.5


OTHER = road((PARKED, 55))


def test_another_vehicle_after_an_outage_is_another_occupation():
    scene = FireLane(fire_lane())
    feed(scene, [(0, 20, EMPTY, None), (20, 60, PARKED_CAR, detections(CAR))])
    for ts in range(60, 90):
        scene.update(view(float(ts), None))
    readings = [scene.update(view(float(ts), OTHER, detections(CAR))) for ts in range(90, 110)]
    (replaced,) = [r.replaced_since_ts for r in readings if r.replaced_since_ts is not None]
    assert replaced == 61.5
    assert readings[-1].since_ts == pytest.approx(90, abs=3)


def test_two_vehicles_that_stood_behind_each_other_are_seen_to_have_left():
    behind = (0.38, 0.33, 0.68, 0.73)
    both = road((behind, 8), (PARKED, 7))
    got = feed(
        FireLane(fire_lane()),
        [
            (0, 20, EMPTY, None),
            (20, 60, both, detections(CAR, (behind, 0.6, "truck"))),
            (60, 70, EMPTY, None),
        ],
    )
    assert len(got[50].measures.vehicles) == 2
    assert got[65].state == "clear"


def test_the_same_vehicle_after_an_outage_is_the_same_occupation():
    scene = FireLane(fire_lane())
    feed(scene, [(0, 20, EMPTY, None), (20, 60, PARKED_CAR, detections(CAR))])
    for ts in range(60, 90):
        scene.update(view(float(ts), None))
    readings = [scene.update(view(float(ts), PARKED_CAR, detections(CAR))) for ts in range(90, 110)]
    assert {r.replaced_since_ts for r in readings} == {None}
    assert {r.since_ts for r in readings} == {19.5}


SECOND = (0.55, 0.6, 0.78, 0.95)


def test_several_vehicles_are_children_with_their_own_times():
    both = road((PARKED, 7), (SECOND, 8))
    scene = FireLane(fire_lane())
    got = feed(
        scene,
        [
            (0, 20, EMPTY, None),
            (20, 50, PARKED_CAR, detections(CAR)),
            (50, 90, both, detections(CAR, (SECOND, 0.6, "truck"))),
            (90, 120, road((SECOND, 8)), detections((SECOND, 0.6, "truck"))),
        ],
    )
    assert {got[t].state for t in range(30, 120)} == {"occupied"}
    first, second = got[110].measures.vehicles
    assert (first.class_, second.class_) == ("car", "truck")
    assert (first.since, first.left) == (view(19.5, None).wall, view(89.5, None).wall)
    assert (second.since, second.left) == (view(49.5, None).wall, None)
    over = feed(scene, [(120, 140, EMPTY, None)])[139]
    assert over.state == "clear"
    assert [v.left for v in over.measures.vehicles] == [view(t, None).wall for t in (89.5, 119.5)]
