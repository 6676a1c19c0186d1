"""Calibration: what is accepted, what is refused and why, drift, pairs, expiry."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.sound.calibration import CalibrationRecord, Occasion, calibrate, declared, standing
from edge.sound.tone import CalibrationError

RATE_HZ = 16000
FULL_DB = 120.0
START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
Floats = NDArray[np.float64]


def recording(
    level_db: float, hz: float = 1000.0, seconds: float = 15.0, snr_db: float | None = 20.0
) -> Floats:
    """A calibrator before a microphone whose full scale is 120 dB, with white noise."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rms = 10 ** ((level_db - FULL_DB) / 20)
    sound = np.sqrt(2) * rms * np.sin(2 * np.pi * hz * at)
    if snr_db is not None:
        noise = np.random.default_rng(1).normal(size=len(at))
        sound = sound + noise * rms * 10 ** (-snr_db / 20)
    return sound


def record(
    sound: Floats,
    nominal_db: float = 94.0,
    previous: CalibrationRecord | None = None,
    after: timedelta = timedelta(),
) -> CalibrationRecord:
    when = Occasion(START + after, microphone="mic-1", calibrator="cal-7")
    return calibrate(sound, RATE_HZ, nominal_db, when, previous)


@pytest.mark.parametrize("snr_db", [None, 40.0, 20.0])
@pytest.mark.parametrize("hz", [990.0, 1000.0, 1000.37, 1010.0])
@pytest.mark.parametrize("nominal_db", [93.8, 94.0, 114.0])
def test_a_good_recording(nominal_db: float, hz: float, snr_db: float | None) -> None:
    made = record(recording(nominal_db, hz, snr_db=snr_db), nominal_db)
    assert made.level_at_full_scale_db == pytest.approx(FULL_DB, abs=0.05)
    assert made.tone is not None
    assert made.tone.frequency_hz == pytest.approx(hz, abs=0.05)
    assert made.tone.fluctuation_db < 0.1
    if snr_db is not None:
        assert made.tone.snr_db == pytest.approx(snr_db, abs=0.5 if snr_db == 20 else 3)
    assert standing(made, START + timedelta(days=1)).state == "calibrated"
    assert CalibrationRecord.model_validate_json(made.model_dump_json()) == made


def test_int16_and_float32_recordings() -> None:
    sound = recording(94)
    for samples in ((sound * 32768).round().astype(np.int16), sound.astype(np.float32)):
        made = calibrate(samples, RATE_HZ, 94.0, Occasion(START), None)
        assert made.level_at_full_scale_db == pytest.approx(FULL_DB, abs=0.05)


def test_an_offset_of_the_sound_card_does_not_count() -> None:
    assert record(recording(94) + 0.1).level_at_full_scale_db == pytest.approx(FULL_DB, abs=0.05)


def with_gain(change_db: Floats) -> Floats:
    sound = recording(94, snr_db=40)
    return sound * 10 ** (np.interp(np.arange(len(sound)), *_knots(change_db, len(sound))) / 20)


def _knots(change_db: Floats, count: int) -> tuple[Floats, Floats]:
    return np.linspace(0, count, len(change_db)), change_db


def hum() -> Floats:
    at = np.arange(15 * RATE_HZ) / RATE_HZ
    return recording(94, snr_db=40) + 0.03 * np.sin(2 * np.pi * 50 * at)


BAD = {
    "wrong_frequency": [recording(94, 250.0), recording(94, 1030.0), recording(94, 969.0)],
    "noisy": [recording(94, snr_db=10), hum()],
    "no_tone": [np.random.default_rng(2).normal(0, 0.05, 15 * RATE_HZ)],
    "silent": [np.zeros(15 * RATE_HZ), recording(20)],
    "too_short": [recording(94, seconds=4.9), np.zeros(0)],
    "clipped": [np.clip(recording(121), -1, 1)],
    "distorted": [np.clip(recording(94, snr_db=40), -0.05, 0.05)],
    "unsteady": [
        with_gain(np.array([0.0, 0.5])),  # an empty battery
        with_gain(np.array([3.0, 0.0, 0.0, 0.0, 0.0])),  # gain control that settles
        with_gain(np.tile([0.2, -0.2], 15)),  # a loose coupler
    ],
    "broken": [np.append(recording(94), np.nan)],
}


@pytest.mark.parametrize(
    ("fault", "sound"), [(fault, sound) for fault, sounds in BAD.items() for sound in sounds]
)
def test_a_bad_recording_is_refused_with_its_fault(fault: str, sound: Floats) -> None:
    with pytest.raises(CalibrationError) as refused:
        record(sound)
    assert fault in refused.value.faults
    assert str(refused.value)


def test_a_small_fluctuation_is_allowed_and_recorded() -> None:
    made = record(with_gain(np.tile([0.1, -0.1], 8)))
    assert made.tone is not None
    assert 0.05 < made.tone.fluctuation_db < 0.15


@pytest.mark.parametrize("nominal_db", [0.0, 60.0, 104.0, 124.0])
def test_a_level_no_calibrator_has_is_refused(nominal_db: float) -> None:
    with pytest.raises(CalibrationError, match="94 or 114"):
        record(recording(94), nominal_db)


@pytest.mark.parametrize("first", [94.0, 114.0])
def test_a_pair_of_levels_gives_the_linearity_and_rests_on_the_lower(first: float) -> None:
    second = 208.0 - first
    one = record(recording(first), first)
    both = record(recording(second + 0.3), second, one, timedelta(minutes=5))
    assert both.nominal_db == 94.0
    assert both.linearity_db == pytest.approx(0.3 if second > first else -0.3, abs=0.05)
    assert both.drift_db is None
    assert standing(both, START + timedelta(days=1)).state == "calibrated"


@pytest.mark.parametrize("ratio", [0.3, 0.5, 0.9])
def test_gain_control_is_exposed_by_the_step(ratio: float) -> None:
    one = record(recording(94))
    with pytest.raises(CalibrationError, match="automatic gain control") as refused:
        record(recording(94 + 20 * ratio), 114.0, one, timedelta(minutes=5))
    assert refused.value.faults == ("gain_control",)


@pytest.mark.parametrize(("drift_db", "state"), [(0.3, "calibrated"), (-0.8, "uncalibrated")])
def test_drift_since_the_last_calibration(drift_db: float, state: str) -> None:
    one = record(recording(94))
    two = record(recording(94 - drift_db), 94.0, one, timedelta(days=30))
    assert two.drift_db == pytest.approx(drift_db, abs=0.05)
    at = START + timedelta(days=31)
    assert standing(two, at).state == state
    pair = record(recording(114 - drift_db), 114.0, two, timedelta(days=30, minutes=5))
    assert standing(pair, at).state == state
    repeated = record(recording(94 - drift_db), 94.0, two, timedelta(days=30, minutes=9))
    assert standing(repeated, at).state == "calibrated"


def test_the_drift_of_a_pair_is_that_of_its_lower_level() -> None:
    old = record(recording(94))
    high = record(recording(113.7), 114.0, old, timedelta(days=30))
    pair = record(recording(93.6), 94.0, high, timedelta(days=30, minutes=5))
    assert pair.drift_db == pytest.approx(0.4, abs=0.05)
    assert pair.linearity_db == pytest.approx(0.1, abs=0.05)


def test_another_microphone_has_no_drift() -> None:
    one = record(recording(94))
    other = calibrate(recording(80), RATE_HZ, 94.0, Occasion(START, "mic-2"), one)
    assert other.drift_db is None
    assert standing(other, START, "mic-2").state == "calibrated"
    assert standing(other, START, "mic-1").state == "uncalibrated"


def test_a_calibration_before_the_last_is_a_wrong_clock() -> None:
    one = record(recording(94), after=timedelta(days=3))
    with pytest.raises(CalibrationError, match="dated later"):
        record(recording(94), 94.0, one)


def test_standing_over_time() -> None:
    made = declared(114.0, START, valid_days=10)
    assert standing(None, START).state == "uncalibrated"
    assert standing(made, START - timedelta(seconds=1)).state == "uncalibrated"
    assert standing(made, START).state == "calibrated"
    assert standing(made, START + timedelta(days=10)).state == "expired"
    assert "2026-11-11" in standing(made, START + timedelta(days=11)).reason


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone"):
        declared(114.0, START.replace(tzinfo=None))
