"""One-third-octave bands from 25 Hz to just below Nyquist, octave by octave at halved rates. Pure.

Butterworth band-passes of base-10 bands within class 1 of IEC 61260-1. Their edges are moved
together by the factor that makes the noise bandwidth of a band exactly nominal, so bands add up to
the whole.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

from edge.sound.filters import Cascade, Floats, Sos, energy

LOWEST_BAND = 14
"""Number n of the lowest band: centre 10^(n/10) Hz, so 25 Hz."""
RUMBLE_BANDS = 4
"""The bands 25, 31.5, 40 and 50 Hz: below 63 Hz, where wind lives (and drums too)."""

_HIGHEST_EDGE = 0.98
"""Upper band edge at most this share of Nyquist: of a band cut off by Nyquist nothing is said."""
_KEEP = 0.35
"""Share of a rate up to which a halving filter leaves the signal whole."""
_RIPPLE_DB = 0.005
_STOP_DB = 75.0
_ORDER = 3
_ORDER_AT_NYQUIST = 4
_NEAR_NYQUIST = 0.5
"""Upper edge, as share of Nyquist, above which the bilinear transform flattens the lower skirt so
much that a band of order 3 would miss class 1 of IEC 61260-1."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The bands that are filtered at one rate; `halve` leads to the next stage, None at the end."""

    bands: tuple[Sos, ...]
    halve: Sos | None


@dataclass(frozen=True, slots=True)
class BandPlan:
    """Filters of one sampling rate; `centre_hz` are the exact centres, lowest first."""

    centre_hz: tuple[float, ...]
    stages: tuple[Stage, ...]


def plan_bands(rate_hz: int) -> BandPlan:
    """Every band of a signal of `rate_hz`, each at the lowest rate that still carries it."""
    top = int(np.floor(10 * np.log10(_HIGHEST_EDGE * rate_hz / 2) - 0.5))
    numbers = list(range(LOWEST_BAND, top + 1))
    stages: list[Stage] = []
    rate, waiting = float(rate_hz), numbers
    while waiting:
        here = [n for n in waiting if _edges_hz(n)[1] > _KEEP * rate / 2]
        waiting = [n for n in waiting if n not in here]
        filters = tuple(_band(n, rate) for n in reversed(here))
        stages.append(Stage(filters, _halving() if waiting else None))
        rate /= 2
    return BandPlan(tuple(10 ** (n / 10) for n in numbers), tuple(stages))


class BandBank:
    """The bands of one signal: mean square of each, block by block."""

    __slots__ = ("_halve", "_odd", "_plan", "_stages")

    def __init__(self, plan: BandPlan) -> None:
        self._plan = plan
        self._stages = [[Cascade(sos) for sos in stage.bands] for stage in plan.stages]
        self._halve = [Cascade(stage.halve) for stage in plan.stages if stage.halve is not None]
        self._odd = [False] * len(self._halve)

    def restart(self, first: float = 0.0) -> None:
        """Forget the past, as if the signal had always stood at `first`."""
        for cascade in (*self._halve, *(one for stage in self._stages for one in stage)):
            cascade.restart(first)
        self._odd = [False] * len(self._halve)

    def run(self, block: Floats) -> tuple[Floats, Floats]:
        """Sum of squares and number of samples of each band, shapes (bands,), lowest band first."""
        sums: list[float] = []
        counts: list[int] = []
        for index, stage in enumerate(self._stages):
            for cascade in stage:
                out = cascade.run(block)
                sums.append(energy(out))
                counts.append(len(out))
            if index < len(self._halve):
                block = self._halved(index, block)
        return np.array(sums[::-1]), np.array(counts[::-1], dtype=np.float64)

    def _halved(self, index: int, block: Floats) -> Floats:
        """Every second sample of the smoothed block, counted on from the block before."""
        smooth = self._halve[index].run(block)
        first = 1 if self._odd[index] else 0
        self._odd[index] ^= bool(len(block) % 2)
        return smooth[first::2]


def rumble_db(bands_db: tuple[float, ...]) -> float:
    """Unweighted level below 63 Hz from the band levels of a second."""
    return float(10 * np.log10(np.sum(10 ** (np.array(bands_db[:RUMBLE_BANDS]) / 10))))


def _edges_hz(number: int) -> tuple[float, float]:
    return 10 ** ((number - 0.5) / 10), 10 ** ((number + 0.5) / 10)


def _band(number: int, rate_hz: float) -> Sos:
    low, high = _edges_hz(number)
    order = _ORDER_AT_NYQUIST if high > _NEAR_NYQUIST * rate_hz / 2 else _ORDER
    half_angle = np.pi / (2 * order)
    width = (high - low) * np.sin(half_angle) / half_angle
    centre = 10 ** (number / 10)
    high = width / 2 + np.hypot(width / 2, centre)
    edges = [centre * centre / high, high]
    sos: Sos = signal.butter(order, edges, "bandpass", fs=rate_hz, output="sos")
    return sos


def _halving() -> Sos:
    """Low-pass before every second sample is dropped, the same at every rate.

    Whole up to 0.35 of the new rate; what would fold back below that is 75 dB down.
    """
    order, edge = signal.ellipord(_KEEP, 1 - _KEEP, _RIPPLE_DB, _STOP_DB)
    sos: Sos = signal.ellip(order, _RIPPLE_DB, _STOP_DB, edge, output="sos")
    return sos
