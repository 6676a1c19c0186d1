"""Suggestions: what may be the same as a case or an appeal, and what somebody said is not."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from central import store
from central.api.appeals import AppealNo
from central.api.cases import PROBLEMS, CaseNo, person_of, problem
from central.api.suggestion_schemas import OtherIn, SuggestionsOut
from central.cases.moves import Refused
from central.deps import Context, Data, Moment, Work
from central.keyed import KeyedRoute
from central.store.dismissing import Pair

router = APIRouter(prefix="/api/v1", tags=["suggestions"], route_class=KeyedRoute)

LISTED = "What may be the same: near on the ground, near in time, of one family"
SAID = "Say that it is not the same (nobody is shown the pair again), or take that back"
Say = Literal["dismiss", "restore"]
Finding = Callable[[Session, str, datetime], store.Suggestions]


@router.get(
    "/cases/{case_no}/suggestions",
    summary=LISTED,
    response_model=SuggestionsOut,
    responses=PROBLEMS,
)
def of_case(data: Data, now: Moment, case_no: CaseNo) -> SuggestionsOut | Response:
    try:
        with data.read() as session:
            found = store.suggestions_of_case(session, case_no, now)
    except store.NotFound:
        return problem(404, "not_found", f"there is no case {case_no}")
    return SuggestionsOut.model_validate(found)


@router.get(
    "/appeals/{appeal_no}/suggestions",
    summary=LISTED,
    response_model=SuggestionsOut,
    responses=PROBLEMS,
)
def of_appeal(data: Data, now: Moment, appeal_no: AppealNo) -> SuggestionsOut | Response:
    try:
        with data.read() as session:
            found = store.suggestions_of_appeal(session, appeal_no, now)
    except store.NotFound:
        return problem(404, "not_found", f"there is no appeal {appeal_no}")
    return SuggestionsOut.model_validate(found)


@router.post(
    "/cases/{case_no}/suggestions/{say}",
    summary=SAID,
    response_model=SuggestionsOut,
    responses=PROBLEMS,
)
def say_of_case(
    context: Context, case_no: CaseNo, say: Say, body: OtherIn
) -> SuggestionsOut | Response:
    return _say(context, say, (case_no, body.number), store.suggestions_of_case)


@router.post(
    "/appeals/{appeal_no}/suggestions/{say}",
    summary=SAID,
    response_model=SuggestionsOut,
    responses=PROBLEMS,
)
def say_of_appeal(
    context: Context, appeal_no: AppealNo, say: Say, body: OtherIn
) -> SuggestionsOut | Response:
    return _say(context, say, (appeal_no, body.number), store.suggestions_of_appeal)


def _say(context: Work, say: Say, pair: Pair, of: Finding) -> SuggestionsOut | Response:
    """Dismiss or restore the pair; the suggestions of its first one after it."""
    do = store.dismiss if say == "dismiss" else store.restore
    try:
        with context.data.write() as session:
            do(session, pair, person_of(context.me), context.address, context.now)
            found = of(session, pair[0], context.now)
    except store.NotFound as gone:
        return problem(404, "not_found", f"there is no {gone}")
    except Refused as refused:
        return problem(403 if refused.code == "role" else 409, refused.code, str(refused))
    for topic in ("cases", "appeals"):
        context.changed(topic)
    return SuggestionsOut.model_validate(found)
