"""Disputed pairs (退单) of a period: scenes and grids whose cases were returned again and again.

They have two sides, so neither a lead nor a source narrows them; scene and grid do.
"""

from collections import Counter
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select
from sqlalchemy.orm import Session, aliased

from central.case_tables import CaseTable, TransitionTable
from central.kpi.disputes import returned
from central.kpi.report import Wanted
from central.kpi.rules import Scope
from central.routing.disputes import Disputed, disputed_pairs
from central.store.logs import cases_of
from central.store.routes import NO_GRID, town_of_now
from central.store.sight import seen_cases


def disputes_of(session: Session, scope: Scope, wanted: Wanted) -> tuple[Disputed, ...]:
    """The pairs of the seen cases, the worst first, with how many were sent out there at all."""
    row = TransitionTable
    touched = select(row.case_id).join(CaseTable, CaseTable.id == row.case_id)
    ids = session.scalars(touched.where(_moved("return", scope), *seen_cases(session)).distinct())
    asked = Wanted(scene=wanted.scene, grid=wanted.grid)
    cases = [one for _, one in cases_of(session, sorted(ids), scope.as_of) if asked.takes(one)]
    returns = tuple(returned(cases, scope.period))
    return disputed_pairs(returns, _sent(session, scope)) if returns else ()


def _moved(action: str, scope: Scope) -> ColumnElement[bool]:
    row, period = TransitionTable, scope.period
    within = row.at >= period.begin, row.at < period.end, row.at <= scope.as_of
    return and_(row.action == literal(action, literal_execute=True), *within)


def _sent(session: Session, scope: Scope) -> dict[tuple[str, str], int]:
    """How many cases were sent out in the period, by scene and grid."""
    row, first = TransitionTable, aliased(TransitionTable)
    grid = _kept_grid(session, first.detail)
    place = case((grid.is_(None), CaseTable.place), else_="")
    here = first.case_id == row.case_id, first.number == 1
    rows = session.execute(
        select(CaseTable.scene, grid, place, func.count(row.case_id.distinct()))
        .join(CaseTable, CaseTable.id == row.case_id)
        .join(first, and_(*here))
        .where(_moved("dispatch", scope), *seen_cases(session))
        .group_by(CaseTable.scene, grid, place)
    )
    lineages, sent = town_of_now(session).lineages, Counter[tuple[str, str]]()
    for scene, kept, at, number in rows:
        today = next(iter(lineages.get(at, ())), "")
        sent[scene, today if kept is None else kept.replace(NO_GRID, "")] += number
    return sent


def _kept_grid(session: Session, detail: Any) -> ColumnElement[str | None]:
    """The innermost grid that a case's first row kept; none for a log without any."""
    if session.get_bind().dialect.name == "sqlite":
        return func.json_extract(detail, literal("$.grids[0]", literal_execute=True))
    return func.substring(detail, literal('"grids":\\["([^"]*)"', literal_execute=True))
