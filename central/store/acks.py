"""Acknowledgements as an outbox: written with the event, published after the commit."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.intake import Sender
from central.ledger import Ledger
from central.store.sql import add
from central.tables import AckTable, LedgerTable
from edge.events import Ack, Rejection

MAX_EVENTS_PER_ACK = 50
MAX_RANGES_PER_ACK = 50
MAX_PICTURES_PER_ACK = 64
MAX_REASON_CHARS = 100  # all bounds together keep an acknowledgement below 16 KiB


@dataclass(frozen=True, slots=True)
class PendingAck:
    """One acknowledgement to publish; `row_ids` are deleted once the broker has it."""

    sender: Sender
    ack: Ack
    row_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AckNote:
    """What the box must be told about one event; `need` are pictures that are not here yet."""

    epoch: str
    event_id: str
    verdict: Literal["filed", "duplicate", "rejected"]
    code: str = ""
    reason: str = ""
    need: tuple[str, ...] = ()


def queue_ack(session: Session, sender: Sender, note: AckNote) -> None:
    """Write the acknowledgement down, to be published after the commit."""
    values = {
        "site": sender.site,
        "box": sender.box,
        "epoch": note.epoch,
        "event_id": note.event_id,
        "verdict": note.verdict,
        "code": note.code,
        "reason": note.reason,
        "need_evidence": list(note.need),
    }
    add(session, AckTable, values)


def pending_acks(session: Session, limit: int = 500) -> list[PendingAck]:
    """The oldest verdicts not yet published, one message per box, epoch and 50 events.

    Until the transaction ends other receivers do not see them.
    """
    oldest = select(AckTable).order_by(AckTable.id).limit(limit)
    rows = session.scalars(oldest.with_for_update(skip_locked=True)).all()
    groups: dict[tuple[str, str, str], list[AckTable]] = {}
    for row in rows:
        groups.setdefault((row.site, row.box, row.epoch), []).append(row)
    parts = [
        group[start : start + MAX_EVENTS_PER_ACK]
        for group in groups.values()
        for start in range(0, len(group), MAX_EVENTS_PER_ACK)
    ]
    return [_message(session, part) for part in parts]


def drop_acks(session: Session, row_ids: list[int]) -> None:
    """Forget verdicts that were published."""
    if row_ids:
        session.execute(delete(AckTable).where(AckTable.id.in_(row_ids)))


def _message(session: Session, rows: list[AckTable]) -> PendingAck:
    first = rows[0]
    ledger = session.get(LedgerTable, (first.site, first.box, first.epoch))
    gaps = Ledger.of(0, ledger.missing if ledger else ()).wanted[:MAX_RANGES_PER_ACK]
    lacking = sorted({sha256 for row in rows for sha256 in row.need_evidence})
    ack = Ack(
        epoch=first.epoch,
        filed=[row.event_id for row in rows if row.verdict == "filed"],
        duplicate=[row.event_id for row in rows if row.verdict == "duplicate"],
        rejected=[
            Rejection(id=row.event_id, code=row.code, reason=row.reason[:MAX_REASON_CHARS])
            for row in rows
            if row.verdict == "rejected"
        ],
        need_evidence=lacking[:MAX_PICTURES_PER_ACK],
        hwm=ledger.hwm if ledger else 0,
        missing=list(gaps),
    )
    return PendingAck(Sender(first.site, first.box), ack, tuple(row.id for row in rows))
