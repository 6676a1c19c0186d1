"""Database engine: SQLite (WAL, FULL) or PostgreSQL by URL; reads and writes kept apart."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from central.columns import Base
from central.sight import ASKER, Asker

WRITE = "jinmu_write"
KEPT = "kept"
"""Where a session finds what all sessions of its database share: what is made of slow data once."""
ASKED = (
    "jit=off",  # compiling a statement takes longer than any of ours may run
    "plan_cache_mode=force_custom_plan",  # one plan for a thousand places and for one is bad
    "random_page_cost=1.1",  # its disk is no turning one
    "max_parallel_workers_per_gather=0",  # starting one takes longer than most statements
)
"""What we ask of PostgreSQL in every connection, unless the URL has options of its own."""
CONTENTION = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock not available


class Database:
    """One engine and the two ways to use it.

    On SQLite a writer takes the lock when it begins (BEGIN IMMEDIATE), so it can wait but never
    deadlocks half-way; readers do not wait for anybody.
    """

    def __init__(self, url: str) -> None:
        self.info: Mapping[str, Any] = {KEPT: {}}
        self.url = make_url(url)
        self.engine = make_engine(self.url)
        self._writing = self.engine.execution_options(**{WRITE: True})
        same = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._frozen = self.engine.execution_options(**same)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def asked_by(self, asker: Asker) -> "Database":
        """The same database for somebody with limits: its sessions know who asks."""
        narrow = copy.copy(self)
        narrow.info = {**self.info, ASKER: asker}
        return narrow

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever was changed in it is rolled back."""
        with Session(self.engine, info=dict(self.info)) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session for reading in which every statement sees the same moment."""
        with Session(self._frozen, info=dict(self.info)) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed at the end of the block, rolled back on error."""
        with Session(self._writing, info=dict(self.info)) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def make_engine(url: URL) -> Engine:
    """Engine for the URL; makes the directory of an SQLite file."""
    if url.get_backend_name() != "sqlite":
        plain = {} if "options" in url.query else {"options": " ".join(f"-c {x}" for x in ASKED)}
        return create_engine(url, pool_pre_ping=True, pool_size=10, connect_args=plain)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def one_at_a_time(session: Session, table: type[Base]) -> None:
    """Until the transaction ends nobody else may write to the table: counting and adding are one.

    SQLite has only one writer anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        name = table.__tablename__
        session.execute(text(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))


def database_is_gone(error: BaseException) -> bool:
    """Whether the database itself cannot be used now (as opposed to a fault of what was asked)."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def is_contention(error: BaseException) -> bool:
    """Whether the server undid the transaction in favour of another one (PostgreSQL only)."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return state in CONTENTION


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=5000",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
