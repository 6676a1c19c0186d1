"""A day that is about equally loud from end to end is one of gain control."""

import math

import pytest

from edge.sound import gain_watch
from edge.sound.frames import Invalid
from edge.sound.gain_watch import GainWatch
from tests.dances import frame

DAY_S = 24 * 60


@pytest.fixture(autouse=True)
def _hours_of_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gain_watch, "HOUR_S", 60.0)


def lived(swing_db: float, seconds: int, invalid: Invalid = Invalid.NONE) -> GainWatch:
    """A watch after so many seconds, whose level swings by so much over the day."""
    watch = GainWatch()
    for ts in range(seconds):
        level_db = 60 + swing_db / 2 * math.sin(2 * math.pi * ts / DAY_S)
        watch.doubt(frame(float(ts), level_db, invalid))
    return watch


@pytest.mark.parametrize(
    ("swing_db", "seconds", "suspected"),
    [(10, DAY_S + 1, True), (30, DAY_S + 1, False), (10, DAY_S // 2, False)],
)
def test_a_day(swing_db: float, seconds: int, suspected: bool) -> None:
    assert lived(swing_db, seconds).suspected is suspected


def test_a_second_of_a_suspected_microphone_counts_for_nothing() -> None:
    second = lived(10, DAY_S + 1).doubt(frame(DAY_S + 1.0, 80))
    assert Invalid.GAIN_CONTROL in second.invalid
    assert lived(30, DAY_S + 1).doubt(frame(DAY_S + 1.0, 80)).valid


def test_a_day_that_is_loud_and_soft_again_clears_the_suspicion() -> None:
    watch = lived(10, DAY_S + 1)
    for ts in range(DAY_S + 1, 2 * DAY_S):
        watch.doubt(frame(float(ts), 40 if ts % 2 else 75))
    assert not watch.suspected


@pytest.mark.parametrize("invalid", [Invalid.GAP, Invalid.DEAD, Invalid.PLAYBACK])
def test_what_was_not_heard_is_no_day(invalid: Invalid) -> None:
    assert not lived(0, DAY_S + 1, invalid).suspected


def test_a_quiet_night_below_the_range_counts_as_quiet() -> None:
    assert lived(10, DAY_S + 1, Invalid.UNDER_RANGE).suspected


def test_a_gap_of_days_is_passed_over() -> None:
    watch = lived(10, DAY_S + 1)
    assert watch.doubt(frame(10.0 * DAY_S, 60)).valid
