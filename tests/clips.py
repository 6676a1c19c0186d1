"""Recordings made for a test: few, small, and their pictures are known."""

from pathlib import Path

import numpy as np

from edge.clip_writer import ClipWriter
from edge.types import Image
from tests.factories import PARKED, road

SIZE_PX = (320, 180)


def street(ts: float) -> Image:
    """An empty road, and from second 12 to 17 a car standing on it; brightness 0 at the corner."""
    return road((PARKED, 7)) if 12 <= ts < 17 else road()


def record(path: Path, seconds: float, frames_per_s: int = 5) -> Path:
    """The street as a recording of `seconds`."""
    writer = ClipWriter(path, frames_per_s)
    for number in range(round(seconds * frames_per_s)):
        ts = number / frames_per_s
        writer.write(np.ascontiguousarray(street(ts)), ts)
    writer.close(whole=True)
    return path
