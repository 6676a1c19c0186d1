"""What sources of sound give: samples, or seconds that an instrument of its own has measured.

A source that hears calls `on_sound(SoundBlock)`, one that measures calls `on_frame(SecondFrame)`;
both with times on the monotonic clock of the box, in order, from a thread of their own. A gap is a
time at which nothing comes: never silence. A source that is not a camera is the body of a
`edge.worker.Worker`: `run(stop)` reads until `stop` is set, and tries again for ever.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.sound.frames import SecondFrame


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """A piece of sound: `samples` is (channels, N) float32 in -1..1; `ts` is that of its start."""

    samples: NDArray[np.float32]
    rate_hz: int
    ts: float

    @property
    def end_ts(self) -> float:
        """When its last sample has been heard."""
        return self.ts + int(self.samples.shape[-1]) / self.rate_hz


OnSound = Callable[[SoundBlock], None]
OnFrame = Callable[[SecondFrame], None]
