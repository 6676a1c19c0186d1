"""Appeals of a period as key figures read them: as they stood when the log is read until.

One that nobody has touched since stands as its row says, for the row is what its log leads to:
those that add the same to all figures are counted together. Any other is told anew from its log.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealLogTable, AppealTable
from central.case_tables import CaseFactsTable, CaseTable
from central.kpi.entry import Appeal, Grade, NotContacted, Outcome
from central.kpi.hearing import Said, hear
from central.kpi.report import Wanted
from central.kpi.rules import Period, Scope
from central.store.logs import cases_of
from central.store.routes import town_of_now
from central.store.settling import facts_hold, grids_of_text
from central.store.sight import seen_appeals

AT_ONCE = 1000
Id = TypeVar("Id", int, str)
Party = tuple[str, tuple[str, ...]]
"""Who leads a case, and the grids it lies in."""


def alike_appeals(session: Session, scope: Scope, wanted: Wanted) -> Iterator[tuple[Appeal, int]]:
    """Wanted appeals of `appeals_of` that nobody touched after `as_of`: one of a kind, how many.

    Its moments are the earliest of its kind: they lie in the period, and before or after each
    other, as those of all others do. Who leads their cases, and where, is not told.
    """
    table, scene = AppealTable, func.coalesce(CaseTable.scene, AppealTable.service_code)
    moments = table.created_at, table.contact_due_at, table.contacted_at
    said = table.not_contacted, table.outcome, table.satisfaction, func.coalesce(table.sample, "")
    kind = (
        *map(_lies_in(scope.period), moments[:2]),
        *(table.contact_due_at > scope.as_of, table.contacted_at <= table.contact_due_at),
    )
    asked: tuple[Any, ...] = (*map(func.min, moments), *said, scene, func.count())
    alike = (
        select(*asked)
        .outerjoin(CaseTable, CaseTable.case_no == table.case_no)
        .where(*_within(session, scope), table.updated_at <= scope.as_of)
        .group_by(*kind, *said[:3], table.sample, scene)
    )
    for *one, service, number in session.execute(alike):
        appeal = replace(Appeal("", *one), scene=service)
        if wanted.takes(appeal):
            yield appeal, number


def appeals_of(
    session: Session, scope: Scope, wanted: Wanted, *, touched_only: bool = False
) -> Iterator[Appeal]:
    """Seen appeals that came or were to be answered in the period, as they stood at `as_of`.

    `touched_only`: those that are not in `alike_appeals`.
    """
    rows = _rows(session, scope, touched_only=touched_only)
    later = [row.id for row in rows if row.updated_at > scope.as_of]
    said = dict(_said(session, later, scope.as_of))
    told = [_appeal(row, said.get(row.id)) for row in rows]
    cases = dict(_cases(session, sorted({one.case_no for one in told} - {""})))
    parties: dict[int, Party] = {}
    if wanted.lead or wanted.grid:
        parties = _parties(session, sorted(case.id for case in cases.values()), scope.as_of)
    for one in told:
        case = cases.get(one.case_no)
        if case is None:
            yield one
        else:
            lead, grids = parties.get(case.id, ("", ()))
            yield replace(one, scene=case.scene, lead=lead, grids=grids)


def samples_of(session: Session) -> tuple[str, ...]:
    """Surveys in which people of seen appeals were asked, by name."""
    named = select(AppealTable.sample).where(AppealTable.sample.is_not(None))
    found = session.scalars(named.where(*seen_appeals(session)).distinct())
    return tuple(sorted(name for name in found if name))


def _rows(session: Session, scope: Scope, *, touched_only: bool) -> Sequence[Row[Any]]:
    table = AppealTable
    asked: tuple[Any, ...] = (
        *(table.id, table.appeal_no, table.service_code, table.created_at, table.updated_at),
        *(table.contact_due_at, table.contacted_at, table.not_contacted, table.case_no),
        *(table.outcome, table.satisfaction, table.sample),
    )
    touched = (table.updated_at > scope.as_of,) if touched_only else ()
    return session.execute(select(*asked).where(*_within(session, scope), *touched)).all()


def _within(session: Session, scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """Seen appeals that had come by `as_of`, and came or were to be answered in the period."""
    table = AppealTable
    moments = map(_lies_in(scope.period), (table.created_at, table.contact_due_at))
    return table.created_at < scope.as_of, or_(*moments), *seen_appeals(session)


def _lies_in(period: Period) -> Callable[[Any], ColumnElement[bool]]:
    return lambda moment: and_(moment >= period.begin, moment < period.end)


def _said(
    session: Session, ids: Sequence[int], as_of: datetime
) -> Iterator[tuple[int, tuple[Said, ...]]]:
    """Rows of the logs of these appeals until `as_of`, in the order in which they were written."""
    row = AppealLogTable
    columns = (row.appeal_id, row.at, row.action, row.value, row.sample)
    asked = select(*columns).where(row.at <= as_of)
    for some in _parts(ids):
        found = session.execute(
            asked.where(row.appeal_id.in_(some)).order_by(row.appeal_id, row.id)
        )
        for appeal_id, group in groupby(found, attrgetter("appeal_id")):
            yield appeal_id, tuple(Said(one.at, one.action, one.value, one.sample) for one in group)


def _appeal(row: Row[Any], said: tuple[Said, ...] | None) -> Appeal:
    """By its log where that is given."""
    if said is not None:
        arrived = Appeal(row.appeal_no, row.created_at, row.contact_due_at, scene=row.service_code)
        return hear(arrived, said, said[-1].at)
    return Appeal(
        appeal_no=row.appeal_no,
        received_at=row.created_at,
        contact_due_at=row.contact_due_at,
        contacted_at=row.contacted_at,
        not_contacted=cast(NotContacted | None, row.not_contacted),
        outcome=cast(Outcome | None, row.outcome),
        satisfaction=cast(Grade | None, row.satisfaction),
        sample=row.sample or "",
        case_no=row.case_no or "",
        scene=row.service_code,
    )


def _parts(ids: Sequence[Id]) -> Iterator[Sequence[Id]]:
    for begin in range(0, len(ids), AT_ONCE):
        yield ids[begin : begin + AT_ONCE]


def _cases(session: Session, numbers: Sequence[str]) -> Iterator[tuple[str, Row[Any]]]:
    columns: tuple[Any, ...] = (CaseTable.case_no, CaseTable.id, CaseTable.scene)
    asked = select(*columns)
    for some in _parts(numbers):
        for row in session.execute(asked.where(CaseTable.case_no.in_(some))):
            yield row.case_no, row


def _parties(session: Session, ids: Sequence[int], as_of: datetime) -> dict[int, Party]:
    """By case who led it at `as_of` and its grids, from facts where these hold, else the log."""
    lineages = town_of_now(session).lineages
    facts, found = CaseFactsTable, dict[int, Party]()
    asked = select(facts.case_id, facts.place, facts.lead, facts.grids).where(facts_hold(as_of))
    for some in _parts(ids):
        for row in session.execute(asked.where(facts.case_id.in_(some))):
            found[row.case_id] = row.lead, grids_of_text(row.grids, lineages.get(row.place, ()))
    others = [one for one in ids if one not in found]
    told = cases_of(session, others, as_of)
    return found | {case_id: (case.lead, case.grids) for case_id, case in told}
