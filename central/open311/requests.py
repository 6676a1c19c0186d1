"""Appeals and cases as service requests: which there are, and what is said of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from central import store
from central.appeal_tables import AppealTable
from central.appeals.reading import Wanted, list_appeals, steps_between
from central.appeals.records import Appeal, Step
from central.case_tables import CaseTable
from central.cases.states import State, status_of
from central.cases.workflow import QUIET
from central.exchange_tables import ChangeTable
from central.masked import masked_pictures
from central.open311.codec import Item, Value, w3c
from central.open311.services import name_of
from central.routing.codes import Code
from central.routing.town import Town
from central.store import Change
from central.town.keeping import load_codes, load_town

MOST = 1000
WINDOW = timedelta(days=90)
WITHIN = QUIET - {"cleared", "occupied"}
"""What happens to a case and is nobody's business outside: reminders, escalations, notes."""
TOLD: dict[str, str] = {"contact": "INVESTIGATING", "reply": "IN_PROGRESS"}
OUTCOMES = {"solved": "FIXED", "explained": "NO_FURTHER_ACTION", "unsolved": "CLOSED"}


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, at most 90 days."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Which requests: numbers override everything else."""

    span: Span
    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """How things are shown: the zone of dates, and how browsers reach us."""

    zone: ZoneInfo
    public_url: str = ""


def span_of(start: datetime | None, end: datetime | None, now: datetime) -> Span:
    """The span that was asked for, the last 90 days when none; ValueError when it is longer."""
    last = end or (start + WINDOW if start else now)
    first = start or last - WINDOW
    if last - first > WINDOW:
        raise ValueError("start_date and end_date may lie 90 days apart at most")
    return Span(first, last)


def find_requests(session: Session, asked: Asked, look: Look) -> list[Item]:
    """The requests, the newest first, at most 1000.

    Codes stand in `extended_attributes`: GeoReport v2 has no field for them, and its clients pass
    over what they do not know.
    """
    appeals, cases = _appeals(session, asked), _cases(session, asked)
    states = _states(session, {appeal.case_no for appeal in appeals if appeal.case_no})
    pictures = masked_pictures(session, [case.case_no for case in cases])
    changed = _changed(session, [case.case_no for case in cases])
    codes, town = load_codes(session), load_town(session)
    found = [
        (a.created_at, _of_appeal(a, codes.of_appeal(a.kind, a.service_code), states, look))
        for a in appeals
    ]
    for case in cases:
        code, picture = codes.of(case.scene, case.severity), pictures.get(case.case_no)
        item = _of_case(case, code, picture, changed, look)
        found.append((case.filed_at, {**item, **_of_town(case, town)}))
    found.sort(key=lambda pair: pair[0], reverse=True)
    wanted = [item for _, item in found if not asked.statuses or item["status"] in asked.statuses]
    return wanted[:MOST]


def find_updates(session: Session, span: Span, look: Look) -> list[Item]:
    """What happened to requests in a span of time, in order.

    A case's update bears the status the case has now, an appeal's the one it had then. What
    happens to a case happens to the requests that are linked to it, too.
    """
    steps = steps_between(session, span.start, span.end, MOST)
    changes = [
        change
        for change in store.changes_between(session, span.start, span.end, MOST)
        if not (change.kind.startswith("appeal_") or change.kind in WITHIN)
    ]
    states = _states(session, {change.subject for change in changes})
    linked = _linked(session, states)
    found = [
        (s.at, _of_step(s, look)) for s in steps if s.action in (*TOLD, "outcome") or s.external
    ]
    for change in changes:
        item = _of_change(change, states, look)
        found.append((change.at, item))
        for number in linked.get(change.subject, ()):
            theirs = {"update_id": f"{item['update_id']}-{number}", "service_request_id": number}
            found.append((change.at, {**item, **theirs}))
    found.sort(key=lambda pair: pair[0])
    return [item for _, item in found]


def _appeals(session: Session, asked: Asked) -> tuple[Appeal, ...]:
    if asked.numbers:
        wanted = Wanted(numbers=asked.numbers)
    else:
        wanted = Wanted(codes=asked.codes, start=asked.span.start, end=asked.span.end)
    return list_appeals(session, wanted, store.Page(1, MOST))[0]


def _cases(session: Session, asked: Asked) -> Sequence[CaseTable]:
    statement = select(CaseTable).where(*store.seen_cases(session))
    statement = statement.order_by(CaseTable.filed_at.desc(), CaseTable.id.desc())
    if asked.numbers:
        statement = statement.where(CaseTable.case_no.in_(asked.numbers))
    else:
        within = CaseTable.filed_at >= asked.span.start, CaseTable.filed_at <= asked.span.end
        statement = statement.where(*within)
        if asked.codes:
            statement = statement.where(CaseTable.scene.in_(asked.codes))
    return session.scalars(statement.limit(MOST)).all()


def _states(session: Session, numbers: Iterable[str]) -> dict[str, str]:
    statement = select(CaseTable.case_no, CaseTable.state)
    rows = session.execute(statement.where(CaseTable.case_no.in_(sorted(numbers))))
    return {row[0]: row[1] for row in rows}


def _linked(session: Session, numbers: Iterable[str]) -> dict[str, list[str]]:
    """Requests that are linked to these cases, by case."""
    table = AppealTable
    mine = select(table.case_no, table.appeal_no).where(
        table.case_no.in_(sorted(numbers)), *store.seen_appeals(session)
    )
    found: dict[str, list[str]] = {}
    for case_no, appeal_no in session.execute(mine.order_by(table.id)):
        found.setdefault(str(case_no), []).append(appeal_no)
    return found


def _changed(session: Session, numbers: Sequence[str]) -> dict[str, datetime]:
    statement = select(ChangeTable.subject, func.max(ChangeTable.at))
    rows = session.execute(
        statement.where(ChangeTable.subject.in_(numbers)).group_by(ChangeTable.subject)
    )
    return {row[0]: row[1] for row in rows}


def _status(state: str | None) -> str:
    """A case that waits for its verification is still open, as is what has no case yet."""
    return "open" if state is None else status_of(cast(State, state))


def _of_appeal(appeal: Appeal, code: Code, states: dict[str, str], look: Look) -> Item:
    ended = appeal.status == "closed" or _status(states.get(appeal.case_no or "")) == "closed"
    return {
        "service_request_id": appeal.appeal_no,
        "status": "closed" if ended else "open",
        "status_notes": appeal.reply,
        "service_name": name_of(appeal.service_code),
        "service_code": appeal.service_code,
        "description": appeal.text,
        "agency_responsible": "",
        "service_notice": "",
        "requested_datetime": w3c(appeal.created_at, look.zone),
        "updated_datetime": w3c(appeal.updated_at, look.zone),
        "expected_datetime": "",
        "address": appeal.address,
        "address_id": appeal.place,
        "zipcode": "",
        "lat": appeal.lat,
        "long": appeal.lon,
        "media_url": "",
        "extended_attributes": code.told(),
    }


def _of_case(
    case: CaseTable, code: Code, picture: str | None, changed: dict[str, datetime], look: Look
) -> Item:
    shown = f"{look.public_url}/api/v1/evidence/{picture}/shown" if picture else ""
    updated = changed.get(case.case_no, case.filed_at)
    return {
        "service_request_id": case.case_no,
        "status": _status(case.state),
        "status_notes": case.state,
        "service_name": name_of(case.scene),
        "service_code": case.scene,
        "description": f"{name_of(case.scene)} {case.place}",
        "agency_responsible": case.lead,
        "service_notice": "",
        "requested_datetime": w3c(case.filed_at, look.zone),
        "updated_datetime": w3c(updated, look.zone),
        "expected_datetime": w3c(case.official_at, look.zone) if case.official_at else "",
        "address": case.place,
        "address_id": case.place,
        "zipcode": "",
        "lat": None,
        "long": None,
        "media_url": shown,
        "extended_attributes": code.told(),
    }


def _of_town(case: CaseTable, town: Town) -> Item:
    """What the town of now knows of a case's place and lead; a point is given in WGS-84."""
    found: dict[str, Value] = {}
    if case.lead in town.orgs:
        found["agency_responsible"] = town.orgs[case.lead].name
    place = town.places.get(case.place)
    if place is not None:
        lon, lat = place.point
        address = " ".join(filter(None, (place.name, place.address)))
        found |= {"address": address, "lat": lat, "long": lon}
        found["description"] = f"{name_of(case.scene)} {place.name}"
    return found


def _of_step(step: Step, look: Look) -> Item:
    outcome, _, note = step.text.partition(" ")
    is_end = step.action == "outcome"
    status = OUTCOMES.get(outcome, "CLOSED") if is_end else TOLD.get(step.action, "OPEN")
    return {
        "update_id": f"A{step.number}",
        "service_request_id": step.appeal_no,
        "status": status,
        "updated_datetime": w3c(step.at, look.zone),
        "description": note if is_end else step.text,
        "media_url": "",
    }


def _of_change(change: Change, states: dict[str, str], look: Look) -> Item:
    return {
        "update_id": f"C{change.number}",
        "service_request_id": change.subject,
        "status": _status(states.get(change.subject)).upper(),
        "updated_datetime": w3c(change.at, look.zone),
        "description": change.kind,
        "media_url": "",
    }
