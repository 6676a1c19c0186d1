"""Key figures from the database: the log of cases and the appeals of a period, read and folded."""

from fractions import Fraction

from sqlalchemy import ColumnElement, Executable, exists, or_, select
from sqlalchemy.orm import Session

from central.case_tables import CaseTable, TransitionTable
from central.kpi.report import Beside, Report, Wanted, report_beside
from central.kpi.rules import Scope
from central.store.cameras import count_cameras
from central.store.disputing import disputes_of
from central.store.hearing import appeals_of
from central.store.logs import cases_of
from central.store.settling import lengths_s, sums, told_from_logs
from central.store.sight import seen_cases

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
    disputed = disputes_of(session, scope, chosen)
    beside = Beside(days, disputed=disputed)
    if not with_marks:
        asked = told_from_logs(session, scope, touching)
        lengths = lengths_s(session, scope, chosen)
        beside = Beside(days, sums(session, scope, chosen), lengths, disputed)
    ids = sorted(session.scalars(asked))
    cases = (case for _, case in cases_of(session, ids, scope.as_of))
    return report_beside(cases, appeals_of(session, scope, chosen), scope, chosen, beside)


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
