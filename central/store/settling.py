"""Ended cases, told once for all figures: `case_facts` holds them, `case_unsettled` all others.

Triggers move a case from the first to the second with every row of its log and every change of
what figures ask of it; the ticker moves it back. Nothing of it is a source: it is made anew from
the log at any time, and figures are the same with and without it.
"""

from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from central.case_tables import CaseFactsTable, CaseTable, CaseUnsettledTable
from central.kpi.entry import Case
from central.kpi.rates import Sums
from central.kpi.report import Wanted
from central.kpi.rules import Scope
from central.kpi.settled import settle, sums_of
from central.store.logs import cases_of
from central.store.sight import seen_cases

AT_ONCE = 500
LENGTHS = (
    CaseFactsTable.filed_s,
    CaseFactsTable.dispatched_s,
    CaseFactsTable.accepted_s,
    CaseFactsTable.handled_s,
    CaseFactsTable.closed_s,
    CaseFactsTable.whole_s,
)


def any_to_settle(session: Session) -> bool:
    """Whether a case has ended since the last time."""
    return session.scalar(_waiting().limit(1)) is not None


def settle_cases(session: Session, limit: int = AT_ONCE) -> int:
    """Settle cases that have ended, under the lock of their rows; how many were looked at."""
    waiting = _waiting().order_by(CaseTable.id).limit(limit)
    ids = list(session.scalars(waiting.with_for_update(of=CaseTable, skip_locked=True)))
    if not ids:
        return 0
    done = [row for row in map(_row, cases_of(session, ids)) if row]
    mine = CaseUnsettledTable.case_id.in_([row["case_id"] for row in done])
    session.execute(delete(CaseUnsettledTable).where(mine))
    tried = update(CaseUnsettledTable).where(CaseUnsettledTable.case_id.in_(ids))
    session.execute(tried.values(tried=True), execution_options={"synchronize_session": False})
    if done:
        session.execute(insert(CaseFactsTable), done)
    return len(ids)


def whole(session: Session, scope: Scope, wanted: Wanted) -> ColumnElement[bool]:
    """Facts of seen cases with all their moments in the period, as the log knew them at `as_of`."""
    facts, period = CaseFactsTable, scope.period
    given = {facts.scene: wanted.scene, facts.lead: wanted.lead, facts.source: wanted.source}
    return and_(
        *_inside(scope),
        facts.low < period.end,
        *(column == value for column, value in given.items() if value),
        *(facts.case_id.in_(select(CaseTable.id).where(one)) for one in seen_cases(session)),
    )


def others(scope: Scope) -> ColumnElement[bool]:
    """Cases that have to be told from their logs: not settled, or not wholly in the period."""
    facts, period = CaseFactsTable, scope.period
    over_the_edge = or_(
        and_(facts.low < period.begin, facts.high >= period.begin),
        and_(facts.low < period.end, facts.high >= period.end),
        facts.touched_at > scope.as_of,
    )
    known = select(facts.case_id).where(over_the_edge)
    unknown = select(CaseUnsettledTable.case_id)
    return CaseTable.id.in_(known.union_all(unknown))


def sums(session: Session, scope: Scope, wanted: Wanted) -> dict[str, Sums]:
    """What the settled cases of the period add, by figure."""
    counted = select(CaseFactsTable.kind, func.count()).where(whole(session, scope, wanted))
    rows = session.execute(counted.group_by(CaseFactsTable.kind))
    return sums_of((kind, number) for kind, number in rows)


def lengths_s(session: Session, scope: Scope, wanted: Wanted) -> list[list[float]]:
    """How long the stages of the settled cases of the period took, by stage."""
    columns_only = cast(Table, CaseFactsTable.__table__).c
    asked = [columns_only[column.key] for column in LENGTHS]  # half the time of mapped ones
    rows = session.execute(select(*asked).where(whole(session, scope, wanted))).all()
    columns = zip(*rows, strict=True) if rows else [()] * len(LENGTHS)
    return [[length for length in column if length is not None] for column in columns]


def _inside(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    facts, period = CaseFactsTable, scope.period
    return (
        facts.low >= period.begin,
        facts.high < period.end,
        facts.touched_at <= scope.as_of,
    )


def _waiting() -> Any:
    here = CaseUnsettledTable.case_id == CaseTable.id
    is_over = CaseTable.ended_at.is_not(None)
    joined = select(CaseTable.id).join(CaseUnsettledTable, here)
    return joined.where(is_over, CaseUnsettledTable.tried.is_(False))


def _row(found: tuple[int, Case]) -> dict[str, Any] | None:
    case_id, case = found
    settled = settle(case)
    if settled is None:
        return None
    lengths = dict(zip((c.key for c in LENGTHS), settled.lengths_s, strict=True))
    return lengths | {
        "case_id": case_id,
        "scene": case.scene,
        "lead": case.lead,
        "source": case.source,
        "low": settled.low,
        "high": settled.high,
        "touched_at": settled.touched_at,
        "kind": settled.kind,
    }
