"""Cases with the rows of their logs, as key figures read them.

Whom a case was given to, and in which grids it lay, is read from the rows: what is changed
later must not move it out of a figure of before.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import Session

from central.case_tables import CaseTable, TransitionTable
from central.kpi.entry import Case, Deadlines, Entry, Source, read_deadlines
from central.store.routes import NO_GRID, town_of_now
from central.store.sql import one_of
from central.tables import IncidentTable

AT_ONCE = 1000
NAMING = frozenset({"dispatch", "return"})
"""Rows whose detail figures read, beside the first one of a case."""


def cases_of(
    session: Session, ids: Sequence[int], as_of: datetime | None = None
) -> Iterator[tuple[int, Case]]:
    """Cases of these ids, each with its rows until `as_of`; those without any are left out.

    They are asked for by number, in both tables: a database that has to guess how many there are
    reads all logs, or all cases.
    """
    lineages = town_of_now(session).lineages
    until = () if as_of is None else (TransitionTable.at <= as_of,)
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        heads = session.execute(_heads().where(one_of(session, CaseTable.id, some)))
        of = {head.id: head for head in heads}
        rows = session.execute(_log().where(one_of(session, TransitionTable.case_id, some), *until))
        deadlines_of = cache(read_deadlines)  # most rows of a case say the same
        for case_id, group in groupby(rows, attrgetter("case_id")):
            entries = tuple(_entry(of[case_id].case_no, row, deadlines_of) for row in group)
            yield case_id, _case(of[case_id], entries, lineages.get(of[case_id].place, ()))


def _heads() -> Select[Any]:
    """Cases without their logs."""
    columns: tuple[Any, ...] = (
        *(CaseTable.id, CaseTable.case_no, CaseTable.scene, CaseTable.place),
        *(CaseTable.since, CaseTable.origin, CaseTable.reoffence_of),
        *(IncidentTable.site, IncidentTable.box, IncidentTable.stream),
    )
    return select(*columns).join(
        IncidentTable, IncidentTable.incident_id == CaseTable.incident_id, isouter=True
    )


def _log() -> Select[Any]:
    """Rows of the log, case by case; the detail of those that name somebody or something."""
    row = TransitionTable
    is_read = or_(row.number == 1, row.action.in_(NAMING))
    columns: tuple[Any, ...] = (
        *(row.case_id, row.at, row.actor, row.role, row.action, row.from_state, row.to_state),
        *(row.reason, row.deadlines, when((is_read, row.detail), else_="{}").label("detail")),
    )
    return select(*columns).order_by(row.case_id, row.number)


def _case(head: Row[Any], entries: tuple[Entry, ...], around: tuple[str, ...]) -> Case:
    """`around`: the grids of today, for a log that began before rows named any."""
    kept = tuple(entries[0].detail.get("grids", around))
    given = (e.detail["org"] for e in reversed(entries) if e.action == "dispatch" and e.detail)
    camera = "/".join((head.site, head.box, head.stream)) if head.site else ""
    return Case(
        case_no=head.case_no,
        scene=head.scene,
        entries=entries,
        place=head.place,
        grids=() if kept == (NO_GRID,) else kept,
        lead=next(given, ""),
        camera=camera,
        source=_source(head.origin),
        began_at=head.since,
        reoffence_of=str(head.reoffence_of or ""),
    )


def _source(origin: str | None) -> Source:
    """Who a case comes from: a sensor unless its origin says otherwise."""
    if origin is None:
        return "sensor"
    people: dict[str, Source] = {"appeal": "appeal", "desk": "desk"}
    return people.get(origin.partition(":")[0], "system")


def _entry(case_no: str, row: Row[Any], deadlines_of: Callable[[str], Deadlines]) -> Entry:
    return Entry(
        case_no=case_no,
        at=row.at,
        actor=row.actor,
        role=row.role,
        action=row.action,
        from_state=row.from_state,
        to_state=row.to_state,
        reason=row.reason,
        detail={} if row.detail == "{}" else json.loads(row.detail),
        deadlines=deadlines_of(row.deadlines),
    )
