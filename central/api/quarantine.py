"""Messages that could not be filed: look at them, and try one again."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from central import store
from central.api.cases import problem
from central.api.schemas import Problem, QuarantinedList, QuarantinedOut, Retried
from central.deps import Config, Context, Data
from central.keyed import KeyedRoute
from central.retrying import try_again

log = structlog.get_logger()
router = APIRouter(prefix="/api/v1/quarantine", tags=["quarantine"], route_class=KeyedRoute)

RowNumber = Annotated[int, Path(ge=1, le=2**53)]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem},
    409: {"model": Problem},
    422: {"model": Problem},
}


@router.get("", summary="Messages that could not be filed, newest first")
def list_quarantine(
    data: Data, limit: Annotated[int, Query(ge=1, le=200)] = 100
) -> QuarantinedList:
    with data.read() as session:
        rows = store.list_quarantine(session, limit)
        total = store.count_quarantine(session)
    return QuarantinedList(items=[QuarantinedOut.model_validate(row) for row in rows], total=total)


@router.post(
    "/{number}/retry",
    summary="Try a message once more, after what was wrong with central was put right",
    response_model=Retried,
    responses=PROBLEMS,
)
def retry(context: Context, config: Config, number: RowNumber) -> Retried | Response:
    try:
        verdict = try_again(context, config, number)
    except store.NotRetryable as refused:
        return problem(404 if refused.code == "not_found" else 409, refused.code, str(refused))
    except Exception as error:  # poison it was, and poison it is
        log.exception("retry_failed", number=number)
        return problem(409, "poison", f"it could not be stored: {type(error).__name__}")
    return Retried(
        verdict=verdict.kind, code=verdict.code, reason=verdict.reason, case_no=verdict.case_no
    )
