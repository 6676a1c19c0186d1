"""Deadlines of a case from what happened to it: pure functions, nothing is remembered.

What holds whatever happens:
- a deadline is never empty, and one that has passed never moves again (a reopening starts a new
  stage, a dispatch or a return a new wait for somebody who accepts; the official clock goes on
  through all of them);
- sending a case back and forth puts off the first two levels alone: the third hears of what nobody
  has owned for so long, whoever was asked meanwhile;
- a rise of severity tightens to min(old, now + new limit), a fall changes nothing;
- an approved suspension adds itself, an extension one original limit, at most two, none when
  overdue; comments, edits and re-assignments are not even known here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from central.clocks.calendar import Calendar
from central.clocks.limits import Limit, Limits
from central.clocks.ticking import Pause, after

MAX_EXTENSIONS = 2
THIRD = 3


@dataclass(frozen=True, slots=True)
class Change:
    """Severity as of `at`: the limits of its rule; `rank` says which of two is worse."""

    at: datetime
    limits: Limits
    rank: int


@dataclass(frozen=True, slots=True)
class Course:
    """All of a case that a clock may look at; moments are aware.

    `changes` begins with the severity at filing. `waiting_since` is when the present stage began:
    the filing or the last reopening. `offered_at` is since when somebody new is asked to accept:
    also the last dispatch or return; `unowned_at` since when the third level counts. Neither
    touches the official or the internal clock.
    """

    filed_at: datetime
    changes: tuple[Change, ...]
    waiting_since: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[datetime, ...] = ()
    handled_at: datetime | None = None
    offered_at: datetime | None = None
    unowned_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.changes:
            raise ValueError("a course needs the limits of its rule: changes is empty")

    @property
    def stage_began(self) -> datetime:
        """When the clocks of the present stage started."""
        return self.waiting_since or self.filed_at

    @property
    def offer_began(self) -> datetime:
        """When the clock of those who should accept started."""
        return max(self.stage_began, self.offered_at or self.stage_began)

    @property
    def unowned_began(self) -> datetime:
        """When the clock of the third level started, of those who should see it accepted."""
        return max(self.stage_began, self.unowned_at or self.stage_began)


@dataclass(frozen=True, slots=True)
class Due:
    """When what is due, UTC, all of them always.

    `verify_at` of a case that is not handled yet is what it will be if that happens at the last
    moment. `doubtful` names years that the deadlines touch and whose calendar is not announced.
    """

    official_at: datetime
    internal_at: datetime
    accept_at: datetime
    verify_at: datetime
    levels_at: tuple[datetime, datetime, datetime]
    doubtful: tuple[int, ...] = ()


def due(course: Course, calendar: Calendar) -> Due:
    """All deadlines of a case."""
    official, extensions = _official(course, calendar)
    internal = _internal(course, calendar, extensions)
    verify = after(course.handled_at or official, _limits_now(course).verify, calendar)
    levels = tuple(_level(course, calendar, level) for level in (1, 2, 3))
    first, second, third = levels
    doubtful: tuple[int, ...] = ()
    if _works_by_calendar(course):
        latest = max(official, internal, verify, *levels)
        doubtful = calendar.doubtful_years(course.filed_at, latest)
    return Due(official, internal, first, verify, (first, second, third), doubtful)


def contact_due(received_at: datetime, limits: Limits, calendar: Calendar) -> datetime:
    """Until when the appellant of an appeal must have been contacted (先行联系)."""
    return after(received_at, limits.contact, calendar)


def _official(course: Course, calendar: Calendar) -> tuple[datetime, tuple[datetime, ...]]:
    """The official deadline and the extensions that counted."""
    counted: list[datetime] = []

    def allowed(at: datetime, deadline: datetime) -> bool:
        fine = at <= deadline and len(counted) < MAX_EXTENSIONS
        if fine:
            counted.append(at)
        return fine

    run = _Run(course, calendar, lambda limits: limits.official)
    return run.deadline(course.filed_at, course.extensions, allowed), tuple(counted)


def _internal(course: Course, calendar: Calendar, extensions: tuple[datetime, ...]) -> datetime:
    """The red light of the present stage; what is red already is not extended out of it."""
    run = _Run(course, calendar, lambda limits: limits.internal)
    begin = course.stage_began
    return run.deadline(begin, extensions, lambda at, deadline: begin <= at <= deadline)


def _level(course: Course, calendar: Calendar, level: int) -> datetime:
    """When a level hears that nobody has accepted; waiting is never suspended or extended.

    The lower two count from the last offer, the third from the first that nobody took.
    """
    waiting = replace(course, pauses=())
    run = _Run(waiting, calendar, lambda limits: limits.ladder.limit(level))
    begin = course.unowned_began if level == THIRD else course.offer_began
    return run.deadline(begin, (), lambda _at, _deadline: False)


@dataclass(frozen=True, slots=True)
class _Run:
    """One clock of a course; `pick` says which of the limits it runs on."""

    course: Course
    calendar: Calendar
    pick: Callable[[Limits], Limit]

    def deadline(
        self,
        begin: datetime,
        extensions: tuple[datetime, ...],
        allowed: Callable[[datetime, datetime], bool],
    ) -> datetime:
        """Where the clock that began at `begin` ends, after everything in its order."""
        first, *rises = _rises(self.course)
        known = [first.limits, *(c.limits for c in rises if c.at <= begin)]
        limits = known[-1]
        deadline = min(self._after(begin, one) for one in known)
        later = [(c.at, c.limits) for c in rises if c.at > begin]
        steps: list[tuple[datetime, Limits | None]] = [*later, *((at, None) for at in extensions)]
        for at, tighter in sorted(steps, key=lambda step: step[0]):
            if tighter is not None:
                limits = tighter
                deadline = min(deadline, self._after(at, limits))
            elif allowed(at, deadline):
                deadline = self._after(deadline, limits)
        return deadline

    def _after(self, start: datetime, limits: Limits) -> datetime:
        return after(start, self.pick(limits), self.calendar, self.course.pauses)


def _rises(course: Course) -> Iterator[Change]:
    """The severity at filing and every change to one worse than all before."""
    changes = sorted(course.changes, key=lambda change: change.at)
    worst = changes[0]
    yield worst
    for change in changes[1:]:
        if change.rank > worst.rank:
            worst = change
            yield worst


def _limits_now(course: Course) -> Limits:
    return max(course.changes, key=lambda change: change.rank).limits


def _works_by_calendar(course: Course) -> bool:
    limits = [
        limit
        for c in course.changes
        for limit in (c.limits.official, c.limits.internal, c.limits.verify, c.limits.accept)
    ]
    return any(limit.clock == "working" for limit in limits)
