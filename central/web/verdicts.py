"""Judging a case: a plain form that works without script, and answers with parts to script."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from central import store
from central.cases.moves import Refused
from central.cases.standing import Detail as Said
from central.cases.states import ACTIONS, REJECT_REASONS, VOID_REASONS, Action
from central.db import Database
from central.deps import Changed, Data, Moment, address_of
from central.web.cases import Who, case_values, not_found, read_case, read_filter
from central.web.glass import SHANGHAI
from central.web.render import Notice, Onlooker, address, render
from central.web.views import Filter

KNOWN_ACTIONS: dict[str, Action] = {action: action for action in ACTIONS}
WITHOUT_SECONDS = "%Y-%m-%dT%H:%M"
"""What a browser's field for date and time sends."""

router = APIRouter(include_in_schema=False)


class VerdictForm(BaseModel):
    """The form as it comes; `back` is the query of the list the case was opened from."""

    action: str = ""
    version: str = ""
    reason: str = ""
    note: str = ""
    org: str = ""
    until: str = ""
    case_no: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at one case, which was opened from a list."""

    who: Onlooker
    data: Database
    case_no: str
    wanted: Filter


@router.post("/cases/{case_no}/verdict")
def judge(  # noqa: PLR0913 each one is a dependency
    who: Who,
    data: Data,
    now: Moment,
    changed: Changed,
    case_no: str,
    form: Annotated[VerdictForm, Form()],
) -> Response:
    """Apply a verdict to the version that was seen; the second of two is told of the first."""
    desk = Desk(who, data, case_no, filter_of(form.back))
    request = read_request(who.person, form, address_of(who.request))
    if request is None:
        return refuse(desk, "error.request", 422)
    try:
        with data.write() as session:
            store.act(session, case_no, request, now)
    except store.NotFound:
        return not_found(who)
    except Refused as refused:
        if refused.code == "version_conflict":
            return too_late(desk, refused)
        return refuse(desk, f"refused.{refused.code}", 422)
    changed("cases")
    if not who.by_htmx:
        path = address(f"/cases/{case_no}", desk.wanted.query())
        return RedirectResponse(path, status_code=303)
    return _answer(desk, None, 200)


def filter_of(query: str) -> Filter:
    """The list filter that a form carried along, read as leniently as an address."""
    return read_filter(dict(reversed(parse_qsl(query[:1000]))))


def read_request(
    person: store.Person, form: VerdictForm, address: str = ""
) -> store.ActionRequest | None:
    """The request of a form, None when a field is not one of ours."""
    action = KNOWN_ACTIONS.get(form.action)
    if action is None or form.reason not in ("", *REJECT_REASONS, *VOID_REASONS):
        return None
    if not (form.version.isascii() and form.version.isdigit() and len(form.version) < 10):
        return None
    until = _moment(form.until)
    if form.until and until is None:
        return None
    return store.ActionRequest(
        action=action,
        actor=person.name,
        version=int(form.version),
        reason=form.reason,
        note=_clean(form.note, 2000),
        address=address,
        role=person.role,
        org=person.org,
        said=Said(org=_clean(form.org, 40), until=until, case_no=_clean(form.case_no, 20)),
    )


def _clean(text: str, most: int) -> str:
    """What a database can keep."""
    return text.strip()[:most].replace("\x00", "")


def _moment(text: str) -> datetime | None:
    """The moment that a browser's field says, in the time of the people here."""
    try:
        return datetime.strptime(text, WITHOUT_SECONDS).replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def conflict_text(desk: Desk, refused: Refused) -> str:
    """Who was faster, and what they did."""
    words, by = desk.who.words, refused.by
    if by is None or by.role == "system":
        return words("verdict.conflict_changed")
    if by.action == "undo":
        return words("verdict.conflict_undone", who=by.actor)
    status = words.of("verdict", by.action)
    if status == by.action:
        status = words.of("status", by.to_state)
    if by.actor == desk.who.name:
        return words("verdict.conflict_own", status=status)
    return words("verdict.conflict", who=by.actor, status=status)


def too_late(desk: Desk, refused: Refused) -> Response:
    """The case as it is now, and who was faster."""
    return _answer(desk, Notice("warn", conflict_text(desk, refused)), 409)


def refuse(desk: Desk, key: str, status: int) -> Response:
    """The case as it is, and why it was refused."""
    return _answer(desk, Notice("warn", desk.who.words(key)), status)


def _answer(desk: Desk, notice: Notice | None, status: int) -> Response:
    found = read_case(desk.data, desk.case_no, desk.wanted, desk.who)
    if found is None:
        return not_found(desk.who)
    values = case_values(found, desk.wanted, notice=notice)
    if desk.who.by_htmx:
        # The large picture stays as the person has chosen it.
        parts = values | {"viewer": None}
        return render(desk.who, "parts/case_refresh.html", status, **parts)
    return render(desk.who, "pages/case.html", status, **values)
