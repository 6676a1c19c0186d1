"""Key figures from the database: the log of cases and the appeals of a period, read and folded."""

from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, cast

from sqlalchemy import ColumnElement, Executable, Row, and_, exists, or_, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealTable
from central.case_tables import CaseTable, TransitionTable
from central.kpi.entry import Appeal, Grade, NotContacted, Outcome
from central.kpi.report import Beside, Report, Wanted, report_beside
from central.kpi.rules import Period, Scope
from central.store.cameras import count_cameras
from central.store.logs import cases_of
from central.store.routes import grid_finder
from central.store.settling import lengths_s, sums, told_from_logs
from central.store.sight import seen_appeals, seen_cases

A_DAY_S = 86400


def figures(
    session: Session, scope: Scope, wanted: Wanted | None = None, *, with_marks: bool = True
) -> Report:
    """All figures of the period, folded from the log as it is until `scope.as_of`.

    Camera-days are those of every camera that is known now; for somebody with limits all of it is
    only about what they may see. Without marks settled cases are only counted, which says the same.
    """
    chosen = wanted or Wanted()
    days = _camera_days(session, scope)
    touching = select(CaseTable.id).where(*_touching(scope), *seen_cases(session))
    asked: Executable = touching
    beside = Beside(days)
    if not with_marks:
        asked = told_from_logs(session, scope, touching)
        lengths = lengths_s(session, scope, chosen)
        beside = Beside(days, sums(session, scope, chosen), lengths)
    ids = sorted(session.scalars(asked))
    cases = (case for _, case in cases_of(session, ids, scope.as_of))
    return report_beside(cases, _appeals(session, scope), scope, chosen, beside)


def _camera_days(session: Session, scope: Scope) -> Fraction:
    until = min(scope.period.end, scope.as_of)
    length_s = max(0, int((until - scope.period.begin).total_seconds()))
    return Fraction(count_cameras(session) * length_s, A_DAY_S)


def _touching(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """Cases that the period may touch.

    A case is left out when it came after the period, or when it ended, was due and was last
    touched before: then no moment of it lies inside.
    """
    begin, row = scope.period.begin, TransitionTable
    touched = exists().where(row.case_id == CaseTable.id, row.at >= begin).correlate(CaseTable)
    return (
        CaseTable.filed_at < scope.period.end,
        or_(
            CaseTable.ended_at.is_(None),
            CaseTable.official_at >= begin,
            CaseTable.internal_at >= begin,
            touched,
        ),
    )


def _appeals(session: Session, scope: Scope) -> Iterator[Appeal]:
    """Appeals that came or were to be answered in the period, as they stood at `as_of`."""
    table, period = AppealTable, scope.period
    asked: tuple[Any, ...] = (
        *(table.appeal_no, table.service_code, table.case_no, table.created_at),
        *(table.contact_due_at, table.contacted_at, table.not_contacted),
        *(table.outcome, table.outcome_at, table.satisfaction, table.satisfaction_at),
        *(CaseTable.scene, CaseTable.place, CaseTable.lead),
    )
    rows = session.execute(
        select(*asked)
        .join(CaseTable, CaseTable.case_no == table.case_no, isouter=True)
        .where(
            table.created_at < scope.as_of,
            or_(*map(_lies_in(period), (table.created_at, table.contact_due_at))),
            *seen_appeals(session),
        )
    )
    grid = grid_finder(session)
    return (_appeal(row, grid(row.place or ""), scope) for row in rows)


def _lies_in(period: Period) -> Callable[[Any], ColumnElement[bool]]:
    return lambda moment: and_(moment >= period.begin, moment < period.end)


def _appeal(row: Row[Any], grid: str, scope: Scope) -> Appeal:
    return Appeal(
        appeal_no=row.appeal_no,
        received_at=row.created_at,
        contact_due_at=row.contact_due_at,
        contacted_at=row.contacted_at,
        not_contacted=cast(NotContacted | None, row.not_contacted),
        outcome=cast(Outcome | None, _until(row.outcome, row.outcome_at, scope)),
        satisfaction=cast(Grade | None, _until(row.satisfaction, row.satisfaction_at, scope)),
        case_no=row.case_no or "",
        scene=row.scene or row.service_code,
        grid=grid,
        lead=row.lead or "",
    )


def _until(value: str | None, at: datetime | None, scope: Scope) -> str | None:
    return value if at is not None and at <= scope.as_of else None
