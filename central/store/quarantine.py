"""What could not be filed is kept to be looked at, within bounds, and counted."""

import hashlib
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.intake import Refusal
from central.store.box_types import Quarantined
from central.store.sight import is_limited
from central.store.sql import add_new
from central.tables import QuarantineTable

MAX_BODY_BYTES = 16 * 1024
MAX_ROWS = 10_000  # about 160 MB at worst; a box gone mad must not fill the disk


def keep(session: Session, refusal: Refusal, now: datetime) -> bool:
    """Keep a bounded copy, True when it is a new one.

    The same message again counts up, a full quarantine takes no more.
    """
    values = {
        "topic": refusal.topic[:200].replace("\x00", "?"),
        "body_sha256": hashlib.sha256(refusal.body).hexdigest(),
        "body": refusal.body[:MAX_BODY_BYTES],
        "body_bytes": len(refusal.body),
        "event_id": refusal.event_id,
        "code": refusal.code,
        "reason": refusal.reason,
        "seal": refusal.seal and refusal.seal.text(),
        "seen": 1,
        "first_at": now,
        "last_at": now,
    }
    same = {name: values[name] for name in ("topic", "body_sha256", "code")}
    again = update(QuarantineTable).filter_by(**same)
    counted = again.values(seen=QuarantineTable.seen + 1, last_at=now)
    known = session.scalar(counted.returning(QuarantineTable.id)) is not None
    if known or count_quarantine(session) >= MAX_ROWS:
        return False
    return add_new(session, QuarantineTable, values)


def count_quarantine(session: Session) -> int:
    """Number of different messages in quarantine.

    What a message is about is not known before it is filed: with limits nobody sees any of them.
    """
    if is_limited(session):
        return 0
    return session.scalar(select(func.count()).select_from(QuarantineTable)) or 0


def list_quarantine(session: Session, limit: int = 100) -> tuple[Quarantined, ...]:
    """Messages in quarantine, newest first; none for somebody with limits."""
    if is_limited(session):
        return ()
    order = (QuarantineTable.last_at.desc(), QuarantineTable.id.desc())
    rows = session.scalars(select(QuarantineTable).order_by(*order).limit(limit))
    return tuple(
        Quarantined(
            row.id,
            row.topic,
            row.event_id,
            row.code,
            row.reason,
            row.body,
            row.body_bytes,
            row.seen,
            row.first_at,
            row.last_at,
        )
        for row in rows
    )
