"""Lists of appeals and of what was done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from central import store
from central.appeal_tables import AppealLogTable, AppealTable
from central.appeals.records import Appeal, Step, appeal_of, step_of
from central.appeals.rules import Kind, Status


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which appeals; None means any."""

    status: Status | None = None
    kind: Kind | None = None
    case_no: str | None = None
    codes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None


def list_appeals(
    session: Session, wanted: Wanted, page: store.Page
) -> tuple[tuple[Appeal, ...], int]:
    """A page of the appeals that match, the newest first, and how many match."""
    total = session.scalar(_matching(session, select(func.count(AppealTable.id)), wanted)) or 0
    listed = _matching(session, select(AppealTable), wanted)
    listed = listed.order_by(AppealTable.created_at.desc(), AppealTable.id.desc())
    rows = session.scalars(listed.limit(page.size).offset(page.offset))
    return tuple(appeal_of(row) for row in rows), total


def steps_of(session: Session, appeal_no: str) -> tuple[Step, ...]:
    """The log of an appeal, in order."""
    statement = select(AppealLogTable, AppealTable.appeal_no).join(
        AppealTable, AppealTable.id == AppealLogTable.appeal_id
    )
    rows = session.execute(
        statement.where(AppealTable.appeal_no == appeal_no, *store.seen_appeals(session)).order_by(
            AppealLogTable.id
        )
    )
    return tuple(step_of(row, number) for row, number in rows)


def steps_between(session: Session, start: datetime, end: datetime, limit: int) -> tuple[Step, ...]:
    """What was done with any appeal in a span of time, in order."""
    statement = select(AppealLogTable, AppealTable.appeal_no).join(
        AppealTable, AppealTable.id == AppealLogTable.appeal_id
    )
    within = (
        *(AppealLogTable.at >= start, AppealLogTable.at <= end),
        *store.seen_appeals(session),
    )
    rows = session.execute(statement.where(*within).order_by(AppealLogTable.id).limit(limit))
    return tuple(step_of(row, number) for row, number in rows)


def _matching(session: Session, statement: Select[Any], wanted: Wanted) -> Select[Any]:
    statement = statement.where(*store.seen_appeals(session))
    conditions: Sequence[Any] = (
        wanted.kind and AppealTable.kind == wanted.kind,
        wanted.case_no and AppealTable.case_no == wanted.case_no,
        wanted.codes and AppealTable.service_code.in_(wanted.codes),
        wanted.numbers and AppealTable.appeal_no.in_(wanted.numbers),
        wanted.start and AppealTable.created_at >= wanted.start,
        wanted.end and AppealTable.created_at <= wanted.end,
    )
    for condition in conditions:
        if condition is not None and not isinstance(condition, str | tuple):
            statement = statement.where(condition)
    if wanted.status is not None:
        is_open = AppealTable.outcome.is_(None)
        statement = statement.where(is_open if wanted.status == "open" else ~is_open)
    return statement
