"""How far measured levels are from what they should be."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from edge.sound.filters import Floats
from edge.sound.level import Meter, MeterSetup
from edge.sound.measure import ChainDesign
from edge.sound.weighting import F1_HZ, F2_HZ, F3_HZ, F4_HZ

from .recorded import read

FULL_RATE_HZ = 48_000
FULL_SCALE_DB = 114.0
RATES_HZ = (48_000, 44_100, 16_000, 8_000)
SECONDS = 20
GOAL_DB = 0.3


@dataclass(frozen=True, slots=True)
class LevelError:
    """Measured less true LAeq of some seconds, dB."""

    what: str
    seconds: int
    mean_db: float
    rms_db: float
    worst_db: float
    within_goal: int


def error_of(what: str, measured: Floats, true: Floats) -> LevelError:
    """Compare levels of shape (N,), second by second."""
    off = measured - true
    return LevelError(
        what,
        len(off),
        round(float(off.mean()), 3),
        round(float(np.sqrt(np.mean(off**2))), 3),
        round(float(np.abs(off).max()), 3),
        int(np.sum(np.abs(off) <= GOAL_DB)),
    )


def made_errors(seed: int) -> list[LevelError]:
    """Pink and traffic-like noise up to 20 kHz, as a microphone at each rate would give it."""
    found = []
    for name, exponent in (("pink noise", 0.5), ("traffic-like noise", 1.0)):
        sound = _full_band(np.random.default_rng((seed, round(exponent * 10))), exponent)
        true = _true_db(sound)
        for rate_hz in RATES_HZ:
            heard = (
                sound if rate_hz == FULL_RATE_HZ else soxr.resample(sound, FULL_RATE_HZ, rate_hz)
            )
            found.append(error_of(f"{name} at {rate_hz} Hz", _measured_db(heard, rate_hz), true))
    return found


def evening_error(media: Path) -> LevelError | None:
    """The sample evening against its truth; None where it is not there."""
    path = media / "plaza_evening_laeq1s.csv"
    if not path.exists():
        return None
    with path.open() as file:
        true = np.array([float(row["laeq_1s_db"]) for row in csv.DictReader(file)])
    sound = read(media / "plaza_evening.flac").astype(np.float64)
    return error_of("sample evening at 16000 Hz", _measured_db(sound, 16_000), true)


def _full_band(chance: np.random.Generator, exponent: float) -> Floats:
    """Noise from 20 Hz to 20 kHz at 48 kHz, 70 dB or so."""
    count = SECONDS * FULL_RATE_HZ
    spectrum = np.fft.rfft(chance.normal(size=count))
    hz = np.fft.rfftfreq(count, 1 / FULL_RATE_HZ)
    spectrum *= np.where((hz >= 20) & (hz <= 20_000), np.maximum(hz, 20) ** -exponent, 0)
    sound: Floats = np.fft.irfft(spectrum, count)
    sound *= 10 ** ((70 - FULL_SCALE_DB) / 20) / np.sqrt(np.mean(sound**2))
    return sound


def _true_db(sound: Floats) -> Floats:
    """LAeq of every second by the analogue response of IEC 61672-1, in one transform."""
    s = 1j * np.fft.rfftfreq(len(sound), 1 / FULL_RATE_HZ)
    weighted = np.fft.irfft(np.fft.rfft(sound) * _response(s) / abs(_response(1000j)), len(sound))
    square = np.mean(weighted.reshape(-1, FULL_RATE_HZ) ** 2, axis=1)
    levels: Floats = 10 * np.log10(square) + FULL_SCALE_DB
    return levels


def _response(s: np.ndarray | complex) -> np.ndarray:
    low = s**4 / ((s + F1_HZ) ** 2 * (s + F2_HZ) * (s + F3_HZ))
    return np.asarray(low * F4_HZ**2 / (s + F4_HZ) ** 2)


def _measured_db(sound: Floats, rate_hz: int) -> Floats:
    meter = Meter(ChainDesign.at(rate_hz), MeterSetup(FULL_SCALE_DB))
    frames = meter.push(sound, 0.0) + meter.finish()
    return np.array([frame.laeq_db for frame in frames])
