"""Incidents of cameras that only record (shadow), and what the desk says of them.

Only what would have filed a case is asked about, so that the verdicts say how right cases of this
camera would be. Once an incident belongs to a case the verdict on the case counts, not this one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session

from central.case_tables import CameraTable, CaseIncidentTable, IncidentVerdictTable
from central.cases.states import Verdict
from central.sight import Camera
from central.store.audit import note_act
from central.store.boxes import stream_names
from central.store.pictures import Picture, pictures_of
from central.store.sight import Conditions, NotFound, seen_incidents
from central.store.sql import add_or_replace
from central.store.timeline import incident_of
from central.store.types import Incident
from central.tables import IncidentTable

NEWEST = (IncidentTable.since.desc(), IncidentTable.incident_id.desc())


@dataclass(frozen=True, slots=True)
class Shadowed:
    """An incident that would have filed a case, its best picture, and the verdict if there is."""

    incident: Incident
    name: str
    picture: Picture | None
    verdict: Verdict | None = None
    by: str = ""
    at: datetime | None = None


def list_shadowed(session: Session, *, judged: bool, limit: int) -> tuple[Shadowed, ...]:
    """The newest incidents without a verdict, or those that were judged last."""
    verdict = IncidentVerdictTable
    newest = (verdict.at.desc(), *NEWEST) if judged else NEWEST
    has_one = verdict.incident_id.is_not(None) if judged else verdict.incident_id.is_(None)
    asked = _shadowed(session, select(IncidentTable, verdict)).where(has_one)
    rows = session.execute(asked.order_by(*newest).limit(limit)).all()
    best = pictures_of(session, [incident.incident_id for incident, _ in rows])
    names = stream_names(session)
    return tuple(_value(one, said, names, best.get(one.incident_id)) for one, said in rows)


def count_shadowed(session: Session) -> int:
    """How many wait for a verdict."""
    waiting = _shadowed(session, select(func.count(IncidentTable.incident_id)))
    return session.scalar(waiting.where(IncidentVerdictTable.incident_id.is_(None))) or 0


def judge_shadowed(
    session: Session, incident_id: str, verdict: Verdict, by: str, now: datetime
) -> None:
    """Keep the last word on an incident; raises NotFound for one that is not asked about."""
    asked = _shadowed(session, select(IncidentTable.incident_id))
    if session.scalar(asked.where(IncidentTable.incident_id == incident_id)) is None:
        raise NotFound(incident_id)
    values = {"verdict": verdict, "at": now, "by": by}
    key = {"incident_id": incident_id}
    add_or_replace(session, IncidentVerdictTable, key | values, replaced=tuple(values))
    note_act(session, now, "shadow_verdict", incident_id, verdict=verdict)


def shadow_verdicts(session: Session) -> list[tuple[Camera, bool, int]]:
    """So many verdicts on each camera that only records now, whoever asks."""
    incident, verdict = IncidentTable, IncidentVerdictTable
    camera = incident.site, incident.box, incident.stream
    rows = session.execute(
        select(*camera, verdict.verdict, func.count())
        .join(verdict, verdict.incident_id == incident.incident_id)
        .where(*_is_asked_about())
        .group_by(*camera, verdict.verdict)
    )
    return [((site, box, stream), said == "true", n) for site, box, stream, said, n in rows]


def _shadowed(session: Session, statement: Any) -> Select[Any]:
    verdict = IncidentVerdictTable
    said = verdict.incident_id == IncidentTable.incident_id
    beside: Select[Any] = statement.select_from(IncidentTable).join(verdict, said, isouter=True)
    return beside.where(*_is_asked_about(), *seen_incidents(session))


def _is_asked_about() -> Conditions:
    """It would have filed a case, its camera only records, and it is in no case."""
    table, camera, link = IncidentTable, CameraTable, CaseIncidentTable
    same = camera.site == table.site, camera.box == table.box, camera.stream == table.stream
    records_only = exists().where(and_(*same), camera.mode == "shadow").correlate(table)
    in_case = exists().where(link.incident_id == table.incident_id).correlate(table)
    return table.files.is_(True), records_only, ~in_case


def _value(
    row: IncidentTable,
    said: IncidentVerdictTable | None,
    names: dict[Camera, str],
    picture: Picture | None,
) -> Shadowed:
    name = names.get((row.site, row.box, row.stream), row.stream)
    incident = incident_of(row, None)
    if said is None:
        return Shadowed(incident, name, picture)
    return Shadowed(incident, name, picture, cast(Verdict, said.verdict), said.by, said.at)
