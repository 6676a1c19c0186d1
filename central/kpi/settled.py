"""What an ended case adds to every figure, whatever the period: kept, so that it is told once.

A case that has ended is the same at every later moment. If all its moments lie in a period, it
adds to each figure exactly what it adds in all time; alike cases are then counted together. Any
other case is told from its log. Pure.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from central.cases.states import ENDED
from central.kpi.case_rates import ALERTS, RATES, alerts
from central.kpi.durations import STAGES, length_s
from central.kpi.entry import Case
from central.kpi.rates import ONE, Mark, Sums
from central.kpi.rules import Period, Rules, Scope
from central.kpi.story import Story, tell

BEGINNING, FOR_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
ALWAYS = Scope(Period(BEGINNING, FOR_EVER), FOR_EVER, Rules())


@dataclass(frozen=True, slots=True)
class Settled:
    """`low` and `high` bound the moments that decide; `touched_at` is that of the last row.

    `kind` is what it adds to each figure as exact text; `lengths_s` are those of the stages.
    """

    low: datetime
    high: datetime
    touched_at: datetime
    kind: str
    lengths_s: tuple[float | None, ...]


def settle(case: Case) -> Settled | None:
    """None for a case that goes on, or whose data has an error: that one has to be seen."""
    story = tell(case, FOR_EVER)
    is_over = story.state in ENDED and story.ended_at is not None
    if not is_over or any(stage.ended_at is None for stage in story.stages):
        return None
    marks = [(name, one) for name, of in _all_marks(story) for one in of]
    if any(one.error for _, one in marks):
        return None
    moments = [at for at in _moments(story) if at is not None]
    touched_at = max(entry.at for entry in case.entries)
    lengths_s = tuple(length_s(story, stage, ALWAYS) for stage in STAGES)
    return Settled(min(moments), max(moments), touched_at, _kind(marks), lengths_s)


def sums_of(kinds: Iterable[tuple[str, int]]) -> dict[str, Sums]:
    """What so many cases of each kind add, by figure."""
    found: dict[str, Sums] = {}
    for kind, number in kinds:
        for name, is_met, excluded, times in json.loads(kind):
            found.setdefault(name, Counter())[is_met, excluded] += times * number
    return found


def _all_marks(story: Story) -> Iterator[tuple[str, Iterator[Mark]]]:
    for name, marks in RATES.items():
        yield name, marks((story,), ALWAYS)
    yield ALERTS, alerts((story,), ALWAYS)


def _kind(marks: Sequence[tuple[str, Mark]]) -> str:
    counted = Counter((name, one.worth == ONE, one.excluded) for name, one in marks)
    return json.dumps([[*key, times] for key, times in sorted(counted.items())])


def _moments(story: Story) -> Iterator[datetime | None]:
    """Every moment that a figure asks the period about."""
    yield from (story.first_at, story.filed_at, story.dispatched_at, story.accepted_at)
    yield from (story.handled_at, story.judged_at, story.ended_at, story.official_at)
    for stage in story.stages:
        yield stage.due_at or stage.begun_at
