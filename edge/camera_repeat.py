"""Whether the picture is frozen: the same content, or the same short sequence, again and again.

A live picture never comes back: its sensor's noise is drawn anew. A frozen one does, up to what
the encoder adds. Two traps decide the design. Encoders skip what changes little, so within a
group of pictures even a live, noisy camera repeats itself exactly; therefore a picture only counts
as repeated when it equals one from before `PAST_S`, further back than such a group lasts. And a
quiet picture may hold hardly any noise; therefore anything that moves vetoes stillness.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.camera_signals import SAMPLE_COLS, SAMPLE_ROWS, Samples

Cells = NDArray[np.float32]
"""(144,) means over 8 x 8 samples."""

PAST_S = 20.0
"""Longer than the groups of pictures of "smart" codecs (400 pictures at 25 a second)."""
STILL_S = 53.0
"""Repeats for so long are a frozen picture. At one picture in 5 s it is then told within 60 s."""
MEMORY_S = 65.0
KEEP_EVERY_S = 0.18
GAP_S = 15.0
MOVED_CELL = 3.0
"""Grey levels by which some cell's mean changes when something moves; noise makes at most 2."""
SAME_CELL = 1.5
SAME_MEAN = 0.2
"""Mean difference of single pixels, grey levels. Measured over 20 s: held picture re-encoded at
constant quality <= 0.05, at constant rate 0.0-0.3; sensor noise of 0.5 levels >= 0.46 after x264
at any rate, of 0.25 levels >= 0.42. Below 0.2 levels of noise live and held look alike."""
FRESH_MEAN = 0.4
CLIPPED_LOW, CLIPPED_HIGH = 12, 243
LEAST_UNCLIPPED = 0.05
STILL_SHARE = 0.25
"""Rate control that hops between qualities leaves only some of a held picture's repeats alike."""
AGAIN_SHARE = 0.7
AGAIN_S, AGAIN_PICTURES = 30.0, 6
"""Nearly all of so many pictures over so long a time repeat: frozen whatever moves in them."""
LOOP_MEAN = 0.35
LOOP_SHARE = 0.3
LOOP_REPEATS = 4
LOOP_STATES = 3
"""A sign that blinks between two states over a noiseless picture is no loop."""
CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class _Seen:
    ts: float
    samples: Samples
    cells: Cells


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One picture that could be compared: did it move, does it repeat, how does it look."""

    ts: float
    moving: bool
    repeats: bool
    nearly: bool
    cells: Cells


@dataclass(frozen=True, slots=True)
class Repetition:
    """`verdict` None: cannot be told (clipped to black or white, or too little seen).

    `since_ts` is when the repetition began as far as the memory reaches; `fresh` is True for a
    picture that is surely new.
    """

    verdict: bool | None
    fresh: bool
    since_ts: float
    detail: str = ""


class Repeats:
    """Memory of the last minute. Not for several threads."""

    def __init__(self) -> None:
        self._memory: deque[_Seen] = deque()
        self._outcomes: deque[_Outcome] = deque()
        self._last: _Seen | None = None
        self._still_ts = 0.0

    def update(self, samples: Samples, ts: float) -> Repetition:
        """Compare the picture at `ts` with the last minute and remember it."""
        now = _Seen(ts, samples, _cells(samples))
        moving = self._note_motion(now)
        usable = (samples > CLIPPED_LOW) & (samples < CLIPPED_HIGH)
        if usable.mean() < LEAST_UNCLIPPED:
            self._outcomes.clear()
            self._remember(now)
            self._still_ts = ts
            return Repetition(None, False, ts)
        nearest = self._nearest(now, usable)
        self._remember(now)
        if nearest is None:
            return Repetition(False if moving else None, False, ts)
        mean, cell = nearest
        repeats = mean <= SAME_MEAN and cell <= SAME_CELL
        nearly = mean <= LOOP_MEAN and cell <= SAME_CELL
        self._outcomes.append(_Outcome(ts, moving, repeats, nearly, now.cells))
        return self._judge(ts, fresh=not repeats and (moving or mean >= FRESH_MEAN))

    def _note_motion(self, now: _Seen) -> bool:
        before, self._last = self._last, now
        if before is None or now.ts - before.ts > GAP_S:
            self._still_ts = now.ts
            return before is not None and _cell_change(now, before) > MOVED_CELL
        moving = _cell_change(now, before) > MOVED_CELL
        if moving:
            self._still_ts = now.ts
        return moving

    def _remember(self, now: _Seen) -> None:
        if not self._memory or now.ts - self._memory[-1].ts >= KEEP_EVERY_S:
            self._memory.append(now)
        while now.ts - self._memory[0].ts > MEMORY_S:
            self._memory.popleft()
        while self._outcomes and now.ts - self._outcomes[0].ts > MEMORY_S - PAST_S:
            self._outcomes.popleft()

    def _nearest(self, now: _Seen, usable: NDArray[np.bool_]) -> tuple[float, float] | None:
        """Smallest mean difference to a picture before `PAST_S`, and its largest cell's."""
        past = [seen for seen in self._memory if now.ts - seen.ts >= PAST_S]
        if not past:
            return None
        changes = np.abs(np.stack([seen.cells for seen in past]) - now.cells)
        likely = np.argsort(changes.mean(axis=1))[:CANDIDATES]
        return min((_mean_change(now, past[i], usable), float(changes[i].max())) for i in likely)

    def _judge(self, ts: float, fresh: bool) -> Repetition:
        still = [o for o in self._outcomes if o.ts >= self._still_ts + PAST_S]
        long = ts - self._still_ts >= STILL_S and len(still) >= 3
        if long and _share(still) >= STILL_SHARE:
            return Repetition(True, fresh, self._still_ts, "the same picture again and again")
        if self._comes_again() or self._loops():
            began = self._outcomes[0].ts - PAST_S
            return Repetition(True, fresh, began, "the same sequence again and again")
        return Repetition(False, fresh, ts)

    def _comes_again(self) -> bool:
        seen = self._outcomes
        if len(seen) < AGAIN_PICTURES or seen[-1].ts - seen[0].ts < AGAIN_S:
            return False
        moving = [o for o in seen if o.moving]
        return len(moving) > 1 and min(_share(seen), _share(moving)) >= AGAIN_SHARE

    def _loops(self) -> bool:
        moving = [o for o in self._outcomes if o.moving]
        again = [o for o in moving if o.nearly]
        if len(again) < LOOP_REPEATS or len(again) < LOOP_SHARE * len(moving):
            return False
        states: list[Cells] = []
        for outcome in again:
            if all(np.abs(outcome.cells - state).max() > MOVED_CELL for state in states):
                states.append(outcome.cells)
        return len(states) >= LOOP_STATES


def _share(outcomes: Collection[_Outcome]) -> float:
    return sum(o.repeats for o in outcomes) / len(outcomes)


def _cells(samples: Samples) -> Cells:
    cut = samples.reshape(SAMPLE_ROWS // 8, 8, SAMPLE_COLS // 8, 8)
    cells: Cells = cut.mean(axis=(1, 3), dtype=np.float32).ravel()
    return cells


def _cell_change(a: _Seen, b: _Seen) -> float:
    return float(np.abs(a.cells - b.cells).max())


def _mean_change(a: _Seen, b: _Seen, usable: NDArray[np.bool_]) -> float:
    """Mean difference of the pixels that are not clipped: black hides the noise."""
    return float(np.abs(a.samples.astype(np.int16) - b.samples)[usable].mean())
