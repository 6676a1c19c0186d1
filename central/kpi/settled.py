"""What a case adds to every figure, whatever the period: kept, so that it is told once.

Between two rows of its log a case is only changed by a deadline that passes; one that has ended is
the same for ever. If all its moments lie in a period, it adds to each figure exactly what it adds
in all time; alike cases are then counted together. Any other case is told from its log. Pure.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from central.cases.states import ENDED
from central.kpi.case_rates import ALERTS, RATES, alerts
from central.kpi.durations import STAGES, length_s
from central.kpi.entry import Case
from central.kpi.rates import NOTHING, ONE, Mark, Sums
from central.kpi.rules import Period, Rules, Scope
from central.kpi.story import Story, tell

BEGINNING, FOR_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
IN_ALL_TIME = Period(BEGINNING, FOR_EVER)
LONG = timedelta(days=7)
PRECISION = ("precision", "")
NEXT = timedelta(microseconds=1)
"""The clock's smallest step: at its deadline a case is still in time."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Holds for logs read until `from_at` (included) to `until` (excluded; None: for ever).

    `low` and `high` bound the moments that decide. `kind` is what it adds to each figure as exact
    text; `lengths_s` are those of the stages.
    """

    low: datetime
    high: datetime
    from_at: datetime
    until: datetime | None
    kind: str
    lengths_s: tuple[float | None, ...]

    @property
    def is_long(self) -> bool:
        """Whether the moments lie so far apart that they are looked for by themselves."""
        return self.high - self.low > LONG


def settle(case: Case, now: datetime) -> Settled | None:
    """The case as it stands at `now`; None when its data has an error: that has to be seen."""
    touched_at = max(entry.at for entry in case.entries)
    scope = Scope(IN_ALL_TIME, max(now, touched_at), Rules())
    story = tell(case, scope.as_of)
    marks = [(name, one) for name, of in _all_marks(story, scope) for one in of]
    if any(one.error for _, one in marks) or _is_torn(story):
        return None
    moments = [at for at in _moments(story) if at is not None]
    dues = set() if story.ended_at is not None else set(_dues(story))
    passed = (due + NEXT for due in dues if due < scope.as_of)
    return Settled(
        low=min(moments),
        high=max(moments),
        from_at=max((touched_at, *passed)),
        until=min((due for due in dues if due >= scope.as_of), default=None),
        kind=_kind(marks),
        lengths_s=tuple(length_s(story, stage, scope) for stage in STAGES),
    )


def sums_of(kinds: Iterable[tuple[str, int]]) -> dict[str, Sums]:
    """What so many cases of each kind add, by figure."""
    found: dict[str, Sums] = {}
    for kind, number in kinds:
        for name, is_met, excluded, times in json.loads(kind):
            worth = ONE if is_met else NOTHING
            found.setdefault(name, Counter())[worth, excluded] += times * number
    return found


def verdict_in(kind: str) -> bool | None:
    """The verdict on the sensors that such a case adds to precision; None: it adds none."""
    return next((met for name, met, out, _ in json.loads(kind) if (name, out) == PRECISION), None)


def _all_marks(story: Story, scope: Scope) -> Iterator[tuple[str, Iterator[Mark]]]:
    for name, marks in RATES.items():
        yield name, marks((story,), scope)
    yield ALERTS, alerts((story,), scope)


def _is_torn(story: Story) -> bool:
    """Whether it is over in one respect and not in another: no log of ours says that."""
    is_over = story.state in ENDED
    running = any(stage.ended_at is None for stage in story.stages)
    return is_over != (story.ended_at is not None) or (is_over and running)


def _dues(story: Story) -> Iterator[datetime]:
    """Deadlines that figures compare with the moment until which the log was read."""
    asked = (story.official_at, story.accept_due_at, story.due.internal_at)
    yield from (at for at in (*asked, *(stage.due_at for stage in story.stages)) if at is not None)


def _kind(marks: Sequence[tuple[str, Mark]]) -> str:
    counted = Counter((name, one.worth == ONE, one.excluded) for name, one in marks)
    return json.dumps([[*key, times] for key, times in sorted(counted.items())])


def _moments(story: Story) -> Iterator[datetime | None]:
    """Every moment that a figure asks the period about."""
    yield from (story.first_at, story.filed_at, story.dispatched_at, story.accepted_at)
    yield story.sent_at
    yield from (story.handled_at, story.judged_at, story.ended_at, story.official_at)
    for stage in story.stages:
        yield stage.due_at or stage.begun_at
