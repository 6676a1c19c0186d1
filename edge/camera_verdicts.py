"""Verdicts on one look at the view: True, False, or None for "cannot be told from this"."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.camera_references import References
from edge.camera_signals import COLS, ROWS, Small, Texture, bands, noise_between, texture
from edge.camera_view import Field, Match, edge_field, has_structure, stands_out

BRIGHT = ROWS * COLS * 98 // 100
DARK, DARK_OVER = 22.0, 30.0
"""Grey levels of the 98 % quantile of the small picture: hardly anything is brighter."""
WHITE_LEVEL = 248.0
WHITE, WHITE_OVER = 0.6, 0.45
"""Share of the picture that is white."""
GONE, GONE_OVER = 0.6, 0.4
FOUND_NOTHING, FOUND_AGAIN = 0.25, 0.35
PLAIN, PLAIN_OVER = 0.95, 0.8
"""Share of tiles without any structure: nothing to see, whatever was learned before."""
BLURRED, BLURRED_OVER = 0.6, 0.7
"""Fine detail relative to the reference. A Gaussian of 0.4 % of the width leaves 0.6."""
SHIFT, SHIFT_OVER = 0.02, 0.012
"""Fractions of the frame. A real camera (a clip of traffic) was measured to sway by 0.0125."""
SHIFT_WINDOW_S = 12.0
SWAY = 0.015
"""Fractions of the frame by which looks at one view may differ."""
LOST_S = 9.5
LOST_FOUND = 0.15
LOST_CLEAR = 0.25
"""Share of tiles that must stand out of the noise, else one cannot say that they are another
view's."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found; `match` is None while no view was learned."""

    small: Small
    texture: Texture
    bright: float
    white: float
    plain: float
    clear: float
    """Share of tiles with structure that stands out of the noise."""
    match: Match | None

    @property
    def mean(self) -> float:
        """Mean grey level."""
        return float(self.small.mean())

    @property
    def blank(self) -> bool:
        """Too dark or too white to find anything in."""
        return self.bright < DARK_OVER or self.white > WHITE_OVER


class Sight:
    """Looks at small pictures one after the other. Not for several threads."""

    def __init__(self) -> None:
        self._fine: Small | None = None

    def look(self, small: Small, references: References, ts: float) -> Seen:
        """Compare a small picture with what was learned."""
        fine, coarse = bands(small)
        noise = noise_between(fine, self._fine) if self._fine is not None else None
        self._fine = fine
        seen = texture(fine, coarse, noise)
        field: Field = edge_field(small)
        return Seen(
            small=small,
            texture=seen,
            bright=float(np.partition(small.ravel(), BRIGHT)[BRIGHT]),
            white=float(np.mean(small >= WHITE_LEVEL)),
            plain=float(np.mean(~has_structure(seen))),
            clear=float(np.mean(stands_out(seen))),
            match=references.match(field, seen, ts),
        )


def is_dark(seen: Seen) -> bool | None:
    """Nothing is bright enough to be recognised."""
    return _between(seen.bright, DARK, DARK_OVER)


def is_white(seen: Seen) -> bool | None:
    """Most of the picture is white."""
    return _between(-seen.white, -WHITE, -WHITE_OVER)


def is_covered(seen: Seen, was_daylight: bool) -> bool | None:
    """A large area without structure, and nothing of the view is found.

    Black is a cover only when it was day just before; else it is the night, which `dark` tells.
    """
    if seen.white > WHITE_OVER or (seen.bright < DARK_OVER and not was_daylight):
        return None
    match = seen.match
    if match is None:
        return _between(-seen.plain, -PLAIN, -PLAIN_OVER)
    if not match.judged:
        return None
    # Smooth ground has little to lose: of a cover's noise a trace may be as much.
    if match.found <= FOUND_NOTHING and (match.gone >= GONE or seen.plain >= PLAIN):
        return True
    seen_again = match.gone <= GONE_OVER and seen.plain <= PLAIN_OVER
    return False if match.found >= FOUND_AGAIN or seen_again else None


def is_blurred(seen: Seen) -> bool | None:
    """The view is found, with much less detail than it had."""
    match = seen.match
    if seen.blank or match is None or not match.judged or match.found <= FOUND_NOTHING:
        return None
    return _between(match.focus, BLURRED, BLURRED_OVER)


class Shifts:
    """Where the view stood in the last seconds: a pole may shake, its mean may not move."""

    def __init__(self) -> None:
        self._window: deque[tuple[float, float, float]] = deque()
        self._unsure: deque[float] = deque()
        self._lost_ts: float | None = None
        self._median_rel: tuple[float, float] | None = None

    def note(self, seen: Seen, ts: float) -> None:
        """Take in one look; looks that cannot tell are left out."""
        match = seen.match
        if match is None or not match.judged or seen.blank:
            return
        if match.sure:
            self._window.append((ts, match.dx_rel, match.dy_rel))
            self._lost_ts = None
        else:
            self._unsure.append(ts)
            self._note_unsure(match, seen.clear, ts)
        while self._window and ts - self._window[0][0] > SHIFT_WINDOW_S:
            self._window.popleft()
        while self._unsure and ts - self._unsure[0] > SHIFT_WINDOW_S:
            self._unsure.popleft()
        self._median_rel = None

    def _note_unsure(self, match: Match, clear: float, ts: float) -> None:
        """Whether what is seen instead is another view: not a bus before it, not mere noise."""
        if match.gone >= GONE_OVER or match.found > LOST_FOUND or clear < LOST_CLEAR:
            self._lost_ts = None
        elif self._lost_ts is None:
            self._lost_ts = ts

    def lost(self, ts: float) -> bool:
        """Whether another view, with structure of its own, has been seen for some time."""
        return self._lost_ts is not None and ts - self._lost_ts >= LOST_S

    @property
    def median_rel(self) -> tuple[float, float] | None:
        """Median shift dx, dy of the window in fractions of the frame."""
        if not self._window:
            return None
        if self._median_rel is None:
            _, dx, dy = np.median(np.array(self._window), axis=0)
            self._median_rel = float(dx), float(dy)
        return self._median_rel

    @property
    def _agreed(self) -> bool:
        """Whether most looks found the view, and in one place: what noise finds is scattered."""
        if self.median_rel is None:
            return False
        away = np.hypot(*(np.array(self._window)[:, 1:] - self.median_rel).T)
        return 2 * int(np.sum(away <= SWAY)) >= len(self._window) + len(self._unsure)

    def is_moved(self, ts: float) -> bool | None:
        """The view stands elsewhere, or another one is seen."""
        if self.lost(ts):
            return True
        shift = self.median_rel
        if shift is None or self._lost_ts is not None or not self._agreed:
            return None
        return _between(-float(np.hypot(*shift)), -SHIFT, -SHIFT_OVER)


def _between(value: float, true_below: float, false_above: float) -> bool | None:
    """Hysteresis: True up to the first threshold, False from the second, None between them."""
    if value <= true_below:
        return True
    return False if value >= false_above else None
