"""The priority of a case: from its rule into its log, one more for a re-offence, in messages."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, select, text

from central import store, upgrade
from central.case_tables import CaseTable, TransitionTable
from central.db import WRITE, Database
from central.store import CaseFilter, Page
from central.tell import outbox
from central.tell.limits import Rate
from central.tell.message import Message
from central.tell.outbox import Address
from central.tell.outbox import Lane as Channel
from central.tell_tables import TellTable
from central.town.importing import Author, make_example
from tests.central.events import NOW
from tests.central.lane import Lane


@pytest.fixture
def lane(database: Database) -> Lane:
    """A lane of the example town, whose rules give 1 to an occupied and 2 to a blocked lane."""
    with database.write() as session:
        make_example(session, Author("test", NOW))
    made = Lane(database)
    made.box()
    return made


def occupied(lane: Lane) -> str:
    lane.sees("21:58:10", "warned", 1)
    number = lane.sees("22:03:10", "confirmed", 1, since="21:58:10")
    assert number is not None
    return number


def details(lane: Lane, action: str) -> list[int]:
    with lane.database.read() as session:
        rows = session.scalars(
            select(TransitionTable.detail).where(TransitionTable.action == action)
        )
        return [json.loads(row).get("priority", 0) for row in rows]


def messages(lane: Lane, what: str) -> list[int]:
    with lane.database.read() as session:
        rows = session.scalars(select(TellTable).order_by(TellTable.id)).all()
        return [row.priority for row in rows if row.data.get("what") == what]


def listed(lane: Lane, priority: int) -> int:
    with lane.database.read() as session:
        return store.list_cases(session, CaseFilter(priority=priority), Page()).total


def test_a_case_has_the_priority_of_its_rule_in_its_log(lane: Lane) -> None:
    number = occupied(lane)
    assert lane.case(number).priority == 1
    assert details(lane, "file") == [1]
    assert messages(lane, "dispatched") == [1]
    assert lane.sound()


def test_what_gets_worse_rises_and_a_dispatch_by_hand_lowers_nothing(lane: Lane) -> None:
    number = occupied(lane)
    lane.sees("22:04:00", "ongoing", 1, since="21:58:10", severity="blocked")
    assert lane.case(number).priority == 2
    assert details(lane, "severity") == [2]
    assert set(messages(lane, "severity")) == {2}
    lane.does("22:05:00", "dispatch", "dispatcher", to="enforcement")
    assert lane.case(number).priority == 2
    assert lane.sound()


def test_who_comes_back_within_a_day_comes_before_others(lane: Lane) -> None:
    first = occupied(lane)
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    lane.until("22:20:00")
    second = lane.sees("23:15:00", "confirmed", 3)
    assert second not in (None, first)
    assert (lane.case(first).priority, lane.case(second or "").priority) == (1, 2)
    assert details(lane, "file") == [1, 1], "the log keeps what the rule says"
    assert messages(lane, "dispatched")[-1] == 2
    assert (listed(lane, 1), listed(lane, 2), listed(lane, 3)) == (2, 1, 0)
    assert lane.sound()


def test_a_changed_priority_is_found_by_the_check_of_the_logs(lane: Lane) -> None:
    occupied(lane)
    with lane.database.write() as session:
        session.execute(text("UPDATE cases SET priority = 7"))
    assert not lane.sound()


def test_a_channel_sends_what_has_the_higher_priority_first(database: Database) -> None:
    channel, sent = Channel("sms", Rate(60, 60), digest_above=None), []
    with database.write() as session:
        for name, priority, urgent in (("a", 0, False), ("b", 3, False), ("c", 0, True)):
            one = Message(name, "", "task", "p", name, name, urgent=urgent, priority=priority)
            outbox.tell_one(session, one, Address("sms", "x"), NOW)
        for second in range(3):
            batch = outbox.claim(session, channel, NOW + timedelta(seconds=second))
            assert not isinstance(batch, float)
            sent += [row.title for row in batch.rows]
    assert sent == ["c", "b", "a"]


def test_the_list_of_what_comes_first_is_walked_by_its_index(tmp_path: Path) -> None:
    """In SQLite: PostgreSQL decides by statistics, and reads a few cases through."""
    database = Database(f"sqlite:///{tmp_path}/central.db")
    upgrade.upgrade(database)
    asked = "SELECT id FROM cases WHERE priority > 0 AND priority >= 3 ORDER BY filed_at DESC, id"
    with database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked} DESC LIMIT 24").all()
    assert "ix_cases_prior" in str(plan)


def test_cases_of_an_older_version_know_who_came_back(lane: Lane) -> None:
    first = occupied(lane)
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    lane.until("22:20:00")
    second = lane.sees("23:15:00", "confirmed", 3)
    writing = lane.database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.downgrade(upgrade._config(connection), "0019")
        assert "priority" not in {one["name"] for one in inspect(connection).get_columns("cases")}
    upgrade.upgrade(lane.database)
    with lane.database.read() as session:
        rows = session.execute(select(CaseTable.case_no, CaseTable.priority)).all()
    assert sorted(map(tuple, rows)) == [(first, 0), (second, 1)]
