"""What happens to appeals by themselves: people hear of them, a merge takes them along."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealLogTable, AppealTable
from central.store.changes import record_change
from central.store.telling import SHANGHAI
from central.tell import outbox
from central.tell.appeals import Facts, What, messages_about

SYSTEM = "system"
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Going:
    """From which case to which appeals go, and why, for their logs."""

    from_no: str
    to_no: str
    why: str


def appeals_of(session: Session, case_no: str) -> tuple[str, ...]:
    """Numbers of the appeals that are linked to a case, whoever asks."""
    mine = select(AppealTable.appeal_no).where(AppealTable.case_no == case_no)
    return tuple(session.scalars(mine.order_by(AppealTable.appeal_no)))


def move_appeals(
    session: Session, numbers: Sequence[str], going: Going, actor: str, now: datetime
) -> None:
    """Link those that are still at the one case to the other; each log tells it as a link."""
    here = AppealTable.case_no == going.from_no, AppealTable.appeal_no.in_(numbers)
    rows = select(AppealTable).where(*here).order_by(AppealTable.id).with_for_update()
    for row in session.scalars(rows.execution_options(populate_existing=True)):
        row.case_no = going.to_no
        row.version += 1
        row.updated_at = now
        _log(session, row, actor, "link", f"{going.to_no} {going.why}", now, going.to_no)
    session.flush()


def tell_of_appeal(session: Session, row: AppealTable, what: What, now: datetime) -> None:
    """Put what the desk (and, when it is late, the leader) must hear into the outbox, once."""
    due_at = row.contact_due_at.astimezone(SHANGHAI)
    facts = Facts(row.appeal_no, row.kind, row.service_code, due_at)
    outbox.tell(session, messages_about(facts, what), now)


def any_contact_overdue(session: Session, now: datetime) -> bool:
    """Whether a deadline for the first contact has run out and nobody was told."""
    return session.scalar(_overdue(now).limit(1)) is not None


def tell_contact_overdue(session: Session, now: datetime, limit: int = AT_ONCE) -> int:
    """Tell it and mark it in the same transaction, so whoever asks tells it once; how many."""
    waiting = select(AppealTable).where(
        AppealTable.id.in_(_overdue(now).limit(limit)), *_uncalled()
    )
    rows = session.scalars(waiting.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.contact_told_at = now
        tell_of_appeal(session, row, "contact_overdue", now)
        _log(session, row, SYSTEM, "overdue", "", now)
    return len(rows)


def _overdue(now: datetime) -> Select[int]:
    """Ids, the longest overdue first."""
    due = select(AppealTable.id).where(AppealTable.contact_due_at <= now, *_uncalled())
    return due.order_by(AppealTable.contact_due_at)


def _uncalled() -> tuple[ColumnElement[bool], ...]:
    """Nobody has called, nobody was told; in the words of the index."""
    table = AppealTable
    columns = (table.contacted_at, table.not_contacted, table.outcome, table.contact_told_at)
    return tuple(column.is_(None) for column in columns)


def _log(  # noqa: PLR0913 one parameter per column
    session: Session,
    row: AppealTable,
    actor: str,
    action: str,
    text: str,
    now: datetime,
    value: str = "",
) -> None:
    logged = AppealLogTable(
        appeal_id=row.id,
        at=now,
        actor=actor,
        action=action,
        status="open" if row.outcome is None else "closed",
        text=text,
        value=value,
    )
    session.add(logged)
    record_change(session, f"appeal_{action}", row.appeal_no, now)
