"""Cases told once for all figures: `case_facts` holds what they add, `case_unsettled` the others.

Triggers move a case from the first to the second with every row of its log and every change of
what figures ask of it; the ticker moves it back, and tells it again when a deadline has passed.
Nothing of it is a source: it is made anew from the log at any time, and figures are the same with
and without it.
"""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Delete,
    Select,
    Update,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.orm import Session

from central.case_tables import CaseFactsTable, CaseTable, CaseUnsettledTable
from central.kpi.entry import Case
from central.kpi.rates import Sums
from central.kpi.report import Wanted
from central.kpi.rules import Scope
from central.kpi.settled import LONG, settle, sums_of
from central.store.logs import cases_of
from central.store.routes import NO_GRID
from central.store.sight import places_of_grids, seen_facts
from central.store.sql import one_of, packed, unpack

AT_ONCE = 200
Lengths = list[NDArray[np.float64]]
"""Seconds, by stage."""
NONE = np.zeros(0)
LENGTHS = (
    CaseFactsTable.filed_s,
    CaseFactsTable.dispatched_s,
    CaseFactsTable.accepted_s,
    CaseFactsTable.handled_s,
    CaseFactsTable.closed_s,
    CaseFactsTable.whole_s,
)


def any_to_settle(session: Session, now: datetime) -> bool:
    """Whether a case has changed, or a deadline has passed, since the last time."""
    return any(session.scalar(one.limit(1)) is not None for one in _waiting(now))


def settle_cases(session: Session, now: datetime, limit: int = AT_ONCE) -> int:
    """Settle cases as they stand now, under the lock of their rows; how many were looked at."""
    # So many of each kind first: a database asked for one of all that wait looks at all for each.
    some = union(*(select(one.limit(limit).subquery()) for one in _waiting(now))).subquery()
    waiting = select(CaseTable.id).where(CaseTable.id.in_(select(some)))
    locked = waiting.order_by(CaseTable.id).limit(limit)
    ids = list(session.scalars(locked.with_for_update(of=CaseTable, skip_locked=True)))
    done = [row for row in (_row(*found, now) for found in cases_of(session, ids)) if row]
    settled = [row["case_id"] for row in done]
    tried = update(CaseUnsettledTable).where(CaseUnsettledTable.case_id.in_(ids)).values(tried=True)
    _run(session, delete(CaseFactsTable).where(CaseFactsTable.case_id.in_(ids)))
    _run(session, delete(CaseUnsettledTable).where(CaseUnsettledTable.case_id.in_(settled)))
    _run(session, tried)
    if done:
        session.execute(insert(CaseFactsTable), done)
    return len(ids)


def whole(session: Session, scope: Scope, wanted: Wanted) -> ColumnElement[bool]:
    """Facts of seen cases with all their moments in the period, valid for the log at `as_of`."""
    facts, period = CaseFactsTable, scope.period
    given = {facts.scene: wanted.scene, facts.lead: wanted.lead, facts.source: wanted.source}
    return and_(
        *(facts.low >= period.begin, facts.high < period.end, facts.low < period.end),
        facts_hold(scope.as_of),
        *(column == value for column, value in given.items() if value),
        *seen_facts(session),
        *((_in_grid(session, wanted.grid),) if wanted.grid else ()),
    )


def told_from_logs(session: Session, scope: Scope, asked: Select[int]) -> CompoundSelect[int]:
    """Ids of the seen cases that are not wholly in the period, and of the asked unsettled ones."""
    facts = CaseFactsTable
    told = or_(
        *(_crosses(scope.period.begin), _crosses(scope.period.end)),
        *(facts.from_at > scope.as_of, facts.until <= scope.as_of),
    )
    known = select(facts.case_id).where(told, *seen_facts(session))
    unknown = asked.join(CaseUnsettledTable, CaseUnsettledTable.case_id == CaseTable.id)
    return known.union_all(unknown)


def counted(session: Session, scope: Scope, wanted: Wanted) -> tuple[dict[str, Sums], Lengths]:
    """What the settled cases of the period add by figure, and how long their stages took."""
    columns = (packed(session, column) for column in LENGTHS)
    asked: Select[*tuple[Any, ...]] = select(CaseFactsTable.kind, func.count(), *columns)
    alike = asked.where(whole(session, scope, wanted)).group_by(CaseFactsTable.kind)
    rows = session.execute(alike).all()
    by_kind = ([unpack(row[n]) for row in rows] for n in range(2, 2 + len(LENGTHS)))
    lengths = [np.concatenate((NONE, *numbers)) for numbers in by_kind]
    return sums_of((kind, number) for kind, number, *_ in rows), lengths


def _in_grid(session: Session, grid: str) -> ColumnElement[bool]:
    """By the grids that the log kept; the town of today speaks for logs without any."""
    facts = CaseFactsTable
    by_town = and_(facts.grids == "", one_of(session, facts.place, places_of_grids(session, grid)))
    return or_(by_town, facts.grids.contains(f"/{grid}/", autoescape=True))


def grids_of_text(text: str, around: tuple[str, ...]) -> tuple[str, ...]:
    """The grids that facts tell; those `around` the place today for a log that kept none."""
    return tuple(one for one in text.split("/") if one not in ("", NO_GRID)) if text else around


def facts_hold(as_of: datetime) -> ColumnElement[bool]:
    """Facts that tell of the log until `as_of`."""
    facts = CaseFactsTable
    return and_(facts.from_at <= as_of, or_(facts.until.is_(None), facts.until > as_of))


def _grids_text(case: Case) -> str:
    kept = case.entries[0].detail.get("grids", ())
    return f"/{'/'.join(kept)}/" if kept else ""


def _crosses(edge: datetime) -> ColumnElement[bool]:
    """Moments on both sides of an edge: few lie near it, and few cases have them far apart."""
    facts = CaseFactsTable
    both = facts.low < edge, facts.high >= edge
    return or_(and_(facts.low >= edge - LONG, *both), and_(facts.is_long, *both))


def _waiting(now: datetime) -> tuple[Select[int], Select[int]]:
    """Ids of cases that have changed, and of those whose facts have run out."""
    facts, changed = CaseFactsTable, CaseUnsettledTable
    return (
        select(changed.case_id).where(changed.tried.is_(False)),
        select(facts.case_id).where(facts.until < now),
    )


def _run(session: Session, statement: Delete | Update) -> None:
    """Of rows that this session does not hold."""
    session.execute(statement, execution_options={"synchronize_session": False})


def _row(case_id: int, case: Case, now: datetime) -> dict[str, Any] | None:
    settled = settle(case, now)
    if settled is None:
        return None
    lengths = dict(zip((c.key for c in LENGTHS), settled.lengths_s, strict=True))
    return lengths | {
        "case_id": case_id,
        "scene": case.scene,
        "place": case.place,
        "grids": _grids_text(case),
        "lead": case.lead,
        "source": case.source,
        "low": settled.low,
        "high": settled.high,
        "is_long": settled.is_long,
        "from_at": settled.from_at,
        "until": settled.until,
        "kind": settled.kind,
    }
