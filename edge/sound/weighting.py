"""A, C and Z frequency weighting at any sampling rate, within 0.01 dB up to 0.99 Nyquist. Pure.

The bilinear transform squeezes the analogue curve into the band and fails class 2 at the rates of
cameras (16 kHz: -5.8 dB at 6.3 kHz). Here the low poles of IEC 61672-1 become matched high-pass
sections, and what is then missing from the analytic curve, the double pole at 12.2 kHz and the
bend towards Nyquist, is one rational function of cos(w), fitted to the squared gain by
iterated linear least squares (Sanathanan-Koerner) and split into its stable half.
"""

from typing import Literal

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy import signal

from edge.sound.filters import Floats, Sos, response_db

Weighting = Literal["A", "C", "Z"]
Points = NDArray[np.complex128]
"""Zeros or poles in the plane of z."""

F1_HZ = 20.598997057568143
F2_HZ = 107.65264864304627
F3_HZ = 737.8622307362899
F4_HZ = 12194.217147998010
"""Poles of IEC 61672-1:2013 Annex E, from its equations and not from the rounded table."""

_LOW_POLES_HZ: dict[str, tuple[float, ...]] = {
    "A": (F1_HZ, F1_HZ, F2_HZ, F3_HZ),
    "C": (F1_HZ, F1_HZ),
}
_ORDER = 5
"""Of the fitted part. 4 already stays within 0.02 dB but finds no stable half at 44.1 kHz."""
_ROUNDS = 8
_LOWEST_FIT_HZ = 10.0
_FIT_TO = 0.996
"""Share of Nyquist up to which the curve is fitted; it is guaranteed up to 0.99."""
_ALLOWED_DB = 0.05


def analytic_db(weighting: Weighting, frequency_hz: Floats) -> Floats:
    """Weighting by the formula of IEC 61672-1 in dB, 0 at 1 kHz; shape (N,) like the argument."""
    wanted = np.asarray(frequency_hz, dtype=np.float64)
    if weighting == "Z":
        return np.zeros_like(wanted)
    ratio = _analytic_gain(weighting, wanted) / _analytic_gain(weighting, np.array([1000.0]))
    decibels: Floats = 20.0 * np.log10(ratio)
    return decibels


def design(weighting: Weighting, rate_hz: int) -> Sos:
    """Sections that weight a signal of `rate_hz`, exactly 0 dB at 1 kHz; the same every time.

    Raises ValueError for a rate outside 8-192 kHz or when the curve is missed by 0.05 dB.
    """
    if not 8000 <= rate_hz <= 192_000:
        raise ValueError(f"sampling rate {rate_hz} Hz: 8000 to 192000 Hz can be weighted")
    if weighting == "Z":
        return np.array([[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]])
    low = np.exp(-2 * np.pi * np.array(_LOW_POLES_HZ[weighting]) / rate_hz)
    zeros, poles = _fit(weighting, low, rate_hz)
    sos: Sos = signal.zpk2sos(
        np.concatenate([np.ones(len(low)), zeros]), np.concatenate([low, poles]), 1.0
    )
    sos[0, :3] *= 10 ** (-response_db(sos, np.array([1000.0]), rate_hz)[0] / 20)
    _verify(sos, weighting, rate_hz)
    return sos


def _analytic_gain(weighting: Weighting, frequency_hz: Floats) -> Floats:
    square = frequency_hz * frequency_hz
    gain: Floats = F4_HZ**2 / (square + F4_HZ**2) * square / (square + F1_HZ**2)
    if weighting == "A":
        gain = gain * square / np.sqrt((square + F2_HZ**2) * (square + F3_HZ**2))
    return gain


def _fit(weighting: Weighting, low: Floats, rate_hz: int) -> tuple[Points, Points]:
    """Zeros and poles, each of shape (_ORDER,), of what the high-pass sections leave missing."""
    frequency_hz = _fit_grid(rate_hz / 2)
    turn = np.exp(-2j * np.pi * frequency_hz / rate_hz)
    high_pass: Floats = np.prod([np.abs((1 - turn) / (1 - pole * turn)) for pole in low], axis=0)
    missing: Floats = (_analytic_gain(weighting, frequency_hz) / high_pass) ** 2
    missing /= missing[0]
    cosines = np.cos(np.outer(2 * np.pi * frequency_hz / rate_hz, np.arange(_ORDER + 1)))
    above, below = _rational_fit(cosines, missing)
    return _inside(above), _inside(below)


def _fit_grid(nyquist_hz: float) -> Floats:
    """Frequencies to fit at: dense at both ends of the band."""
    from_below = np.geomspace(_LOWEST_FIT_HZ, nyquist_hz / 2, 60)
    from_above = nyquist_hz - np.geomspace(nyquist_hz / 2, nyquist_hz * (1 - _FIT_TO), 60)
    return np.concatenate([from_below, from_above[1:]])


def _rational_fit(basis: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Chebyshev series P and Q, Q beginning with 1, whose ratio follows `wanted` in relative error.

    Each round solves a linear problem weighted by the Q of the round before.
    """
    order = basis.shape[1] - 1
    q = np.ones_like(wanted)
    for _ in range(_ROUNDS):
        weighted = np.hstack([basis / (wanted * q)[:, None], -basis[:, 1:] / q[:, None]])
        found = np.linalg.lstsq(weighted, 1 / q, rcond=None)[0].astype(np.float64)
        below: Floats = np.concatenate([[1.0], found[order + 1 :]])
        q = basis @ below
    return found[: order + 1], below


def _inside(series: Floats) -> Points:
    """Roots of the series in cos(w) as points z inside the unit circle (z + 1/z = 2 cos w)."""
    cosine = chebyshev.chebroots(series).astype(np.complex128)
    point = cosine + np.sqrt(cosine * cosine - 1)
    inside: Points = np.where(np.abs(point) < 1, point, 1 / point)
    return inside


def _verify(sos: Sos, weighting: Weighting, rate_hz: int) -> None:
    frequency_hz = np.geomspace(_LOWEST_FIT_HZ, 0.99 * rate_hz / 2, 400)
    missed = response_db(sos, frequency_hz, rate_hz) - analytic_db(weighting, frequency_hz)
    worst_db = float(np.max(np.abs(missed)))
    stable = all(np.all(np.abs(np.roots(section[3:])) < 1) for section in sos)
    if not stable or worst_db > _ALLOWED_DB:
        raise ValueError(f"{weighting} weighting at {rate_hz} Hz misses its curve by {worst_db} dB")
