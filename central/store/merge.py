"""Events into the database: any order, any number of times, the same result.

Everything here runs inside one transaction of the caller: event, incident, case, ledger and the
acknowledgement that the box will get are committed together or not at all.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.audit import Noted
from central.intake import Refusal, Sender, Taken
from central.settings import Policy
from central.signatures import SEAL_CODES
from central.store.acks import AckNote, queue_ack
from central.store.audit import note
from central.store.episodes import place_incident
from central.store.ledgers import note_seq
from central.store.looking import note_camera
from central.store.quarantine import keep
from central.store.seals import disbelief, keep_seal
from central.store.sql import add, add_new, add_or_replace, add_or_replace_older
from central.tables import (
    BoxTable,
    DeviceConditionTable,
    DeviceEventTable,
    EventTable,
    EvidenceRefTable,
    EvidenceTable,
    IncidentTable,
)
from edge.events import DeviceEvent, IncidentEvent


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one message; `case_no` is that of a case filed just now."""

    kind: Literal["filed", "duplicate", "rejected", "state"]
    code: str = ""
    reason: str = ""
    case_no: str | None = None
    seq_reused: bool = False
    forked: bool = False


def merge(
    session: Session, taken: Taken, now: datetime, zone: ZoneInfo, policy: Policy = "auto"
) -> Verdict:
    """Take one event in and queue its acknowledgement; `zone` dates the case number.

    The same bytes again are a duplicate (and are acknowledged again). Other bytes under a known
    id, and an incident of another box, are rejected and put into quarantine. What is not its
    box's word is refused before anything else is looked at.
    """
    doubt = disbelief(session, taken, policy)
    if doubt is not None:
        return refuse_doubted(session, _refusal(taken, doubt.code, doubt.reason), now)
    fault = _conflict(session, taken)
    new = fault is None and _insert_event(session, taken, now)
    if fault is None and not new:  # known, or another receiver was faster just now
        fault = _conflict(session, taken)
    if fault is not None:
        return refuse(session, _refusal(taken, *fault), now, policy)
    forked = new and not keep_seal(session, taken)
    case_no = _spread(session, taken, now, zone) if new else None
    unseen = note_seq(session, taken.sender, taken.event.epoch, taken.event.seq, now)
    touch_box(session, taken.sender, now)
    kind: Literal["filed", "duplicate"] = "filed" if new else "duplicate"
    event = taken.event
    note = AckNote(event.epoch, event.id, kind, need=_lacking(session, taken))
    queue_ack(session, taken.sender, note)
    return Verdict(kind, case_no=case_no, seq_reused=new and not unseen, forked=forked)


def refuse(session: Session, refusal: Refusal, now: datetime, policy: Policy = "auto") -> Verdict:
    """Quarantine the message and, if it can be named and is its box's word, tell its box.

    A box forgets what is rejected. So nothing is said about a message that somebody else may have
    sent: it could bear the id of an event that the box still holds.
    """
    if refusal.code in SEAL_CODES or disbelief(session, refusal, policy) is not None:
        return refuse_doubted(session, refusal, now)
    keep(session, refusal, now)
    if refusal.sender is not None and refusal.event_id is not None:
        note_seq(session, refusal.sender, refusal.epoch, refusal.seq, now)
        note = AckNote(refusal.epoch, refusal.event_id, "rejected", refusal.code, refusal.reason)
        queue_ack(session, refusal.sender, note)
    return Verdict("rejected", refusal.code, refusal.reason)


def refuse_doubted(session: Session, refusal: Refusal, now: datetime) -> Verdict:
    """Quarantine and audit a message that is not its box's word; neither box nor ledger hear."""
    if keep(session, refusal, now) and refusal.sender is not None:
        actor = f"box:{refusal.sender.site}/{refusal.sender.box}"
        detail = {"code": refusal.code, "reason": refusal.reason}
        subject = refusal.event_id or hashlib.sha256(refusal.body).hexdigest()
        note(session, Noted(now, actor, "event_refused", subject, "", detail))
    return Verdict("rejected", refusal.code, refusal.reason)


def _refusal(taken: Taken, code: str, reason: str) -> Refusal:
    return Refusal(
        taken.sender,
        f"jinmu/v1/{taken.sender.site}/{taken.sender.box}/event",
        taken.body,
        code,
        reason,
        event_id=taken.event.id,
        epoch=taken.event.epoch,
        seq=taken.event.seq,
        seal=taken.seal,
    )


def _conflict(session: Session, taken: Taken) -> tuple[str, str] | None:
    known = session.scalar(select(EventTable.body_sha256).where(EventTable.id == taken.event.id))
    if known is not None:
        return None if known == taken.sha256 else ("id_conflict", "another body under a known id")
    if not isinstance(taken.event, IncidentEvent):
        return None
    owner = session.execute(
        select(IncidentTable.site, IncidentTable.box).where(
            IncidentTable.incident_id == taken.event.data.incident_id
        )
    ).one_or_none()
    if owner is None or tuple(owner) == (taken.sender.site, taken.sender.box):
        return None
    return "foreign_incident", "the incident belongs to another box"


def _insert_event(session: Session, taken: Taken, now: datetime) -> bool:
    """True when the event was not known."""
    event = taken.event
    incident = event.data if isinstance(event, IncidentEvent) else None
    values = {
        "id": event.id,
        "site": taken.sender.site,
        "box": taken.sender.box,
        "stream": event.stream,
        "epoch": event.epoch,
        "seq": event.seq,
        "type": event.type,
        "subject": event.subject,
        "incident_id": incident and incident.incident_id,
        "rev": incident and incident.rev,
        "time": event.time,
        "received_at": now,
        "body": taken.body,
        "body_sha256": taken.sha256,
    }
    return add_new(session, EventTable, values)


def _spread(session: Session, taken: Taken, now: datetime, zone: ZoneInfo) -> str | None:
    """Put a new event where it belongs; the number of the case it files, if it does."""
    match taken.event:
        case DeviceEvent() as event:
            _insert_device_event(session, taken.sender, event)
            return None
        case IncidentEvent() as event:
            _merge_incident(session, taken.sender, event, now)
            _insert_evidence_refs(session, event)
            camera = taken.sender.site, taken.sender.box, event.stream
            note_camera(session, camera, event.data.since, event.subject)
            return place_incident(session, event, now, zone)


def _merge_incident(session: Session, sender: Sender, event: IncidentEvent, now: datetime) -> None:
    """Keep the highest revision; the id decides between two events of one revision."""
    data = event.data
    values = {
        "incident_id": data.incident_id,
        "site": sender.site,
        "box": sender.box,
        "first_received_at": now,
        "rev": data.rev,
        "event_id": event.id,
        "stream": event.stream,
        "scene": data.scene,
        "place": event.subject,
        "stage": data.stage,
        "severity": data.severity,
        "since": data.since,
        "stage_at": event.time,
        "dwell_s": data.dwell_s,
        "observed_s": data.observed_s,
        "already_there": data.already_there,
        "restored": data.restored,
    }
    whole = {"live": False, "files": False, "braked": None, "last_at": event.time, "worst": ""}
    newest = ("rev", "event_id")
    add_or_replace_older(session, IncidentTable, values | whole, newest, kept=tuple(whole))


def _insert_device_event(session: Session, sender: Sender, event: DeviceEvent) -> None:
    data = event.data
    values = {
        "event_id": event.id,
        "site": sender.site,
        "box": sender.box,
        "stream": event.stream,
        "condition": data.condition,
        "state": data.state,
        "since": data.since,
        "time": event.time,
        "detail": data.detail,
    }
    add(session, DeviceEventTable, values)
    add_or_replace_older(session, DeviceConditionTable, values, ("time", "event_id"))


def _insert_evidence_refs(session: Session, event: IncidentEvent) -> None:
    for item in event.data.evidence:
        values = {
            "event_id": event.id,
            "sha256": item.sha256,
            "role": item.role,
            "incident_id": event.data.incident_id,
            "rev": event.data.rev,
            "bytes": item.bytes,
            "taken_at": item.taken_at,
        }
        add_new(session, EvidenceRefTable, values)


def _lacking(session: Session, taken: Taken) -> tuple[str, ...]:
    """Pictures that the event names and that are not here yet."""
    if not isinstance(taken.event, IncidentEvent) or not taken.event.data.evidence:
        return ()
    named = {item.sha256 for item in taken.event.data.evidence}
    here = session.scalars(select(EvidenceTable.sha256).where(EvidenceTable.sha256.in_(named)))
    return tuple(sorted(named.difference(here)))


def touch_box(session: Session, sender: Sender, now: datetime) -> None:
    """Remember that the box spoke just now; once per transaction is enough."""
    touched: set[Sender] = session.info.setdefault("touched", set())
    if sender in touched:
        return
    touched.add(sender)
    values = {
        "site": sender.site,
        "box": sender.box,
        "first_seen_at": now,
        "last_seen_at": now,
        "online": True,
        "boot_id": "",
        "state": {},
    }
    add_or_replace(session, BoxTable, values, replaced=("last_seen_at",))
