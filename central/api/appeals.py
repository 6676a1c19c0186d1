"""Appeals: enter, list, one, and the duties towards it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from central import auth, store
from central.api.appeal_schemas import AppealDetailOut, AppealList, AppealOut, ContactOut, StepOut
from central.api.cases import problem
from central.api.schemas import Problem
from central.appeals import reading, records
from central.appeals.contact import Contact
from central.appeals.rules import Action, Kind, Refused, Status
from central.deps import Config, Context, Data, Sealed, Work
from central.keyed import KeyedRoute
from edge.events import PLACE

router = APIRouter(prefix="/api/v1/appeals", tags=["appeals"], route_class=KeyedRoute)

NUMBER = r"^[A-Z]{2}-[0-9]{8}-[0-9]{4,9}$"
SAMPLE = r"^[A-Za-z0-9_-]{0,40}$"
PLACE_OR_NONE = rf"{PLACE}|^$"
CODE = r"^[a-z0-9_]{1,40}$"
AppealNo = Annotated[str, Path(pattern=NUMBER)]
PROBLEMS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 409: {"model": Problem}}


def _text(most: int) -> Any:
    return Field(max_length=most, pattern=r"^[^\x00]*$")


class ContactIn(BaseModel):
    """Who appeals; sealed at once."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, _text(80)] = ""
    phone: Annotated[str, _text(40)] = ""
    email: Annotated[str, _text(200)] = ""


class AppealIn(BaseModel):
    """An appeal; `external_id` is the sender's own number, the same one again is the same.

    `place` is a place of the town and goes before `lat` and `lon`. One of a QR code (`qr`) at a
    place is linked to the case that is open there; everything else is only suggested.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    kind: Kind
    service_code: Annotated[str, Field(pattern=CODE)] = "other"
    text: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]
    address: Annotated[str, _text(400)] = ""
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    place: Annotated[str, Field(pattern=PLACE_OR_NONE)] = ""
    case_no: Annotated[str, Field(pattern=NUMBER)] | None = None
    external_id: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[!-~]+$")] | None = (
        None
    )
    contact: ContactIn = ContactIn()

    @model_validator(mode="after")
    def _whole_point(self) -> "AppealIn":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together: give both or neither")
        return self


class AppealActionIn(BaseModel):
    """`value` is the reply, the outcome, the grade, the case's number or why nobody was reached.

    `sample` names the survey in which they were asked how satisfied they are.
    """

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    value: Annotated[str, _text(4000)] = ""
    note: Annotated[str, _text(2000)] = ""
    sample: Annotated[str, Field(pattern=SAMPLE)] = ""


class AppealQuery(BaseModel):
    """Which appeals, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    kind: Kind | None = None
    case_no: Annotated[str, Field(pattern=NUMBER)] | None = None
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    size: Annotated[int, Field(ge=1, le=200)] = 50


@router.post("", summary="Enter an appeal", status_code=201, response_model=AppealOut,
             responses=PROBLEMS)  # fmt: skip
def add(context: Context, config: Config, seal: Sealed, body: AppealIn) -> AppealOut | Response:
    values = body.model_dump(exclude={"contact"})
    contact = Contact(**body.contact.model_dump())
    new = records.NewAppeal(**values, source=context.me.actor, contact=contact)
    try:
        with context.data.write() as session:
            appeal = records.add_appeal(session, new, seal, context.now, config.zone)
    except Refused as refused:
        return problem(409, refused.code, str(refused))
    context.changed("appeals")
    return AppealOut.model_validate(appeal)


@router.get("", summary="Appeals, newest first")
def list_appeals(data: Data, query: Annotated[AppealQuery, Query()]) -> AppealList:
    wanted = reading.Wanted(query.status, query.kind, query.case_no)
    with data.read() as session:
        found, total = reading.list_appeals(session, wanted, store.Page(query.page, query.size))
    items = [AppealOut.model_validate(appeal) for appeal in found]
    return AppealList(items=items, total=total, page=query.page, size=query.size)


@router.get(
    "/{appeal_no}",
    summary="One appeal with its log; who appealed, for those who may act, and that is audited",
    response_model=AppealDetailOut,
    responses=PROBLEMS,
)
def get_appeal(context: Context, seal: Sealed, appeal_no: AppealNo) -> AppealDetailOut | Response:
    with context.data.write() as session:
        appeal = records.get_appeal(session, appeal_no)
        steps = reading.steps_of(session, appeal_no)
        contact = seen_contact(context, seal, session, appeal_no) if appeal else None
    if appeal is None:
        return problem(404, "not_found", f"there is no appeal {appeal_no}")
    return AppealDetailOut(
        appeal=AppealOut.model_validate(appeal),
        contact=ContactOut.model_validate(contact) if contact else None,
        log=[StepOut.model_validate(step) for step in steps],
    )


@router.post(
    "/{appeal_no}/actions/{action}",
    summary="Contact, reply, outcome, satisfaction, link to a case or take out of it",
    response_model=AppealOut,
    responses=PROBLEMS,
)
def act(
    context: Context, appeal_no: AppealNo, action: Action, body: AppealActionIn
) -> AppealOut | Response:
    doing = records.Doing(
        action,
        context.me.actor,
        body.value,
        body.version,
        body.note,
        body.sample,
        context.address,
    )
    try:
        with context.data.write() as session:
            appeal, _ = records.act_on(session, appeal_no, doing, context.now)
    except store.NotFound:
        return problem(404, "not_found", f"there is no appeal {appeal_no}")
    except Refused as refused:
        return problem(409, refused.code, str(refused))
    context.changed("appeals")
    return AppealOut.model_validate(appeal)


def seen_contact(context: Work, seal: Sealed, session: Any, appeal_no: str) -> Contact | None:
    """Who appealed, if this caller may act on appeals."""
    path = f"{router.prefix}/{appeal_no}/actions/contact"
    if not auth.may(context.me, "POST", path):
        return None
    noted = store.Noted(context.now, context.me.actor, "contact_viewed", appeal_no, context.address)
    return records.view_contact(session, appeal_no, seal, noted)
