"""Properties of the sound core: block size, merging, percentiles, gain."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.sound.bands import BandBank, plan_bands
from edge.sound.filters import Cascade, Detector
from edge.sound.frames import SecondFrame, laeq_db
from edge.sound.level import Meter, MeterSetup
from edge.sound.measure import ChainDesign
from edge.sound.statistics import Energy, Percentiles, equivalent_db
from edge.sound.weighting import design

RATE_HZ = 8000
NOISE = np.random.default_rng(7).normal(0, 0.05, round(3.3 * RATE_HZ))
DESIGN = ChainDesign.at(RATE_HZ)

cuts = st.lists(st.integers(1, len(NOISE) - 1), max_size=30, unique=True).map(sorted)
levels = st.floats(-40, 140)


def blocks(sound: NDArray[np.float64], at: list[int]) -> list[NDArray[np.float64]]:
    return np.split(sound, at)


def numbers(frame: SecondFrame) -> list[float]:
    return [
        *(frame.ts, frame.measured_s, frame.laeq_db, frame.lceq_db, frame.lafmax_db),
        *(frame.lafmin_db, frame.lasmax_db, frame.lcpeak_db, frame.beyond_db),
        *(*frame.laf_db, *frame.bands_db),
    ]


@given(cuts)
@settings(max_examples=40, deadline=None)
def test_the_meter_does_not_see_the_blocks(at: list[int]) -> None:
    meter = Meter(DESIGN, MeterSetup(114.0))
    whole = meter.push(NOISE, 0.0) + meter.finish()
    meter = Meter(DESIGN, MeterSetup(114.0))
    parts: list[SecondFrame] = []
    done = 0
    for block in blocks(NOISE, at):
        parts += meter.push(block, done / RATE_HZ)
        done += len(block)
    parts += meter.finish()
    assert len(parts) == len(whole) == 4
    for one, other in zip(parts, whole, strict=True):
        assert numbers(one) == numbers(other)
        assert one.invalid == other.invalid


@pytest.mark.parametrize("size", [1, 160, 4800])
def test_filters_do_not_see_the_blocks(size: int) -> None:
    rate_hz = 48000
    sound = np.random.default_rng(8).normal(0, 0.1, 9600) ** 2
    for make in (
        lambda: Cascade(design("A", rate_hz)),
        lambda: Cascade(design("C", rate_hz)),
        lambda: Detector(0.125, rate_hz),
    ):
        parts = make()
        out = np.concatenate([parts.run(sound[i : i + size]) for i in range(0, 9600, size)])
        assert np.abs(out - make().run(sound)).max() <= 1e-9


@given(cuts)
@settings(max_examples=25, deadline=None)
def test_bands_do_not_see_the_blocks(at: list[int]) -> None:
    plan = plan_bands(RATE_HZ)
    whole, count = BandBank(plan).run(NOISE)
    bank = BandBank(plan)
    parts = [bank.run(block) for block in blocks(NOISE, at)]
    assert sum(part for part, _ in parts) == pytest.approx(whole, rel=1e-9)
    assert sum(part for _, part in parts) == pytest.approx(count)


@given(st.lists(st.tuples(levels, st.floats(0.01, 100)), min_size=1, max_size=40), st.data())
def test_merged_windows_are_one_window(
    parts: list[tuple[float, float]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(parts)))
    whole = equivalent_db(parts)
    sides = [sum((Energy.of(*p) for p in side), Energy()) for side in (parts[:cut], parts[cut:])]
    assert whole is not None
    assert (sides[0] + sides[1]).level_db == pytest.approx(whole, abs=1e-9)
    assert min(p[0] for p in parts) - 1e-9 <= whole <= max(p[0] for p in parts) + 1e-9


def test_sixty_and_eighty_make_seventy_seven() -> None:
    assert equivalent_db([(60.0, 5.0), (80.0, 5.0)]) == pytest.approx(77.03, abs=0.005)
    assert equivalent_db([]) is None


def test_seconds_merge_to_the_level_of_the_whole() -> None:
    meter = Meter(DESIGN, MeterSetup(114.0))
    frames = meter.push(NOISE, 0.0) + meter.finish()
    weighted = Cascade(DESIGN.a)
    weighted.restart(float(NOISE[0]))
    whole = 10 * math.log10(float(np.mean(weighted.run(NOISE) ** 2))) + 114.0
    assert laeq_db(frames) == pytest.approx(whole, abs=1e-9)


@given(st.floats(-40, 0))
@settings(max_examples=15, deadline=None)
def test_gain_moves_every_level_alike(gain_db: float) -> None:
    before = Meter(DESIGN, MeterSetup(114.0)).push(NOISE, 0.0)
    after = Meter(DESIGN, MeterSetup(114.0)).push(NOISE * 10 ** (gain_db / 20), 0.0)
    for one, other in zip(before, after, strict=True):
        assert other.laeq_db - one.laeq_db == pytest.approx(gain_db, abs=1e-6)
        assert other.lafmax_db - one.lafmax_db == pytest.approx(gain_db, abs=1e-6)
        assert np.array(other.bands_db) - one.bands_db == pytest.approx(gain_db, abs=1e-6)


@given(st.lists(levels, min_size=1, max_size=300), st.lists(levels, max_size=300))
def test_merged_percentiles_are_those_of_all(some: list[float], more: list[float]) -> None:
    one, other, both = Percentiles(), Percentiles(), Percentiles()
    one.add(some)
    other.add(more)
    both.add([*some, *more])
    one.merge(other)
    assert len(one) == len(both) == len(some) + len(more)
    for percent in (1, 5, 10, 50, 90, 95, 99):
        assert one.exceeded_db(percent) == both.exceeded_db(percent)


@given(st.lists(levels, min_size=1, max_size=300), st.sampled_from([5, 10, 50, 90, 95]))
def test_a_percentile_is_a_level_that_was_there(some: list[float], percent: int) -> None:
    counted = Percentiles()
    counted.add(some)
    found = counted.exceeded_db(percent)
    exact = np.percentile(some, 100 - percent, method="inverted_cdf")
    assert found == pytest.approx(exact, abs=0.1 + 1e-6)


def test_percentiles_of_a_day() -> None:
    """A day of Fast levels, ten a second: a quiet night, a day, an evening with music."""
    rng = np.random.default_rng(11)
    day = np.concatenate(
        [rng.normal(45, 3, 280_000), rng.normal(58, 5, 500_000), rng.normal(75, 4, 84_000)]
    )
    counted = Percentiles()
    for start in range(0, len(day), 10):
        counted.add(day[start : start + 10])
    assert len(counted) == 864_000
    for percent in (1, 5, 10, 50, 90, 95, 99):
        assert counted.exceeded_db(percent) == pytest.approx(
            np.percentile(day, 100 - percent), abs=0.1
        )


def test_no_levels_have_no_percentile_and_nan_is_refused() -> None:
    counted = Percentiles()
    assert counted.exceeded_db(50) is None
    with pytest.raises(ValueError, match="not a number"):
        counted.add([math.nan])
