"""The measuring chain of one stream: weighting, time weighting, bands, over unbroken runs. Pure."""

from dataclasses import dataclass, field

import numpy as np

from edge.sound.bands import BandBank, BandPlan, plan_bands
from edge.sound.beyond import Beyond, plan_beyond
from edge.sound.filters import Cascade, Detector, Floats, Sos, energy
from edge.sound.weighting import design

FAST_S = 0.125
SLOW_S = 1.0
"""Time constants of IEC 61672-1."""
LAF_PER_SECOND = 10


@dataclass(frozen=True, slots=True)
class ChainDesign:
    """Everything that depends on the sampling rate alone; made once, shared by streams."""

    rate_hz: int
    a: Sos
    c: Sos
    bands: BandPlan
    beyond: Beyond | None

    @classmethod
    def at(cls, rate_hz: int) -> "ChainDesign":
        """Design for a rate; raises ValueError outside 8-192 kHz."""
        bands = plan_bands(rate_hz)
        beyond = plan_beyond(rate_hz, bands.centre_hz[-1])
        return cls(rate_hz, design("A", rate_hz), design("C", rate_hz), bands, beyond)

    @property
    def band_hz(self) -> tuple[float, ...]:
        """Exact centres of the one-third octaves, lowest first."""
        return self.bands.centre_hz


@dataclass(slots=True)
class Sums:
    """What one second adds up to; squares are re full scale.

    `a_square`, `fast` and `slow` contain the estimate for the band above Nyquist, `a_heard` does
    not.
    """

    count: int = 0
    a_heard: float = 0.0
    a_square: float = 0.0
    c_square: float = 0.0
    c_peak: float = 0.0
    fast_max: float = 0.0
    fast_min: float = float("inf")
    slow_max: float = 0.0
    fast: list[float] = field(default_factory=list)
    band_square: Floats | None = None
    band_count: Floats | None = None

    def add_bands(self, square: Floats, count: Floats) -> None:
        """Add sums of squares and counts of samples, each of shape (bands,)."""
        if self.band_square is None or self.band_count is None:
            self.band_square, self.band_count = square, count
        else:
            self.band_square, self.band_count = self.band_square + square, self.band_count + count

    def band_means(self) -> Floats:
        """Mean square of each band, shape (bands,), lowest first."""
        if self.band_square is None or self.band_count is None:
            return np.zeros(0)
        return self.band_square / np.maximum(self.band_count, 1)

    @property
    def beyond_db(self) -> float:
        """How much of the A level is estimate."""
        return float(10 * np.log10(self.a_square / self.a_heard)) if self.a_heard > 0 else 0.0


class Chain:
    """The filters and detectors of one stream."""

    def __init__(self, made: ChainDesign, estimate_beyond: bool = True) -> None:
        self._rate = made.rate_hz
        self._a = Cascade(made.a)
        self._c = Cascade(made.c)
        self._bands = BandBank(made.bands)
        self._beyond = made.beyond if estimate_beyond else None
        self._rest = None if self._beyond is None else Cascade(self._beyond.rest)
        self._fast = Detector(FAST_S, made.rate_hz)
        self._slow = Detector(SLOW_S, made.rate_hz)
        self._next: int | None = None

    def interrupt(self) -> None:
        """What comes next has nothing to do with what was."""
        self._next = None

    def measure(self, run: Floats, begin: int, sums: Sums) -> None:
        """Add an unbroken run, shape (N,), N > 0, whose first sample has number `begin`."""
        hole = None if self._next is None else begin - self._next
        anew = hole is None or hole > self._fast.span
        self._restart(float(run[0]), weighting=hole != 0, bands=anew)
        a_square = self._a.run(run) ** 2
        heard = float(a_square.sum())
        a_square *= self._unweighted(run, heard, sums)
        if anew:
            # A detector that starts at zero would report a minimum nobody heard.
            self._fast.restart(a_square)
            self._slow.restart(a_square)
        sums.count += len(run)
        sums.a_heard += heard
        self._levels(a_square, begin, sums)
        self._next = begin + len(run)

    def _restart(self, first: float, weighting: bool, bands: bool) -> None:
        if weighting:
            self._a.restart(first)
            self._c.restart(first)
        if bands:
            self._bands.restart(first)
            if self._rest is not None:
                self._rest.restart(first)

    def _levels(self, a_square: Floats, begin: int, sums: Sums) -> None:
        fast = self._fast.run(a_square)
        sums.a_square += float(a_square.sum())
        sums.fast_max = max(sums.fast_max, float(fast.max()))
        sums.fast_min = min(sums.fast_min, float(fast.min()))
        sums.slow_max = max(sums.slow_max, float(self._slow.run(a_square).max()))
        step = self._rate // LAF_PER_SECOND
        sums.fast += fast[step - 1 - begin % step :: step].tolist()

    def _unweighted(self, run: Floats, heard: float, sums: Sums) -> float:
        """Add C level and bands; the factor by which the A-weighted square lacks bandwidth."""
        c = self._c.run(run)
        sums.c_square += energy(c)
        sums.c_peak = max(sums.c_peak, float(np.abs(c).max()))
        square, count = self._bands.run(run)
        sums.add_bands(square, count)
        if self._beyond is None or self._rest is None:
            return 1.0
        rest = energy(self._rest.run(run)) / len(run)
        missing = self._beyond.a_square(square / np.maximum(count, 1), rest)
        return self._beyond.factor(heard / len(run), missing)
