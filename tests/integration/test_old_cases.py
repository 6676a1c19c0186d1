"""A database of the first version is brought over: nothing is lost, and every log is sound."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from central import store, upgrade
from central.db import WRITE, Database
from tests.central.events import NOW, SHANGHAI, SINCE, incident_event, taken

NAMES = ("confirmed", "false", "handled", "undone", "new")
HISTORY: dict[str, tuple[str, list[tuple[str, str, str | None, str, str | None]]]] = {
    "new": ("filed", []),
    "confirmed": ("confirmed_true", [("zhang", "confirm", "filed", "confirmed_true", None)]),
    "false": ("false_alarm", [("zhang", "reject", "filed", "false_alarm", "permitted")]),
    "handled": (
        "handled",
        [
            ("li", "confirm", "filed", "confirmed_true", None),
            ("system", "cleared", "confirmed_true", "confirmed_true", None),
            ("li", "handle", "confirmed_true", "handled", None),
            ("system", "resumed", "handled", "handled", None),
        ],
    ),
    "undone": (
        "filed",
        [
            ("token:x", "reject", "filed", "false_alarm", "other"),
            ("li", "undo", "false_alarm", "filed", None),
        ],
    ),
}
"""State and log of each old case after `filed`."""


@pytest.fixture
def old(database_url: str) -> Database:
    """A database at revision 0003 with one case of each kind."""
    database = Database(database_url)
    writing = database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.upgrade(upgrade._config(connection), "0003")
        for number, name in enumerate(NAMES, start=1):
            _insert_case(connection, number, name)
        _insert(connection, "case_serials", prefix="FL", day="20261124", last=len(NAMES))
        _insert(
            connection,
            "users",
            name="li",
            password_hash="x",
            role="operator",
            disabled=False,
            created_at=NOW,
        )
    return database


def _insert_case(connection: sa.Connection, number: int, name: str) -> None:
    event = incident_event(number=number, incident=number, severity="blocked")
    item = taken(event)
    shared = {"incident_id": event.data.incident_id, "site": "pujin", "box": "box-01"}
    _insert(
        connection,
        "events",
        **shared,
        id=event.id,
        stream="gate-east",
        epoch=event.epoch,
        seq=number,
        type=event.type,
        subject=event.subject,
        rev=2,
        time=event.time,
        received_at=NOW,
        body=item.body,
        body_sha256=item.sha256,
    )
    _insert(
        connection,
        "incidents",
        **shared,
        rev=2,
        event_id=event.id,
        stream="gate-east",
        scene="fire_lane",
        place=event.subject,
        stage="confirmed",
        severity="blocked",
        since=SINCE,
        stage_at=event.time,
        dwell_s=300.0,
        observed_s=300.0,
        already_there=False,
        restored=False,
        first_received_at=NOW,
    )
    state, rows = HISTORY[name]
    _insert(
        connection,
        "cases",
        id=number,
        case_no=f"FL-20261124-{number:04d}",
        incident_id=event.data.incident_id,
        scene="fire_lane",
        place=event.subject,
        state=state,
        version=1 + len(rows),
        filed_at=NOW,
    )
    for count, row in enumerate([("system", "filed", None, "filed", None), *rows]):
        actor, action, before, after, reason = row
        _insert(
            connection,
            "case_log",
            case_id=number,
            at=NOW + timedelta(minutes=count),
            actor=actor,
            action=action,
            from_state=before,
            to_state=after,
            reason=reason,
            note="",
        )


def _insert(connection: sa.Connection, table: str, **values: Any) -> None:
    if connection.dialect.name == "sqlite":
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = str(value.astimezone(UTC).replace(tzinfo=None))
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def test_every_old_case_is_brought_over(old: Database) -> None:
    assert upgrade.upgrade(old)[0] == "0003"
    with old.read() as session:
        assert list(store.check_logs(session)) == []
        cases = store.list_cases(session, store.CaseFilter(), store.Page()).items[::-1]
        (role,) = session.scalars(sa.text("SELECT role FROM users"))
    assert role == "desk"
    told = [(case.state, case.verdict, case.close_reason or case.void_reason) for case in cases]
    assert told == [
        ("filed", "true", None),
        ("void", "false", "authorised"),
        ("closed", "true", "handled"),
        ("filed", None, None),
        ("filed", None, None),
    ]
    assert {case.incidents for case in cases} == {1}
    assert cases[4].deadlines.official_at == NOW + timedelta(hours=1)
    with old.write() as session:
        event = incident_event("ongoing", 3, number=99, incident=5)
        store.merge(session, taken(event), NOW, SHANGHAI)
        fresh = incident_event(number=100, incident=60)
        number = store.merge(session, taken(fresh), NOW, SHANGHAI).case_no
        assert number == "FL-20261124-0006"
    with old.read() as session:
        assert list(store.check_logs(session)) == []
    old.close()
