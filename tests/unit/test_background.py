"""The background, and how it is taken out of a level."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sound.background import (
    BackgroundRule,
    Backgrounds,
    corrected_db,
    correction_db,
)
from tests.dances import frame

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("difference_db", "table_db", "energy_db"),
    [
        (3, -3, -3.02),
        (3.49, -3, -2.58),
        (3.5, -2, -2.57),
        (4, -2, -2.20),
        (5, -2, -1.65),
        (6, -1, -1.26),
        (7, -1, -0.97),
        (8, -1, -0.75),
        (9, -1, -0.58),
        (10, -1, -0.46),
        (10.4, -1, -0.41),
        (10.5, 0, -0.41),
        (20, 0, -0.04),
    ],
)
def test_both_tables_of_correction(difference_db: float, table_db: float, energy_db: float) -> None:
    assert correction_db(difference_db, "gb_table") == table_db
    assert correction_db(difference_db, "energy") == pytest.approx(energy_db, abs=0.01)


@pytest.mark.parametrize("difference_db", [2.99, 2, 0, -5])
def test_under_3_db_nothing_can_be_said(difference_db: float) -> None:
    assert corrected_db(60 + difference_db, 60, "gb_table") is None
    assert corrected_db(60 + difference_db, 60, "energy") is None


@given(st.floats(3.001, 40), st.floats(30, 80))
def test_energy_gives_back_what_was_mixed(difference_db: float, background_db: float) -> None:
    corrected = corrected_db(background_db + difference_db, background_db, "energy")
    assert corrected is not None
    mixed = 10 * math.log10(10 ** (corrected / 10) + 10 ** (background_db / 10))
    assert mixed == pytest.approx(background_db + difference_db, abs=1e-6)


@given(st.floats(3.001, 30), st.floats(0, 5), st.sampled_from(["gb_table", "energy"]))
def test_a_louder_level_is_louder_without_its_background_too(
    difference_db: float, more_db: float, mode: str
) -> None:
    soft = corrected_db(60 + difference_db, 60, mode)  # type: ignore[arg-type]
    loud = corrected_db(60 + difference_db + more_db, 60, mode)  # type: ignore[arg-type]
    assert soft is not None
    assert loud is not None
    assert loud >= soft


def collected(levels_db: list[float], start_ts: float = 0.0, **rule: object) -> Backgrounds:
    backgrounds = Backgrounds(BackgroundRule(**rule))  # type: ignore[arg-type]
    for second, level_db in enumerate(levels_db):
        wall = NOON + timedelta(seconds=start_ts + second)
        backgrounds.add(frame(start_ts + second, level_db), wall)
    return backgrounds


def test_a_passing_car_lifts_the_mean_and_not_the_l90() -> None:
    street = [50.0] * 90 + [70.0] * 10
    mean = collected(street).before(102)
    quietest = collected(street, quantity="l90").before(102)
    assert mean is not None
    assert quietest is not None
    assert mean.level_db == pytest.approx(60.4, abs=0.1)
    assert quietest.level_db == pytest.approx(50)


def test_only_the_half_hour_before_the_music_counts() -> None:
    backgrounds = collected([70.0] * 1000 + [50.0] * 1900)
    found = backgrounds.before(2900)
    assert found is not None
    assert found.level_db == pytest.approx(50)
    assert found.heard_s == pytest.approx(1798)


def test_what_is_next_to_the_music_and_after_it_is_no_background() -> None:
    backgrounds = collected([50.0] * 98 + [70.0] * 60)
    found = backgrounds.before(100)
    assert found is not None
    assert found.level_db == pytest.approx(50)


@pytest.mark.parametrize(("seconds", "known"), [(59, False), (60, True)])
def test_too_little_is_no_background(seconds: int, known: bool) -> None:
    assert (collected([50.0] * seconds).before(200) is not None) == known


def test_an_hour_needs_ten_quiet_minutes_to_be_a_baseline() -> None:
    for seconds, known in ((599, False), (600, True)):
        backgrounds = collected([50.0] * seconds)
        backgrounds.add(frame(3600, 50), NOON + timedelta(hours=1))
        tomorrow = NOON + timedelta(days=1)
        assert (backgrounds.same_hour(90_000, tomorrow) is not None) == known


def test_baselines_age_and_survive_a_restart() -> None:
    backgrounds = collected([50.0] * 700)
    backgrounds.add(frame(3600, 50), NOON + timedelta(hours=1))
    again = Backgrounds(BackgroundRule())
    again.load(backgrounds.dump())
    for days, known in ((1, True), (14, True), (15, False)):
        assert (again.same_hour(0, NOON + timedelta(days=days)) is not None) == known
    assert again.same_hour(0, NOON + timedelta(days=1, hours=3)) is None
