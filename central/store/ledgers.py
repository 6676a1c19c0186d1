"""What is known of the numbers of each outbox: written once per transaction, mended, asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Select, event, func, select, text
from sqlalchemy.orm import Session

from central.intake import Sender
from central.ledger import Gap, Ledger, Range, is_due
from central.store.acks import MAX_RANGES_PER_ACK as RANGES
from central.store.sql import add_new
from central.tables import EventTable, LedgerTable
from edge.events import Ack

MAX_ASKED = 1000
"""Ranges asked for at one look; the others have their turn at the next ones."""

_Key = tuple[str, str, str]
_OPEN = "open_ledgers"
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


@dataclass(frozen=True, slots=True)
class Request:
    """An acknowledgement that only asks a box for what is missing."""

    sender: Sender
    ack: Ack


@dataclass(slots=True)
class _Open:
    """A ledger that this transaction holds; `changed_at` once a new number was entered."""

    row: LedgerTable
    ledger: Ledger
    changed_at: datetime | None = None


def note_seq(session: Session, sender: Sender, epoch: str, seq: int, now: datetime) -> bool:
    """Enter a number into the box's ledger; False when it had been seen before. 0 is no number.

    The row is written when the transaction commits, once however many numbers came.
    """
    if seq == 0:
        return True
    opened = _open(session, (sender.site, sender.box, epoch), now)
    if opened.ledger.has(seq):
        return False
    opened.ledger = opened.ledger.note(seq, now.timestamp())
    opened.changed_at = now
    return True


def lock_boxes(session: Session, senders: Iterable[Sender]) -> None:
    """Until the transaction ends no other receiver takes in anything of these boxes.

    All of them at once and in one order, before any row: else two batches with the same boxes
    wait for each other. SQLite has only one writer anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    for key in sorted({_lock_key(sender) for sender in senders}):
        session.execute(_LOCK, {"key": key})


def mend_ledgers(session: Session, before: datetime, now: datetime) -> list[Request]:
    """Look up what is missing where a ledger had more gaps than it can hold, and ask for gaps.

    Boxes hear of gaps with every acknowledgement, but one that has nothing to send gets none, and
    an acknowledgement holds only the first of many. So a gap is asked for now if it is due between
    `before` (the last look) and `now`, and one that was joined at every look: whatever it has
    become, all of it is asked for.
    """
    rows = session.scalars(select(LedgerTable)).all()
    torn = [row for row in rows if any(gap.joined for gap in Ledger.of(row.hwm, row.missing).gaps)]
    lock_boxes(session, [Sender(row.site, row.box) for row in torn])
    requests: list[Request] = []
    for row in rows:
        if row in torn:
            due = _mend(session, row)
        else:
            gaps = Ledger.of(row.hwm, row.missing).gaps
            due = [g for g in gaps if is_due(g.since_s, before.timestamp(), now.timestamp())]
        requests += _requests(row, _some(due, now.timestamp()))
    return requests


def count_missing(session: Session, now: datetime) -> tuple[int, int]:
    """Events that have not come although a later one has: (young, overdue)."""
    young = overdue = 0
    for row in session.scalars(select(LedgerTable)):
        ledger = Ledger.of(row.hwm, row.missing)
        late = _length(ledger.overdue(now.timestamp()))
        young, overdue = young + _length(ledger.missing) - late, overdue + late
    return young, overdue


def _length(ranges: tuple[Range, ...]) -> int:
    return sum(high - low + 1 for low, high in ranges)


def _lock_key(sender: Sender) -> int:
    name = f"{sender.site}/{sender.box}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big", signed=True)


def _open(session: Session, key: _Key, now: datetime) -> _Open:
    """The ledger as this transaction knows it; its row is locked until the end."""
    opened: dict[_Key, _Open] | None = session.info.get(_OPEN)
    if opened is None:
        opened = session.info[_OPEN] = {}
        event.listen(session, "before_commit", _write)
    if key not in opened:
        row = _locked(session, key) or _fresh(session, key, now)
        opened[key] = _Open(row, Ledger.of(row.hwm, row.missing))
    return opened[key]


def _fresh(session: Session, key: _Key, now: datetime) -> LedgerTable:
    site, box, epoch = key
    values = {"site": site, "box": box, "epoch": epoch, "hwm": 0, "missing": []}
    add_new(session, LedgerTable, values | {"updated_at": now})
    row = _locked(session, key)
    assert row is not None
    return row


def _locked(session: Session, key: _Key) -> LedgerTable | None:
    site, box, epoch = key
    locked = select(LedgerTable).filter_by(site=site, box=box, epoch=epoch).with_for_update()
    return session.scalar(locked.execution_options(populate_existing=True))


def _write(session: Session) -> None:
    """Put what changed into the rows, which go to the database with the commit."""
    for opened in session.info[_OPEN].values():
        if opened.changed_at is not None:
            opened.row.hwm, opened.row.missing = opened.ledger.hwm, _rows(opened.ledger)
            opened.row.updated_at = opened.changed_at
            opened.changed_at = None


def _rows(ledger: Ledger) -> list[list[float | bool]]:
    return [list(gap) for gap in ledger.gaps]


def _mend(session: Session, row: LedgerTable) -> list[Gap]:
    """Replace joined gaps by what is missing in them as far as the row holds it; all of them."""
    session.refresh(row)
    ledger = Ledger.of(row.hwm, row.missing)
    gaps: list[Gap] = []
    for gap in ledger.gaps:
        parts = _missing_in(session, row, gap) if gap.joined else (gap,)
        gaps += parts
        ledger = ledger.mended(gap, parts)
    row.missing = _rows(ledger)
    return gaps


def _missing_in(session: Session, row: LedgerTable, gap: Gap) -> tuple[Gap, ...]:
    """The runs of numbers between those events that came."""
    parts: list[Gap] = []
    low = gap.low
    for first, last in session.execute(_islands(row, gap)):
        parts += [gap._replace(low=low, high=first - 1, joined=False)] if first > low else []
        low = last + 1
    parts += [gap._replace(low=low, joined=False)] if low <= gap.high else []
    return tuple(parts)


def _islands(row: LedgerTable, gap: Gap) -> Select[int, int]:
    """First and last number of each run that came: in a run, number minus rank is the same."""
    seq = EventTable.seq
    came = (
        select(seq.label("seq"))
        .where(EventTable.site == row.site, EventTable.box == row.box)
        .where(EventTable.epoch == row.epoch, seq.between(gap.low, gap.high))
        .distinct()
        .subquery()
    )
    rank = func.row_number().over(order_by=came.c.seq)
    ranked = select(came.c.seq, (came.c.seq - rank).label("run")).subquery()
    runs = select(func.min(ranked.c.seq), func.max(ranked.c.seq)).group_by(ranked.c.run)
    return runs.order_by(func.min(ranked.c.seq))


def _some(gaps: list[Gap], now_s: float) -> list[Gap]:
    """At most MAX_ASKED of them, other ones each time."""
    if len(gaps) <= MAX_ASKED:
        return gaps
    start = int(now_s) * MAX_ASKED % len(gaps)
    return (gaps + gaps)[start : start + MAX_ASKED]


def _requests(row: LedgerTable, gaps: list[Gap]) -> list[Request]:
    sender = Sender(row.site, row.box)
    ranges = [(gap.low, gap.high) for gap in gaps]
    parts = [ranges[at : at + RANGES] for at in range(0, len(ranges), RANGES)]
    return [Request(sender, Ack(epoch=row.epoch, hwm=row.hwm, missing=part)) for part in parts]
