"""Whose the seconds are: music, something else, or nobody can say. Pure.

An answer of the tagger comes after the second it is about, and music is recognised some seconds
after it began. So seconds are kept and attributed anew at every look; the last `SETTLE_S` are left
out until their answers are there.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge.sound.attribution import Heard
from edge.sound.frames import Invalid, SecondFrame
from edge.sound.spans import Spans
from edge.sound.statistics import Energy
from edge.sound.tags import Tags

SETTLE_S = 2.0
FINAL_S = 15.0
"""After so long no music that is recognised now reaches back to a second (10 s of hearing)."""
OTHER_SCORE = 0.3
"""An answer from which on speech or a vehicle, if surer than music, owns its second."""
NEAR_MUSIC_S = 2.0

REASONS: Mapping[Invalid, str] = {
    Invalid.DEAD: "microphone_dead",
    Invalid.PLAYBACK: "own_loudspeaker",
    Invalid.GAIN_CONTROL: "gain_control",
    Invalid.CLIPPING: "clipping",
    Invalid.RAIN: "rain",
    Invalid.THUNDER: "thunder",
    Invalid.WIND: "wind",
    Invalid.GAP: "gap",
    Invalid.UNDER_RANGE: "under_range",
}
"""What makes a second count neither for nor against, worst first.

An expired calibration is not among them: it takes the scale from a level, not the sound.
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """A stretch of time by owner, in seconds; `music` is the energy of the music's seconds.

    `lost` says by reason what could not be attributed; `span_s` is the sum of all.
    `unscaled_s` of what was heard were under an expired calibration.
    """

    span_s: float
    music: Energy
    other_s: float
    lost: Mapping[str, float]
    unscaled_s: float = 0.0

    @property
    def lost_s(self) -> float:
        """How much could not be attributed."""
        return max(0.0, self.span_s - self.music.seconds - self.other_s)

    @property
    def usable_share(self) -> float:
        """Share of the time that could be attributed, 0-1."""
        return 1 - self.lost_s / self.span_s

    @property
    def music_share(self) -> float:
        """Share of all the time that was certainly music, 0-1."""
        return self.music.seconds / self.span_s

    @property
    def music_share_at_most(self) -> float:
        """The same if all that was lost had been music."""
        return (self.music.seconds + self.lost_s) / self.span_s

    @property
    def level_db(self) -> float | None:
        """LAeq of the music's seconds."""
        return self.music.level_db

    @property
    def level_at_least_db(self) -> float | None:
        """The same if the music had been silent in all that was lost.

        So a gap can never raise what is decided on.
        """
        return Energy(self.music.square_s, self.music.seconds + self.lost_s).level_db

    @property
    def why_lost(self) -> str:
        """The reason for most of what was lost; "" when nothing was."""
        return max(self.lost, key=lambda reason: self.lost[reason], default="")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A second with what does not change about it: why it is void ("" when it is not)."""

    frame: SecondFrame
    void: str
    square_s: float
    unscaled: bool


class Ledger:
    """Seconds and answers of one microphone, for `keep_s`."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._seconds: deque[_Kept] = deque()
        self._music = Spans()
        self._tagged = Spans()
        self._others = Spans()
        self._spoiled = Invalid.NONE
        self._quiet_until_ts = float("-inf")

    def hear(self, tags: Tags, heard: Heard) -> None:
        """An answer and what followed from it, in order."""
        self._tagged.add(tags.ts, tags.ts + tags.span_s)
        scores = tags.scores
        if max(scores.speech, scores.vehicle) >= max(OTHER_SCORE, scores.music):
            self._others.add(tags.ts, tags.ts + tags.span_s)
        for segment in (heard.ended, heard.music):
            if segment is not None:
                self._music.add(segment.start_s, segment.end_s)
        self._spoiled = heard.spoiled if heard.known else Invalid.NONE

    def measure(self, second: SecondFrame) -> SecondFrame:
        """A second, later than those before; returned with the weather's doubts, after `hear`."""
        second = second.doubted(self._spoiled)
        self._seconds.append(_keep(second))
        oldest_ts = second.ts - self._keep_s
        while self._seconds[0].frame.ts < oldest_ts:
            self._seconds.popleft()
        for spans in (self._music, self._tagged, self._others):
            spans.forget(oldest_ts)
        return second

    def is_music(self, ts: float) -> bool:
        """Whether the second that begins at `ts` is music, as far as is known."""
        return self._music.holds(ts + 0.5)

    def tally(self, start_ts: float, end_ts: float, span_s: float) -> Tally:
        """Who owns the seconds that lie in a stretch; what of `span_s` is not in it is lost."""
        square_s = music_s = other_s = unscaled_s = 0.0
        lost: dict[str, float] = {}
        for kept in self._between(start_ts, end_ts):
            owner, heard_s = self._owner(kept), kept.frame.measured_s
            if owner == "music":
                square_s, music_s = square_s + kept.square_s, music_s + heard_s
            elif owner == "other":
                other_s += heard_s
            else:
                lost[owner] = lost.get(owner, 0.0) + heard_s
            unscaled_s += heard_s if kept.unscaled else 0.0
        rest_s = span_s - music_s - other_s - sum(lost.values())
        if rest_s > 1e-6:
            absent = "gap" if rest_s < span_s - 1e-6 else "no_sound"
            if end_ts - start_ts < span_s - 1e-6:
                absent = "rule_began"
            lost[absent] = lost.get(absent, 0.0) + rest_s
        return Tally(span_s, Energy(square_s, music_s), other_s, lost, unscaled_s)

    def quiet(self, now_ts: float) -> Iterator[SecondFrame]:
        """Valid seconds without music that have become final since the last call."""
        until_ts = now_ts - FINAL_S
        for kept in self._between(self._quiet_until_ts, until_ts):
            ts = kept.frame.ts
            near = (ts - NEAR_MUSIC_S, ts + 1 + NEAR_MUSIC_S)
            if self._owner(kept) == "other" and not self._music.touches(*near):
                yield kept.frame
        self._quiet_until_ts = max(self._quiet_until_ts, until_ts)

    def _between(self, start_ts: float, end_ts: float) -> Iterator[_Kept]:
        return (kept for kept in self._seconds if start_ts <= kept.frame.ts < end_ts)

    def _owner(self, kept: _Kept) -> str:
        """`music`, `other`, or the reason why nobody can say."""
        ts = kept.frame.ts
        if kept.void:
            return kept.void
        if not self._tagged.holds(ts + 0.5):
            return "not_tagged"
        if not self.is_music(ts):
            return "other"
        # What was louder than the music for a moment must not be charged to it.
        return "other_source" if self._others.touches(ts, ts + 1) else "music"


def _keep(second: SecondFrame) -> _Kept:
    square_s = Energy.of(second.laeq_db, second.measured_s).square_s
    return _Kept(
        second, void_reason(second), square_s, Invalid.CALIBRATION_EXPIRED in second.invalid
    )


def void_reason(second: SecondFrame) -> str:
    """Why a second counts neither for nor against; "" when it does count."""
    return next((why for flag, why in REASONS.items() if flag in second.invalid), "")
