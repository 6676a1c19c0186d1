"""A, C and Z weighting against the formula and the printed table of IEC 61672-1."""

import time

import numpy as np
import pytest

from edge.sound.filters import Cascade, response_db
from edge.sound.weighting import Weighting, analytic_db, design

RATES_HZ = (8000, 16000, 22050, 32000, 44100, 48000)
EXACT_HZ = 1000 * 10 ** (0.1 * (np.arange(10, 44) - 30))

# fmt: off
TABLE_A_DB = (
    -70.4, -63.4, -56.7, -50.5, -44.7, -39.4, -34.6, -30.2, -26.2, -22.5, -19.1, -16.1, -13.4,
    -10.9, -8.6, -6.6, -4.8, -3.2, -1.9, -0.8, 0.0, 0.6, 1.0, 1.2, 1.3, 1.2, 1.0, 0.5, -0.1,
    -1.1, -2.5, -4.3, -6.6, -9.3,
)
TABLE_C_DB = (
    -14.3, -11.2, -8.5, -6.2, -4.4, -3.0, -2.0, -1.3, -0.8, -0.5, -0.3, -0.2, -0.1, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.1, -0.2, -0.3, -0.5, -0.8, -1.3, -2.0, -3.0, -4.4, -6.2, -8.5,
    -11.2,
)
"""IEC 61672-1:2013 Table 3, 10 Hz to 20 kHz."""
# fmt: on


@pytest.mark.parametrize(("weighting", "table"), [("A", TABLE_A_DB), ("C", TABLE_C_DB)])
def test_formula_is_the_printed_table(weighting: Weighting, table: tuple[float, ...]) -> None:
    assert np.abs(analytic_db(weighting, EXACT_HZ) - table).max() <= 0.0501


def test_formula_at_its_own_poles() -> None:
    c = analytic_db("C", np.array([31.6227766, 7943.28235]))
    assert c == pytest.approx([-3.0103, -3.0103], abs=1e-4)
    assert analytic_db("A", np.array([10.0, 10000.0])) == pytest.approx([-70.430, -2.492], abs=1e-3)
    assert not analytic_db("Z", EXACT_HZ).any()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("weighting", ["A", "C", "Z"])
def test_every_exact_frequency_at_every_rate(weighting: Weighting, rate_hz: int) -> None:
    exact_hz = EXACT_HZ[0.99 * rate_hz / 2 > EXACT_HZ]
    between_hz = np.geomspace(10, 0.99 * rate_hz / 2, 3000)
    sos = design(weighting, rate_hz)
    for frequency_hz in (exact_hz, between_hz):
        missed = response_db(sos, frequency_hz, rate_hz) - analytic_db(weighting, frequency_hz)
        assert np.abs(missed).max() <= 0.01  # the goal is 0.1
    assert response_db(sos, np.array([1000.0]), rate_hz)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_sine_through_the_filter_has_the_level_of_the_formula(rate_hz: int) -> None:
    """The response is computed from coefficients; this is what really comes out."""
    for frequency_hz in EXACT_HZ[(EXACT_HZ > 60) & (0.99 * rate_hz / 2 > EXACT_HZ)]:
        sine = np.sin(2 * np.pi * frequency_hz * np.arange(2 * rate_hz) / rate_hz)
        out = Cascade(design("A", rate_hz)).run(sine)[rate_hz:]
        found_db = 10 * np.log10(np.mean(out**2) / np.mean(sine[rate_hz:] ** 2))
        assert found_db == pytest.approx(
            float(analytic_db("A", np.array([frequency_hz]))[0]), abs=0.1
        )


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("weighting", ["A", "C"])
def test_design_is_stable_deterministic_and_quick(weighting: Weighting, rate_hz: int) -> None:
    sos = design(weighting, rate_hz)
    took_s = []
    for _ in range(5):
        start = time.perf_counter()
        again = design(weighting, rate_hz)
        took_s.append(time.perf_counter() - start)
        assert np.array_equal(sos, again)
    assert sos.dtype == np.float64
    assert all(np.abs(np.roots(section[3:])).max() < 1 for section in sos)
    assert min(took_s) < 0.05


@pytest.mark.parametrize("rate_hz", [0, 4000, 7999, 200_000])
def test_a_rate_that_cannot_be_weighted_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match=f"{rate_hz} Hz"):
        design("A", rate_hz)


@pytest.mark.parametrize("rate_hz", [11025, 12000, 24000, 88200, 96000, 192000])
def test_other_rates_work_too(rate_hz: int) -> None:
    frequency_hz = np.geomspace(10, 0.99 * rate_hz / 2, 500)
    missed = response_db(design("A", rate_hz), frequency_hz, rate_hz)
    missed = missed - analytic_db("A", frequency_hz)
    assert np.abs(missed).max() <= 0.01


def test_a_constant_offset_is_no_click() -> None:
    weighting = Cascade(design("A", 16000))
    weighting.restart(0.25)
    assert np.abs(weighting.run(np.full(1600, 0.25))).max() < 1e-9


def test_silence_after_sound_leaves_no_denormal_numbers() -> None:
    weighting = Cascade(design("A", 48000))
    weighting.run(np.random.default_rng(1).normal(size=48000))
    for _ in range(20):
        out = weighting.run(np.zeros(48000))
    assert not out.any()
