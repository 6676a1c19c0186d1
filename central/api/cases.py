"""Cases: list, one, and what can be done with it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from central import store
from central.api.moments import Rfc3339
from central.api.schemas import (
    ActionIn,
    CaseDetailOut,
    CaseList,
    CaseOut,
    EvidenceOut,
    HoldOut,
    IncidentOut,
    LogOut,
    Problem,
    TimelineOut,
)
from central.auth import Principal, case_role
from central.cases.limits import MOST_PRIOR
from central.cases.moves import Refused
from central.cases.standing import Detail
from central.cases.states import Action, State, Status, Tab
from central.deps import Context, Data, Me
from central.keyed import KeyedRoute
from edge.events import PLACE, SLUG

router = APIRouter(prefix="/api/v1/cases", tags=["cases"], route_class=KeyedRoute)

CaseNo = Annotated[str, Path(pattern=r"^[A-Z]{2}-[0-9]{8}-[0-9]{4,9}$")]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (403, 404, 409)
}


PARTY = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"
"""An organisation or a grid, as the town's files name them."""


class CaseQuery(BaseModel):
    """Which cases, and which part of the list; `q` is what number or place begin with.

    `lead` is the organisation that has it (主责), a `grid` holds those inside of it, `red` and
    `overdue` are the internal and the official deadline passed, `priority` is the least one.
    """

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    tab: Tab | None = None
    state: State | None = None
    scene: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] | None = None
    place: Annotated[str, Field(pattern=PLACE)] | None = None
    box: Annotated[str, Field(pattern=SLUG)] | None = None
    cleared: bool | None = None
    filed_from: Rfc3339 | None = None
    filed_before: Rfc3339 | None = None
    lead: Annotated[str, Field(pattern=PARTY)] | None = None
    grid: Annotated[str, Field(pattern=PARTY)] | None = None
    red: bool | None = None
    overdue: bool | None = None
    priority: Annotated[int, Field(ge=0, le=MOST_PRIOR)] | None = None
    q: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,40}$")] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    size: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("", summary="Cases, newest first")
def list_cases(data: Data, query: Annotated[CaseQuery, Query()]) -> CaseList:
    wanted = store.CaseFilter(**query.model_dump(exclude={"page", "size"}))
    with data.read() as session:
        found = store.list_cases(session, wanted, store.Page(query.page, query.size))
    items = [CaseOut.model_validate(case) for case in found.items]
    return CaseList(
        items=items, total=found.total, most=found.most, page=query.page, size=query.size
    )


@router.get(
    "/{case_no}",
    summary="One case: timeline, incidents, pictures, log",
    response_model=CaseDetailOut,
    responses=PROBLEMS,
)
def get_case(data: Data, me: Me, case_no: CaseNo) -> CaseDetailOut | Response:
    with data.read() as session:
        detail = store.get_case(session, case_no, person_of(me))
    if detail is None:
        return problem(404, "not_found", f"there is no case {case_no}")
    return CaseDetailOut(
        case=CaseOut.model_validate(detail.case),
        incidents=[IncidentOut.model_validate(incident) for incident in detail.incidents],
        timeline=[TimelineOut.model_validate(event) for event in detail.timeline],
        log=[LogOut.model_validate(entry) for entry in detail.log],
        evidence=[EvidenceOut.model_validate(item) for item in detail.evidence],
        hold=HoldOut.model_validate(detail.hold) if detail.hold else None,
    )


@router.post(
    "/{case_no}/actions/{action}",
    summary="Do something with a case; everything its table does not hold is refused",
    response_model=CaseOut,
    responses=PROBLEMS,
)
def act(context: Context, case_no: CaseNo, action: Action, body: ActionIn) -> CaseOut | Response:
    me = person_of(context.me)
    request = store.ActionRequest(
        action=action,
        actor=context.me.actor,
        version=body.version,
        reason=body.reason or "",
        note=body.note,
        address=context.address,
        role=me.role,
        org=me.org,
        said=Detail(
            org=body.org, assist=tuple(body.assist), until=body.until, case_no=body.case_no
        ),
    )
    try:
        with context.data.write() as session:
            case = store.act(session, case_no, request, context.now)
    except store.NotFound:
        return problem(404, "not_found", f"there is no case {case_no}")
    except Refused as refused:
        return problem(403 if refused.code == "role" else 409, refused.code, str(refused))
    context.changed("cases")
    return CaseOut.model_validate(case)


def person_of(me: Principal) -> store.Person:
    """Who asks, as the workflow knows people."""
    return store.Person(me.actor, case_role(me), me.org)


def problem(status: int, code: str, text: str) -> Response:
    """A refusal for programs."""
    return JSONResponse({"code": code, "detail": text}, status_code=status)
