"""Where the databases differ: inserts "unless it is there", many values or numbers at once.

Statements are built once and kept: building them costs more than the database does.
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, LargeBinary, Table, and_, any_, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from central.columns import Base

Values = dict[str, Any]


def add(session: Session, table: type[Base], values: Values) -> None:
    """Insert a row."""
    session.execute(_plain(_dialect(session), table), values)


def add_new(session: Session, table: type[Base], values: Values) -> bool:
    """Insert a row unless one with its key is there; whether it was inserted."""
    return session.execute(_unless_there(_dialect(session), table), values).first() is not None


def add_or_replace(
    session: Session, table: type[Base], values: Values, replaced: tuple[str, ...]
) -> None:
    """Insert a row, or replace some columns of the one with its primary key."""
    session.execute(_replacing(_dialect(session), table, replaced), values)


def add_or_replace_older(
    session: Session,
    table: type[Base],
    values: Values,
    newer_by: tuple[str, str],
    kept: tuple[str, ...] = (),
) -> None:
    """Insert a row, or replace the one with its key if it is older by two columns, in that order.

    What the row says of its beginning (key, site, box, first_…) stays as it was, and so do the
    columns `kept`.
    """
    session.execute(_replacing_older(_dialect(session), table, newer_by, kept), values)


def insert(dialect: str, table: type[Base]) -> postgresql.Insert:
    """An INSERT with `on_conflict_do_…`.

    SQLite's and PostgreSQL's inserts have the same methods; they are typed as one of them.
    """
    target = cast(Table, table.__table__)
    if dialect == "sqlite":
        return cast(postgresql.Insert, sqlite.insert(target))
    return postgresql.insert(target)


def one_of(session: Session, column: Any, values: Iterable[int | str]) -> ColumnElement[bool]:
    """Whether a column has one of many values, in one parameter: a thousand take their time."""
    if _dialect(session) == "sqlite":
        rows = func.json_each(json.dumps(list(values))).table_valued("value")
        return cast(ColumnElement[bool], column.in_(select(rows.c.value)))
    array: ColumnElement[Any] = literal(list(values), postgresql.ARRAY(column.type))
    return cast(ColumnElement[bool], column == any_(array))


def packed(session: Session, column: Any) -> ColumnElement[Any]:
    """All numbers of a column of a group, to be read by `unpack`: a row for each takes long."""
    if _dialect(session) == "sqlite":
        return func.json_group_array(column)
    return func.string_agg(func.float8send(column), literal(b"", LargeBinary))


def unpack(found: str | bytes | None) -> NDArray[np.float64]:
    """The numbers of a group in no order, float64, shape (n,); without what was null."""
    if isinstance(found, str):
        return np.array([one for one in json.loads(found) if one is not None], np.float64)
    return np.frombuffer(found or b"", ">f8").astype(np.float64)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _key(table: type[Base]) -> list[str]:
    return [column.name for column in cast(Table, table.__table__).primary_key]


@cache
def _plain(dialect: str, table: type[Base]) -> postgresql.Insert:
    return insert(dialect, table)


@cache
def _unless_there(dialect: str, table: type[Base]) -> Any:
    first = next(iter(cast(Table, table.__table__).primary_key))
    return insert(dialect, table).on_conflict_do_nothing().returning(first)


@cache
def _replacing(dialect: str, table: type[Base], replaced: tuple[str, ...]) -> postgresql.Insert:
    statement = insert(dialect, table)
    values = {name: statement.excluded[name] for name in replaced}
    return statement.on_conflict_do_update(index_elements=_key(table), set_=values)


@cache
def _replacing_older(
    dialect: str, table: type[Base], newer_by: tuple[str, str], kept: tuple[str, ...]
) -> postgresql.Insert:
    statement = insert(dialect, table)
    columns = cast(Table, table.__table__).columns
    fixed = {*_key(table), "site", "box", *kept}
    names = [c.name for c in columns if c.name not in fixed and not c.name.startswith("first_")]
    new, (first, second) = statement.excluded, newer_by
    newer = or_(
        new[first] > columns[first],
        and_(new[first] == columns[first], new[second] > columns[second]),
    )
    values = {name: new[name] for name in names}
    return statement.on_conflict_do_update(index_elements=_key(table), set_=values, where=newer)
