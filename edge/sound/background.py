"""What the place sounds like without the music, and how that is taken out of a level. Pure.

The background is measured before the music begins, or on music-free days at the same hour. What
is quiet *during* a dance is not background: the music fills every gap and lifts L90.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

from edge.sound.frames import SecondFrame
from edge.sound.statistics import Energy, Percentiles

CorrectionMode = Literal["gb_table", "energy"]
Quantity = Literal["laeq", "l90"]
Method = Literal["before_onset", "same_hour"]

EVALUABLE_DB = 3.0
"""A smaller difference between level and background cannot be evaluated (GB 22337, GB 12348)."""

_TABLE_DB = {3: -3.0, 4: -2.0, 5: -2.0, 6: -1.0, 7: -1.0, 8: -1.0, 9: -1.0, 10: -1.0}
"""Correction by difference, rounded to whole dB; 0 above 10 dB (GB 22337 table, HJ 706)."""

GUARD_S = 2.0
"""So close to music a second may hold its beginning or its echo."""
HOUR_QUIET_S = 600.0
KEPT_PER_HOUR = 7


def correction_db(difference_db: float, mode: CorrectionMode) -> float | None:
    """What to add (0 or less) to a level so far above its background; None below 3 dB.

    `gb_table` is the table of the standard, in whole dB; `energy` is 10 lg(1 - 10^(-d/10)). They
    differ by up to 0.54 dB.
    """
    if difference_db < EVALUABLE_DB:
        return None
    if mode == "energy":
        return 10 * math.log10(1 - 10 ** (-difference_db / 10))
    return _TABLE_DB.get(math.floor(difference_db + 0.5), 0.0)


def corrected_db(level_db: float, background_db: float, mode: CorrectionMode) -> float | None:
    """The level without its background; None when the two are less than 3 dB apart."""
    correction = correction_db(level_db - background_db, mode)
    return None if correction is None else level_db + correction


@dataclass(frozen=True, slots=True)
class Background:
    """A background level, what it was made of, and when it was last true (media time)."""

    level_db: float
    method: Method
    heard_s: float
    taken_ts: float


@dataclass(frozen=True, slots=True)
class BackgroundRule:
    """How a background is made.

    From music-free seconds of the last `span_s` before the music, `min_s` of them at least; or from
    the same hour of music-free days, `baseline_days` back. It holds for `holds_s`.
    """

    quantity: Quantity = "laeq"
    min_s: float = 60.0
    span_s: float = 1800.0
    holds_s: float = 4 * 3600.0
    baseline_days: int = 14


@dataclass(slots=True)
class _Hour:
    """Music-free sound of the hour that is going on."""

    start: datetime | None = None
    energy: Energy = field(default_factory=Energy)
    levels: Percentiles = field(default_factory=Percentiles)


class Backgrounds:
    """Collects the music-free seconds of one place. Memory is bounded by `span_s`."""

    def __init__(self, rule: BackgroundRule) -> None:
        self._rule = rule
        self._quiet: deque[SecondFrame] = deque()
        self._hour = _Hour()
        self._baseline: dict[int, list[tuple[datetime, float]]] = {}

    def add(self, second: SecondFrame, wall: datetime) -> None:
        """A valid music-free second, later than those before; `wall` is local and aware."""
        self._quiet.append(second)
        # Twice the span: the music may be noticed a while after it began.
        while self._quiet[0].ts < second.ts - 2 * self._rule.span_s:
            self._quiet.popleft()
        start = wall.replace(minute=0, second=0, microsecond=0)
        if self._hour.start != start:
            self._close_hour()
            self._hour = _Hour(start)
        self._hour.energy += Energy.of(second.laeq_db, second.measured_s)
        self._hour.levels.add(second.laf_db)

    def before(self, onset_ts: float) -> Background | None:
        """The background of music that began at `onset_ts`; None when too little was heard."""
        until_ts = onset_ts - GUARD_S
        heard = [
            s for s in self._quiet if onset_ts - self._rule.span_s <= s.ts and s.ts + 1 <= until_ts
        ]
        heard_s = sum(second.measured_s for second in heard)
        level_db = _level_db(heard, self._rule.quantity)
        if level_db is None or heard_s < self._rule.min_s:
            return None
        return Background(level_db, "before_onset", heard_s, onset_ts)

    def same_hour(self, ts: float, wall: datetime) -> Background | None:
        """Median over the music-free days that had this hour; None when there are none."""
        oldest = wall - timedelta(days=self._rule.baseline_days)
        known = [level for day, level in self._baseline.get(wall.hour, []) if day >= oldest]
        if not known:
            return None
        return Background(float(np.median(known)), "same_hour", HOUR_QUIET_S * len(known), ts)

    def _close_hour(self) -> None:
        hour = self._hour
        if hour.start is None or hour.energy.seconds < HOUR_QUIET_S:
            return
        l90 = hour.levels.exceeded_db(90)
        level_db = hour.energy.level_db if self._rule.quantity == "laeq" else l90
        if level_db is not None:
            kept = self._baseline.setdefault(hour.start.hour, [])
            kept.append((hour.start, level_db))
            del kept[:-KEPT_PER_HOUR]

    def dump(self) -> list[Any]:
        """The baselines, for JSON; the last minutes are not kept across a restart."""
        return [(day.isoformat(), level) for kept in self._baseline.values() for day, level in kept]

    def load(self, dumped: Iterable[tuple[str, float]]) -> None:
        """Baselines of a `dump`."""
        for text, level in dumped:
            day = datetime.fromisoformat(text)
            self._baseline.setdefault(day.hour, []).append((day, level))


def _level_db(heard: list[SecondFrame], quantity: Quantity) -> float | None:
    if quantity == "laeq":
        return sum((Energy.of(s.laeq_db, s.measured_s) for s in heard), Energy()).level_db
    levels = [level for second in heard for level in second.laf_db]
    return float(np.percentile(levels, 10)) if levels else None
