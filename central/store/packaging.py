"""What an evidence package is made of: a case with the rows behind everything it shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central.case_tables import CasePhotoTable, CaseTable
from central.cases.chain import Chained
from central.cases.retention import Ending
from central.identity_tables import BoxKeyTable, SealTable
from central.ledger import Ledger, Range
from central.routing.parties import Place
from central.store.cases import cases_by_no, hidden_cases, members_of
from central.store.holding import hold_of
from central.store.photos import photos_of
from central.store.retaining import ending_of
from central.store.timeline import evidence_by_event, incident_of
from central.store.transitions import log_of
from central.store.types import Case, EvidenceItem, Hold, Incident
from central.tables import AuditTable, BoxTable, EventTable, IncidentTable, LedgerTable
from central.town.keeping import newest_version, place_in
from edge.events import BoxState, IncidentEvent

VIEWS = ("evidence_viewed", "evidence_linked", "package_viewed", "package_exported")
MOST_VIEWS = 2000
AT_ONCE = 500
"""SQLite limits the parameters of a statement."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The seal of an event and the public key it is good for, None for a key not known here."""

    key_id: str
    public_key: bytes | None
    prev: bytes
    link: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """An event of an incident, its exact bytes, its pictures."""

    event: IncidentEvent
    body: bytes
    body_sha256: str
    received_at: datetime
    seal: Sealed | None
    pictures: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What never came of an outbox file between the incident's first and last event."""

    epoch: str
    span: Range
    missing: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Occupation:
    """An incident, its events by `rev`, and what its box said of itself last, if ever."""

    incident: Incident
    already_there: bool
    restored: bool
    told: tuple[Told, ...]
    missing: tuple[Missing, ...]
    device: BoxState | None
    device_at: datetime | None


@dataclass(frozen=True, slots=True)
class Handed:
    """A photo of what was done and who handed it in."""

    item: EvidenceItem
    by: str


@dataclass(frozen=True, slots=True)
class View:
    """A row of the audit log that says who looked."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with everything behind it; `hidden` are numbers in its log that may not be seen."""

    case: Case
    log: tuple[Chained, ...]
    hidden: frozenset[str]
    occupations: tuple[Occupation, ...]
    photos: tuple[Handed, ...]
    ending: Ending
    hold: Hold | None

    @property
    def pictures(self) -> tuple[EvidenceItem, ...]:
        """Every picture once, by name and role, in the order they were told."""
        told = (item for one in self.occupations for of in one.told for item in of.pictures)
        return tuple({(item.sha256, item.role): item for item in told}.values())


def read_case_file(session: Session, case_no: str) -> CaseFile | None:
    """Everything of a case that may be seen, None when there is no such number."""
    found = cases_by_no(session, [case_no])
    row = session.scalar(select(CaseTable).where(CaseTable.case_no == case_no))
    if not found or row is None:
        return None
    log = log_of(session, row)
    named = {one.entry.detail.case_no for one in log} - {""}
    return CaseFile(
        case=found[0],
        log=log,
        hidden=frozenset(hidden_cases(session, named)),
        occupations=tuple(
            _occupation(session, one, case_no) for one in members_of(session, row.id)
        ),
        photos=_photos(session, row.id),
        ending=ending_of(session, row),
        hold=hold_of(session, row.id),
    )


def views_of(
    session: Session, subjects: Iterable[str], most: int = MOST_VIEWS
) -> tuple[tuple[View, ...], int]:
    """Who looked at any of these, the newest `most` in order, and how many rows there are."""
    names = sorted(set(subjects))
    found: list[View] = []
    total = 0
    for first in range(0, len(names), AT_ONCE):
        part = names[first : first + AT_ONCE]
        wanted = (AuditTable.subject.in_(part), AuditTable.action.in_(VIEWS))
        total += session.scalar(select(func.count(AuditTable.number)).where(*wanted)) or 0
        newest = select(AuditTable).where(*wanted).order_by(AuditTable.number.desc()).limit(most)
        found += [
            View(row.number, row.at, row.actor, row.action, row.subject, row.detail)
            for row in session.scalars(newest)
        ]
    return tuple(sorted(found, key=lambda one: one.number)[-most:]), total


def place_of_case(session: Session, place: str, version: int | None) -> tuple[Place | None, int]:
    """A place in a version of the town, else in that of now, and which version that was."""
    number = newest_version(session) if version is None else version
    return place_in(session, place, number), number


def _occupation(session: Session, row: IncidentTable, case_no: str) -> Occupation:
    told = _told(session, row.incident_id)
    box = session.get(BoxTable, (row.site, row.box))
    return Occupation(
        incident=incident_of(row, case_no),
        already_there=row.already_there,
        restored=row.restored,
        told=told,
        missing=_missing(session, row, told),
        device=_state_of(box),
        device_at=box.state_at if box else None,
    )


def _state_of(box: BoxTable | None) -> BoxState | None:
    """What the box told; one that has only sent events has told nothing of itself."""
    if box is None or not box.state.get("boot_id"):
        return None
    try:
        return BoxState.model_validate(box.state)
    except ValueError:  # of a strange version
        return None


def _told(session: Session, incident_id: str) -> tuple[Told, ...]:
    pictures = evidence_by_event(session, incident_id)
    rows = session.execute(
        select(EventTable, SealTable, BoxKeyTable.public_key)
        .join(SealTable, SealTable.event_id == EventTable.id, isouter=True)
        .join(BoxKeyTable, BoxKeyTable.key_id == SealTable.key_id, isouter=True)
        .where(EventTable.incident_id == incident_id)
        .order_by(EventTable.rev, EventTable.id)
    )
    return tuple(
        Told(
            event=IncidentEvent.model_validate_json(row.body),
            body=row.body,
            body_sha256=row.body_sha256,
            received_at=row.received_at,
            seal=_sealed(seal, key),
            pictures=tuple(pictures.get(row.id, ())),
        )
        for row, seal, key in rows
    )


def _sealed(seal: SealTable | None, key: bytes | None) -> Sealed | None:
    if seal is None:
        return None
    return Sealed(seal.key_id, key, seal.prev, seal.link, seal.signature)


def _missing(session: Session, row: IncidentTable, told: tuple[Told, ...]) -> tuple[Missing, ...]:
    numbers: dict[str, list[int]] = {}
    for one in told:
        if one.event.seq:
            numbers.setdefault(one.event.epoch, []).append(one.event.seq)
    return tuple(
        Missing(epoch, (min(seqs), max(seqs)), _between(session, row, epoch, seqs))
        for epoch, seqs in sorted(numbers.items())
    )


def _between(
    session: Session, row: IncidentTable, epoch: str, seqs: list[int]
) -> tuple[Range, ...]:
    ledger = session.get(LedgerTable, (row.site, row.box, epoch))
    gaps = Ledger.of(ledger.hwm, ledger.missing).missing if ledger else ()
    first, last = min(seqs), max(seqs)
    return tuple(
        (max(low, first), min(high, last)) for low, high in gaps if low < last and high > first
    )


def _photos(session: Session, case_id: int) -> tuple[Handed, ...]:
    who = select(CasePhotoTable.sha256, CasePhotoTable.by).where(CasePhotoTable.case_id == case_id)
    by = {row.sha256: row.by for row in session.execute(who)}
    return tuple(Handed(item, by[item.sha256]) for item in photos_of(session, case_id))
