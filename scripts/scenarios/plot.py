"""One scenario's timeline as a picture: the truth above, what the zone said below."""

from pathlib import Path

import cv2
import numpy as np

from edge.types import Image

from .drive import Played
from .score import gather
from .truth import occupations
from .world import Scenario

WIDTH_PX = 1400
LEFT_PX, RIGHT_PX = 150, 20
ROW_PX, BAR_PX, TOP_PX = 30, 18, 46
PAPER, INK, FAINT = (250, 250, 250), (40, 40, 40), (205, 205, 205)
COLOURS = {
    "stands": (150, 110, 60),
    "seen": (190, 160, 90),
    "front": (120, 120, 120),
    "gap": (90, 90, 200),
    "occupied": (60, 140, 60),
    "clear": (215, 235, 215),
    "unobserved": (80, 170, 240),
    "incident": (60, 60, 200),
}


def draw(scenario: Scenario, played: Played, path: Path) -> None:
    """Write the timeline as PNG; OSError when that cannot be done."""
    sheet = _Sheet(scenario)
    _draw_truth(sheet, scenario)
    _draw_said(sheet, scenario, played)
    if not cv2.imwrite(str(path), sheet.finished()):
        raise OSError(f"{path}: cannot be written")


def _draw_truth(sheet: "_Sheet", scenario: Scenario) -> None:
    for thing in scenario.things:
        name = f"{thing.what} {thing.name}" if thing.what == "vehicle" else thing.what
        sheet.row(name)
        sheet.bar(thing.keys[0][0], thing.keys[-1][0], "front" if not thing.stands else "seen")
        for begin, end in thing.stands:
            sheet.bar(begin, end, "stands")
    sheet.row("no pictures")
    for begin, end in scenario.feed.gaps:
        sheet.bar(begin, end, "gap")
    sheet.row("TRUTH: occupied")
    for truth in occupations(scenario):
        sheet.bar(truth.begin[1], truth.end[0], "stands")
    sheet.row("TRUTH: seen")
    for truth in occupations(scenario):
        for begin, end in truth.seen:
            sheet.bar(begin, end, "seen")


def _draw_said(sheet: "_Sheet", scenario: Scenario, played: Played) -> None:
    sheet.row("ZONE")
    times = [at_s for at_s, _ in played.readings] + [scenario.duration_s]
    longest_s = 4 / scenario.feed.fps + 3
    for (at_s, reading), until_s in zip(played.readings, times[1:], strict=True):
        sheet.bar(at_s, min(until_s, at_s + longest_s), reading.state)
    for incident in gather(played.messages):
        sheet.row(f"incident {incident.last.data.incident_id[-4:]}")
        sheet.bar(incident.last.since_s, incident.until_s, "incident")
        for message in incident.messages:
            data = message.data
            sheet.flag(message.told_s, f"{data.stage[:4]} {data.dwell_s:.0f}/{data.observed_s:.0f}")


class _Sheet:
    """Rows of bars over one axis of time, drawn once all of them are known."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._rows: list[str] = []
        self._bars: list[tuple[int, float, float, str]] = []
        self._flags: list[tuple[int, float, str]] = []

    def row(self, name: str) -> None:
        """Begin the next row."""
        self._rows.append(name)

    def bar(self, begin_s: float, end_s: float, what: str) -> None:
        """A bar in the row."""
        self._bars.append((len(self._rows) - 1, begin_s, end_s, what))

    def flag(self, at_s: float, text: str) -> None:
        """A mark with a text in the row."""
        self._flags.append((len(self._rows) - 1, at_s, text))

    def finished(self) -> Image:
        """The picture (H, WIDTH_PX, 3)."""
        height = TOP_PX + ROW_PX * len(self._rows) + 36
        sheet = np.full((height, WIDTH_PX, 3), PAPER, np.uint8)
        title = f"{self._scenario.name}  {self._scenario.feed.fps:g} fps"
        title += "  (flags: stage, dwell s / observed s)"
        _text(sheet, title, (10, 20), INK)
        self._axis(sheet)
        for row, begin_s, end_s, what in self._bars:
            top = TOP_PX + row * ROW_PX
            low, high = self._x(begin_s), max(self._x(begin_s) + 1, self._x(end_s))
            cv2.rectangle(sheet, (low, top), (high, top + BAR_PX), COLOURS[what], -1)
        for number, name in enumerate(self._rows):
            _text(sheet, name, (8, TOP_PX + number * ROW_PX + 14), INK)
        for row, at_s, text in self._flags:
            x, top = self._x(at_s), TOP_PX + row * ROW_PX
            cv2.line(sheet, (x, top - 4), (x, top + BAR_PX + 4), INK, 1)
            _text(sheet, text, (min(x + 3, WIDTH_PX - 100), top + 14), INK)
        return sheet

    def _axis(self, sheet: Image) -> None:
        step_s = max(10, round(self._scenario.duration_s / 12 / 10) * 10)
        for at_s in range(0, int(self._scenario.duration_s) + 1, step_s):
            x = self._x(at_s)
            cv2.line(sheet, (x, TOP_PX - 10), (x, sheet.shape[0] - 30), FAINT, 1)
            _text(sheet, f"{at_s} s", (x - 10, sheet.shape[0] - 12), INK)

    def _x(self, at_s: float) -> int:
        share = min(max(at_s / self._scenario.duration_s, 0.0), 1.0)
        return LEFT_PX + round(share * (WIDTH_PX - LEFT_PX - RIGHT_PX))


def _text(sheet: Image, text: str, at_px: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(sheet, text, at_px, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
