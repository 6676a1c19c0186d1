"""What the camera sees when all is well: one reference for each kind of light it works in.

Day, infrared at night, lamps at dusk: the same place with another contrast. A kind that no
reference knows is learned when the edges stand where they should; nothing else is ever learned.
"""

import math
from collections.abc import Sequence
from typing import Any

from edge.camera_signals import Small, Texture
from edge.camera_view import Field, Match, Reference

KINDS = 4
LEARN_S = 60.0
SETTLED_S = 20.0
"""A reference younger than this is dropped when the view changes: the camera is being aimed."""
STRANGE_S = 30.0
USUAL_FOUND = 0.5
USUAL_GAIN = 2.0
STEADY_REL = 0.005
"""Shift, fraction of the frame, up to which a picture may be taken into the reference."""
LONGEST_STEP_S = 10.0


class References:
    """The references of one camera and which of them holds now. Not for several threads."""

    def __init__(self) -> None:
        self._kinds: list[Reference] = []
        self._used_ts: list[float] = []
        self._current = 0
        self._learn_ts: float | None = None
        self._strange_ts: float | None = None

    @property
    def known(self) -> bool:
        """Whether anything was learned."""
        return bool(self._kinds)

    @property
    def settled(self) -> bool:
        """Whether the view is known well enough to call a change of it a fault."""
        return bool(self._kinds) and self._kinds[0].learned_s >= SETTLED_S

    @property
    def steady(self) -> bool:
        """Whether the kind of light that holds now is known by more than a few noisy pictures."""
        return bool(self._kinds) and self._kinds[self._current].learned_s >= SETTLED_S

    def begin(self, small: Small, seen: Texture, ts: float) -> None:
        """Forget all and start learning from this picture."""
        self._kinds, self._used_ts, self._current = [Reference(small, seen)], [ts], 0
        self._learn_ts, self._strange_ts = ts, None

    def forget(self) -> None:
        """Forget all."""
        self.__init__()  # type: ignore[misc]

    def match(self, field: Field, seen: Texture, ts: float) -> Match | None:
        """Best comparison with what was learned; None when nothing was."""
        if not self._kinds:
            return None
        match = self._kinds[self._current].match(field, seen)
        if not _usual(match):
            for other, kind in enumerate(self._kinds):
                found = kind.match(field, seen) if other != self._current else match
                if _score(found) > _score(match):
                    match, self._current = found, other
        self._used_ts[self._current] = ts
        return match

    def learn(self, small: Small, seen: Texture, match: Match, ts: float) -> None:
        """Take in a healthy picture that was matched just now."""
        step_s = min(LONGEST_STEP_S, ts - self._learn_ts) if self._learn_ts is not None else 0.0
        self._learn_ts = ts
        if not _in_place(match):
            return
        kind = self._kinds[self._current]
        if _usual(match) or (kind.learned_s < SETTLED_S and _usual_gain(match)):
            # What one picture alone began holds its noise: little of it is found again.
            self._strange_ts = None
            kind.learn(small, seen, step_s, LEARN_S)
        elif self._strange_ts is None:
            self._strange_ts = ts
        elif ts - self._strange_ts >= STRANGE_S:
            self._add(Reference(small, seen), ts)

    def _add(self, kind: Reference, ts: float) -> None:
        if len(self._kinds) == KINDS:
            oldest = min(range(1, KINDS), key=lambda k: self._used_ts[k])
            del self._kinds[oldest], self._used_ts[oldest]
        self._kinds.append(kind)
        self._used_ts.append(ts)
        self._current, self._strange_ts = len(self._kinds) - 1, None

    def to_json(self, ts: float) -> list[dict[str, Any]]:
        """For the dump; times relative to `ts`."""
        pairs = zip(self._kinds, self._used_ts, strict=True)
        return [{**kind.to_json(), "used_ago_s": round(ts - used, 3)} for kind, used in pairs]

    def load(self, states: Sequence[dict[str, Any]], ts: float) -> None:
        """Back from a dump; raises ValueError or KeyError for anything else."""
        kinds = [Reference.from_json(state) for state in states[:KINDS]]
        self.forget()
        self._kinds, self._used_ts = kinds, [ts - float(s["used_ago_s"]) for s in states[:KINDS]]


def _usual(match: Match) -> bool:
    return match.found >= USUAL_FOUND and _usual_gain(match)


def _usual_gain(match: Match) -> bool:
    return 1 / USUAL_GAIN <= match.gain <= USUAL_GAIN


def _in_place(match: Match) -> bool:
    return match.sure and match.shift_rel <= STEADY_REL


def _score(match: Match) -> float:
    """The kind that knows the view where it should be is right, whatever the light."""
    return _in_place(match) + match.found - 0.3 * abs(math.log(max(match.gain, 1e-3)))
