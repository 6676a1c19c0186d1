"""What is known around an incident: its episode, its camera, the cases there."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select, text
from sqlalchemy.orm import Session

from central.case_tables import CameraTable, CaseIncidentTable, CaseTable
from central.cases.episodes import REOPEN_WINDOW, STORM_WINDOW, Calendar, Span, episode_of
from central.cases.states import OPEN
from central.tables import IncidentTable

MAX_AGE = timedelta(hours=24)
A_DAY_AROUND = timedelta(hours=36)
OWNED = ("accepted", "suspended", "handled")
PEOPLE = ("desk", "appeal")
"""What the origin of a case begins with that no incident has filed but people have."""


def open_there(session: Session, scene: str, place: str) -> CaseTable | None:
    """The case of a place that somebody still has to do something about, the earliest one."""
    return session.scalar(
        select(CaseTable)
        .where(CaseTable.scene == scene, CaseTable.place == place, CaseTable.state.in_(OPEN))
        .order_by(CaseTable.id)
        .limit(1)
    )


def lock_places(session: Session, places: Iterable[tuple[str, str]]) -> None:
    """Until the transaction ends nobody else files cases at these (scene, place); in one order.

    SQLite has only one writer anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    for number in sorted({_lock_number(scene, place) for scene, place in places}):
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _lock_number(scene: str, place: str) -> int:
    digest = hashlib.sha256(f"{scene} {place}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def begun_around(session: Session, incident: IncidentTable, at: datetime) -> list[datetime]:
    """When the camera's other incidents of the last minutes before a moment began."""
    table = IncidentTable
    found = session.scalars(
        select(table.since).where(
            table.site == incident.site,
            table.box == incident.box,
            table.stream == incident.stream,
            table.incident_id != incident.incident_id,
            table.live,
            table.since > at - STORM_WINDOW,
            table.since <= at,
        )
    )
    return list(found)


def mode_of(session: Session, incident: IncidentTable) -> str:
    key = (incident.site, incident.box, incident.stream)
    row = session.get(CameraTable, key)
    return row.mode if row else "auto"


def members_of(session: Session, incident: IncidentTable, zone: ZoneInfo) -> list[IncidentTable]:
    """Every incident that hangs together with this one, the earliest first."""
    calendar = Calendar(zone, incident.scene)
    rows = {row.incident_id: row for row in _near(session, incident)}
    rows[incident.incident_id] = incident
    spans = {name: _span(row) for name, row in rows.items()}
    mine = spans.pop(incident.incident_id)
    return [rows[span.incident_id] for span in episode_of(mine, spans.values(), calendar)]


def _near(session: Session, incident: IncidentTable) -> Sequence[IncidentTable]:
    """The place's incidents around this one, as far as one reaches into the next."""
    table = IncidentTable
    shadow = select(CameraTable.stream).where(
        CameraTable.site == table.site,
        CameraTable.box == table.box,
        CameraTable.stream == table.stream,
        CameraTable.mode == "shadow",
    )
    begin, end = incident.since, incident.last_at
    reach = A_DAY_AROUND if incident.scene == "square_dance" else REOPEN_WINDOW
    while True:
        rows = session.scalars(
            select(table).where(
                table.scene == incident.scene,
                table.place == incident.place,
                table.live,
                table.braked.is_(False),
                table.since <= end + reach,
                table.last_at >= begin - reach,
                ~shadow.exists(),
            )
        ).all()
        wider = (
            min([begin, *(row.since for row in rows)]),
            max([end, *(row.last_at for row in rows)]),
        )
        if wider == (begin, end) or incident.scene == "square_dance":
            return rows
        begin, end = wider


def _span(row: IncidentTable) -> Span:
    return Span(row.incident_id, row.since, row.last_at, row.files)


def cases_at(session: Session, members: list[IncidentTable]) -> list[CaseTable]:
    """The cases of these incidents, locked, the earliest number first."""
    ids = [one.incident_id for one in members]
    found = session.scalars(
        select(CaseTable)
        .where(
            CaseTable.id.in_(
                select(CaseIncidentTable.case_id).where(CaseIncidentTable.incident_id.in_(ids))
            )
        )
        .order_by(CaseTable.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(found)


def owned_there(session: Session, incident: IncidentTable) -> CaseTable | None:
    """Somebody is at work on this place: what comes meanwhile is theirs too, for a day.

    So is what people have made a case of before any camera did, whoever has that case.
    """
    at_work = and_(CaseTable.state.in_(OWNED), CaseTable.since <= incident.since)
    by_people = and_(
        CaseTable.state.in_(OPEN),
        or_(*(CaseTable.origin.startswith(f"{one}:") for one in PEOPLE)),
        CaseTable.since <= incident.last_at + REOPEN_WINDOW,
    )
    return session.scalar(
        select(CaseTable)
        .where(
            CaseTable.scene == incident.scene,
            CaseTable.place == incident.place,
            or_(at_work, by_people),
            CaseTable.since > incident.since - MAX_AGE,
        )
        .order_by(CaseTable.id)
        .limit(1)
        .with_for_update()
    )


def case_of(session: Session, incident_id: str) -> int | None:
    row = session.get(CaseIncidentTable, incident_id, populate_existing=True)
    return row.case_id if row else None
