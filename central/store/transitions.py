"""The log of cases in the database: rows are added, read in order, and checked; never changed."""

from collections.abc import Iterator
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.audit import FIRST, Broken
from central.case_tables import CaseSerialTable, CaseTable, TransitionTable
from central.cases.chain import Chained, verify
from central.cases.standing import Deadlines, Detail, Entry, Standing
from central.cases.states import Action, Role, State
from central.cases.workflow import fold
from central.filing import APPEALS, case_no
from central.store.sql import add


def add_row(session: Session, case_id: int, row: Chained) -> None:
    """Write the next row of a case."""
    entry = row.entry
    values = {
        "case_id": case_id,
        "number": row.number,
        "at": entry.at,
        "actor": entry.actor,
        "role": entry.role,
        "action": entry.action,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "reason": entry.reason,
        "detail": entry.detail.to_json(),
        "deadlines": entry.deadlines.to_json(),
        "previous": row.previous,
        "hash": row.hash,
    }
    add(session, TransitionTable, values)


def log_of(session: Session, case: CaseTable) -> tuple[Chained, ...]:
    """Every row of a case, the oldest first."""
    rows = session.scalars(
        select(TransitionTable)
        .where(TransitionTable.case_id == case.id)
        .order_by(TransitionTable.number)
    )
    return tuple(_chained(case.case_no, row) for row in rows)


def birth_before(session: Session, prefix: str, day: str, serial: int) -> str:
    """Hash of the first row of the case numbered before this one."""
    if serial == 1:
        return FIRST
    found = session.scalar(
        select(TransitionTable.hash)
        .join(CaseTable, CaseTable.id == TransitionTable.case_id)
        .where(
            CaseTable.case_no == case_no(prefix, day, serial - 1),
            TransitionTable.number == 1,
        )
    )
    assert found is not None, "numbers are given one after the other"
    return found


def priority_of(row: CaseTable, standing: Standing) -> int:
    """What its rules say, and one more for the same place again within a day (study §10-6)."""
    return standing.priority + (row.reoffence_of is not None)


def check_logs(session: Session) -> Iterator[tuple[str, Broken]]:
    """Everything that is wrong with the logs of the cases, by case number; nothing when sound.

    Each log is one chain, the first row of a case follows that of the number before it, and state,
    verdict, version and deadlines of every case are what its log folds into.
    """
    born: dict[str, str] = {}
    counted: dict[str, int] = {}
    for case, rows in _all(session):
        day, _, serial = case.case_no.rpartition("-")
        counted[day] = counted.get(day, 0) + 1
        log = tuple(_chained(case.case_no, row) for row in rows)
        broken = verify(log, born.get(day, FIRST))
        if broken is None and counted[day] != int(serial):
            broken = Broken(0, f"the case before it is missing: it should be number {counted[day]}")
        if broken is None:
            broken = _differs(case, log)
        born[day] = log[0].hash if log else FIRST
        if broken is not None:
            counted[day] = int(serial)
            yield case.case_no, broken
    for given in session.scalars(select(CaseSerialTable).where(CaseSerialTable.prefix != APPEALS)):
        day = f"{given.prefix}-{given.day}"
        here = counted.get(day, 0)
        if here != given.last:
            yield day, Broken(0, f"{given.last} numbers were given, {here} are here")


def _all(session: Session) -> Iterator[tuple[CaseTable, list[TransitionTable]]]:
    """Cases with their rows, day by day in the order of their numbers."""
    cases = session.scalars(select(CaseTable)).all()
    ordered = sorted(cases, key=lambda case: _serial(case.case_no))
    for case in ordered:
        rows = session.scalars(
            select(TransitionTable)
            .where(TransitionTable.case_id == case.id)
            .order_by(TransitionTable.number)
        ).all()
        yield case, list(rows)


def _serial(number: str) -> tuple[str, int]:
    day, _, serial = number.rpartition("-")
    return day, int(serial)


def _differs(case: CaseTable, log: tuple[Chained, ...]) -> Broken | None:
    standing = fold(row.entry for row in log)
    due = standing.deadlines
    told = {
        "state": standing.state,
        "verdict": standing.verdict,
        "version": standing.version,
        "holder": standing.holder,
        "lead": standing.lead,
        "priority": priority_of(case, standing),
        "official_at": due.official_at,
        "internal_at": due.internal_at,
        "accept_at": due.accept_at,
        "verify_at": due.verify_at,
    }
    for name, value in told.items():
        if getattr(case, name) != value:
            last = log[-1].number
            return Broken(last, f"{name} is '{getattr(case, name)}', its log says '{value}'")
    return None


def _chained(number: str, row: TransitionTable) -> Chained:
    entry = Entry(
        at=row.at,
        actor=row.actor,
        role=cast(Role, row.role),
        action=cast(Action, row.action),
        from_state=cast(State | None, row.from_state),
        to_state=cast(State, row.to_state),
        reason=row.reason,
        detail=Detail.of_json(row.detail),
        deadlines=Deadlines.of_json(row.deadlines),
    )
    return Chained(number, row.number, entry, row.previous, row.hash)
