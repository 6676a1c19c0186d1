"""What an evening looked like second by second: the values behind the evidence picture. Pure.

No sound is in it: levels, names of sounds, counts of people.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from edge.sound.attribution import Heard
from edge.sound.frames import SecondFrame
from edge.sound.ledger import void_reason
from edge.sound.spans import Spans
from edge.sound.tags import Scores, Tags

KEPT_S = 3600.0
"""Nothing older is shown, so memory is bounded."""

FLAG_WORDS: Mapping[str, str] = {
    "microphone_dead": "传声器失效",
    "own_loudspeaker": "本机喇叭正在播放",
    "gain_control": "自动增益开启",
    "clipping": "信号过载削波",
    "rain": "雨",
    "thunder": "雷或爆竹",
    "wind": "风",
    "gap": "中断",
    "under_range": "低于测量范围",
}
"""What people call the reasons why a second counts for nothing."""


@dataclass(frozen=True, slots=True)
class LevelPoint:
    """One second: its levels, whether it is the music's, and why it counts for nothing ("")."""

    ts: float
    laeq_db: float
    lafmax_db: float
    music: bool
    void: str


@dataclass(frozen=True, slots=True)
class TagPoint:
    """One answer of the tagger; `ts` is the middle of its stretch."""

    ts: float
    scores: Scores


@dataclass(frozen=True, slots=True)
class PeoplePoint:
    """One look at the zone: people for certain, and with the doubtful."""

    ts: float
    sure: int
    possible: int


@dataclass(frozen=True, slots=True)
class RulePoint:
    """From `ts` on this rule held: a limit, a curfew, or neither."""

    ts: float
    limit_db: float | None = None
    curfew: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a line in the picture, e.g. a step of the ladder."""

    ts: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Everything that is drawn, between two moments; `wall` is the local time of `start_ts`."""

    start_ts: float
    end_ts: float
    wall: datetime
    levels: tuple[LevelPoint, ...] = ()
    tags: tuple[TagPoint, ...] = ()
    people: tuple[PeoplePoint, ...] = ()
    rules: tuple[RulePoint, ...] = ()
    marks: tuple[Mark, ...] = ()
    background_db: float | None = None
    min_people: int = 0
    calibrated: bool = True

    def wall_at(self, ts: float) -> datetime:
        """Local time of a moment."""
        return self.wall + timedelta(seconds=ts - self.start_ts)


_Point = LevelPoint | TagPoint | PeoplePoint | Mark
_P = TypeVar("_P", LevelPoint, TagPoint, PeoplePoint, Mark)


class History:
    """The last hour of one place; add everything in order of time."""

    def __init__(self) -> None:
        self._levels: deque[LevelPoint] = deque()
        self._tags: deque[TagPoint] = deque()
        self._people: deque[PeoplePoint] = deque()
        self._rules: deque[RulePoint] = deque()
        self._marks: deque[Mark] = deque()
        self._music = Spans()

    def add_second(self, second: SecondFrame) -> None:
        """A second; whose it is, is known later."""
        point = LevelPoint(second.ts, second.laeq_db, second.lafmax_db, False, void_reason(second))
        self._levels.append(point)
        _forget(self._levels, second.ts)

    def hear(self, tags: Tags, heard: Heard) -> None:
        """An answer of the tagger and what followed from it."""
        self._tags.append(TagPoint(tags.middle_s, tags.scores))
        _forget(self._tags, tags.middle_s)
        for segment in (heard.ended, heard.music):
            if segment is not None:
                self._music.add(segment.start_s, segment.end_s)
        self._music.forget(tags.middle_s - KEPT_S)

    def add_people(self, point: PeoplePoint) -> None:
        """A look at the zone."""
        self._people.append(point)
        _forget(self._people, point.ts)

    def add_rule(self, point: RulePoint) -> None:
        """The rule that holds from now on; nothing new when it is the one that held."""
        last = self._rules[-1] if self._rules else None
        if last is None or (last.limit_db, last.curfew) != (point.limit_db, point.curfew):
            self._rules.append(point)
        # The rule that held at the beginning stays, however old.
        while len(self._rules) > 1 and self._rules[1].ts < point.ts - KEPT_S:
            self._rules.popleft()

    def add_mark(self, mark: Mark) -> None:
        """Something that happened, e.g. a step of the ladder."""
        self._marks.append(mark)
        _forget(self._marks, mark.ts)

    def curve(self, frame: Curve) -> Curve:
        """`frame` with all that lies between its two moments."""
        lies = _between(frame.start_ts, frame.end_ts)
        return replace(
            frame,
            levels=tuple(
                replace(p, music=self._music.holds(p.ts + 0.5)) for p in self._levels if lies(p)
            ),
            tags=tuple(p for p in self._tags if lies(p)),
            people=tuple(p for p in self._people if lies(p)),
            rules=tuple(p for p in self._rules if p.ts < frame.end_ts),
            marks=tuple(p for p in self._marks if lies(p)),
        )


def _between(start_ts: float, end_ts: float) -> Callable[[_Point], bool]:
    return lambda point: start_ts <= point.ts <= end_ts


def _forget(points: deque[_P], ts: float) -> None:
    while points and points[0].ts < ts - KEPT_S:
        points.popleft()


def thinned(points: Iterable[LevelPoint], bin_s: float) -> list[LevelPoint]:
    """One point per `bin_s`, the loudest of each: nothing that matters is lost to the width."""
    best: dict[int, LevelPoint] = {}
    for point in points:
        key = int(point.ts // bin_s)
        if key not in best or point.laeq_db > best[key].laeq_db:
            best[key] = point
    return [best[key] for key in sorted(best)]
