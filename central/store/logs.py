"""Cases with the rows of their logs, as key figures read them.

Whom a case was given to, in which grids it lay, when it began and which case it repeats is read
from the rows: what is changed later must not move it out of a figure of before.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from central.case_tables import CaseTable, TransitionTable
from central.kpi.entry import Case, Entry, Source, read_deadlines
from central.store.routes import NO_CASE, NO_GRID, grids_finder
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
    around = grids_finder(session)
    until = () if as_of is None else (TransitionTable.at <= as_of,)
    for begin in range(0, len(ids), AT_ONCE):
        some = ids[begin : begin + AT_ONCE]
        mine = CaseTable.id.in_(some), TransitionTable.case_id.in_(some)
        rows = session.execute(_rows().where(*mine, *until))
        for case_id, group in groupby(rows, attrgetter("case_id")):
            found = list(group)
            yield case_id, _case(found, around(found[0].place))


def _rows() -> Select[Any]:
    """Rows of the log with their case, case by case."""
    row = TransitionTable
    columns: tuple[Any, ...] = (
        *(row.case_id, row.at, row.actor, row.role, row.action, row.from_state, row.to_state),
        *(row.number, row.reason, row.detail, row.deadlines),
        *(CaseTable.case_no, CaseTable.scene, CaseTable.place),
        *(CaseTable.since, CaseTable.origin, CaseTable.reoffence_of),
        *(IncidentTable.site, IncidentTable.box, IncidentTable.stream),
    )
    return (
        select(*columns)
        .join(CaseTable, CaseTable.id == row.case_id)
        .join(IncidentTable, IncidentTable.incident_id == CaseTable.incident_id, isouter=True)
        .order_by(row.case_id, row.number)
    )


def _case(rows: list[Row[Any]], around: tuple[str, ...]) -> Case:
    """`around`: the grids of today, for a log that began before rows named what figures keep."""
    first, entries = rows[0], tuple(map(_entry, rows))
    said = entries[0].detail
    kept = tuple(said.get("grids", around))
    began, repeats = said.get("since"), said.get("reoffence_of", first.reoffence_of or NO_CASE)
    given = (e.detail["org"] for e in reversed(entries) if e.action == "dispatch" and e.detail)
    camera = "/".join((first.site, first.box, first.stream)) if first.site else ""
    return Case(
        case_no=first.case_no,
        scene=first.scene,
        entries=entries,
        place=first.place,
        grids=() if kept == (NO_GRID,) else kept,
        lead=next(given, ""),
        camera=camera,
        source=_source(first.origin),
        began_at=datetime.fromisoformat(began) if began else first.since,
        reoffence_of="" if repeats == NO_CASE else str(repeats),
    )


def _source(origin: str | None) -> Source:
    """Who a case comes from: a sensor unless its origin says otherwise."""
    if origin is None:
        return "sensor"
    people: dict[str, Source] = {"appeal": "appeal", "desk": "desk"}
    return people.get(origin.partition(":")[0], "system")


def _entry(row: Row[Any]) -> Entry:
    is_read = row.number == 1 or row.action in NAMING
    return Entry(
        case_no=row.case_no,
        at=row.at,
        actor=row.actor,
        role=row.role,
        action=row.action,
        from_state=row.from_state,
        to_state=row.to_state,
        reason=row.reason,
        detail=json.loads(row.detail) if is_read else {},
        deadlines=read_deadlines(row.deadlines),
    )
