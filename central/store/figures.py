"""Key figures from the database: the log of cases and the appeals of a period, read and folded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import cast

from sqlalchemy import ColumnElement, Executable, Select, exists, or_, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealTable
from central.case_tables import CaseTable, TransitionTable
from central.cases.limits import limits_of
from central.cases.standing import Detail
from central.clocks.deadlines import contact_due
from central.kpi.entry import Appeal, Grade, NotContacted, Outcome
from central.kpi.report import Beside, Report, Wanted, report_beside
from central.kpi.rules import Scope
from central.store.cameras import count_cameras
from central.store.logs import cases_of
from central.store.routes import calendar_of, grid_finder
from central.store.settling import lengths_s, sums, told_from_logs
from central.store.sight import seen_appeals, seen_cases

A_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class _Facts:
    """What figures need of the case that an appeal belongs to."""

    place: str
    scene: str
    lead: str
    limits: str


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
    """Appeals that came before the period was over; what was done after `as_of` is not known."""
    until = min(scope.period.end, scope.as_of)
    found = session.scalars(_appeals_until(session, until)).all()
    facts = _facts(session, {one.case_no for one in found if one.case_no})
    calendar = calendar_of(session)
    grid = grid_finder(session)
    for one in found:
        of = facts.get(one.case_no or "", _Facts("", one.service_code, "", ""))
        limits = limits_of(of.scene, text=of.limits)
        yield Appeal(
            appeal_no=one.appeal_no,
            received_at=one.created_at,
            contact_due_at=contact_due(one.created_at, limits, calendar),
            contacted_at=one.contacted_at,
            not_contacted=cast(NotContacted | None, one.not_contacted),
            outcome=cast(Outcome | None, _until(one.outcome, one.outcome_at, scope)),
            satisfaction=cast(Grade | None, _until(one.satisfaction, one.satisfaction_at, scope)),
            case_no=one.case_no or "",
            scene=of.scene,
            grid=grid(of.place),
            lead=of.lead,
        )


def _appeals_until(session: Session, until: datetime) -> Select[AppealTable]:
    return select(AppealTable).where(AppealTable.created_at < until, *seen_appeals(session))


def _facts(session: Session, numbers: set[str]) -> dict[str, _Facts]:
    """Of the cases with these numbers, with the limits of the rule that filed them."""
    rows = session.execute(
        select(
            *(CaseTable.case_no, CaseTable.place, CaseTable.scene, CaseTable.lead),
            TransitionTable.detail,
        )
        .join(TransitionTable, TransitionTable.case_id == CaseTable.id)
        .where(TransitionTable.action == "file", CaseTable.case_no.in_(sorted(numbers)))
        .order_by(TransitionTable.number.desc())
    )
    return {
        number: _Facts(place, scene, lead, Detail.of_json(detail).limits)
        for number, place, scene, lead, detail in rows
    }


def _until(value: str | None, at: datetime | None, scope: Scope) -> str | None:
    return value if at is not None and at <= scope.as_of else None
