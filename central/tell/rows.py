"""Inserts into the outbox that go past a row that is there already."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from central.tell_tables import TellLaneTable, TellTable


def insert_new(session: Session, values: dict[str, object]) -> None:
    """Unless a row with its key is there."""
    empty = {"channel": "", "recipient": "", "picture": False, "tries": 0, "repeated": False,
             "reason": ""}  # fmt: skip
    session.execute(upsert(session, TellTable).on_conflict_do_nothing(), empty | values)


def upsert(
    session: Session, table: type[TellTable] | type[TellLaneTable]
) -> postgresql.Insert | sqlite.Insert:
    target = table.__table__
    assert isinstance(target, Table)
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(target)
    return postgresql.insert(target)
