"""Incidents and the events they are made of."""

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from central.case_tables import CaseIncidentTable, CaseTable
from central.store.sight import seen_cases, seen_incidents
from central.store.types import EvidenceItem, Incident, Page, TimelineEvent
from central.tables import EventTable, EvidenceRefTable, EvidenceTable, IncidentTable
from edge.events import IncidentEvent


def timeline_of(session: Session, incident_id: str) -> tuple[TimelineEvent, ...]:
    """Every event of an incident by `rev`, whenever it arrived."""
    evidence = evidence_by_event(session, incident_id)
    rows = session.scalars(
        select(EventTable)
        .where(EventTable.incident_id == incident_id)
        .order_by(EventTable.rev, EventTable.id)
    )
    return tuple(_timeline_event(row, tuple(evidence.get(row.id, ()))) for row in rows)


def list_incidents(
    session: Session, page: Page, *, open_only: bool = False
) -> tuple[Incident, ...]:
    """Incidents, newest first, with and without a case."""
    newest = (IncidentTable.since.desc(), IncidentTable.incident_id.desc())
    statement = _with_case_no(session).order_by(*newest).limit(page.size).offset(page.offset)
    if open_only:
        statement = statement.where(IncidentTable.stage != "cleared")
    return tuple(incident_of(row, case_no) for row, case_no in session.execute(statement))


def get_incident(session: Session, incident_id: str) -> Incident | None:
    """One incident, None when it is unknown."""
    wanted = _with_case_no(session).where(IncidentTable.incident_id == incident_id)
    row = session.execute(wanted).one_or_none()
    return None if row is None else incident_of(*row)


def _with_case_no(session: Session) -> Select[IncidentTable, str | None]:
    """Incidents that may be seen, with the number of their case if that may be, too."""
    member = CaseIncidentTable.incident_id == IncidentTable.incident_id
    case = (CaseTable.id == CaseIncidentTable.case_id, *seen_cases(session))
    return (
        select(IncidentTable, CaseTable.case_no)
        .join(CaseIncidentTable, member, isouter=True)
        .join(CaseTable, and_(*case), isouter=True)
        .where(*seen_incidents(session))
    )


def evidence_by_event(session: Session, incident_id: str) -> dict[str, list[EvidenceItem]]:
    """Pictures of an incident by the event that names them, in the order they were taken."""
    ref = EvidenceRefTable
    rows = session.execute(
        select(ref, EvidenceTable.sha256, EvidenceTable.deleted_at)
        .join(EvidenceTable, EvidenceTable.sha256 == ref.sha256, isouter=True)
        .where(ref.incident_id == incident_id)
        .order_by(ref.taken_at, ref.role, ref.sha256)
    )
    found: dict[str, list[EvidenceItem]] = {}
    for row, file, deleted_at in rows:
        item = EvidenceItem(
            row.sha256,
            row.role,
            row.bytes,
            row.taken_at,
            row.rev,
            file is not None and deleted_at is None,
            deleted_at,
        )
        found.setdefault(row.event_id, []).append(item)
    return found


def _timeline_event(row: EventTable, evidence: tuple[EvidenceItem, ...]) -> TimelineEvent:
    event = IncidentEvent.model_validate_json(row.body)
    data = event.data
    return TimelineEvent(
        event_id=event.id,
        rev=data.rev,
        stage=data.stage,
        severity=data.severity,
        time=row.time,
        received_at=row.received_at,
        dwell_s=data.dwell_s,
        observed_s=data.observed_s,
        reason=data.reason,
        measures=data.measures,
        thresholds=data.rule.thresholds,
        model=data.model.name,
        clock_synchronised=data.clock.synchronised,
        evidence=evidence,
        mode=data.mode,
        reopened=data.reopened,
        suppressed_s=data.suppressed_s,
        suppressed_by=data.suppressed_by,
        course=data.timeline,
    )


def incident_of(row: IncidentTable, case_no: str | None) -> Incident:
    """The value of a row."""
    return Incident(
        incident_id=row.incident_id,
        rev=row.rev,
        site=row.site,
        box=row.box,
        stream=row.stream,
        scene=row.scene,
        place=row.place,
        stage=row.stage,
        severity=row.severity,
        since=row.since,
        stage_at=row.stage_at,
        dwell_s=row.dwell_s,
        observed_s=row.observed_s,
        live=row.live,
        braked=bool(row.braked),
        case_no=case_no,
    )
