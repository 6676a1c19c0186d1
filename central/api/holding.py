"""Legal hold of a case: nothing of it is deleted until somebody releases it."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from central import auth, store
from central.api.cases import CaseNo, problem
from central.api.schemas import Problem
from central.auth.rights import UserRole
from central.deps import Context, Work
from central.keyed import KeyedRoute

MAY_HOLD: frozenset[UserRole] = frozenset({"leader", "administrator"})
MAX_REASON_CHARS = 500

router = APIRouter(prefix="/api/v1/cases", tags=["evidence"], route_class=KeyedRoute)
PROBLEMS: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (403, 404)}


class HoldIn(BaseModel):
    """Why it is held or released."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON_CHARS, pattern=r"^[^\x00]*$")]


@router.post(
    "/{case_no}/hold",
    summary="Keep everything of a case (legal hold), for leaders and administrators",
    status_code=204,
    responses=PROBLEMS,
)
def hold(context: Context, case_no: CaseNo, said: HoldIn) -> Response:
    return _do(context, case_no, said, held=True)


@router.post(
    "/{case_no}/release",
    summary="End a legal hold; harmless where there is none",
    status_code=204,
    responses=PROBLEMS,
)
def release(context: Context, case_no: CaseNo, said: HoldIn) -> Response:
    return _do(context, case_no, said, held=False)


def may_hold(me: auth.Principal) -> bool:
    """Whether somebody may hold and release cases: a person who answers for it."""
    return me.kind == "user" and me.role in MAY_HOLD


def set_hold(context: Work, case_no: str, reason: str, *, held: bool) -> None:
    """Hold or release a case; raises NotFound."""
    said = store.Hold(reason, context.now, context.me.actor)
    change = store.hold_case if held else store.release_case
    with context.data.write() as session:
        change(session, case_no, said, context.address)
    context.changed("cases")


def _do(context: Work, case_no: str, said: HoldIn, *, held: bool) -> Response:
    if not may_hold(context.me):
        return problem(403, "role", f"'{context.me.role}' may not hold or release a case")
    try:
        set_hold(context, case_no, said.reason, held=held)
    except store.NotFound:
        return problem(404, "not_found", f"there is no case {case_no}")
    return Response(status_code=204)
