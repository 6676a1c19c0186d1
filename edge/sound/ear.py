"""From the blocks of a source to seconds that are measured and tags that are understood.

The level is measured at the source's own rate; what goes to the tagger is resampled. Sound that is
waiting for its second to be complete is in memory only: about two seconds of it.
"""

from collections.abc import Callable

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.sound.attribution import Attribution, Heard, Hearing
from edge.sound.block import SoundBlock
from edge.sound.frames import SecondFrame
from edge.sound.given import Given
from edge.sound.level import Meter, MeterSetup
from edge.sound.measure import ChainDesign
from edge.sound.tagger import OnnxTagger, TagStream
from edge.sound.tags import Tags

SLACK_S = 0.05
"""Media time may wander off the sample count by this before the resampler begins anew."""


class Ear:
    """Measures and tags one source. The first channel alone: a mean of channels has no scale."""

    def __init__(
        self,
        setup: MeterSetup,
        tagger: OnnxTagger,
        design: Callable[[int], ChainDesign] = ChainDesign.at,
    ) -> None:
        self._setup = setup
        self._tagger = tagger
        self._design = design
        self._rate_hz = 0
        self._meter: Meter | None = None
        self._tags = _TagBranch(tagger)
        self._attribution = Attribution(Hearing())

    def hear(self, block: SoundBlock) -> Given:
        """Take the next block.

        Another rate than before ends the second that was begun. At a rate that cannot be weighted
        nothing is measured and nothing is tagged: it is as if no sound came.
        """
        ended: list[SecondFrame] = []
        if block.rate_hz != self._rate_hz:
            ended = self._meter.finish() if self._meter else []
            self._rate_hz, self._meter = block.rate_hz, self._meter_at(block.rate_hz)
        if self._meter is None:
            return Given(tuple(ended))
        frames = self._meter.push(block.samples[0], block.ts)
        return Given((*ended, *frames), self._understood(block))

    def _meter_at(self, rate_hz: int) -> Meter | None:
        try:
            return Meter(self._design(rate_hz), self._setup)
        except ValueError:
            return None

    def tag(self, block: SoundBlock) -> Given:
        """Tags alone: where an instrument of its own measures the level."""
        return Given(heard=self._understood(block))

    def _understood(self, block: SoundBlock) -> tuple[tuple[Tags, Heard], ...]:
        tags = self._tags.push(block.samples[0], block.rate_hz, block.ts)
        return tuple((one, self._attribution.hear(one)) for one in tags)


class _TagBranch:
    """The sound on its way to the tagger, at the tagger's rate."""

    def __init__(self, tagger: OnnxTagger) -> None:
        self._stream: TagStream = tagger.stream()
        self._wanted_hz = tagger.rate_hz
        self._rate_hz = 0
        self._resampler: soxr.ResampleStream | None = None
        self._origin_ts = 0.0
        self._taken = 0
        self._given = 0
        self._latest_ts = float("-inf")

    def push(self, samples: NDArray[np.float32], rate_hz: int, ts: float) -> list[Tags]:
        """Tags that are complete now; later than all before, whatever media time does."""
        if not np.isfinite(samples).all():
            return []
        if rate_hz == self._wanted_hz:
            tags = self._stream.push(samples, ts)
        else:
            tags = self._resampled(samples, rate_hz, ts)
        fresh = [one for one in tags if one.middle_s > self._latest_ts]
        self._latest_ts = max([self._latest_ts, *(one.middle_s for one in fresh)])
        return fresh

    def _resampled(self, samples: NDArray[np.float32], rate_hz: int, ts: float) -> list[Tags]:
        expected_ts = self._origin_ts + self._taken / max(self._rate_hz, 1)
        stream = self._resampler
        if stream is None or rate_hz != self._rate_hz or abs(ts - expected_ts) > SLACK_S:
            stream = soxr.ResampleStream(rate_hz, self._wanted_hz, 1, dtype="float32")
            self._resampler, self._rate_hz = stream, rate_hz
            self._origin_ts, self._taken, self._given = ts, 0, 0
        self._taken += len(samples)
        given = np.asarray(stream.resample_chunk(samples), dtype=np.float32)
        given_ts = self._origin_ts + self._given / self._wanted_hz
        self._given += len(given)
        return self._stream.push(given, given_ts)
