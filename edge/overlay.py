"""Draws everything the pipeline knew at a frame: what a person needs to see why."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.observer import ZoneLook
from edge.picture import PAPER_BGR, ROLE_WORDS, duration, fit, write
from edge.scenes.base import ZoneState
from edge.timeline import Span
from edge.timeline_strip import STATE_BGR, draw_timeline
from edge.timeline_text import WallTime
from edge.types import Box, Detections, Image

STATE_WORDS: dict[ZoneState, str] = {"occupied": "占用", "clear": "空闲", "unobserved": "看不到"}
THIN_BGR, OLD_BGR = (255, 255, 255), (150, 150, 150)
"""Detections on the frame they were made on, and on those after it until the next look."""
BANNER_BGR = (40, 40, 200)
BANNER_S = 4.0

WINDOW_S, AHEAD_S = 300.0, 60.0
MOST_ROWS = 4
"""Zones with a strip at the bottom; of more the picture shows the outlines alone."""
WORDS_PX, STRIP_PX = 20, 44
TEXT_PX = 14
SAME_COVERAGE = 0.02


@dataclass(slots=True)
class Row:
    """What one zone was over the last WINDOW_S, bounded."""

    spans: deque[Span] = field(default_factory=lambda: deque(maxlen=4000))

    def add(self, look: ZoneLook, ts: float) -> None:
        """The zone's look at `ts`, later than all before."""
        reading = look.reading
        cover = reading.measures.coverage
        last = self.spans[-1] if self.spans else Span(reading.state, ts, ts, cover)
        alike = last.state == reading.state and abs((last.coverage or 0) - (cover or 0)) < (
            SAME_COVERAGE
        )
        if alike and self.spans:
            self.spans.pop()
        from_ts = last.from_ts if alike else last.to_ts
        self.spans.append(Span(reading.state, from_ts, ts, last.coverage if alike else cover))
        while self.spans[0].to_ts < ts - WINDOW_S:
            self.spans.popleft()


@dataclass(frozen=True, slots=True)
class Moment:
    """What is drawn until the next look: zones of the last one, made at `ts`."""

    ts: float
    zones: tuple[ZoneLook, ...]
    clock: WallTime


def draw(image: Image, moment: Moment, ts: float, banner: str) -> Image:
    """The picture of time `ts`, fitted, with everything drawn in; `image` is not touched."""
    canvas = fit(image).copy()
    fresh = abs(ts - moment.ts) < 1e-6
    for look in moment.zones:
        _detections(canvas, look.seen, THIN_BGR if fresh else OLD_BGR)
    for look in moment.zones:
        _zone(canvas, look, moment, ts)
    width = canvas.shape[1]
    stamp = moment.clock.text(ts)
    write(canvas, f"{stamp}  {ts:.1f} s", (width - 150, TEXT_PX + 6), TEXT_PX)
    if banner:
        canvas[: 2 * TEXT_PX + 8] = BANNER_BGR
        write(canvas, banner, (10, TEXT_PX + 14), TEXT_PX + 6)
    return canvas


def banner_of(zones: Sequence[ZoneLook], clock: WallTime, ts: float) -> str:
    """What was told at this look, in words; empty when nothing was."""
    told = [
        f"{ROLE_WORDS[report.stage]} {look.place} 停留 {duration(report.dwell_s)}"
        for look in zones
        for report in look.reports
    ]
    return f"{clock.text(ts)}  " + " · ".join(told) if told else ""


def footer(rows: Sequence[Row], moment: Moment, width_px: int) -> Image:
    """One line of words and one timeline per zone, (rows x 64, width_px, 3)."""
    shown = list(zip(rows, moment.zones, strict=True))[:MOST_ROWS]
    height = max(1, len(shown)) * (WORDS_PX + STRIP_PX)
    paper: Image = np.full((height, width_px, 3), PAPER_BGR, dtype=np.uint8)
    begin_ts = max(0.0, moment.ts - WINDOW_S + AHEAD_S)
    for number, (row, look) in enumerate(shown):
        top = number * (WORDS_PX + STRIP_PX)
        write(paper, _words(look, moment), (8, top + WORDS_PX - 5), TEXT_PX)
        strip = draw_timeline(
            row.spans, (width_px - 16, STRIP_PX), moment.clock, (begin_ts, begin_ts + WINDOW_S)
        )
        paper[top + WORDS_PX : top + WORDS_PX + STRIP_PX, 8 : width_px - 8] = strip
    return paper


def _words(look: ZoneLook, moment: Moment) -> str:
    reading = look.reading
    parts = [f"{look.place} {STATE_WORDS[reading.state]}"]
    if reading.since_ts is not None:
        already = "（到场时已在）" if reading.already_there else ""
        parts.append(f"自 {moment.clock.text(reading.since_ts)}{already}")
    if reading.measures.coverage is not None:
        parts.append(f"覆盖 {reading.measures.coverage * 100:.0f} %")
    if reading.measures.clear_width_m is not None:
        width = reading.measures.clear_width_m
        parts.append(f"净宽 {width.est:.1f} m ({width.lo:.1f}-{width.hi:.1f})")
    if reading.reason:
        parts.append(reading.reason)
    return " · ".join(parts)


def _detections(canvas: Image, seen: Detections, colour: tuple[int, int, int]) -> None:
    for index in range(len(seen)):
        box = seen.box_rel[index].tolist()
        x1, y1, x2, y2 = _pixels(canvas, (box[0], box[1], box[2], box[3]))
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 1)
        text = f"{seen.name[index]} {seen.score[index]:.2f}"
        write(canvas, text, (x1 + 2, min(canvas.shape[0] - 3, y2 - 3)), 11)


def _zone(canvas: Image, look: ZoneLook, moment: Moment, ts: float) -> None:
    height, width = canvas.shape[:2]
    reading = look.reading
    colour = STATE_BGR[reading.state]
    corners = np.round(look.polygon_rel * (width, height)).astype(np.int32)
    outline(canvas, corners, colour, dashed=reading.state == "unobserved")
    for mark in reading.marks:
        x1, y1, x2, y2 = _pixels(canvas, mark.box)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), STATE_BGR["occupied"], 3)
        write(canvas, mark.text, (x1, max(TEXT_PX, y1 - 6)), TEXT_PX)
    if not reading.marks:
        for vehicle in reading.measures.vehicles:  # held through blindness: it was there
            x1, y1, x2, y2 = _pixels(canvas, vehicle.box)
            box = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], dtype=np.int32)
            outline(canvas, box, STATE_BGR["unobserved"], dashed=True)
    dwell = f" {duration(look.dwell_s + ts - moment.ts)}" if look.dwell_s else ""
    # At the lower left: marks have their words above, and the strip follows below.
    left, bottom = corners[(corners[:, 1] - corners[:, 0]).argmax()].tolist()
    at = (max(2, left) + 5, min(height, bottom) - 6)
    write(canvas, f"{look.place} {STATE_WORDS[reading.state]}{dwell}", at, TEXT_PX + 2)


def outline(
    canvas: Image, corners: NDArray[np.int32], colour: tuple[int, int, int], dashed: bool
) -> None:
    """A closed line of 2 pixels with a dark rim round corners (N, 2) in pixels."""
    if not dashed:
        cv2.polylines(canvas, [corners], True, PAPER_BGR, 4, cv2.LINE_AA)
        cv2.polylines(canvas, [corners], True, colour, 2, cv2.LINE_AA)
        return
    cv2.polylines(canvas, [corners], True, PAPER_BGR, 1, cv2.LINE_AA)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        steps = max(1, int(np.hypot(*(end - start)) // 8))
        points = np.linspace(start, end, steps + 1).round().astype(int).tolist()
        for first, last in list(pairwise(points))[::2]:
            cv2.line(canvas, tuple(first), tuple(last), colour, 2, cv2.LINE_AA)


def _pixels(canvas: Image, box: Box) -> tuple[int, int, int, int]:
    height, width = canvas.shape[:2]
    x1, x2 = round(box[0] * width), round(box[2] * width)
    y1, y2 = round(box[1] * height), round(box[3] * height)
    return x1, y1, x2, y2
