"""The audit log in the database: noted in any transaction, chained when it commits.

The chain needs one writer at a time. Taking that lock at the first note would let two transactions
wait for each other's rows, so notes are gathered and written as the very last thing before the
commit. SQLite has only one writer anyway; PostgreSQL takes an advisory lock, for which a role needs
no right on the table but INSERT and SELECT.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import event, select, text
from sqlalchemy.orm import Session, SessionTransaction

from central.audit import EMPTY, Broken, Head, Noted, Row, chained, verify
from central.store.sql import add
from central.tables import AuditTable

LOCK = 0x6A696E6D75  # "jinmu": the number of the advisory lock
COLUMNS = ("number", "at", "actor", "action", "subject", "address", "detail", "previous", "hash")
_WAITING = "audit"
_AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A note and the savepoint it was made in, None outside of any."""

    noted: Noted
    savepoint: SessionTransaction | None


def note(session: Session, noted: Noted) -> None:
    """Write it into the audit log with this transaction, or not at all."""
    waiting: list[_Waiting] | None = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = []
        event.listen(session, "before_commit", _write)
        event.listen(session, "after_soft_rollback", _forget)
    waiting.append(_Waiting(noted, session.get_nested_transaction()))


def sign(session: Session, actor: str, address: str = "") -> None:
    """Whose work this transaction is, for notes made by `note_act`; unsigned work is "system"'s."""
    session.info[_AUTHOR] = (actor, address)


def note_act(
    session: Session, now: datetime, action: str, subject: str, **detail: str | int | bool
) -> None:
    """Note something that the transaction's author does."""
    actor, address = session.info.get(_AUTHOR, ("system", ""))
    note(session, Noted(now, actor, action, subject, address, dict(detail)))


def audit_head(session: Session) -> Head:
    """The last row."""
    newest = select(AuditTable.number, AuditTable.hash).order_by(AuditTable.number.desc()).limit(1)
    row = session.execute(newest).one_or_none()
    return EMPTY if row is None else Head(row.number, row.hash)


def verify_audit(session: Session, expected: Head = EMPTY) -> Head | Broken:
    """Read the whole log and check its chain; see `central.audit.verify`."""
    return verify(_rows(session), expected)


def list_audit(session: Session, limit: int = 50) -> tuple[Row, ...]:
    """The newest rows, newest first."""
    rows = session.scalars(select(AuditTable).order_by(AuditTable.number.desc()).limit(limit))
    return tuple(_row(row) for row in rows)


def _write(session: Session) -> None:
    if session.in_nested_transaction():  # only a savepoint is released
        return
    waiting: list[_Waiting] = session.info[_WAITING]
    if not waiting:
        return
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
    head = audit_head(session)
    for one in waiting:
        row = chained(head, one.noted)
        add(session, AuditTable, {name: getattr(row, name) for name in COLUMNS})
        head = Head(row.number, row.hash)
    waiting.clear()


def _forget(session: Session, ended: SessionTransaction) -> None:
    """What was noted in a savepoint that was rolled back did not happen."""
    waiting: list[_Waiting] = session.info[_WAITING]
    whole = ended.parent is None
    waiting[:] = [] if whole else [one for one in waiting if one.savepoint is not ended]


def _rows(session: Session) -> Iterator[Row]:
    statement = select(AuditTable).order_by(AuditTable.number)
    for row in session.scalars(statement.execution_options(yield_per=1000)):
        yield _row(row)


def _row(row: AuditTable) -> Row:
    return Row(**{name: getattr(row, name) for name in COLUMNS})
