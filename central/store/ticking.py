"""Timers that are due, and what they do to their case: once, however late and whoever asks."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.case_tables import TimerTable
from central.cases.moves import Refused
from central.cases.standing import Detail
from central.cases.states import Action
from central.cases.timers import LOOK_AGAIN, timers
from central.store.devices import look
from central.store.live import Live, lock_case

AT_ONCE = 100
MAX_MOVES = 20  # more than any case can owe: a fault must not turn for ever


def due_cases(session: Session, now: datetime, limit: int = AT_ONCE) -> list[int]:
    """Ids of cases that have something to do, the longest overdue first."""
    due = select(TimerTable.case_id, TimerTable.due_at).where(TimerTable.due_at <= now)
    rows = session.execute(due.order_by(TimerTable.due_at, TimerTable.case_id).limit(limit))
    return list(dict.fromkeys(case_id for case_id, _ in rows))


def next_due(session: Session, until: datetime) -> datetime | None:
    """When the next timer is due, None when none is up to `until`."""
    return session.scalar(select(func.min(TimerTable.due_at)).where(TimerTable.due_at <= until))


def fire(session: Session, case_id: int, now: datetime) -> tuple[Action, ...]:
    """Make every move of a case that is due; gives what was done.

    Timers are worked out anew under the row's lock: what somebody else has done meanwhile, or did
    before a restart, is not done again. A move that is refused (no camera sees) is tried later.
    """
    live = Live(session, lock_case(session, case_id))
    look(session, live, now)
    done: list[Action] = []
    put_off: set[Action] = set()
    while len(done) < MAX_MOVES:
        due = [
            one
            for one in timers(live.standing, live.sensor)
            if one.at <= now and one.action not in put_off
        ]
        if not due:
            break
        try:
            detail = Detail(due_at=due[0].at, level=due[0].level)
            live.by_itself(due[0].action, now, detail)
            done.append(due[0].action)
        except Refused:
            put_off.add(due[0].action)
    live.keep()
    _put_off(session, case_id, put_off, now)
    return tuple(done)


def _put_off(session: Session, case_id: int, actions: set[Action], now: datetime) -> None:
    if actions:
        session.execute(
            update(TimerTable)
            .where(TimerTable.case_id == case_id, TimerTable.action.in_(actions))
            .values(due_at=now + LOOK_AGAIN)
        )
