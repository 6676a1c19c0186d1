"""How long stages took: medians and ninth deciles with their number, in seconds. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from central.kpi.rules import Scope
from central.kpi.story import Story

Moment = Callable[[Story], datetime | None]


@dataclass(frozen=True, slots=True)
class Duration:
    """Of `count` cases whose stage ended in the period; None when there was none."""

    name: str
    count: int
    median_s: float | None
    p90_s: float | None

    def plain(self) -> dict[str, Any]:
        """As JSON values; milliseconds are all that is said."""
        return {
            "name": self.name,
            "count": self.count,
            "median_s": self.median_s,
            "p90_s": self.p90_s,
        }


Stage = tuple[str, Moment, Moment]
STAGES: tuple[Stage, ...] = (
    ("detected_to_filed", lambda s: s.case.began_at, lambda s: s.filed_at),
    ("filed_to_dispatched", lambda s: s.filed_at, lambda s: s.dispatched_at),
    ("dispatched_to_accepted", lambda s: s.dispatched_at, lambda s: s.accepted_at),
    ("accepted_to_handled", lambda s: s.accepted_at, lambda s: s.handled_at),
    ("handled_to_closed", lambda s: s.handled_at, lambda s: s.ended_at),
    ("filed_to_closed", lambda s: s.filed_at, lambda s: s.ended_at),
)


def durations(
    stories: Sequence[Story], scope: Scope, more: Sequence[ArrayLike] = ()
) -> tuple[Duration, ...]:
    """All stages, of cases that are in figures of work; `more` lengths by stage, in seconds."""
    found = []
    for number, stage in enumerate(STAGES):
        lengths = [length_s(story, stage, scope) for story in stories]
        told = np.array([length for length in lengths if length is not None], np.float64)
        others = np.asarray(more[number] if more else (), np.float64)
        found.append(_of(stage[0], np.sort(np.concatenate((told, others)))))
    return tuple(found)


def length_s(story: Story, stage: Stage, scope: Scope) -> float | None:
    """How long a stage took; None for one that did not end in the period, or is in no figure."""
    _, begin, end = stage
    begun_at, ended_at = begin(story), end(story)
    if story.left_out or begun_at is None or ended_at is None:
        return None
    if not scope.period.holds(ended_at) or ended_at < begun_at:
        return None
    return (ended_at - begun_at).total_seconds()


def _of(name: str, lengths: NDArray[np.float64]) -> Duration:
    if not len(lengths):
        return Duration(name, 0, None, None)
    return Duration(name, len(lengths), _quantile(lengths, 50), _quantile(lengths, 90))


def _quantile(lengths: NDArray[np.float64], percent: int) -> float:
    """The nearest rank: a length that really occurred."""
    rank = -(-len(lengths) * percent // 100)
    return round(float(lengths[rank - 1]), 3)
