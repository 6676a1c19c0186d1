"""Measures the tone of a calibrator in a recording, narrow-band, and says what is wrong. Pure."""

from dataclasses import dataclass

import numpy as np

from edge.errors import EdgeError
from edge.sound.filters import Floats
from edge.sound.statistics import decibels

TONE_HZ = 1000.0
SHORTEST_S = 5.0
OFF_TUNE_HZ = 20.0
FLUCTUATION_DB = 0.15
"""Half the range of the level; the limit for class 2 calibrators in IEC 60942."""
SNR_DB = 15.0
"""Below this the tone does not sit in its coupler, or the place is too loud."""
DISTORTION = 0.03
QUIETEST_DBFS = -80.0
CLIPPED_SHARE = 0.001
CLIP_FROM = 0.98

_PART_S = 0.25
_HARMONICS = (2, 3, 4, 5)


class CalibrationError(EdgeError):
    """The recording cannot calibrate; `faults` are words for programs, the text is for people."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Tone:
    """A steady tone: its rms level re full scale, and how clean it was."""

    level_dbfs: float
    frequency_hz: float
    fluctuation_db: float
    snr_db: float
    distortion: float


def measure_tone(sound: Floats, rate_hz: int) -> Tone:
    """Tone of a recording, shape (N,), float64, full scale 1.0.

    The level is that of the tone alone: the rms of the whole would count the noise into it
    (0.04 dB at a signal-to-noise ratio of 20 dB). Raises CalibrationError naming every fault:
    `too_short`, `broken`, `silent`, `clipped`, `no_tone`, `wrong_frequency`, `unsteady`, `noisy`,
    `distorted`.
    """
    _refuse(_unusable(sound, rate_hz))
    sound = sound - sound.mean()
    found_hz = _strongest_hz(sound, rate_hz)
    tone = _analyse(sound, found_hz, rate_hz)
    _refuse(_faults(tone, float(np.mean(np.abs(sound) >= CLIP_FROM))))
    return tone


def _refuse(faults: dict[str, str]) -> None:
    if faults:
        raise CalibrationError(faults)


def _unusable(sound: Floats, rate_hz: int) -> dict[str, str]:
    seconds = len(sound) / rate_hz
    if seconds < SHORTEST_S:
        return {"too_short": f"the recording lasts {seconds:.1f} s, at least {SHORTEST_S:g} s"}
    if not np.isfinite(sound).all():
        return {"broken": "the recording contains values that are not numbers"}
    level = decibels(float(np.var(sound)))
    if level < QUIETEST_DBFS:
        return {"silent": f"the recording is silent ({level:.0f} dB re full scale)"}
    return {}


def _strongest_hz(sound: Floats, rate_hz: int) -> float:
    """Frequency of the highest peak of the spectrum, refined between its bins."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    peak = int(np.argmax(spectrum[1:-1])) + 1
    left, middle, right = np.log(spectrum[peak - 1 : peak + 2] + 1e-300)
    offset = 0.5 * (left - right) / (left - 2 * middle + right) if middle > left else 0.0
    return float((peak + offset) * rate_hz / len(sound))


def _analyse(sound: Floats, frequency_hz: float, rate_hz: int) -> Tone:
    """The tone, whatever it is: nothing is judged here."""
    parts = _tone_squares(sound, frequency_hz, rate_hz)
    square = float(parts.mean())
    overtones = sum(
        float(_tone_squares(sound, n * frequency_hz, rate_hz).mean())
        for n in _HARMONICS
        if n * frequency_hz < 0.95 * rate_hz / 2
    )
    rest = max(float(np.var(sound)) - square - overtones, 1e-15)
    levels = 10 * np.log10(np.maximum(parts, 1e-15))
    return Tone(
        level_dbfs=decibels(square),
        frequency_hz=frequency_hz,
        fluctuation_db=float(np.ptp(levels)) / 2,
        snr_db=float(10 * np.log10(square / rest)),
        distortion=float(np.sqrt(overtones / square)),
    )


def _tone_squares(sound: Floats, frequency_hz: float, rate_hz: int) -> Floats:
    """Mean square of a sine of this frequency in each quarter of a second, shape (parts,)."""
    size = round(_PART_S * rate_hz)
    count = len(sound) // size
    window = np.hanning(size + 1)[:-1]
    turn = np.exp(-2j * np.pi * frequency_hz / rate_hz * np.arange(size))
    amplitude = 2 * (sound[: count * size].reshape(count, size) @ (window * turn)) / window.sum()
    squares: Floats = np.abs(amplitude) ** 2 / 2
    return squares


def _faults(tone: Tone, clipped: float) -> dict[str, str]:
    if tone.snr_db < 0:
        return {"no_tone": "there is no tone that stands out of the noise"}
    faults = {}
    if abs(tone.frequency_hz - TONE_HZ) > OFF_TUNE_HZ:
        faults["wrong_frequency"] = (
            f"the tone is at {tone.frequency_hz:.0f} Hz, a calibrator gives {TONE_HZ:g} Hz"
        )
    if clipped >= CLIPPED_SHARE:
        faults["clipped"] = f"{clipped:.1%} of the samples are clipped: lower the gain"
    if tone.fluctuation_db > FLUCTUATION_DB:
        faults["unsteady"] = (
            f"the level is not steady (±{tone.fluctuation_db:.2f} dB, allowed ±{FLUCTUATION_DB}):"
            " automatic gain control, a loose coupler or an empty battery"
        )
    if tone.snr_db < SNR_DB:
        faults["noisy"] = f"noise is only {tone.snr_db:.0f} dB below the tone, {SNR_DB:g} dB wanted"
    if tone.distortion > DISTORTION:
        faults["distorted"] = (
            f"the tone has {tone.distortion:.1%} harmonics, allowed {DISTORTION:.0%}:"
            " a limiter or an overdriven microphone"
        )
    return faults
