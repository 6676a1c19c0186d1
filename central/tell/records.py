"""The outbox as people see it: what waits, what was given up, what was said."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from central.tell_tables import TellTable

Conditions = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A message as it stands; the recipient is not shown whole, it may be somebody's number."""

    number: int
    case_no: str
    kind: str
    channel: str
    recipient: str
    title: str
    state: str
    urgent: bool
    created_at: datetime
    done_at: datetime | None
    tries: int
    reason: str


def list_told(
    session: Session, state: str = "", limit: int = 100, seen: Conditions = ()
) -> tuple[Told, ...]:
    """The newest messages on channels, those that were given up first."""
    statement = select(TellTable).where(TellTable.state != "addressed", *seen)
    if state:
        statement = statement.where(TellTable.state == state)
    dead_first = (TellTable.state == "dead").desc()
    rows = session.scalars(statement.order_by(dead_first, TellTable.id.desc()).limit(limit))
    return tuple(
        Told(
            row.id,
            row.case_no,
            row.kind,
            row.channel,
            hidden(row.recipient),
            row.title,
            row.state,
            row.urgent,
            row.created_at,
            row.done_at,
            row.tries,
            row.reason,
        )
        for row in rows
    )


def count_told(session: Session, seen: Conditions = ()) -> dict[str, int]:
    """How many messages stand in each state."""
    statement = select(TellTable.state, func.count()).where(*seen).group_by(TellTable.state)
    return {row[0]: row[1] for row in session.execute(statement)}


def is_here(session: Session, number: int, seen: Conditions = ()) -> bool:
    """Whether there is such a message for whoever may see these."""
    return session.scalar(select(TellTable.id).where(TellTable.id == number, *seen)) is not None


def hidden(recipient: str) -> str:
    """Enough of each name or number to know whom it means: `138****0001`."""
    return "|".join(_half(one) for one in recipient.split("|"))


def _half(text: str) -> str:
    return text if len(text) <= 4 else f"{text[:3]}****{text[-4:] if len(text) > 8 else ''}"
