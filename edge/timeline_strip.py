"""A dwell timeline as a picture: states by colour and pattern, coverage as a curve, gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edge.picture import INK_BGR, PAPER_BGR, write
from edge.scenes.base import ZoneState
from edge.timeline import Span
from edge.timeline_text import WallTime
from edge.types import Image

STATE_BGR: dict[ZoneState, tuple[int, int, int]] = {
    "occupied": (60, 80, 230),
    "clear": (110, 150, 60),
    "unobserved": (150, 140, 130),
}
"""Told apart without colour too: occupied is full, clear is a thin line, unobserved is hatched."""
CURVE_BGR = (90, 220, 255)

STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MOST_TICKS = 8
LABEL_PX = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """Where a moment lies across a strip: `from_ts`-`to_ts` over `width_px`."""

    from_ts: float
    to_ts: float
    width_px: int

    def x(self, ts: float) -> int:
        """Column of a moment, at most the last."""
        share = (ts - self.from_ts) / max(self.to_ts - self.from_ts, 1e-6)
        return int(min(max(share, 0.0), 1.0) * (self.width_px - 1))

    def ticks(self) -> list[float]:
        """Round moments (multiples of a round step), few enough to be labelled."""
        length_s = self.to_ts - self.from_ts
        step = next((s for s in STEPS_S if length_s / s <= MOST_TICKS), STEPS_S[-1])
        first = int(np.ceil(self.from_ts / step))
        last = min(int(np.floor(self.to_ts / step)), first + 100)
        moments = (float(n * step) for n in range(first, last + 1))
        return [at for at in moments if self.from_ts <= at <= self.to_ts]  # division may round


def draw_timeline(
    spans: Sequence[Span],
    size_px: tuple[int, int],
    clock: WallTime | None = None,
    between_ts: tuple[float, float] | None = None,
) -> Image:
    """The spans, in order of time, as a picture of `size_px` (width, height; at least 64 x 32).

    The axis reaches over the spans, or over `between_ts`. Without spans it is empty paper; with
    `clock` it is labelled. Of several vehicles the curve shows what they cover together.
    """
    width, height = size_px
    picture: Image = np.full((height, width, 3), PAPER_BGR, dtype=np.uint8)
    if not spans:
        return picture
    axis = Axis(*(between_ts or (spans[0].from_ts, spans[-1].to_ts)), width)
    bar = picture[: height - LABEL_PX - 4]
    for span in spans:
        _state(bar[:, axis.x(span.from_ts) : axis.x(span.to_ts) + 1], span.state)
    _curve(bar, spans, axis)
    _labels(picture, axis, clock)
    return picture


def _state(part: Image, state: ZoneState) -> None:
    height, width = part.shape[:2]
    colour = STATE_BGR[state]
    match state:
        case "occupied":
            part[:] = colour
        case "clear":
            part[height // 2 - 1 : height // 2 + 1] = colour
        case "unobserved":
            rows, columns = np.indices((height, width))
            part[(rows + columns) % 8 < 3] = colour


def _curve(bar: Image, spans: Sequence[Span], axis: Axis) -> None:
    """Coverage 0-1 from the bar's bottom to its top; where it is not known there is no line."""
    height = bar.shape[0]
    before: tuple[int, int] | None = None
    for span in spans:
        if span.coverage is None:
            before = None
            continue
        y = round((1 - min(span.coverage, 1.0)) * (height - 3)) + 1
        first, last = (axis.x(span.from_ts), y), (axis.x(span.to_ts), y)
        if before is not None:
            cv2.line(bar, before, first, CURVE_BGR, 2)
        cv2.line(bar, first, last, CURVE_BGR, 2)
        before = last


def _labels(picture: Image, axis: Axis, clock: WallTime | None) -> None:
    height, width = picture.shape[:2]
    shift_s = 0.0
    if clock is not None:
        # Round moments are those of the clock on the wall.
        start = clock.at(axis.from_ts)
        shift_s = axis.from_ts - (start.hour * 3600 + start.minute * 60 + start.second)
        shift_s -= start.microsecond / 1e6
    day = Axis(axis.from_ts - shift_s, axis.to_ts - shift_s, axis.width_px)
    for tick in day.ticks():
        x = day.x(tick)
        cv2.line(picture, (x, height - LABEL_PX - 4), (x, height - LABEL_PX - 1), INK_BGR, 1)
        if clock is not None and x + 5 * LABEL_PX < width:
            write(picture, clock.text(tick + shift_s), (x + 1, height - 2), LABEL_PX - 1)
