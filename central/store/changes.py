"""The feed of changes: numbered in the order of commits, so that a reader never skips one.

A number that a sequence gives early may be committed late, and a reader that has passed it misses
it. So changes are gathered and numbered as the last thing before the commit, under the lock that
the audit log takes too (one lock for both: two could wait for each other). It is held until the
commit, hence whoever sees number n sees all below it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session, SessionTransaction

from central.exchange_tables import ChangeTable
from central.store.audit import LOCK
from central.store.sight import is_limited, seen_changes
from central.store.sql import add

_WAITING = "changes"
LOOKED_THROUGH = 20_000


@dataclass(frozen=True, slots=True)
class Change:
    """That something happened to a case or an appeal; what it is now, its own address tells."""

    number: int
    kind: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Waiting:
    kind: str
    subject: str
    at: datetime
    savepoint: SessionTransaction | None


def record_change(session: Session, kind: str, case_no: str, at: datetime) -> None:
    """Put it into the feed with this transaction, or not at all."""
    waiting: list[_Waiting] | None = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = []
        event.listen(session, "before_commit", _write)
        event.listen(session, "after_soft_rollback", _forget)
    waiting.append(_Waiting(kind, case_no, at, session.get_nested_transaction()))


def changes_after(session: Session, after: int, limit: int) -> tuple[Change, ...]:
    """The changes above a number, in order."""
    return read_feed(session, after, limit)[0]


def read_feed(session: Session, after: int, limit: int) -> tuple[tuple[Change, ...], int]:
    """The changes above a number, in order, and the number to go on from.

    For somebody with limits the part of the feed that is looked through is bounded, and so what
    comes may be nothing while there is more.
    """
    until = after + LOOKED_THROUGH
    statement = select(ChangeTable).where(ChangeTable.number > after, *seen_changes(session))
    if is_limited(session):
        until = min(until, max(after, newest_change(session)))
        statement = statement.where(ChangeTable.number <= until)
    rows = session.scalars(statement.order_by(ChangeTable.number).limit(limit))
    found = tuple(Change(row.number, row.kind, row.subject, row.at) for row in rows)
    if is_limited(session) and len(found) < limit:
        return found, until
    return found, found[-1].number if found else after


def newest_change(session: Session) -> int:
    """The highest number, 0 before the first."""
    return session.scalar(select(func.max(ChangeTable.number))) or 0


def changes_between(
    session: Session, start: datetime, end: datetime, limit: int
) -> tuple[Change, ...]:
    """The changes of a span of time, in order."""
    within = ChangeTable.at >= start, ChangeTable.at <= end
    statement = select(ChangeTable).where(*within, *seen_changes(session))
    rows = session.scalars(statement.order_by(ChangeTable.number).limit(limit))
    return tuple(Change(row.number, row.kind, row.subject, row.at) for row in rows)


def _write(session: Session) -> None:
    if session.in_nested_transaction():  # only a savepoint is released
        return
    waiting: list[_Waiting] = session.info[_WAITING]
    if not waiting:
        return
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
    number = newest_change(session)
    for one in waiting:
        number += 1
        values = {"number": number, "kind": one.kind, "subject": one.subject, "at": one.at}
        add(session, ChangeTable, values)
    waiting.clear()


def _forget(session: Session, ended: SessionTransaction) -> None:
    """What was recorded in a savepoint that was rolled back did not happen."""
    waiting: list[_Waiting] = session.info[_WAITING]
    whole = ended.parent is None
    waiting[:] = [] if whole else [one for one in waiting if one.savepoint is not ended]
