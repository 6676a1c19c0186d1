"""What a case does by itself, and when: a pure function of where it stands and what is seen.

The store keeps the result in a table and a ticker looks at it, so timers survive restarts. A timer
fires once because its move changes what this function says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from central.cases.limits import FILE
from central.cases.standing import Sensor, Standing
from central.cases.states import UNACCEPTED, Action

SELF_CLEAR_GRACE = timedelta(minutes=10)
STILL_OCCUPIED = timedelta(seconds=60)
SEEN_CLEAR = timedelta(seconds=30)
REMINDERS = (timedelta(0), timedelta(minutes=15), timedelta(minutes=45))
"""How long after its deadline each level hears of what waits for the desk or a verifier: the steps
of the usual ladder (15/30/60), begun when the first of them is over."""
LOOK_AGAIN = timedelta(seconds=60)
"""When a timer could not act (no camera sees), it is asked again after this."""


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """A move that the system makes at `at`; `level` says whom an escalation reaches."""

    at: datetime
    action: Action
    level: int = 0


def timers(standing: Standing, sensor: Sensor) -> tuple[Timer, ...]:
    """All timers of a case, the next one first; at most one per action."""
    return tuple(sorted(_timers(standing, sensor)))


def _timers(standing: Standing, sensor: Sensor) -> Iterator[Timer]:
    if standing.state == "pending_file" and standing.queued_at is not None:
        yield from _reminders(standing, standing.queued_at + FILE)
        return
    if standing.state == "suspended":
        if standing.suspended_until is not None:
            yield Timer(standing.suspended_until, "resume")
        return
    if not standing.is_open:
        return
    if standing.state == "handled":
        yield from _after_handling(standing, sensor)
        return
    if standing.state in UNACCEPTED:
        yield from _while_nobody_accepts(standing, sensor)
    yield from _lights(standing)


def _while_nobody_accepts(standing: Standing, sensor: Sensor) -> Iterator[Timer]:
    if not sensor.occupied and sensor.cleared_at is not None:
        yield Timer(sensor.cleared_at + SELF_CLEAR_GRACE, "self_clear")
    levels = enumerate(standing.deadlines.levels_at, start=1)
    above = [(at, level) for level, at in levels if level > standing.level]
    if above:  # after a new dispatch the third may be due before the first two
        at, level = min(above)
        yield Timer(at, "escalate", level)


def _after_handling(standing: Standing, sensor: Sensor) -> Iterator[Timer]:
    handled_at = standing.times.handled_at
    assert handled_at is not None, "handled cases know when"
    if not sensor.occupied and sensor.cleared_at is not None:
        yield Timer(max(handled_at, sensor.cleared_at) + SEEN_CLEAR, "verify")
    elif sensor.occupied:
        yield Timer(handled_at + STILL_OCCUPIED, "rework")
    verify_at = standing.deadlines.verify_at
    if verify_at is not None:
        yield from _reminders(standing, verify_at)


def _reminders(standing: Standing, due_at: datetime) -> Iterator[Timer]:
    """Whose work it is, then the levels above them: waiting for a person is never silent."""
    if standing.reminded < len(REMINDERS):
        told = standing.reminded
        yield Timer(due_at + REMINDERS[told], "remind", told + 1)


def _lights(standing: Standing) -> Iterator[Timer]:
    """The red light is the internal clock; the official one is another matter."""
    due = standing.deadlines
    if due.internal_at is not None and not standing.red:
        yield Timer(due.internal_at, "red")
    if due.official_at is not None and not standing.overdue:
        yield Timer(due.official_at, "overdue")
