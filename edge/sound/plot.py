"""The evidence picture of a measurement: levels, names of sounds and people over time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import cv2
import numpy as np

from edge.sound.curve import FLAG_WORDS, Curve, LevelPoint, thinned
from edge.types import Image

WIDTH_PX, HEIGHT_PX = 1280, 720
Colour = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
INK: Colour = (40, 34, 28)
FAINT: Colour = (226, 222, 218)
GREY: Colour = (150, 142, 134)
MUSIC: Colour = (20, 110, 235)
LIMIT: Colour = (40, 30, 205)
BACKGROUND: Colour = (170, 120, 20)
VOID: Colour = (214, 230, 240)
CURFEW: Colour = (250, 232, 232)
PEOPLE: Colour = (95, 130, 20)

LEFT_PX, RIGHT_PX = 84, 1256
LEVELS_PX = (112, 436)
TAGS_PX = (458, 566)
PEOPLE_PX = (588, 676)
ROWS = (
    ("music", "音乐"),
    ("speech", "语音"),
    ("vehicle", "车辆"),
    ("wind", "风"),
    ("rain", "雨"),
    ("thunder", "雷"),
)


@dataclass(frozen=True, slots=True)
class _Pen:
    """How text is written."""

    size_px: int
    colour: Colour
    weight: int = 400


@dataclass(frozen=True, slots=True)
class _Panel:
    """A rectangle with its scale; `low` is at the bottom."""

    top_px: int
    bottom_px: int
    low: float
    high: float

    def y(self, value: float) -> int:
        share = (value - self.low) / (self.high - self.low)
        share = min(1.0, max(0.0, share))
        return round(self.bottom_px - share * (self.bottom_px - self.top_px))


def draw(curve: Curve, title: str, summary: str) -> Image:
    """One picture of 1280x720; `title` says what and where, `summary` the numbers of the verdict.

    The span of the curve must be longer than nothing; ValueError else.
    """
    if curve.end_ts <= curve.start_ts:
        raise ValueError("a curve from and to the same moment cannot be drawn")
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), PAPER, dtype=np.uint8)
    _write(image, title, (24, 38), _Pen(26, INK, 700))
    _write(image, summary, (24, 70), _Pen(18, INK))
    x = _scale(curve)
    _draw_levels(image, curve, x)
    _draw_tags(image, curve, x)
    _draw_people(image, curve, x)
    _draw_times(image, curve, x)
    _draw_marks(image, curve, x)
    return image


def _scale(curve: Curve) -> Callable[[float], int]:
    per_s = (RIGHT_PX - LEFT_PX) / (curve.end_ts - curve.start_ts)
    return lambda ts: round(
        LEFT_PX + min(max(0.0, ts - curve.start_ts) * per_s, RIGHT_PX - LEFT_PX)
    )


def _draw_levels(image: Image, curve: Curve, x: Callable[[float], int]) -> None:
    bin_s = max(1.0, (curve.end_ts - curve.start_ts) / (RIGHT_PX - LEFT_PX))
    points = thinned(curve.levels, bin_s)
    panel = _Panel(*LEVELS_PX, *_range_db(curve))
    for start, end, why in _stretches(points, lambda point: point.void):
        cv2.rectangle(image, (x(start), panel.top_px), (x(end), panel.bottom_px), VOID, -1)
        if x(end) - x(start) > 16 * len(FLAG_WORDS[why]):
            _write(image, FLAG_WORDS[why], (x(start) + 3, panel.bottom_px - 10), _Pen(15, INK))
    for start, end, limit_db, curfew in _rules(curve):
        if curfew:
            cv2.rectangle(image, (x(start), panel.top_px), (x(end), panel.bottom_px), CURFEW, -1)
            _write(image, "禁噪时段", (x(start) + 6, panel.bottom_px - 10), _Pen(16, LIMIT))
        if limit_db is not None:
            _dashes(image, (x(start), x(end)), panel.y(limit_db), LIMIT)
            _write(
                image, f"限值 {limit_db:g}", (x(start) + 6, panel.y(limit_db) - 6), _Pen(16, LIMIT)
            )
    for level in range(int(np.ceil(panel.low / 10)) * 10, int(panel.high) + 1, 10):
        cv2.line(image, (LEFT_PX, panel.y(level)), (RIGHT_PX, panel.y(level)), FAINT, 1)
        _write_right(image, f"{level}", (LEFT_PX - 8, panel.y(level) + 5), _Pen(15, GREY))
    _write_right(
        image, "dB(A)" if curve.calibrated else "指示值", (LEFT_PX - 8, 98), _Pen(15, GREY)
    )
    _draw_line(image, points, x, panel)
    if curve.background_db is not None:
        y = panel.y(curve.background_db)
        _dashes(image, (LEFT_PX, RIGHT_PX), y, BACKGROUND)
        text = f"背景 {curve.background_db:.1f}"
        _write_right(image, text, (RIGHT_PX - 4, y + 18), _Pen(16, BACKGROUND))
    _legend(image)


def _draw_line(
    image: Image, points: list[LevelPoint], x: Callable[[float], int], panel: _Panel
) -> None:
    """The level; music in colour. What was not heard has no line."""
    for before, after in pairwise(points):
        if after.ts - before.ts > 2.5 * max(1.0, points[1].ts - points[0].ts):
            continue
        colour = MUSIC if before.music and after.music else GREY
        start = (x(before.ts), panel.y(before.laeq_db))
        cv2.line(image, start, (x(after.ts), panel.y(after.laeq_db)), colour, 2, cv2.LINE_AA)


def _legend(image: Image) -> None:
    entries = (("音乐", MUSIC), ("其他声音", GREY), ("不计入", VOID))
    at_px = RIGHT_PX - 320
    for text, colour in entries:
        cv2.rectangle(image, (at_px, 88), (at_px + 22, 100), colour, -1)
        _write(image, text, (at_px + 28, 101), _Pen(16, INK))
        at_px += 60 + 18 * len(text)


def _draw_tags(image: Image, curve: Curve, x: Callable[[float], int]) -> None:
    top, bottom = TAGS_PX
    row_px = (bottom - top) / len(ROWS)
    step_s = max(0.5, (curve.end_ts - curve.start_ts) / (RIGHT_PX - LEFT_PX))
    for row, (group, word) in enumerate(ROWS):
        y1, y2 = round(top + row * row_px) + 1, round(top + (row + 1) * row_px) - 1
        cv2.rectangle(image, (LEFT_PX, y1), (RIGHT_PX, y2), (248, 246, 244), -1)
        _write_right(image, word, (LEFT_PX - 8, y2 - 2), _Pen(15, INK if row == 0 else GREY))
        ink = np.array(MUSIC if group == "music" else INK)
        for point in curve.tags:
            score = getattr(point.scores, group)
            if score >= 0.05:
                shade = tuple(int(v) for v in 255 - (255 - ink) * score)
                left, right = x(point.ts - step_s / 2), x(point.ts + step_s / 2)
                cv2.rectangle(image, (left, y1), (max(left, right), y2), shade, -1)


def _draw_people(image: Image, curve: Curve, x: Callable[[float], int]) -> None:
    most = max((point.possible for point in curve.people), default=0)
    panel = _Panel(*PEOPLE_PX, 0, max(4, curve.min_people * 1.5, most * 1.15))
    cv2.line(image, (LEFT_PX, panel.bottom_px), (RIGHT_PX, panel.bottom_px), FAINT, 1)
    _write_right(image, "人数", (LEFT_PX - 8, panel.top_px + 14), _Pen(15, PEOPLE))
    _write_right(image, "0", (LEFT_PX - 8, panel.bottom_px + 4), _Pen(15, GREY))
    if curve.min_people:
        y = panel.y(curve.min_people)
        _dashes(image, (LEFT_PX, RIGHT_PX), y, GREY)
        _write_right(image, f"{curve.min_people}", (LEFT_PX - 8, y + 5), _Pen(15, GREY))
    if not curve.people:
        _write(image, "没有画面", (LEFT_PX + 10, panel.bottom_px - 30), _Pen(18, GREY))
    for before, after in pairwise(curve.people):
        if after.ts - before.ts <= 10:
            ends = [(x(p.ts), panel.y(p.sure)) for p in (before, after)]
            cv2.line(image, ends[0], ends[1], PEOPLE, 2, cv2.LINE_AA)


def _draw_times(image: Image, curve: Curve, x: Callable[[float], int]) -> None:
    span_s = curve.end_ts - curve.start_ts
    step_s = next((s for s in (10, 30, 60, 120, 300, 600) if span_s / s <= 10), 900)
    midnight = curve.wall.replace(hour=0, minute=0, second=0, microsecond=0)
    first_s = (curve.wall - midnight).total_seconds()
    moment_s = np.ceil(first_s / step_s) * step_s
    while moment_s <= first_s + span_s:
        ts = curve.start_ts + moment_s - first_s
        cv2.line(image, (x(ts), PEOPLE_PX[1]), (x(ts), PEOPLE_PX[1] + 6), GREY, 1)
        text = curve.wall_at(ts).strftime("%H:%M" if step_s >= 60 else "%H:%M:%S")
        _write(image, text, (x(ts) - 4 * len(text), PEOPLE_PX[1] + 26), _Pen(16, INK))
        moment_s += step_s


def _draw_marks(image: Image, curve: Curve, x: Callable[[float], int]) -> None:
    for mark in curve.marks:
        cv2.line(image, (x(mark.ts), LEVELS_PX[0]), (x(mark.ts), PEOPLE_PX[1]), INK, 1)
    for number, mark in enumerate(curve.marks):
        at_px = (min(x(mark.ts) + 5, RIGHT_PX - 18 * len(mark.text)), LEVELS_PX[0] + 18)
        row_px = at_px[1] + 24 * (number % 2)
        end_px = (at_px[0] + 17 * len(mark.text) + 4, row_px + 5)
        cv2.rectangle(image, (at_px[0] - 3, row_px - 17), end_px, PAPER, -1)
        _write(image, mark.text, (at_px[0], row_px), _Pen(17, INK, 700))


def _range_db(curve: Curve) -> tuple[float, float]:
    """Lowest and highest level of the panel, whole tens around what is shown."""
    shown = [p.laeq_db for p in curve.levels if not p.void]
    shown += [r.limit_db for r in curve.rules if r.limit_db is not None]
    shown += [] if curve.background_db is None else [curve.background_db]
    if not shown:
        return 30.0, 90.0
    return np.floor((min(shown) - 3) / 10) * 10, np.ceil((max(shown) + 6) / 10) * 10


def _rules(curve: Curve) -> Iterator[tuple[float, float, float | None, bool]]:
    """From, to, limit and curfew of every rule that held in the picture."""
    ends = [rule.ts for rule in curve.rules[1:]] + [curve.end_ts]
    for rule, end_ts in zip(curve.rules, ends, strict=False):
        if end_ts > curve.start_ts:
            yield max(rule.ts, curve.start_ts), end_ts, rule.limit_db, rule.curfew


def _stretches(
    points: list[LevelPoint], key: Callable[[LevelPoint], str]
) -> Iterator[tuple[float, float, str]]:
    """Runs of points with one key that is not empty."""
    for value, run in groupby(points, key):
        stretch = list(run)
        if value:
            yield stretch[0].ts, stretch[-1].ts + 1, value


def _dashes(image: Image, x_px: tuple[int, int], y: int, colour: Colour) -> None:
    for start in range(x_px[0], x_px[1], 14):
        cv2.line(image, (start, y), (min(start + 8, x_px[1]), y), colour, 2)


def _write(image: Image, text: str, at_px: tuple[int, int], pen: _Pen) -> None:
    font = cv2.FontFace("sans")
    cv2.putText(image, text, at_px, pen.colour, font, pen.size_px, pen.weight)


def _write_right(image: Image, text: str, right_px: tuple[int, int], pen: _Pen) -> None:
    """Text that ends at `right_px`."""
    font, origin_px = cv2.FontFace("sans"), (0, HEIGHT_PX // 2)
    size_px = (WIDTH_PX, HEIGHT_PX)
    box = cv2.getTextSize(size_px, text, origin_px, font, pen.size_px, pen.weight)
    _write(image, text, (right_px[0] - box[2], right_px[1]), pen)
