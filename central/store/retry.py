"""A message in quarantine is tried once more, after a fault of central was put right."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from central.intake import Item, Refusal, Taken, TakenState, take
from central.store.audit import note_act
from central.store.box_types import RETRYABLE
from central.store.boxes import save_state
from central.store.ledgers import lock_boxes
from central.store.merge import Verdict, merge
from central.store.sight import is_limited
from central.tables import QuarantineTable
from edge.seal import seal_of_text


class NotRetryable(Exception):
    """There is no such message, it is kept in part only, or another try can change nothing."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Again:
    """How to try: the receiver's own intake, the moment, the zone that dates case numbers."""

    now: datetime
    zone: ZoneInfo
    take: Callable[[str, bytes], Item] = take


def retry_quarantined(session: Session, row_id: int, again: Again) -> Verdict:
    """Take it in like one that came just now; it leaves quarantine when it is not refused again.

    Raises NotRetryable.
    """
    row = session.get(QuarantineTable, row_id, with_for_update=True)
    if row is None or is_limited(session):
        raise NotRetryable("not_found", "there is no such message in quarantine")
    if row.code not in RETRYABLE:
        raise NotRetryable("final", f"another try cannot change the verdict {row.code}")
    if row.body_bytes != len(row.body):
        raise NotRetryable("incomplete", "only its beginning was kept")
    verdict = _once_more(session, _as_it_came(row, again), again)
    if verdict.kind == "rejected":
        row.reason = verdict.reason
    else:
        session.delete(row)
    note_act(
        session, again.now, "quarantine_retried", row.event_id or str(row.id), verdict=verdict.kind
    )
    return verdict


def _as_it_came(row: QuarantineTable, again: Again) -> Item:
    """With the seal that it had, for it is verified again."""
    item = again.take(row.topic, row.body)
    if row.seal is None or isinstance(item, TakenState):
        return item
    return replace(item, seal=seal_of_text(row.seal))


def _once_more(session: Session, item: Item, again: Again) -> Verdict:
    if item.sender is not None:
        lock_boxes(session, [item.sender])
    match item:
        case Taken():
            return merge(session, item, again.now, again.zone)
        case Refusal():
            return Verdict("rejected", item.code, item.reason)
        case _:
            save_state(session, item, again.now)
            return Verdict("state")
