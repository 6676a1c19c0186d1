"""The desk of appeals: the list, entering one, and what is done with it. Plain forms."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Form
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from central import store
from central.api.appeals import AppealActionIn, AppealIn, seen_contact
from central.appeals import reading, records
from central.appeals.contact import Contact
from central.appeals.rules import ACTIONS, CHOICES, KINDS, Action, Refused, Status
from central.deps import Config, Context, Data, Sealed
from central.open311.services import SERVICES
from central.routing.crs import Point, to_wgs84
from central.web.cases import Who, may_file
from central.web.entering import MOST_PLACES
from central.web.likely import likely_of
from central.web.render import Notice, Onlooker, render

PAGE_SIZE = 50
REFUSALS = {
    "no_such_case": "appeal.no_such_case",
    "no_such_place": "appeal.no_such_place",
    "version_conflict": "appeal.too_late",
    "not_allowed": "appeal.not_allowed",
    "value_missing": "appeal.value_missing",
}

router = APIRouter(include_in_schema=False)


class NewForm(BaseModel):
    """The form of a new appeal as it comes."""

    kind: str = ""
    service_code: str = ""
    text: str = ""
    address: str = ""
    place: str = ""
    point: str = ""
    crs: str = ""
    case_no: str = ""
    name: str = ""
    phone: str = ""


class ActForm(BaseModel):
    """The form of an action as it comes."""

    action: str = ""
    version: str = ""
    value: str = ""
    note: str = ""
    sample: str = ""


@router.get("/appeals")
def appeals_page(who: Who, data: Data, status: str = "open", page: str = "1") -> Response:
    """The list, and the form for a new one."""
    number = min(int(page), 100_000) if page.isascii() and page.isdigit() else 1
    return _list(who, data, status, max(1, number))


@router.post("/appeals")
def add(
    who: Who, context: Context, config: Config, seal: Sealed, form: Annotated[NewForm, Form()]
) -> Response:
    """Enter an appeal at the desk."""
    new = _read_new(form, context.me.actor)
    if new is None:
        return _list(who, context.data, "open", 1, Notice("warn", who.words("appeal.bad")), 422)
    try:
        with context.data.write() as session:
            appeal = records.add_appeal(session, new, seal, context.now, config.zone)
    except Refused as refused:
        text = who.words(REFUSALS.get(refused.code, "error.failed"))
        return _list(who, context.data, "open", 1, Notice("warn", text), 422)
    context.changed("appeals")
    return RedirectResponse(f"/appeals/{appeal.appeal_no}", status_code=303)


@router.get("/appeals/{appeal_no}")
def appeal_page(who: Who, context: Context, seal: Sealed, appeal_no: str) -> Response:
    """One appeal with who appealed; that it was looked at is audited."""
    return show_appeal(who, context, seal, appeal_no)


@router.post("/appeals/{appeal_no}/act")
def act(
    who: Who, context: Context, seal: Sealed, appeal_no: str, form: Annotated[ActForm, Form()]
) -> Response:
    """Contact, reply, outcome, satisfaction, link."""
    doing = _read_action(form, context.me.actor, context.address)
    if doing is None:
        return show_appeal(
            who, context, seal, appeal_no, Notice("warn", who.words("error.request")), 422
        )
    try:
        with context.data.write() as session:
            records.act_on(session, _name(appeal_no), doing, context.now)
    except store.NotFound:
        return _gone(who)
    except Refused as refused:
        text = who.words(REFUSALS.get(refused.code, "error.failed"))
        return show_appeal(who, context, seal, appeal_no, Notice("warn", text), 409)
    context.changed("appeals")
    return RedirectResponse(f"/appeals/{_name(appeal_no)}", status_code=303)


def _list(  # noqa: PLR0913 the notice of a form that was refused
    who: Onlooker,
    data: Data,
    status: str,
    number: int,
    notice: Notice | None = None,
    code: int = 200,
) -> Response:
    wanted_status: Status | None = status if status in get_args(Status) else None  # type: ignore[assignment]
    with data.read() as session:
        page = store.Page(number, PAGE_SIZE)
        rows, total = reading.list_appeals(session, reading.Wanted(wanted_status), page)
        places = store.places_known(session)[:MOST_PLACES]
    return render(
        who, "pages/appeals.html", code, rows=rows, total=total, shown=status, page=page,
        kinds=KINDS, services=SERVICES, notice=notice, may_file=may_file(who), places=places,
    )  # fmt: skip


def show_appeal(  # noqa: PLR0913 the notice of a form that was refused
    who: Onlooker,
    context: Context,
    seal: Sealed,
    appeal_no: str,
    notice: Notice | None = None,
    code: int = 200,
) -> Response:
    """The page of an appeal with who appealed; that it was looked at is audited."""
    number = _name(appeal_no)
    with context.data.write() as session:
        appeal = records.get_appeal(session, number)
        if appeal is None:
            return _gone(who)
        steps = reading.steps_of(session, number)
        contact = seen_contact(context, seal, session, number)
        alike = store.suggestions_of_appeal(session, number, context.now)
    return render(
        who, "pages/appeal.html", code, appeal=appeal, steps=steps, contact=contact,
        choices=CHOICES, notice=notice, likely=likely_of(who, number, alike),
        may_file=may_file(who),
    )  # fmt: skip


def _gone(who: Onlooker) -> Response:
    return render(who, "pages/error.html", 404, text=who.words("appeal.not_found"))


def _read_new(form: NewForm, actor: str) -> records.NewAppeal | None:
    given: dict[str, Any] = {
        "kind": form.kind, "service_code": form.service_code or "other", "text": form.text,
        "address": form.address, "case_no": form.case_no.strip() or None,
        "place": form.place.strip(), "contact": {"name": form.name, "phone": form.phone},
    }  # fmt: skip
    try:
        if form.point.strip():
            given["lon"], given["lat"] = read_point(form.point, form.crs)
        body = AppealIn.model_validate(given)
    except ValueError:
        return None
    contact = Contact(**body.contact.model_dump())
    return records.NewAppeal(**body.model_dump(exclude={"contact"}), source=actor, contact=contact)


def read_point(text: str, crs: str) -> Point:
    """A point as maps write it, whichever number comes first, in WGS-84; raises ValueError.

    No latitude has more than 90 degrees, and all of China lies east of them.
    """
    first, second = map(float, text.replace("，", ",").split(","))
    point = (first, second) if abs(first) > 90 else (second, first)
    return to_wgs84("GCJ-02" if crs == "GCJ-02" else "WGS-84")(point)


def _read_action(form: ActForm, actor: str, address: str) -> records.Doing | None:
    try:
        version = int(form.version) if form.version.isascii() and form.version.isdigit() else 0
        said = {"value": form.value.strip(), "note": form.note, "sample": form.sample.strip()}
        body = AppealActionIn(version=version, **said)
    except (ValidationError, ValueError):
        return None
    if form.action not in ACTIONS:
        return None
    action: Action = form.action
    return records.Doing(action, actor, body.value, body.version, body.note, body.sample, address)


def _name(text: str) -> str:
    """What a database can be asked for."""
    return text[:40].replace("\x00", "")
