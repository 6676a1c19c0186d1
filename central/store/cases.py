"""Cases as people see them: lists, one case, neighbours."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from central.case_tables import CaseIncidentTable, CaseTable
from central.cases.standing import Deadlines, Detail
from central.cases.states import (
    CloseReason,
    RejectReason,
    State,
    Verdict,
    VoidReason,
    status_of,
)
from central.columns import UtcDateTime
from central.routing.codes import Code
from central.store.acting import allowed_of, perform
from central.store.boxes import stream_names
from central.store.holding import hold_of
from central.store.lists import NEWEST_FIRST, count_matching, ids_of, matching, most_counted
from central.store.photos import photos_of
from central.store.pictures import Picture, pictures_of
from central.store.routes import org_name
from central.store.sight import is_limited, seen_cases
from central.store.timeline import incident_of, timeline_of
from central.store.transitions import log_of
from central.store.types import (
    ActionRequest,
    Case,
    CaseDetail,
    CaseFilter,
    CasePage,
    LogEntry,
    Page,
    Person,
)
from central.tables import IncidentTable
from central.town.keeping import Called, load_codes, load_places

IN_LIST: Any = tuple_(CaseTable.filed_at, CaseTable.id)
NOBODY = Person()
NOWHERE = Called()
AnySelect = TypeVar("AnySelect", bound=Select[*tuple[Any, ...]])


def list_cases(session: Session, wanted: CaseFilter, page: Page) -> CasePage:
    """Cases that match, the newest filed first."""
    total = count_matching(session, wanted)
    here = CaseTable.id.in_(ids_of(session, wanted, page, total))
    rows = session.execute(_with_incident().where(here).order_by(*NEWEST_FIRST)).all()
    cases = shown(session, [(case, incident) for case, incident in rows])
    return CasePage(cases, total, page, most_counted(session, wanted))


def get_case(session: Session, case_no: str, who: Person = NOBODY) -> CaseDetail | None:
    """Everything of one case, None when there is no such number; `allowed` is for `who`."""
    wanted = _with_incident().where(CaseTable.case_no == case_no, *seen_cases(session))
    row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    case, incident = row
    (seen,) = shown(session, [(case, incident)])
    members = members_of(session, case.id)
    timelines = {one.incident_id: timeline_of(session, one.incident_id) for one in members}
    evidence = {
        (item.sha256, item.role): item
        for timeline in timelines.values()
        for event in timeline
        for item in event.evidence
    }
    return CaseDetail(
        replace(seen, allowed=allowed_of(session, case, who)),
        timelines.get(case.incident_id or "", ()),
        log_entries(session, case),
        (*evidence.values(), *photos_of(session, case.id)),
        tuple(incident_of(one, case_no) for one in members),
        org_name(session, case.lead),
        hold_of(session, case.id),
    )


def count_newer(session: Session, wanted: CaseFilter, case_no: str) -> int:
    """How many cases of the list stand before this one."""
    here = _place_of(session, case_no)
    if here is None:
        return 0
    found = matching(session, select(func.count(CaseTable.id)), wanted).where(here < IN_LIST)
    return session.scalar(found) or 0


def neighbours(session: Session, wanted: CaseFilter, case_no: str) -> tuple[str | None, str | None]:
    """Numbers of the next newer and the next older case of the list; None at its ends."""
    here = _place_of(session, case_no)
    if here is None:
        return None, None
    listed = matching(session, select(CaseTable.case_no), wanted).limit(1)
    newer = listed.where(here < IN_LIST).order_by(CaseTable.filed_at, CaseTable.id)
    older = listed.where(here > IN_LIST).order_by(CaseTable.filed_at.desc(), CaseTable.id.desc())
    return session.scalar(newer), session.scalar(older)


def cases_by_no(session: Session, numbers: Sequence[str]) -> tuple[Case, ...]:
    """The cases of these numbers, newest first; unknown numbers are left out."""
    wanted = _with_incident().where(CaseTable.case_no.in_(numbers), *seen_cases(session))
    rows = session.execute(wanted.order_by(*NEWEST_FIRST)).all()
    return shown(session, [(case, incident) for case, incident in rows])


def log_entries(session: Session, case: CaseTable) -> tuple[LogEntry, ...]:
    """The log of a case for people, the oldest row first; other cases by number if seen."""
    log = log_of(session, case)
    hidden = hidden_cases(session, {row.entry.detail.case_no for row in log} - {""})
    return tuple(
        LogEntry(
            row.number,
            row.entry.at,
            row.entry.actor,
            row.entry.role,
            row.entry.action,
            row.entry.from_state,
            row.entry.to_state,
            row.entry.reason,
            _without(row.entry.detail, hidden),
            row.entry.deadlines,
            row.hash,
        )
        for row in log
    )


def hidden_cases(session: Session, numbers: set[str]) -> set[str]:
    """Of these numbers of cases those that may not be seen."""
    if not numbers or not is_limited(session):
        return set()
    seen = select(CaseTable.case_no).where(CaseTable.case_no.in_(numbers), *seen_cases(session))
    return numbers - set(session.scalars(seen))


def _without(detail: Detail, hidden: set[str]) -> Detail:
    return replace(detail, case_no="", appeals=()) if detail.case_no in hidden else detail


def shown(session: Session, rows: list[tuple[CaseTable, IncidentTable | None]]) -> tuple[Case, ...]:
    """The values of these rows, with pictures, codes, names of cameras, numbers of other cases."""
    best = _pictures(session, [case.id for case, _ in rows])
    names = stream_names(session)
    numbers = _numbers(session, [case for case, _ in rows])
    codes, places = load_codes(session), load_places(session)
    return tuple(
        replace(
            _dressed(
                _measured(_case(case), incident),
                best.get(case.id),
                codes.of(case.scene, case.severity),
            ),
            stream_name=_name(names, incident),
            place_name=places.get(case.place, NOWHERE).name,
            address=places.get(case.place, NOWHERE).address,
            merged_into=numbers.get(case.merged_into or 0, ""),
            reoffence_of=numbers.get(case.reoffence_of or 0, ""),
        )
        for case, incident in rows
    )


def act(session: Session, case_no: str, request: ActionRequest, now: datetime) -> Case:
    """The case after the action; raises NotFound, or Refused with the reason."""
    perform(session, case_no, request, now)
    session.flush()
    who = Person(request.actor, request.role, request.org)
    found = session.execute(_with_incident().where(CaseTable.case_no == case_no)).one()
    (seen,) = shown(session, [(found[0], found[1])])
    return replace(seen, allowed=allowed_of(session, found[0], who))


def _pictures(session: Session, case_ids: list[int]) -> dict[int, Picture]:
    """The best picture of each case: that of its first incident that has any."""
    table = CaseIncidentTable
    rows = session.execute(
        select(table.case_id, table.incident_id)
        .join(IncidentTable, IncidentTable.incident_id == table.incident_id)
        .where(table.case_id.in_(case_ids))
        .order_by(IncidentTable.since, table.incident_id)
    ).all()
    best = pictures_of(session, [incident_id for _, incident_id in rows])
    found: dict[int, Picture] = {}
    for case_id, incident_id in rows:
        picture = best.get(incident_id)
        if picture is None:
            continue
        if case_id not in found or (picture.here and not found[case_id].here):
            found[case_id] = picture
    return found


def _numbers(session: Session, cases: list[CaseTable]) -> dict[int, str]:
    ids = {case.merged_into for case in cases} | {case.reoffence_of for case in cases}
    wanted = [number for number in ids if number is not None]
    if not wanted:
        return {}
    named = select(CaseTable.id, CaseTable.case_no).where(CaseTable.id.in_(wanted))
    rows = session.execute(named.where(*seen_cases(session)))
    return {row.id: row.case_no for row in rows}


def _name(names: dict[tuple[str, str, str], str], incident: IncidentTable | None) -> str:
    if incident is None:
        return ""
    return names.get((incident.site, incident.box, incident.stream), "")


def members_of(session: Session, case_id: int) -> Sequence[IncidentTable]:
    """The incidents of a case, the earliest first."""
    return session.scalars(
        select(IncidentTable)
        .join(CaseIncidentTable, CaseIncidentTable.incident_id == IncidentTable.incident_id)
        .where(CaseIncidentTable.case_id == case_id)
        .order_by(IncidentTable.since, IncidentTable.incident_id)
    ).all()


def _joined(statement: AnySelect) -> AnySelect:
    here = CaseTable.incident_id == IncidentTable.incident_id
    return statement.join(IncidentTable, here, isouter=True)


def _with_incident() -> Select[CaseTable, IncidentTable]:
    return _joined(select(CaseTable, IncidentTable))


def _place_of(session: Session, case_no: str) -> Any:
    """Where a case stands in every list, None when there is no such number."""
    row = session.execute(
        select(CaseTable.filed_at, CaseTable.id).where(CaseTable.case_no == case_no)
    ).one_or_none()
    return None if row is None else tuple_(literal(row.filed_at, UtcDateTime), literal(row.id))


def _case(case: CaseTable) -> Case:
    """What its row alone says."""
    return Case(
        case_no=case.case_no,
        incident_id=case.incident_id or "",
        incidents=case.incidents,
        scene=case.scene,
        place=case.place,
        state=cast(State, case.state),
        status=status_of(cast(State, case.state)),
        verdict=cast(Verdict | None, case.verdict),
        reason=cast(RejectReason | None, case.reason),
        close_reason=cast(CloseReason | None, case.close_reason),
        void_reason=cast(VoidReason | None, case.void_reason),
        lead=case.lead,
        holder=case.holder,
        priority=case.priority,
        level=case.level,
        reopens=case.reopens,
        reworks=case.reworks,
        red=case.red,
        overdue=case.overdue,
        deadlines=Deadlines(case.official_at, case.internal_at, case.accept_at, case.verify_at),
        version=case.version,
        filed_at=case.filed_at,
        ended_at=case.ended_at,
        cleared_at=case.cleared_at,
        severity=case.severity,
        since=case.since,
        stage_at=case.since,
    )


def _measured(case: Case, incident: IncidentTable | None) -> Case:
    """The case with what its first incident says; one without any is as its row tells it."""
    if incident is None:
        return case
    return replace(
        case,
        site=incident.site,
        box=incident.box,
        stream=incident.stream,
        stage=incident.stage,
        stage_at=incident.stage_at,
        dwell_s=incident.dwell_s,
        observed_s=incident.observed_s,
        already_there=incident.already_there,
        restored=incident.restored,
    )


def _dressed(case: Case, picture: Picture | None, code: Code) -> Case:
    return replace(
        case,
        picture_sha256=picture.sha256 if picture else None,
        picture_here=picture.here if picture else False,
        event_code=code.id,
        district_code=code.district_code,
        district_name=code.district_name,
    )
