"""Appeals in the database; every change is logged, fed to other systems and audited."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from central import store
from central.appeal_tables import AppealLogTable, AppealTable
from central.appeals.contact import Contact, Seal
from central.appeals.linking import check_case, meant_by_code, point_of
from central.appeals.rules import (
    CHOOSING,
    Action,
    Kind,
    Refused,
    Standing,
    Status,
    act,
    allowed,
    sampled,
)
from central.filing import APPEALS, local_day
from central.filing import case_no as numbered
from central.store.live import next_serial
from central.tell import outbox

CALLED: frozenset[Action] = frozenset({"contact", "not_contacted", "outcome"})
"""After these nobody needs to hear any more that somebody must be called."""
BY_CODE = "扫码点位有未结案件"
DUTIES = ("contacted_at", "not_contacted", "reply", "replied_at", "outcome", "outcome_at",
          "satisfaction", "satisfaction_at", "sample", "case_no")  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewAppeal:
    """An appeal as it comes in; `source` is who entered it, `external_id` their own number.

    A `place` of the town says where it is, whatever point comes with it.
    """

    kind: Kind
    service_code: str
    text: str
    source: str
    address: str = ""
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    case_no: str | None = None
    external_id: str | None = None
    contact: Contact = field(default_factory=Contact)


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal as it stands; who appealed is not in it."""

    appeal_no: str
    kind: Kind
    service_code: str
    text: str
    address: str
    place: str
    lat: float | None
    lon: float | None
    case_no: str | None
    external_id: str | None
    source: str
    has_contact: bool
    created_at: datetime
    updated_at: datetime
    contact_due_at: datetime
    contacted_at: datetime | None
    not_contacted: str | None
    reply: str
    replied_at: datetime | None
    outcome: str | None
    outcome_at: datetime | None
    satisfaction: str | None
    satisfaction_at: datetime | None
    sample: str | None
    version: int
    status: Status
    allowed: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an appeal's log; `number` is its own for ever, `external`: a partner said it."""

    number: int
    appeal_no: str
    at: datetime
    actor: str
    action: str
    status: str
    text: str
    external: bool = False
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """What somebody does with an appeal; `version` is the one they saw, None: whatever it is."""

    action: Action
    actor: str
    value: str = ""
    version: int | None = None
    note: str = ""
    sample: str = ""
    address: str = ""
    external_id: str | None = None


def add_appeal(
    session: Session, new: NewAppeal, seal: Seal, now: datetime, zone: ZoneInfo
) -> Appeal:
    """Keep an appeal; one that its source has sent before (`external_id`) is given as it is.

    One of a QR code at a place belongs to the open case there. Raises Refused when it names a case
    or a place that there is not.
    """
    known = _known(session, new)
    if known is not None:
        return appeal_of(known)
    check_case(session, new.case_no)
    new = _located(session, new)
    number = _next_number(session, now, zone)
    row = AppealTable(
        appeal_no=number, kind=new.kind, service_code=new.service_code, text=new.text,
        address=new.address, place=new.place, lat=new.lat, lon=new.lon, case_no=new.case_no,
        external_id=new.external_id, source=new.source,
        contact=seal.close(new.contact, number), created_at=now, updated_at=now, reply="",
        contact_due_at=store.contact_due_of(session, new.service_code, now), version=1,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _log(session, row, Doing("link", new.source, new.case_no or ""), now, added=True)
    store.record_change(session, "appeal_added", number, now)
    store.tell_of_appeal(session, row, "added", now)
    noted = store.Noted(now, new.source, "appeal_added", number, "", {"kind": new.kind})
    store.note(session, noted)
    return _linked_by_code(session, row, now)


def get_appeal(session: Session, appeal_no: str) -> Appeal | None:
    """The appeal of this number."""
    row = session.scalar(_numbered(session, appeal_no))
    return None if row is None else appeal_of(row)


def view_contact(
    session: Session, appeal_no: str, seal: Seal, noted: store.Noted
) -> Contact | None:
    """Who appealed; that it was looked at is audited."""
    row = session.scalar(_numbered(session, appeal_no))
    if row is None or row.contact is None:
        return None
    store.note(session, noted)
    return seal.open(row.contact, appeal_no)


def act_on(session: Session, appeal_no: str, doing: Doing, now: datetime) -> tuple[Appeal, Step]:
    """The appeal after the action, and its row in the log; raises NotFound or Refused."""
    row = session.scalar(_numbered(session, appeal_no).with_for_update())
    if row is None:
        raise store.NotFound(appeal_no)
    again = _done_before(session, row, doing)
    if again is not None:
        return appeal_of(row), step_of(again, appeal_no)
    if doing.version is not None and doing.version != row.version:
        raise Refused("version_conflict", f"somebody was faster: it has version {row.version} now")
    if doing.action == "link":
        check_case(session, doing.value)
    doing = _of_link(session, row, doing, now)
    after = act(_standing(row), doing.action, doing.value, now)
    after = sampled(after, doing.action, doing.sample)
    for name in DUTIES:
        setattr(row, name, getattr(after, name))
    row.version += 1
    row.updated_at = now
    session.flush()
    logged = _log(session, row, doing, now)
    if doing.action in CALLED:
        outbox.withdraw(session, appeal_no, doing.action, now)
    store.record_change(session, f"appeal_{doing.action}", appeal_no, now)
    did = {"did": doing.action}
    store.note(
        session, store.Noted(now, doing.actor, "appeal_acted", appeal_no, doing.address, did)
    )
    return appeal_of(row), step_of(logged, appeal_no)


def _located(session: Session, new: NewAppeal) -> NewAppeal:
    """At the point of its place, so that whoever compares has one word for where it is."""
    if not new.place:
        return new
    lon, lat = point_of(session, new.place)
    return replace(new, lon=lon, lat=lat)


def _linked_by_code(session: Session, row: AppealTable, now: datetime) -> Appeal:
    """Linked as a person would link it, so that a person can undo it."""
    found = meant_by_code(session, row, now)
    if found is None:
        return appeal_of(row)
    return act_on(session, row.appeal_no, Doing("link", "system", found, note=BY_CODE), now)[0]


def _of_link(session: Session, row: AppealTable, doing: Doing, now: datetime) -> Doing:
    """Whoever takes an appeal out of a case says that they are not the same; its log names it."""
    if doing.action != "unlink" or row.case_no is None:
        return doing
    store.keep_apart(session, (row.appeal_no, row.case_no), doing.actor, now)
    note = " ".join(part for part in (row.case_no, doing.note) if part)
    return replace(doing, value="", note=note)


def _numbered(session: Session, appeal_no: str) -> Select[AppealTable]:
    """The appeal of this number, if it may be seen."""
    return select(AppealTable).where(
        AppealTable.appeal_no == appeal_no, *store.seen_appeals(session)
    )


def _known(session: Session, new: NewAppeal) -> AppealTable | None:
    if new.external_id is None:
        return None
    known = AppealTable.source == new.source, AppealTable.external_id == new.external_id
    return session.scalar(select(AppealTable).where(*known))


def _done_before(session: Session, row: AppealTable, doing: Doing) -> AppealLogTable | None:
    if doing.external_id is None:
        return None
    same = AppealLogTable.actor == doing.actor, AppealLogTable.external_id == doing.external_id
    found = session.scalar(select(AppealLogTable).where(*same))
    if found is not None and found.appeal_id != row.id:
        raise Refused("update_id_used", "this update's number belongs to another request")
    return found


def _log(
    session: Session, row: AppealTable, doing: Doing, now: datetime, *, added: bool = False
) -> AppealLogTable:
    text = " ".join(part for part in (doing.value, doing.note) if part)
    value = doing.value if doing.action in CHOOSING else ""
    logged = AppealLogTable(
        appeal_id=row.id, at=now, actor=doing.actor,
        action="added" if added else doing.action, status=_standing(row).status,
        text="" if added else text, value=value, sample=doing.sample,
        external_id=doing.external_id,
    )  # fmt: skip
    session.add(logged)
    session.flush()
    return logged


def _next_number(session: Session, now: datetime, zone: ZoneInfo) -> str:
    day = local_day(now, zone)
    return numbered(APPEALS, day, next_serial(session, APPEALS, day))


def _standing(row: AppealTable) -> Standing:
    return Standing(**{name: getattr(row, name) for name in DUTIES})


def appeal_of(row: AppealTable) -> Appeal:
    standing = _standing(row)
    same = {"appeal_no", "service_code", "text", "address", "place", "lat", "lon",
            "external_id", "source", "created_at", "updated_at", "contact_due_at", "version",
            *DUTIES}  # fmt: skip
    return Appeal(
        kind=cast(Kind, row.kind),
        has_contact=row.contact is not None,
        status=standing.status,
        allowed=allowed(standing),
        **{name: getattr(row, name) for name in same},
    )


def step_of(row: AppealLogTable, appeal_no: str) -> Step:
    return Step(
        row.id,
        appeal_no,
        row.at,
        row.actor,
        row.action,
        row.status,
        row.text,
        row.external_id is not None,
        row.sample,
    )
