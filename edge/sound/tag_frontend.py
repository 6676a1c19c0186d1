"""From sound to what a tagger takes: fixed stretches, at a level of their own, as log-mel. Pure.

The features are those YAMNet was trained with (tensorflow/models, research/audioset/yamnet):
25 ms periodic Hann window, 10 ms hop, magnitude of a 512-point FFT, 64 HTK mel bands over
125-7500 Hz without area norm, natural logarithm of (mel + 0.001), patches of 96 frames every 48.

The level is made equal here and nowhere else: a model that hears a camera's -60 dBFS as silence
misses the dance, but a level that was made equal is no measurement. Sound, and mel patches, from
which speech could be made again, stay in memory: about one second of it per stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import signal, sparse

from edge.sound.filters import Cascade

Mono = NDArray[np.float32]
"""Sound, shape (N,), float32, full scale 1.0."""

RATE_HZ = 16_000
FRAME = 400
HOP = 160
FFT = 512
MELS = 64
LOG_OFFSET = 0.001
PATCH_FRAMES = 96
PATCH_STEP = PATCH_FRAMES // 2 * HOP
"""Samples from patch to patch: 0.48 s."""
PATCH_SAMPLES = (PATCH_FRAMES - 1) * HOP + FRAME
"""Samples of one patch: 0.975 s."""

TARGET_RMS = 10 ** (-25 / 20)
GAIN_MAX = 10 ** (40 / 20)
"""Every stretch is brought to -25 dBFS; below -65 dBFS it stays quieter, so nothing is silence."""
CUT_HZ = 80.0
"""Wind and rumble below carry the level of a stretch but leak into the lowest mel bands only.

Without the cut 5-30 Hz rumble at -30 dBFS was called music (0.46), with it 0.00; wind was heard as
wind in 0.6 instead of 0.35 of the time.
"""
STEADY_DB = 0.08
"""A stretch whose level wavers less is no music: a mains hum with its overtones had 0.04 dB at most
and was called music (1.0); of 17 pieces none had less than 0.17 dB, in pink noise 0.13 dB."""
_STEADY_FRAMES = 8
_ABSURD = 1e3
_TINY = 1e-12


def mel_weights() -> NDArray[np.float32]:
    """Triangles over the FFT's bins, shape (257, 64): straight on the mel scale, without DC."""
    low, high = _htk_mel(np.array([125.0, 7500.0]))
    edges = np.linspace(float(low), float(high), MELS + 2)
    hz = np.arange(FFT // 2 + 1, dtype=np.float64) * (RATE_HZ / FFT)
    bins = _htk_mel(hz)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights.astype(np.float32)


def _htk_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    mel: NDArray[np.float64] = 1127.0 * np.log1p(hz / 700.0)
    return mel


# Nearly all weights are 0. A dense product would also wake BLAS's threads, which then spin for
# the next one: that cost 2.5 times the whole tagging, and sums in another order on every machine.
_BANDS = sparse.csr_array(mel_weights().T)
_HANN = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)).astype(np.float32)


def mel_magnitudes(samples: Mono) -> NDArray[np.float32]:
    """Mel spectrum before the logarithm, shape (frames, 64), at 16 kHz.

    Only whole frames: (N - 400) // 160 + 1 of them; ValueError below 400 samples.
    """
    frames = sliding_window_view(samples, FRAME)[::HOP]
    magnitude = np.abs(np.fft.rfft(frames * _HANN, FFT))
    mel: NDArray[np.float32] = (_BANDS @ magnitude.astype(np.float32, copy=False).T).T
    return mel


def log_mel(mel: NDArray[np.float32], gain: float = 1.0) -> NDArray[np.float32]:
    """Logarithm of the mel spectrum of the sound made `gain` times as loud, same shape."""
    logarithm: NDArray[np.float32] = np.log(mel * np.float32(gain) + np.float32(LOG_OFFSET))
    return logarithm


def waver_db(patch: NDArray[np.float32]) -> float:
    """Standard deviation of the level in a log-mel patch (96, 64), smoothed over 80 ms."""
    square = np.square(np.exp(patch, dtype=np.float64)).sum(axis=1)
    smooth = np.convolve(square, np.full(_STEADY_FRAMES, 1 / _STEADY_FRAMES), "valid")
    return float(np.std(10 * np.log10(smooth)))


def gain_for(rms: float) -> float:
    """What brings a stretch of this rms (full scale 1.0) to -25 dBFS, 40 dB at most."""
    return min(TARGET_RMS / max(rms, _TINY), GAIN_MAX)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a tagger takes for one answer: log-mel of shape (96, 64), or samples of shape (N,).

    `start` is the number of its first sample in the stream.
    """

    start: int
    values: NDArray[np.float32]


class StretchStream(Protocol):
    """A front-end of one stream: sound in, in pieces of any size, stretches for the model out."""

    def push(self, samples: Mono) -> Iterator[Stretch]:
        """Stretches that are complete now; ValueError when not float32 of shape (N,)."""
        ...


class Blocks:
    """Overlapping blocks of equal length without rumble, whatever pieces the sound comes in.

    Work is done on whole steps only, so the result cannot depend on the pieces. A step that holds
    NaN, infinity or absurd numbers is lost and what follows begins anew.
    """

    def __init__(self, rate_hz: int, length: int, step: int) -> None:
        """Blocks of `length` samples every `step` <= `length`."""
        self._length, self._step = length, step
        self._cut = Cascade(signal.butter(4, CUT_HZ, "highpass", fs=rate_hz, output="sos"))
        self._pieces: list[Mono] = []
        self._waiting = 0
        self._start = 0
        self._tail: Mono | None = None

    def push(self, samples: Mono) -> Iterator[tuple[int, Mono]]:
        """Blocks that are complete now: number of the first sample, samples of shape (length,).

        ValueError when the samples are not float32 of shape (N,).
        """
        if samples.dtype != np.float32 or samples.ndim != 1:
            raise ValueError(f"sound is {samples.dtype} {samples.shape}, not float32 (N,)")
        # The caller may decode the next piece into the same memory.
        self._pieces.append(samples.copy())
        self._waiting += len(samples)
        while self._waiting >= self._needed:
            block = self._next_block()
            if block is not None:
                yield block

    @property
    def _needed(self) -> int:
        return self._length if self._tail is None else self._step

    def _next_block(self) -> tuple[int, Mono] | None:
        fresh = self._take(self._needed)
        # Written so that NaN fails as well.
        if not np.abs(fresh).max() <= _ABSURD:
            self._start += len(fresh) + (0 if self._tail is None else len(self._tail))
            self._tail = None
            return None
        if self._tail is None:
            self._cut.restart(float(fresh[0]))
            block = self._filtered(fresh)
        else:
            block = np.concatenate((self._tail, self._filtered(fresh)))
        start = self._start
        self._start += self._step
        self._tail = block[self._step :]
        return start, block

    def _filtered(self, fresh: Mono) -> Mono:
        return self._cut.run(fresh.astype(np.float64)).astype(np.float32)

    def _take(self, count: int) -> Mono:
        joined = self._pieces[0] if len(self._pieces) == 1 else np.concatenate(self._pieces)
        self._pieces = [joined[count:]]
        self._waiting -= count
        return joined[:count]


class PatchStream:
    """Log-mel patches of 16 kHz sound, 0.96 s every 0.48 s, each at the same level."""

    def __init__(self) -> None:
        # Half a patch at a time, so that the half two patches share is computed once.
        self._blocks = Blocks(RATE_HZ, PATCH_STEP + FRAME - HOP, PATCH_STEP)
        self._before: _Half | None = None

    def push(self, samples: Mono) -> Iterator[Stretch]:
        """Patches that are complete now; ValueError when not float32 of shape (N,)."""
        for start, block in self._blocks.push(samples):
            half = _Half(start, mel_magnitudes(block), *_energies(block))
            before, self._before = self._before, half
            if before is not None and before.start + PATCH_STEP == start:
                energy = before.energy + half.energy + half.energy_after
                mel = np.concatenate((before.mel, half.mel))
                gain = gain_for((energy / PATCH_SAMPLES) ** 0.5)
                yield Stretch(before.start, log_mel(mel, gain))


@dataclass(frozen=True, slots=True)
class _Half:
    """48 frames; the energy of its step and of what its last frames reach beyond it."""

    start: int
    mel: NDArray[np.float32]
    energy: float
    energy_after: float


def _energies(block: Mono) -> tuple[float, float]:
    squares = np.square(block, dtype=np.float64)
    return float(squares[:PATCH_STEP].sum()), float(squares[PATCH_STEP:].sum())


class WaveStream:
    """Stretches of samples for a model with its own front-end, each at the same level."""

    def __init__(self, rate_hz: int, length: int, step: int) -> None:
        self._blocks = Blocks(rate_hz, length, step)

    def push(self, samples: Mono) -> Iterator[Stretch]:
        """Stretches that are complete now; ValueError when not float32 of shape (N,)."""
        for start, block in self._blocks.push(samples):
            rms = float(np.sqrt(np.square(block, dtype=np.float64).mean()))
            yield Stretch(start, block * np.float32(gain_for(rms)))
