"""`jinmu-edge replay --annotate out.mp4`: the recording with everything drawn in."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from edge.clip_writer import ClipWriter
from edge.observer import ZoneLook
from edge.overlay import BANNER_S, Moment, Row, banner_of, draw, footer
from edge.source import FileSource
from edge.timeline_text import WallTime
from edge.types import Frame, Image

FRAMES_PER_S = 10


class Annotator:
    """An Observer that writes the clip; use it as a context, whole only when left without error.

    The recording is read a second time beside the pipeline, so that the pictures between two looks
    move; they carry what the last look said. One picture at a time is in memory.
    """

    def __init__(self, media: Path, out: Path, start: datetime, zone: tzinfo) -> None:
        """`start` (aware) is when the recording began. EdgeError when `out` cannot be written."""
        self._writer = ClipWriter(out, FRAMES_PER_S)
        self._pictures = FileSource(media, 1 / FRAMES_PER_S, start).frames()
        self._next: Frame | None = None
        self._zone = zone
        self._moment = Moment(0.0, (), WallTime(0.0, start, zone))
        self._rows: list[Row] = []
        self._footer: Image | None = None
        self._banner, self._banner_ts = "", 0.0

    def looked(self, frame: Frame, zones: Sequence[ZoneLook]) -> None:
        """Write the pictures before this frame, then remember what it showed."""
        self._write_until(frame.ts)
        self._moment = Moment(frame.ts, tuple(zones), WallTime(frame.ts, frame.wall, self._zone))
        self._rows = self._rows or [Row() for _ in zones]
        for row, look in zip(self._rows, zones, strict=True):
            row.add(look, frame.ts)
        banner = banner_of(zones, self._moment.clock, frame.ts)
        if banner:
            self._banner, self._banner_ts = banner, frame.ts
        self._footer = None

    def _write_until(self, ts: float) -> None:
        """Write all pictures earlier than `ts`."""
        while True:
            if self._next is None:
                self._next = next(self._pictures, None)
            if self._next is None or self._next.ts >= ts - 1e-6:
                return
            self._write(self._next)
            self._next = None

    def _write(self, picture: Frame) -> None:
        banner = self._banner if picture.ts - self._banner_ts < BANNER_S else ""
        drawn = draw(picture.image, self._moment, picture.ts, banner)
        if self._footer is None:
            self._footer = footer(self._rows, self._moment, drawn.shape[1])
        if self._footer.shape[1] != drawn.shape[1]:  # the recording changed its size
            self._footer = footer(self._rows, self._moment, drawn.shape[1])
        self._writer.write(np.vstack([drawn, self._footer]), picture.ts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        whole = False
        try:
            if kind is None:
                self._write_until(float("inf"))
                whole = True
        finally:
            self._pictures.close()
            self._writer.close(whole)
