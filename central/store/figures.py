"""Key figures from the database: the log of cases and the appeals of a period, read and folded."""

from dataclasses import replace
from fractions import Fraction

from sqlalchemy import ColumnElement, Executable, exists, or_, select
from sqlalchemy.orm import Session

from central.case_tables import CaseTable, TransitionTable
from central.kpi.appeal_rates import appeal_sums
from central.kpi.report import Beside, Report, Wanted, report_beside
from central.kpi.rules import Scope
from central.store.disputing import disputes_of
from central.store.hearing import alike_appeals, appeals_of
from central.store.logs import cases_of
from central.store.looking import known_cameras
from central.store.settling import counted, told_from_logs
from central.store.sight import seen_cases

A_DAY_S = 86400


def figures(
    session: Session, scope: Scope, wanted: Wanted | None = None, *, with_marks: bool = True
) -> Report:
    """All figures of the period, folded from the log as it is until `scope.as_of`.

    Camera-days are those of every camera since it is known; for somebody with limits all of it is
    only about what they may see. Without marks settled cases and untouched appeals are only
    counted, which says the same.
    """
    chosen = wanted or Wanted()
    touching = select(CaseTable.id).where(*_touching(scope), *seen_cases(session))
    beside = Beside(_camera_days(session, scope), disputed=disputes_of(session, scope, chosen))
    # Only what is told one by one knows who leads its case, and where.
    as_kinds = not (with_marks or chosen.lead or chosen.grid)
    if as_kinds:
        heard = appeal_sums(alike_appeals(session, scope, chosen), scope)
        beside = replace(beside, sums=heard)
    asked: Executable = touching
    if not with_marks:
        asked = told_from_logs(session, scope, touching)
        sums, lengths = counted(session, scope, chosen)
        beside = replace(beside, sums={**beside.sums, **sums}, lengths_s=lengths)
    ids = sorted(session.scalars(asked))
    cases = (case for _, case in cases_of(session, ids, scope.as_of))
    appeals = appeals_of(session, scope, chosen, touched_only=as_kinds)
    return report_beside(cases, appeals, scope, chosen, beside)


def _camera_days(session: Session, scope: Scope) -> Fraction:
    begin, until = scope.period.begin, min(scope.period.end, scope.as_of)
    lengths = (until - max(begin, since) for since in known_cameras(session).values())
    known_s = sum(max(0, int(length.total_seconds())) for length in lengths)
    return Fraction(known_s, A_DAY_S)


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
