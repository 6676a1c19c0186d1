"""Suspects automatic gain control where a whole day is about equally loud. Pure.

A camera that turns its gain up in silence and down in noise flattens the day: between what is
exceeded 1 % and 99 % of 24 hours lie 25 dB and more at any street, under gain control a few. The
limit of 15 dB is a heuristic (reference sound §5.2); the sure proof is the 94-114 dB step of
`edge.sound.calibration`. What was heard before a restart does not count.
"""

from collections import deque

from edge.sound.frames import Invalid, SecondFrame
from edge.sound.statistics import Percentiles

LEAST_SPREAD_DB = 15.0
HOUR_S = 3600.0
HOURS = 24
ENOUGH_SHARE = 0.8
"""Share of the day that must have been heard."""

_NOT_HEARD = Invalid.GAP | Invalid.DEAD | Invalid.CLIPPING | Invalid.PLAYBACK


class GainWatch:
    """Follows the seconds of one microphone; memory is one histogram for each of 24 hours."""

    def __init__(self) -> None:
        self._hours: deque[Percentiles] = deque([Percentiles()], maxlen=HOURS)
        self._hour_ts: float | None = None
        self.suspected = False

    def doubt(self, second: SecondFrame) -> SecondFrame:
        """Take a second, later than those before; it comes back doubted while gain is suspected."""
        if self._hour_ts is None:
            self._hour_ts = second.ts
        while second.ts - self._hour_ts >= HOUR_S:
            self._end_hour()
        if not second.invalid & _NOT_HEARD:
            self._hours[-1].add((second.laeq_db,))
        return second.doubted(Invalid.GAIN_CONTROL) if self.suspected else second

    def _end_hour(self) -> None:
        """Judge anew: what was not heard enough is not suspected."""
        assert self._hour_ts is not None
        self._hour_ts += HOUR_S
        day = Percentiles()
        for hour in self._hours:
            day.merge(hour)
        high_db, low_db = day.exceeded_db(1), day.exceeded_db(99)
        self.suspected = (
            len(day) >= ENOUGH_SHARE * HOURS * HOUR_S
            and high_db is not None
            and low_db is not None
            and high_db - low_db < LEAST_SPREAD_DB
        )
        self._hours.append(Percentiles())
