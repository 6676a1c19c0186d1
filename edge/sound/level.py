"""Sound level meter: blocks of samples in, one frame of levels a second out. Pure.

Samples are gathered to whole seconds before anything is computed, so the result cannot depend on
the size of the blocks. At most one second of sound is held, in memory only.

What a camera's 16 kHz cannot carry is estimated by `edge.sound.beyond` and added to the A levels;
each frame says how much it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.sound.frames import Invalid, SecondFrame
from edge.sound.measure import Chain, ChainDesign, Sums
from edge.sound.statistics import decibels

CLIPPED_SHARE = 0.001
LOST_SHARE = 0.05
ABOVE_NOISE_DB = 5.0
"""Limits of validity of one second: clipped samples, lost samples, distance to self-noise."""

_ONE_STEP = 1.0 / 32768
_STEP_BACK_S = 0.5
"""Media time that jumps back by more has begun anew; less is drift between two clocks."""

Samples = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int16]
"""Mono sound, shape (N,): float with full scale 1.0, or int16."""


@dataclass(frozen=True, slots=True)
class MeterSetup:
    """What is known of the source.

    `level_at_full_scale_db` is the sound level whose rms is digital full scale (1.0): SPL =
    dBFS(rms) + this. `self_noise_db` is the A-weighted level in a silent room. From `clip_from` on
    a sample counts as clipped: 0.98 lies just below the largest values of G.711 (A-law 0.984,
    u-law 0.980). Media time may wander off the sample count by `slack_s` before it is a gap.
    Without `estimate_beyond` nothing is added for the band above Nyquist.
    """

    level_at_full_scale_db: float
    self_noise_db: float = 30.0
    clip_from: float = 0.98
    slack_s: float = 0.008
    estimate_beyond: bool = True


class Meter:
    """Measures one stream. `ChainDesign.at(rate_hz)` may be shared by streams of one rate."""

    def __init__(self, design: ChainDesign, setup: MeterSetup) -> None:
        self.band_hz = design.band_hz
        self._rate = design.rate_hz
        self._setup = setup
        self._chain = Chain(design, setup.estimate_beyond)
        self._sound = np.zeros(self._rate)
        self._heard = np.zeros(self._rate, dtype=bool)
        self._noted = Invalid.NONE
        self._origin_ts: float | None = None
        self._next = 0
        """Number of the next sample, counted from `_origin_ts`, gaps included."""

    def push(self, samples: Samples, ts: float, noted: Invalid = Invalid.NONE) -> list[SecondFrame]:
        """Take a block whose first sample was heard at media time `ts`; seconds now complete.

        `ts` must be the block's own time stamp, not its arrival. `noted` marks every second the
        block touches. A block with NaN or infinity is lost. Raises ValueError for another shape or
        dtype than `Samples`.
        """
        block = as_float(samples)
        frames = self._place(ts)
        heard = bool(np.isfinite(block).all())
        done = 0
        while done < len(block):
            start = self._next % self._rate
            size = min(len(block) - done, self._rate - start)
            if heard:
                self._sound[start : start + size] = block[done : done + size]
                self._heard[start : start + size] = True
            self._noted |= noted
            done += size
            frames += self._advance(size)
        return frames

    def finish(self) -> list[SecondFrame]:
        """The second that was begun, at the end of a recording or before media time jumps."""
        frames = self._close()
        self._origin_ts, self._next = None, 0
        self._chain.interrupt()
        return frames

    def _place(self, ts: float) -> list[SecondFrame]:
        """Bring the count of samples to `ts`: a gap is skipped, a jump back begins anew."""
        if self._origin_ts is None:
            self._origin_ts = ts
            return []
        ahead_s = ts - self._origin_ts - self._next / self._rate
        if ahead_s > self._setup.slack_s:
            return self._advance(round(ahead_s * self._rate))
        if ahead_s < -_STEP_BACK_S:
            frames = self.finish()
            self._origin_ts = ts
            return frames
        if ahead_s < -self._setup.slack_s:
            self._origin_ts += ahead_s
        return []

    def _advance(self, count: int) -> list[SecondFrame]:
        """Move on by `count` samples; the second that ends by it."""
        second = self._next // self._rate
        frames = self._close() if (self._next + count) // self._rate > second else []
        self._next += count
        return frames

    def _close(self) -> list[SecondFrame]:
        """Measure what was heard of the present second; nothing when nothing was."""
        begin = self._next // self._rate * self._rate
        sums = Sums()
        for start, stop in _runs(self._heard):
            self._chain.measure(self._sound[start:stop], begin + start, sums)
        frames = [self._frame(begin, sums)] if sums.count else []
        self._heard[:] = False
        self._noted = Invalid.NONE
        return frames

    def _frame(self, begin: int, sums: Sums) -> SecondFrame:
        full_db = self._setup.level_at_full_scale_db
        heard = self._sound[self._heard]
        laeq = decibels(sums.a_square / sums.count) + full_db
        clipped = float(np.mean(np.abs(heard) >= self._setup.clip_from))
        return SecondFrame(
            ts=(self._origin_ts or 0.0) + begin / self._rate,
            measured_s=sums.count / self._rate,
            laeq_db=laeq,
            lceq_db=decibels(sums.c_square / sums.count) + full_db,
            lafmax_db=decibels(sums.fast_max) + full_db,
            lafmin_db=decibels(sums.fast_min) + full_db,
            lasmax_db=decibels(sums.slow_max) + full_db,
            lcpeak_db=decibels(sums.c_peak**2) + full_db,
            laf_db=tuple(decibels(value) + full_db for value in sums.fast),
            bands_db=tuple(decibels(float(value)) + full_db for value in sums.band_means()),
            beyond_db=sums.beyond_db,
            clipped_share=clipped,
            invalid=self._noted | self._judge(heard, laeq, clipped),
        )

    def _judge(self, heard: NDArray[np.float64], laeq: float, clipped: float) -> Invalid:
        found = Invalid.NONE
        if clipped >= CLIPPED_SHARE:
            found |= Invalid.CLIPPING
        if 1 - len(heard) / self._rate > LOST_SHARE:
            found |= Invalid.GAP
        if laeq < self._setup.self_noise_db + ABOVE_NOISE_DB:
            found |= Invalid.UNDER_RANGE
        if float(np.ptp(heard)) <= _ONE_STEP:
            found |= Invalid.DEAD
        return found


def as_float(samples: Samples) -> NDArray[np.float64]:
    """Samples as float64 with full scale 1.0; raises ValueError for another shape or dtype."""
    if samples.ndim != 1:
        raise ValueError(f"samples of shape {samples.shape}, (N,) is wanted")
    if samples.dtype == np.int16:
        return samples.astype(np.float64) / 32768.0
    if samples.dtype in (np.float32, np.float64):
        return samples.astype(np.float64)
    raise ValueError(f"samples of {samples.dtype}, float32 or int16 is wanted")


def _runs(heard: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop of each unbroken run of True."""
    if heard.all():
        return [(0, len(heard))]
    edges = np.flatnonzero(np.diff(heard.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
