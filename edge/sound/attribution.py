"""What was heard over a while: when music played, and what spoils a measurement. Pure.

One answer of a tagger is unsure; the mean over 10 s is not. On the reference's mixtures a mean of
*Music* of at least 0.2 found music as loud as an aircraft nine times in ten and never in speech,
where a single answer at 0.5 missed a third of it. Music that plays on may sink to 0.1.

Noise over the music explains it away to the tagger: 5 dB below the music, pink noise takes *Music*
from 0.9 to 0.2, though noise alone never has more than 0.01. So where noise is heard, less is asked
of *Music* (`heard_as_music`).

The 10 s say *that* music plays; *when* it began and ended is read off the answers themselves, so
that the level of the music is not diluted by the seconds around it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge.sound.frames import Invalid
from edge.sound.tags import GROUPS, Scores, Tags


@dataclass(frozen=True, slots=True)
class Hearing:
    """How tags become music (defaults: reference sound §4.3, §5.2, §5.3).

    Means are over `window_s`; music begins at a mean of `on` and ends below `off`. A verdict needs
    tags in `known_share` of the window. Wind, rain and thunder spoil a measurement from a mean of
    `weather` on. `step_s` is the longest time that one answer stands for. `noise_weight` and
    `noise_most`: see `heard_as_music`; found with `scripts/eval_sound` and 17 pieces in noise.
    """

    window_s: float = 10.0
    on: float = 0.2
    off: float = 0.1
    known_share: float = 0.5
    weather: float = 0.2
    step_s: float = 0.48
    noise_weight: float = 8.0
    noise_most: float = 0.3

    def __post_init__(self) -> None:
        if not (0 < self.off <= self.on <= 1 and 0 < self.known_share <= 1):
            raise ValueError(f"off and on are {self.off} and {self.on}: 0 < off <= on <= 1")
        if not 0 < self.step_s <= self.window_s:
            raise ValueError(f"step_s is {self.step_s}: not in 0-{self.window_s} s")
        if not (self.noise_weight >= 0 and 0 <= self.noise_most <= 1):
            raise ValueError(f"noise_weight is {self.noise_weight}, noise_most {self.noise_most}")

    def heard_as_music(self, scores: Scores) -> float:
        """How surely it was music, 0-1, after the noise that may hide it is allowed for.

        Noise multiplies, so that noise alone stays nothing: at most by 3.4.
        """
        allowed = 1 + self.noise_weight * min(scores.noise, self.noise_most)
        return min(1.0, scores.music * allowed)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of music, media time in seconds, start <= end."""

    start_s: float
    end_s: float

    def holds(self, ts: float) -> bool:
        """Whether the moment lies in it."""
        return self.start_s <= ts < self.end_s


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known at one moment.

    `mean` is over the last 10 s, as far as they were heard; `spoiled` says which weather speaks
    against a measurement. `music` is the segment that is going on, up to where music was last
    heard; `ended` the one that has just been found to be over. Before `known`, too little has been
    heard to judge.
    """

    ts: float
    mean: Scores
    known: bool
    spoiled: Invalid
    music: Segment | None
    ended: Segment | None


class Attribution:
    """Follows the tags of one stream."""

    def __init__(self, rule: Hearing) -> None:
        self._rule = rule
        self._recent: deque[Tags] = deque()
        self._music: Segment | None = None
        self._free_from_s = float("-inf")
        """No segment may begin before the end of the one before it."""

    def hear(self, tags: Tags) -> Heard:
        """Take the next tags; ValueError unless they are later than those before."""
        ended = self._forget(tags.middle_s)
        self._recent.append(tags)
        mean = _mean(self._recent)
        known = self._known()
        music = self._rule.heard_as_music(mean)
        if self._music is None:
            if known and music >= self._rule.on:
                begin_s = self._begin_s()
                self._music = Segment(begin_s, max(begin_s, self._end_s()))
        elif known and music < self._rule.off:
            ended = self._close()
        else:
            # Never back: the answer it rested on may have left the window.
            end_s = max(self._music.end_s, self._end_s())
            self._music = Segment(self._music.start_s, end_s)
        return Heard(tags.ts, mean, known, self._spoiled(mean, known), self._music, ended)

    def finish(self) -> Segment | None:
        """The segment that was going on when the sound ended; nothing is going on afterwards."""
        self._recent.clear()
        return self._close()

    def _forget(self, now_s: float) -> Segment | None:
        """Drop what is older than the window; the segment that a long gap has ended."""
        if self._recent and now_s <= self._recent[-1].middle_s:
            raise ValueError(f"tags of {now_s} s come after those of {self._recent[-1].middle_s} s")
        while self._recent and self._recent[0].middle_s <= now_s - self._rule.window_s:
            self._recent.popleft()
        # Nobody heard what played in between, so the music is not said to have gone on.
        return self._close() if not self._recent else None

    def _known(self) -> bool:
        heard_s = len(self._recent) * self._rule.step_s
        return heard_s >= self._rule.known_share * self._rule.window_s

    def _begin_s(self) -> float:
        """Start of the first answer in the window that was music by itself."""
        heard = (tags for tags in self._recent if self._is_music(tags, self._rule.on))
        first = next((t.middle_s for t in heard if t.middle_s > self._free_from_s), None)
        middle_s = self._recent[-1].middle_s if first is None else first
        return max(middle_s - self._rule.step_s / 2, self._free_from_s)

    def _end_s(self) -> float:
        """End of the last answer in the window that was music by itself, or else nearly so."""
        for limit in (self._rule.on, self._rule.off):
            heard = [t.middle_s for t in self._recent if self._is_music(t, limit)]
            if heard:
                return heard[-1] + self._rule.step_s / 2
        return self._free_from_s

    def _is_music(self, tags: Tags, limit: float) -> bool:
        return self._rule.heard_as_music(tags.scores) >= limit

    def _close(self) -> Segment | None:
        segment, self._music = self._music, None
        if segment is not None:
            self._free_from_s = segment.end_s
        return segment

    def _spoiled(self, mean: Scores, known: bool) -> Invalid:
        why = Invalid.NONE
        for flag, score in (
            (Invalid.WIND, mean.wind),
            (Invalid.RAIN, mean.rain),
            (Invalid.THUNDER, mean.thunder),
        ):
            if known and score >= self._rule.weather:
                why |= flag
        return why


def segments(tags: Iterable[Tags], rule: Hearing) -> list[Segment]:
    """All music of a recording, in order, without overlaps; ValueError when tags go back."""
    attribution = Attribution(rule)
    ended = [attribution.hear(one).ended for one in tags]
    ended.append(attribution.finish())
    return [segment for segment in ended if segment is not None]


def music_seconds(second_ts: Iterable[float], music: Iterable[Segment]) -> list[float]:
    """Those of the seconds (media time of their start) whose middle lies in music."""
    stretches = list(music)
    return [ts for ts in second_ts if any(stretch.holds(ts + 0.5) for stretch in stretches)]


def _mean(recent: Iterable[Tags]) -> Scores:
    scores = [tags.scores for tags in recent]
    return Scores(**{g: sum(getattr(score, g) for score in scores) / len(scores) for g in GROUPS})
