"""Seals of events: looked up before an event is believed, kept with it, checked along the chain."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.identity_tables import BoxKeyTable, SealTable
from central.intake import Refusal, Sender, Taken
from central.settings import Policy
from central.signatures import (
    BoxKey,
    SealFault,
    judge_sealed,
    judge_unsealed,
)
from central.store.enrolment import find_key, standing
from central.store.sql import add_new
from central.tables import EventTable
from edge.seal import Seal, genesis, link_of

MAX_FAULTS_TOLD = 100


def disbelief(session: Session, message: Taken | Refusal, policy: Policy) -> SealFault | None:
    """Why the message cannot be taken for one of its box; None when it can."""
    if message.sender is None:
        return None
    if message.seal is None:
        return judge_unsealed(standing(session, message.sender, policy))
    key = find_key(session, message.seal.key_id)
    return judge_sealed(message.sender, message.seal, message.body, key)


def keep_seal(session: Session, taken: Taken) -> bool:
    """Keep the seal of an event that was just filed; False when it contradicts its neighbours.

    Events come in any order, so only what is here already is compared: the event before must
    have the link that this one names, the event after must name this one's. Where one of them is
    not here (yet), its ledger says so. A contradiction under good signatures means two outboxes
    with one key: a cloned or restored box, or a stolen key.
    """
    if taken.seal is None:
        return True
    event, seal = taken.event, taken.seal
    link = link_of(seal.prev, taken.body)
    values = {
        "event_id": event.id,
        "site": taken.sender.site,
        "box": taken.sender.box,
        "epoch": event.epoch,
        "seq": event.seq,
        "key_id": seal.key_id,
        "prev": seal.prev,
        "link": link,
        "signature": seal.signature,
    }
    before, after = _neighbours(session, taken)
    add_new(session, SealTable, values)
    fits_before = seal.prev in before if before else True
    fits_after = link in after if after else True
    return fits_before and fits_after


def _neighbours(session: Session, taken: Taken) -> tuple[set[bytes], set[bytes]]:
    """Links of the events before this one, and what the events after it name as theirs."""
    table, event = SealTable, taken.event
    rows = session.execute(
        select(table.seq, table.prev, table.link).where(
            table.site == taken.sender.site,
            table.box == taken.sender.box,
            table.epoch == event.epoch,
            table.seq.in_((event.seq - 1, event.seq + 1)),
        )
    ).all()
    before = {link for seq, _, link in rows if seq < event.seq}
    if event.seq == 1:
        before.add(genesis(event.epoch))
    return before, {prev for seq, prev, _ in rows if seq > event.seq}


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One thing that is wrong in a chain, or a gap in it (`code` "gap": not an accusation)."""

    event_id: str
    seq: int
    code: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What is left of one outbox file's chain when everything kept is computed anew.

    `joints` counts the places where an event and the one before it are both here and fit.
    `faults` holds at most the first hundred, `faults_total` counts all but gaps.
    """

    site: str
    box: str
    epoch: str
    events: int
    sealed: int
    joints: int
    gaps: int
    faults_total: int
    faults: tuple[ChainFault, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    event_id: str
    sender: Sender
    epoch: str
    seq: int
    body: bytes
    seal: Seal | None
    link: bytes


def check_chains(session: Session, sender: Sender | None = None) -> Iterator[ChainReport]:
    """Compute every hash and signature of what is kept anew, of one box or of all."""
    keys = {row.key_id: _key(row) for row in session.scalars(select(BoxKeyTable))}
    whole = groupby(_rows(session, sender), key=lambda row: (row.sender, row.epoch))
    for (owner, epoch), rows in whole:
        yield _check_chain(owner, epoch, rows, keys)


def _check_chain(
    owner: Sender, epoch: str, rows: Iterator[_Row], keys: dict[str, BoxKey]
) -> ChainReport:
    events = sealed = joints = gaps = wrong = 0
    faults: list[ChainFault] = []
    before, links = 0, {genesis(epoch)}
    for seq, same in groupby(rows, key=lambda row: row.seq):
        there = list(same)
        events += len(there)
        sealed += sum(row.seal is not None for row in there)
        found = [fault for row in there for fault in _faults_of(row, keys)]
        if seq == before + 1 and links:
            found += [
                ChainFault(row.event_id, seq, "fork")
                for row in there
                if row.seal is not None and row.seal.prev not in links
            ]
            joints += sum(row.seal is not None and row.seal.prev in links for row in there)
        elif seq > before + 1:
            gaps += 1
            found.append(ChainFault(there[0].event_id, seq, "gap"))
        wrong += sum(fault.code != "gap" for fault in found)
        faults += found[: MAX_FAULTS_TOLD - len(faults)]
        before, links = seq, {row.link for row in there if row.seal is not None}
    return ChainReport(
        owner.site, owner.box, epoch, events, sealed, joints, gaps, wrong, tuple(faults)
    )


def _faults_of(row: _Row, keys: dict[str, BoxKey]) -> Iterator[ChainFault]:
    """What is wrong with one event by itself; that its key was revoked later is not."""
    if row.seal is None:
        return
    fault = judge_sealed(row.sender, row.seal, row.body, keys.get(row.seal.key_id))
    if fault is not None and fault.code != "revoked":
        yield ChainFault(row.event_id, row.seq, fault.code)
    if row.link != link_of(row.seal.prev, row.body):
        yield ChainFault(row.event_id, row.seq, "bad_link")


def _rows(session: Session, sender: Sender | None) -> Iterator[_Row]:
    event, seal = EventTable, SealTable
    query = (
        select(event.id, event.site, event.box, event.epoch, event.seq, event.body)
        .add_columns(seal.key_id, seal.prev, seal.signature, seal.link)
        .join(seal, seal.event_id == event.id, isouter=True)
        .order_by(event.site, event.box, event.epoch, event.seq, event.id)
        .execution_options(yield_per=500)
    )
    if sender is not None:
        query = query.where(event.site == sender.site, event.box == sender.box)
    for event_id, site, box, epoch, seq, body, key_id, prev, signature, link in session.execute(
        query
    ):
        kept = None if key_id is None else Seal(key_id, prev, signature)
        yield _Row(event_id, Sender(site, box), epoch, seq, body, kept, link or b"")


def _key(row: BoxKeyTable) -> BoxKey:
    owner = Sender(row.site, row.box)
    return BoxKey(row.key_id, owner, row.public_key, row.revoked_at is not None)
