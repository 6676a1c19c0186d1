"""What is near is found by index: nothing is read through, however many cases and appeals."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text

from central import store
from central.appeal_tables import AppealTable
from central.case_tables import CaseTable
from central.columns import Base
from central.db import Database
from tests.central.events import NOW, SHANGHAI, incident_event, taken
from tests.central.nearby import LAT, LON, METRE_NORTH, make_town

MANY = 6000


@pytest.fixture
def crowded(database: Database, tmp_path: Path) -> tuple[Database, str, str]:
    """Thousands of cases and appeals elsewhere; a case and an appeal beside it."""
    make_town(database, tmp_path)
    with database.write() as session:
        event_of = incident_event(place="FL-0317")
        case_no = store.merge(session, taken(event_of), NOW, SHANGHAI).case_no
        assert case_no is not None
        case = session.execute(select(*columns(CaseTable))).mappings().one()
        session.execute(insert(CaseTable), [another_case(dict(case), n) for n in range(MANY)])
        session.execute(insert(AppealTable), [another_appeal(n) for n in range(MANY)])
        beside = another_appeal(MANY) | {"lat": LAT, "lon": LON, "created_at": NOW}
        session.execute(insert(AppealTable), [beside])
    if not database.is_sqlite:  # which keeps no statistics by itself, nor did anybody ask it to
        with database.engine.connect() as connection, connection.begin():
            connection.execute(text("ANALYZE"))
    return database, case_no, beside["appeal_no"]


def columns(table: type[Base]) -> list[Any]:
    return [column for column in table.__table__.columns if column.name != "id"]


def another_case(case: dict[str, Any], number: int) -> dict[str, Any]:
    """Cases of many places and of the last weeks, every tenth of them open."""
    at = NOW - timedelta(minutes=10 * number)
    ended = {} if number % 10 == 0 else {"state": "closed", "ended_at": at + timedelta(hours=1)}
    place = f"FL-{1000 + number % 300}"
    own = {"case_no": f"FL-20250101-{number:05d}", "origin": f"o-{number}", "place": place}
    return case | own | {"since": at, "filed_at": at} | ended


def another_appeal(number: int) -> dict[str, Any]:
    """Appeals from all over the town, every other one linked."""
    at = NOW - timedelta(minutes=10 * number)
    north_m, east = 100 + number % 5000, (number % 97) * 0.0005
    return {
        "appeal_no": f"AP-20250101-{number:05d}", "kind": "12345", "service_code": "fire_lane",
        "text": "x", "address": "", "lat": LAT + north_m * METRE_NORTH, "lon": LON + east,
        "case_no": None if number % 2 == 0 else "FL-20250101-00001", "source": "x",
        "created_at": at, "updated_at": at, "reply": "", "version": 1,
    }  # fmt: skip


def plans(database: Database, number: str) -> list[str]:
    """How the database would answer each query for the suggestions of a case or an appeal."""
    asked: list[tuple[str, Any]] = []

    def hear(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    of = store.suggestions_of_appeal if store.is_appeal(number) else store.suggestions_of_case
    event.listen(database.engine, "before_cursor_execute", hear)
    with database.read() as session:
        assert len(of(session, number, NOW).items) == 1
    event.remove(database.engine, "before_cursor_execute", hear)
    how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.engine.connect() as connection:
        return [
            "\n".join(str(row) for row in connection.exec_driver_sql(f"{how} {said}", values))
            for said, values in asked
        ]


def test_nothing_is_read_through(crowded: tuple[Database, str, str]) -> None:
    database, case_no, appeal_no = crowded
    told = {number: "\n".join(plans(database, number)) for number in (case_no, appeal_no)}
    for plan in told.values():
        for table in ("cases", "appeals"):
            assert f"Seq Scan on {table}" not in plan, plan
            assert f"SCAN {table}" not in plan, plan
        assert "ix_cases_place_ended_at" in plan
    assert "ix_appeals_unlinked" in told[case_no]
