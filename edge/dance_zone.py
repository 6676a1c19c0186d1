"""One square: what is heard and seen there, the ladder of its evening, its pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from edge.evidence_set import Shot
from edge.ids import uuid7
from edge.kept_state import Keeps, dump_parts, load_parts
from edge.scenes import SOUND_SCENES, SoundParams
from edge.scenes.base import Reading
from edge.scenes.dance_ladder import DanceReport, Judged, Ladder
from edge.scenes.dance_view import SoundView
from edge.scenes.dance_words import SEVERITY_WORDS
from edge.scenes.square_dance import as_reading
from edge.sound.curve import Curve, Mark
from edge.timeline import Span, Timeline
from edge.types import Frame, Image

BEFORE_S = 120.0
"""So much of the time before the music is on the curve, with the background in it."""
FRESH_S = 15.0
"""An older picture does not show what is told of."""


@dataclass(frozen=True, slots=True)
class DanceDecided:
    """What one look came to: the verdicts, what is to be told, the evening so far."""

    judged: Judged
    reports: list[DanceReport]
    spans: tuple[Span, ...]


class DanceZone:
    """Scene → ladder → what is told. Not for several threads, but for `note`."""

    def __init__(
        self, stream_id: str, params: SoundParams, encode: Callable[[Image], bytes]
    ) -> None:
        self.params = params
        self.key = f"{stream_id}/{params.scene}/{params.place}"
        self.scene = SOUND_SCENES[params.scene](params)
        self._encode = encode
        self._ladder = Ladder(params)
        self._timeline = Timeline()
        self._frame: Frame | None = None
        self._loudest: tuple[float, Shot] | None = None
        self._open = False

    def note(self, frame: Frame) -> None:
        """The newest picture of the place; may be called by another thread."""
        self._frame = frame

    def decide(self, view: SoundView) -> DanceDecided:
        """Take what came since the last view of the place."""
        judged = self.scene.update(view)
        reports = self._ladder.update(judged, partial(uuid7, view.wall))
        for report in reports:
            word = SEVERITY_WORDS[report.severity]
            self.scene.history.add_mark(Mark(report.told_ts, word))
        self._keep_loudest(view)
        return DanceDecided(judged, reports, self._keep_timeline(judged, reports))

    def curve(self, judged: Judged, since_ts: float) -> Curve:
        """What the evidence picture shows of an evening that began at `since_ts`."""
        return self.scene.curve(judged, max(60.0, judged.ts - since_ts + BEFORE_S))

    def still(self, ts: float) -> Shot | None:
        """The picture of this moment; None when there is none."""
        frame = self._frame
        if frame is None or abs(ts - frame.ts) > FRESH_S:
            return None
        return Shot(self._encode(frame.image), frame.ts, frame.wall)

    def loudest(self) -> Shot | None:
        """The picture of the evening's loudest second so far."""
        return None if self._loudest is None else self._loudest[1]

    def _keep_loudest(self, view: SoundView) -> None:
        if not self._ladder.is_open:
            self._loudest = None
            return
        level_db = max((s.laeq_db for s in view.seconds if s.valid), default=None)
        if level_db is None or (self._loudest is not None and level_db <= self._loudest[0]):
            return
        shot = self.still(view.ts)
        if shot is not None:
            self._loudest = (level_db, shot)

    def _keep_timeline(self, judged: Judged, reports: list[DanceReport]) -> tuple[Span, ...]:
        if self._ladder.is_open and not self._open:
            since_ts = reports[0].since_ts
            self._timeline = Timeline((_begun(as_reading(judged), since_ts),))
        self._timeline.add(as_reading(judged), judged.ts)
        spans = self._timeline.spans
        self._open = self._ladder.is_open
        if not self._open:
            self._timeline.end()
        return spans

    def dump(self, ts: float, wall: datetime) -> bytes:
        """What must survive a restart, times relative to `ts` (monotonic) and `wall`."""
        return dump_parts(self._parts(), ts, wall)

    def load(self, blob: bytes, ts: float, wall: datetime) -> None:
        """Continue what was going on when the box went down."""
        load_parts(self._parts(), blob, ts, wall)
        self._open = self._ladder.is_open

    def _parts(self) -> dict[str, Keeps]:
        return {"scene": self.scene, "ladder": self._ladder, "timeline": self._timeline}


def _begun(reading: Reading, since_ts: float) -> Span:
    return Span(reading.state, since_ts, since_ts, reason=reading.reason)
