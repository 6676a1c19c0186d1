"""Streaming filters: second-order sections and exponential detectors that carry their state. Pure.

The output depends on the samples alone and not on how they were cut into blocks: every filter
works sample by sample and keeps float64 state.
"""

from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Floats = NDArray[np.float64]
Sos = NDArray[np.float64]
"""Second-order sections, shape (sections, 6): b0 b1 b2 1 a1 a2."""

_NOTHING = 1e-30
"""State below this (-600 dB) is cleared: denormal numbers make silence ten times as costly."""


class Cascade:
    """A chain of second-order sections over a signal that comes in blocks."""

    __slots__ = ("_settled", "_sos", "_state")

    def __init__(self, sos: Sos) -> None:
        self._sos = sos
        self._settled: Floats = signal.sosfilt_zi(sos)
        self._state: Floats = np.zeros_like(self._settled)

    def restart(self, first: float = 0.0) -> None:
        """Forget the past, as if the signal had always stood at `first`.

        Starting from the first sample and not from zero keeps a constant offset of the sound
        card from being heard as a click.
        """
        self._state = self._settled * first

    def run(self, block: Floats) -> Floats:
        """Filtered block, shape (N,) like `block`; moves the state on."""
        if not block.size:
            return block
        out: Floats
        out, self._state = signal.sosfilt(self._sos, block, zi=self._state)
        self._state[np.abs(self._state) < _NOTHING] = 0.0
        return out


class Detector:
    """Exponential time weighting of a squared signal (IEC 61672-1 3.8): Fast 0.125 s, Slow 1 s."""

    __slots__ = ("_alpha", "_level", "span")

    def __init__(self, tau_s: float, rate_hz: int) -> None:
        self._alpha = 1.0 - exp(-1.0 / (rate_hz * tau_s))
        self._level = 0.0
        self.span = round(rate_hz * tau_s)
        """Samples in one time constant."""

    def restart(self, squared: Floats) -> None:
        """Begin at the mean of the first time constant of `squared`, so no rise is measured."""
        self._level = float(squared[: self.span].mean())

    def run(self, squared: Floats) -> Floats:
        """Time-weighted square of every sample, shape (N,) like `squared`; moves the state on."""
        keep = 1.0 - self._alpha
        out: Floats
        out, _ = signal.lfilter([self._alpha], [1.0, -keep], squared, zi=[keep * self._level])
        self._level = float(out[-1]) if out[-1] > _NOTHING else 0.0
        return out


def energy(block: Floats) -> float:
    """Sum of squares.

    Not by a dot product: BLAS would wake its threads for it and spend four times the time.
    """
    return float(np.square(block).sum())


def response_db(sos: Sos, frequency_hz: Floats, rate_hz: int) -> Floats:
    """Gain of the sections at each frequency, shape (N,) like `frequency_hz`, in dB."""
    turn = np.exp(-2j * np.pi * np.asarray(frequency_hz, dtype=np.float64) / rate_hz)
    powers = np.stack([np.ones_like(turn), turn, turn * turn])
    gain = np.prod(np.abs(sos[:, :3] @ powers) / np.abs(sos[:, 3:] @ powers), axis=0)
    decibels: Floats = 20.0 * np.log10(np.maximum(gain, 1e-30))
    return decibels
