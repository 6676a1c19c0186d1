"""The outbox in the database: written with the case's transition, taken by one sender each.

A message is in exactly one state whatever dies when: it is born in the transaction of the case,
marked `sending` and committed before anything leaves, and settled after. A crash in between leaves
it `sending`; after the lease it is sent again, marked as possibly repeated, for a message about a
blocked lane that comes twice does less harm than one that never comes.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.tell.limits import MAX_TRIES, Bucket, Rate, full, next_try, take
from central.tell.message import APPEAL, Message, NotSent, Refused, SlowDown
from central.tell.rows import insert_new, upsert
from central.tell_tables import TellLaneTable, TellTable

LEASE_S = 45.0
"""A sender that was given a message and says nothing for so long is dead: no try lasts longer."""
DIGEST_AT_MOST = 50
PICTURE_AFTER_S = 10.0
"""A case is told at once, its picture comes a little later."""
HIGHEST_FIRST = (TellTable.priority.desc(), TellTable.id)


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel as the outbox sees it; `digest_above` None: never several in one."""

    channel: str
    rate: Rate
    digest_above: int | None = 10


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that one sender holds now, to one recipient; more than one is a digest."""

    id: str
    rows: tuple[TellTable, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a try ended: `fault` None is well; `chance` in 0-1 spreads the next try."""

    fault: NotSent | None
    at: datetime
    chance: float = 0.5


@dataclass(frozen=True, slots=True)
class Address:
    """One channel and who hears there; `after_s` later than those who must act."""

    channel: str
    recipient: str = ""
    picture: bool = False
    after_s: float = 0.0


def tell(session: Session, messages: Iterable[Message], now: datetime) -> None:
    """Put messages into the outbox with this transaction; those that are there already stay."""
    for message in messages:
        insert_new(session, {
            "key": message.key, "case_no": message.case_no, "kind": message.kind,
            "party": message.party, "title": message.title[:200], "text": message.text,
            "data": message.data, "urgent": message.urgent, "priority": message.priority,
            "state": "new", "created_at": now, "due_at": now,
        })  # fmt: skip


def tell_one(session: Session, message: Message, address: Address, now: datetime) -> None:
    """Put a message for one channel and recipient into the outbox."""
    due_at = now + timedelta(seconds=address.after_s)
    key = f"{message.key}>{address.channel}>{address.recipient}"[:390]
    values = {
        "key": key,
        "case_no": message.case_no, "kind": message.kind, "party": message.party,
        "channel": address.channel, "recipient": address.recipient,
        "title": message.title[:200], "text": message.text, "data": message.data,
        "urgent": message.urgent, "priority": message.priority, "state": "waiting",
        "created_at": now, "due_at": due_at,
    }  # fmt: skip
    insert_new(session, values)
    if address.picture:
        later = due_at + timedelta(seconds=PICTURE_AFTER_S)
        changed = {"key": f"{key}>picture", "picture": True, "due_at": later}
        insert_new(session, values | changed)


def withdraw(session: Session, case_no: str, reason: str, now: datetime) -> int:
    """Take back what of a case has not been sent; how many. Call it when the case needs no help.

    Twice, since a message that is being addressed just now leaves copies that only a second
    statement sees.
    """
    unsent = TellTable.case_no == case_no, TellTable.state.in_(("new", "waiting"))
    taken = 0
    for _ in range(2):
        done = update(TellTable).where(*unsent, TellTable.kind != "recall").returning(TellTable.id)
        values = {"state": "withdrawn", "reason": reason[:400], "done_at": now}
        taken += len(session.scalars(done.values(values)).all())
    return taken


def recall(session: Session, case_no: str, step: str, text: str, now: datetime) -> None:
    """Withdraw a case's messages, and tell those who already have one that it is over."""
    withdraw(session, case_no, text, now)
    told = session.execute(
        select(TellTable.channel, TellTable.recipient)
        .where(
            TellTable.case_no == case_no,
            TellTable.state.in_(("sent", "sending")),
            TellTable.kind.in_(("task", "notice", "escalation")),
        )
        .distinct()
    ).all()
    title = f"【无需处置】{case_no}"
    message = Message(f"{case_no}/{step}/recall", case_no, "recall", "", title, text)
    for channel, recipient in told:
        tell_one(session, message, Address(channel, recipient), now)


def was_recalled(session: Session, case_no: str) -> bool:
    """Whether the last that was to be said of a case is that nobody needs to go."""
    about = TellTable.case_no == case_no, TellTable.kind.in_(("task", "recall")), ~TellTable.picture
    last = select(TellTable.kind, TellTable.state).where(*about).order_by(TellTable.id.desc())
    row = session.execute(last.limit(1)).one_or_none()
    return row is not None and (row.kind == "recall" or row.state == "withdrawn")


def new_messages(session: Session, limit: int = 100) -> Sequence[TellTable]:
    """Messages that must still be addressed, locked."""
    statement = select(TellTable).where(TellTable.state == "new").order_by(TellTable.id)
    return session.scalars(statement.limit(limit).with_for_update(skip_locked=True)).all()


def address(session: Session, row: TellTable, addresses: Sequence[Address], now: datetime) -> None:
    """Make one copy per address; a message that nobody hears stays as that."""
    message = Message(
        row.key, row.case_no, row.kind, row.party, row.title, row.text,  # type: ignore[arg-type]
        row.urgent, row.priority, row.data,
    )  # fmt: skip
    for one in addresses:
        has_picture = one.picture and not row.case_no.startswith(APPEAL)
        tell_one(session, message, replace(one, picture=has_picture), now)
    row.state = "addressed" if addresses else "unheard"
    row.done_at = now


def any_new(session: Session) -> bool:
    """Whether a message must still be addressed."""
    found = select(TellTable.id).where(TellTable.state == "new").limit(1)
    return session.scalar(found) is not None


def any_left(session: Session, now: datetime) -> bool:
    """Whether a sender died with a message in its hands."""
    return session.scalar(select(TellTable.id).where(*_left(now)).limit(1)) is not None


def _left(now: datetime) -> tuple[Any, Any]:
    return TellTable.state == "sending", TellTable.taken_at < now - timedelta(seconds=LEASE_S)


def take_back(session: Session, now: datetime) -> int:
    """Let be sent again what a dead sender held; how many."""
    rows = session.scalars(
        select(TellTable).where(*_left(now)).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.repeated = True
        due = now if row.tries < MAX_TRIES else None
        _again(row, "the sender died; it may have arrived", now, due)
    return len(rows)


def is_due(session: Session, channel: str, now: datetime) -> bool:
    """Whether anything waits that could go now."""
    due = TellTable.channel == channel, TellTable.state == "waiting", TellTable.due_at <= now
    return session.scalar(select(TellTable.id).where(*due).limit(1)) is not None


def claim(session: Session, lane: Lane, now: datetime) -> Batch | float:
    """What to send now, marked `sending`; or the seconds until it is worth asking again (0-60)."""
    held = _hold(session, lane, now)
    if held.muted_until is not None and held.muted_until > now:
        return min(60.0, (held.muted_until - now).total_seconds())
    rows = _choose(session, lane, now)
    if not rows:
        return 60.0
    bucket, wait_s = take(Bucket(held.tokens, held.at), lane.rate, now)
    if wait_s > 0:
        return wait_s
    held.tokens, held.at = bucket.tokens, bucket.at
    batch = Batch(str(uuid.uuid4()), tuple(rows))
    for row in rows:
        row.state, row.batch, row.taken_at = "sending", batch.id, now
        row.tries += 1
    session.flush()
    return batch


def settle(session: Session, lane: Lane, batch: Batch, ending: Ending) -> str:
    """Write down how it ended: sent, waiting, dead; or late when somebody else has it by now."""
    mine = TellTable.batch == batch.id, TellTable.state == "sending"
    rows = session.scalars(select(TellTable).where(*mine).with_for_update()).all()
    for row in rows:
        match ending.fault:
            case None:
                row.state, row.done_at, row.reason = "sent", ending.at, ""
            case SlowDown() as slow:
                row.tries -= 1
                _again(row, str(slow), ending.at, ending.at + timedelta(seconds=slow.after_s))
                _hold(session, lane, ending.at).muted_until = row.due_at
            case Refused() as refused:
                _again(row, str(refused), ending.at, None)
            case fault:
                due = next_try(row.tries, ending.at, ending.chance)
                _again(row, str(fault), ending.at, due)
    return rows[0].state if rows else "late"


def retry_dead(session: Session, row_id: int, now: datetime) -> bool:
    """Send a dead message once more; False when there is no such one."""
    row = session.get(TellTable, row_id, with_for_update=True)
    if row is None or row.state != "dead":
        return False
    row.state, row.due_at, row.tries, row.done_at = "waiting", now, 0, None
    row.batch = None
    return True


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many messages stand where: (channel, state) -> number, without what is done with."""
    alive = ("new", "waiting", "sending", "dead")
    statement = (
        select(TellTable.channel, TellTable.state, func.count())
        .where(TellTable.state.in_(alive))
        .group_by(TellTable.channel, TellTable.state)
    )
    return {(channel, state): number for channel, state, number in session.execute(statement)}


def _again(row: TellTable, reason: str, now: datetime, due: datetime | None) -> None:
    row.reason, row.batch, row.taken_at = reason[:400], None, None
    if due is None:
        row.state, row.done_at = ("withdrawn" if row.picture else "dead"), now
    else:
        row.state, row.due_at = "waiting", due


def _hold(session: Session, lane: Lane, now: datetime) -> TellLaneTable:
    """The channel's row, locked: one sender at a time takes from it, in whatever process."""
    fresh = full(lane.rate, now)
    values = {"channel": lane.channel, "tokens": fresh.tokens, "at": fresh.at}
    session.execute(upsert(session, TellLaneTable).on_conflict_do_nothing(), values)
    return session.get_one(TellLaneTable, lane.channel, with_for_update=True)


def _choose(session: Session, lane: Lane, now: datetime) -> Sequence[TellTable]:
    """The next message that is due, the most urgent first; its like with it when many wait."""
    due = TellTable.channel == lane.channel, TellTable.state == "waiting", TellTable.due_at <= now
    first = session.scalars(
        select(TellTable)
        .where(*due)
        .order_by(TellTable.urgent.desc(), *HIGHEST_FIRST)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if first is None or first.urgent or first.picture or lane.digest_above is None:
        return [first] if first is not None else []
    waiting = session.scalar(select(func.count()).select_from(TellTable).where(*due)) or 0
    if waiting <= lane.digest_above:
        return [first]
    like = TellTable.recipient == first.recipient, ~TellTable.urgent, ~TellTable.picture
    return session.scalars(
        select(TellTable)
        .where(*due, *like)
        .order_by(*HIGHEST_FIRST)
        .limit(DIGEST_AT_MOST)
        .with_for_update(skip_locked=True)
    ).all()
