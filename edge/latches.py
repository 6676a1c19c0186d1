"""Conditions of a device, raised and cleared with hysteresis: one bad moment says nothing."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

NEVER = -math.inf
C = TypeVar("C", bound=str)


@dataclass(slots=True)
class Latch:
    """`raise_s` and `clear_s`: how long, over at least two looks, a verdict must last."""

    raise_s: float
    clear_s: float
    raised: bool = False
    since_ts: float = NEVER
    _against_ts: float | None = None

    def feed(self, verdict: bool | None, ts: float) -> bool:
        """Take a verdict; None leaves everything as it is. True when the condition changed.

        After a change `since_ts` is when the verdict that changed it began.
        """
        if verdict is None:
            return False
        if verdict == self.raised:
            self._against_ts = None
            return False
        if self._against_ts is None:
            self._against_ts = ts
            return self._hold_s <= 0 and self._flip(ts)
        return ts - self._against_ts >= self._hold_s and self._flip(self._against_ts)

    def forget(self) -> None:
        """Start a pending verdict over: what came between was not judged."""
        self._against_ts = None

    @property
    def pending(self) -> bool:
        """Whether the last verdicts were against the present state."""
        return self._against_ts is not None

    @property
    def _hold_s(self) -> float:
        return self.clear_s if self.raised else self.raise_s

    def _flip(self, since_ts: float) -> bool:
        self.raised, self.since_ts, self._against_ts = not self.raised, since_ts, None
        return True


@dataclass(frozen=True, slots=True)
class Change(Generic[C]):
    """A condition changed; `since_ts` is when the new state began, not when it was sure."""

    condition: C
    state: Literal["raised", "cleared"]
    since_ts: float
    detail: str = ""


class Latches(Generic[C]):
    """The latch of each condition, most important first."""

    def __init__(self, latches: Mapping[C, Latch]) -> None:
        self._latches = dict(latches)

    @property
    def raised(self) -> tuple[C, ...]:
        """Conditions that hold."""
        return tuple(name for name, latch in self._latches.items() if latch.raised)

    @property
    def pending(self) -> bool:
        """Whether anything is about to change."""
        return any(latch.pending for latch in self._latches.values())

    def feed(
        self,
        name: C,
        verdict: bool | None,
        ts: float,
        detail: str = "",
        began_ts: float | None = None,
    ) -> list[Change[C]]:
        """The change that a verdict brings about, if any; `began_ts`: when it is known to begin."""
        latch = self._latches[name]
        if not latch.feed(verdict, ts):
            return []
        if began_ts is not None:
            latch.since_ts = began_ts
        return [Change(name, "raised" if latch.raised else "cleared", latch.since_ts, detail)]

    def forget(self, names: Collection[C]) -> None:
        """Start the pending verdicts of these over."""
        for name in names:
            self._latches[name].forget()

    def drop(self, names: Iterable[C], ts: float, detail: str) -> list[Change[C]]:
        """Clear these at once, whatever was seen."""
        changes = []
        for name in names:
            latch = self._latches[name]
            latch.forget()
            if latch.raised:
                latch.raised, latch.since_ts = False, ts
                changes.append(Change(name, "cleared", ts, detail))
        return changes

    def to_json(self, ts: float) -> dict[str, float]:
        """Raised conditions and how long they have been so, to keep on disk."""
        return {name: round(ts - self._latches[name].since_ts, 3) for name in self.raised}

    def load(self, kept: Mapping[str, Any], ts: float) -> None:
        """Continue; `ts` is the present moment less the time the box was away.

        Raises TypeError or ValueError for a value that is no number. Unknown names are passed over.
        """
        ages_s = {name: float(kept[name]) for name in kept}
        for name, latch in self._latches.items():
            if name in ages_s:
                latch.raised, latch.since_ts = True, ts - ages_s[name]
