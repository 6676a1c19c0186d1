"""What verdicts say of each camera: those that precision is counted from, whoever looks."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from central.case_tables import CaseFactsTable, CaseIncidentTable, CaseUnsettledTable
from central.cases.promotion import Record
from central.kpi.settled import verdict_in
from central.kpi.story import tell
from central.sight import Camera
from central.store.logs import cases_of
from central.store.shadowing import shadow_verdicts
from central.tables import IncidentTable

FOR_EVER = datetime.max.replace(tzinfo=UTC)
Verdicts = Iterator[tuple[Camera, bool, int]]
"""So many verdicts on a camera."""


def records_of_cameras(session: Session) -> dict[Camera, Record]:
    """Verdicts per camera; a case that several cameras have seen counts for each of them.

    Of a camera that only records, verdicts on its incidents count as well: it files no cases. They
    do not speak for the next promotion, which is about cases again.

    A camera's mode is one for all who look, so the limits of whoever asks do not cut its record.
    """
    counted: dict[Camera, Counter[bool]] = {}
    for verdicts in (_settled(session), _unsettled(session), shadow_verdicts(session)):
        for camera, verdict, number in verdicts:
            counted.setdefault(camera, Counter())[verdict] += number
    return {camera: Record(one[True], one[False]) for camera, one in counted.items()}


def _settled(session: Session) -> Verdicts:
    facts, incident = CaseFactsTable, IncidentTable
    camera = incident.site, incident.box, incident.stream
    told = (f'["precision", {met}, "", ' for met in ("true", "false"))
    rows = session.execute(
        select(*camera, facts.kind, func.count(facts.case_id.distinct()))
        .join(CaseIncidentTable, CaseIncidentTable.incident_id == incident.incident_id)
        .join(facts, facts.case_id == CaseIncidentTable.case_id)
        .where(incident.files, or_(*(facts.kind.contains(one, autoescape=True) for one in told)))
        .group_by(*camera, facts.kind)
    )
    for site, box, stream, kind, number in rows:
        verdict = verdict_in(kind)
        if verdict is not None:
            yield (site, box, stream), verdict, number


def _unsettled(session: Session) -> Verdicts:
    ids = sorted(session.scalars(select(CaseUnsettledTable.case_id)))
    told = ((case_id, tell(case, FOR_EVER).proved) for case_id, case in cases_of(session, ids))
    proved = {case_id: verdict for case_id, verdict in told if verdict is not None}
    incident, link = IncidentTable, CaseIncidentTable
    rows = session.execute(
        select(incident.site, incident.box, incident.stream, link.case_id)
        .join(link, link.incident_id == incident.incident_id)
        .join(CaseUnsettledTable, CaseUnsettledTable.case_id == link.case_id)
        .where(incident.files)
        .distinct()
    )
    for site, box, stream, case_id in rows:
        if case_id in proved:
            yield (site, box, stream), proved[case_id], 1
