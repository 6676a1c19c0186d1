"""Which pictures have been kept long enough, and that they are gone; legal holds of cases."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, literal, select, tuple_
from sqlalchemy.orm import Session

from central.audit import Noted
from central.case_tables import CaseHoldTable, CaseIncidentTable, CasePhotoTable, CaseTable
from central.cases.retention import Ending, Policy, after, masked_until, raw_until
from central.columns import UtcDateTime
from central.store.audit import note
from central.store.holding import hold_of
from central.store.live import lock_case
from central.store.merging import case_by_no
from central.store.pictures import shows_nobody
from central.store.sight import NotFound
from central.store.sql import add_or_replace
from central.store.types import Hold
from central.tables import EvidenceRefTable, EvidenceTable, IncidentTable

MOST_MERGES = 20
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a look through the pictures has come to."""

    received_at: datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class Need:
    """Something that keeps a picture until a moment, None: for ever; `of` names it."""

    of: str
    until: datetime | None


def hold_case(session: Session, case_no: str, hold: Hold, address: str) -> None:
    """Keep everything of a case until it is released; again changes the reason. Raises NotFound."""
    case = case_by_no(session, case_no)  # locked: a sweep that is at it ends first
    if case is None:
        raise NotFound(case_no)
    values = {"reason": hold.reason, "at": hold.at, "by": hold.by}
    add_or_replace(session, CaseHoldTable, {"case_id": case.id} | values, tuple(values))
    said = {"reason": hold.reason}
    note(session, Noted(hold.at, hold.by, "case_held", case_no, address, said))


def release_case(session: Session, case_no: str, release: Hold, address: str) -> None:
    """Let the rules of retention have a case again; nothing when none held it. Raises NotFound."""
    case = case_by_no(session, case_no)
    if case is None:
        raise NotFound(case_no)
    if hold_of(session, case.id) is None:
        return
    session.execute(delete(CaseHoldTable).where(CaseHoldTable.case_id == case.id))
    said = {"reason": release.reason}
    note(session, Noted(release.at, release.by, "case_released", case_no, address, said))


def ending_of(session: Session, case: CaseTable) -> Ending:
    """How a case stands; a merged one stands as what it was merged into."""
    held = False
    for _ in range(MOST_MERGES):
        held = held or hold_of(session, case.id) is not None
        survivor = session.get(CaseTable, case.merged_into) if case.merged_into else None
        if survivor is None:
            break
        case = survivor
    return Ending(case.state, case.close_reason, case.ended_at, held)


def kept_pictures(session: Session, since: Mark | None, limit: int) -> list[Mark]:
    """The next pictures that are here, the oldest first."""
    table = EvidenceTable
    wanted = select(table.received_at, table.sha256).where(table.deleted_at.is_(None))
    if since is not None:
        place = tuple_(table.received_at, table.sha256)
        wanted = wanted.where(place > _place(since))
    rows = session.execute(wanted.order_by(table.received_at, table.sha256).limit(limit))
    return [Mark(row.received_at, row.sha256) for row in rows]


def _place(mark: Mark) -> Any:
    return tuple_(literal(mark.received_at, UtcDateTime), literal(mark.sha256))


def due_pictures(
    session: Session, marks: Sequence[Mark], policy: Policy, now: datetime
) -> dict[str, tuple[Need, ...]]:
    """Of these pictures those that nothing needs any longer, and what needed them."""
    needs: dict[str, list[Need]] = {mark.sha256: [] for mark in marks}
    for sha256, need in _needs(session, list(needs), policy):
        needs[sha256].append(need)
    for mark in marks:
        if not needs[mark.sha256]:  # no event has ever named it
            needs[mark.sha256].append(Need("", after(mark.received_at, policy.void_days)))
    return {
        sha256: tuple(all_of_it)
        for sha256, all_of_it in needs.items()
        if all(need.until is not None and need.until <= now for need in all_of_it)
    }


def lock_cases_of(session: Session, sha256s: Sequence[str]) -> None:
    """Nobody holds or reopens a case of these pictures until the transaction ends."""
    found = set(session.scalars(_cases_by_photo(sha256s))) | {
        row.case_id for row in session.execute(_refs(sha256s)) if row.case_id is not None
    }
    for case_id in sorted(found):
        lock_case(session, case_id)


def mark_deleted(session: Session, sha256: str, needed: tuple[Need, ...], now: datetime) -> None:
    """Write down that a picture is gone; its row stays, so that it is not asked for again."""
    row = session.get_one(EvidenceTable, sha256)
    row.deleted_at = now
    untils = [need.until for need in needed if need.until is not None]
    said = {
        "of": sorted({need.of for need in needed if need.of}),
        "until": max(untils).isoformat(timespec="seconds"),
        "bytes": row.bytes,
    }
    note(session, Noted(now, SYSTEM, "evidence_deleted", sha256, "", said))


def is_deleted(session: Session, sha256: str) -> bool:
    """Whether a picture was here and is not kept any longer."""
    row = session.get(EvidenceTable, sha256)
    return row is not None and row.deleted_at is not None


def _needs(session: Session, sha256s: list[str], policy: Policy) -> Iterator[tuple[str, Need]]:
    for sha256, role, incident_id, last_at, case_id in session.execute(_refs(sha256s)):
        masked = shows_nobody(role)
        if case_id is not None:
            yield sha256, _need_of_case(session, case_id, policy, masked)
        else:
            days = policy.masked_days if masked else policy.void_days
            yield sha256, Need(incident_id, after(last_at, days))
    photo = CasePhotoTable
    photos = select(photo.sha256, photo.case_id).where(photo.sha256.in_(sha256s))
    for sha256, case_id in session.execute(photos):
        yield sha256, _need_of_case(session, case_id, policy, False)


def _need_of_case(session: Session, case_id: int, policy: Policy, masked: bool) -> Need:
    case = session.get_one(CaseTable, case_id)
    rule = masked_until if masked else raw_until
    return Need(case.case_no, rule(policy, ending_of(session, case)))


def _refs(
    sha256s: Iterable[str],
) -> Select[str, str, str, datetime, int | None]:
    ref, member = EvidenceRefTable, CaseIncidentTable
    return (
        select(ref.sha256, ref.role, ref.incident_id, IncidentTable.last_at, member.case_id)
        .join(IncidentTable, IncidentTable.incident_id == ref.incident_id)
        .join(member, member.incident_id == ref.incident_id, isouter=True)
        .where(ref.sha256.in_(list(sha256s)))
        .distinct()
    )


def _cases_by_photo(sha256s: Iterable[str]) -> Select[int]:
    return select(CasePhotoTable.case_id).where(CasePhotoTable.sha256.in_(list(sha256s)))
