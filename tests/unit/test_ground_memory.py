"""The empty ground: learned behind passers-by, kept under a vehicle, in the light of the day."""

import numpy as np
import pytest

from edge.patch import Canvas
from edge.scenes.ground_memory import GroundMemory
from edge.types import FULL_FRAME, Box

PLACE: Box = (0.25, 0.25, 0.75, 0.75)
GROUND, PERSON, CAR = 100.0, 30.0, 180.0


def canvas(level: float = GROUND, inside: float | None = None) -> Canvas:
    """A street of one grey level, with something at PLACE."""
    plane = np.full((40, 80), level, np.float32)
    if inside is not None:
        plane[10:30, 20:60] = inside
    return Canvas(plane, FULL_FRAME)


def test_ground_behind_passers_by_is_learned():
    ground = GroundMemory()
    for second in range(60):
        passing = second % 4 == 0  # nobody sees more than 3 s of it at a time
        ground.update(canvas(inside=PERSON if passing else None), [], [], float(second))
    known = ground.at(PLACE)
    assert known is not None
    assert known.mean() == pytest.approx(GROUND, abs=2)


def test_what_was_never_seen_empty_is_not_known():
    ground = GroundMemory()
    for second in range(30):
        ground.update(canvas(inside=CAR), [PLACE], [], float(second))
    assert ground.at(PLACE) is None


@pytest.mark.parametrize("light", [0.5, 1.6])
def test_the_ground_under_a_vehicle_follows_the_light(light):
    ground = GroundMemory()
    for second in range(10):
        ground.update(canvas(), [], [], float(second))
    for second in range(10, 60):
        gain = light if second >= 30 else 1.0
        now = canvas(GROUND * gain, CAR * gain)
        ground.follow_light(now)
        ground.update(now, [PLACE], [], float(second))
    known = ground.at(PLACE)
    assert known is not None
    assert known.mean() == pytest.approx(GROUND * light, rel=0.03)


def test_a_person_who_stands_there_is_not_learned():
    ground = GroundMemory()
    for second in range(60):
        there = second >= 20
        people = [PLACE] if there else []
        ground.update(canvas(inside=PERSON if there else None), [], people, float(second))
    known = ground.at(PLACE)
    assert known is not None
    assert known.mean() == pytest.approx(GROUND, abs=2)
