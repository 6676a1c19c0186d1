"""Migrations lead to exactly the tables of the program, on either database."""

import itertools
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text

from central import upgrade
from central.appeal_tables import AppealTable
from central.columns import Base, UtcDateTime
from central.db import WRITE, Database
from tests.central.events import SHANGHAI


def test_migrations_make_the_tables_that_the_program_has(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgrade_again_does_nothing(database: Database) -> None:
    before, after = upgrade.upgrade(database)
    assert before == after
    upgrade.check(database)


def test_an_empty_database_is_refused_with_the_command(database_url: str) -> None:
    empty = Database(database_url)
    with pytest.raises(upgrade.UpgradeNeeded, match="jinmu-central db upgrade"):
        upgrade.check(empty)
    empty.close()


def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (upgrade.check, upgrade.upgrade):
        with pytest.raises(upgrade.UpgradeNeeded, match="newer version"):
            refused(database)


class Killed(BaseException):
    """The program ends here."""


def first_version(database: Database) -> None:
    """The tables of the first release, with a box in them."""
    writing = database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.upgrade(upgrade._config(connection), "0001")
        connection.execute(
            text(
                "INSERT INTO boxes (site, box, online, boot_id, state, first_seen_at, last_seen_at)"
                " VALUES ('pujin', 'box-01', :no, '', '{}', CURRENT_TIMESTAMP,"
                " CURRENT_TIMESTAMP)"
            ),
            {"no": False},
        )


def upgrade_until(database: Database, statement: int) -> bool:
    """Upgrade and die before this statement; False when it was done before."""
    count = itertools.count(1)

    def die(*_: Any) -> None:
        if next(count) == statement:
            raise Killed

    event.listen(database.engine, "before_cursor_execute", die)
    try:
        upgrade.upgrade(database)
    except Killed:
        return True
    finally:
        event.remove(database.engine, "before_cursor_execute", die)
    return False


def test_an_upgrade_that_dies_at_any_statement_changed_nothing(database_url: str) -> None:
    database = Database(database_url)
    first_version(database)
    deaths = 0
    while upgrade_until(database, deaths + 1):
        deaths += 1
        with database.engine.connect() as connection:
            assert MigrationContext.configure(connection).get_current_revision() == "0001"
    assert deaths >= 20
    upgrade.check(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert connection.execute(text("SELECT box FROM boxes")).scalars().all() == ["box-01"]
    database.close()


def test_appeals_of_an_older_version_are_given_a_deadline(database_url: str) -> None:
    """Friday evening in Shanghai: the first working day ends on Monday."""
    database = Database(database_url)
    friday = datetime(2026, 11, 20, 18, 30, tzinfo=SHANGHAI)
    writing = database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.upgrade(upgrade._config(connection), "0012")
        texts = ("kind", "service_code", "text", "address", "source", "reply")
        values = dict.fromkeys(texts, "x") | {"appeal_no": "AP-1", "version": 1}
        moments = ("created_at", "updated_at")
        columns = [sa.column(name) for name in values]
        columns += [sa.column(name, UtcDateTime()) for name in moments]
        old = sa.table("appeals", *columns)
        connection.execute(sa.insert(old).values(values | dict.fromkeys(moments, friday)))
    upgrade.upgrade(database)
    with database.read() as session:
        due_at = session.scalar(sa.select(AppealTable.contact_due_at))
    assert due_at is not None
    assert f"{due_at.astimezone(SHANGHAI):%Y-%m-%d}" == "2026-11-23"
    database.close()
