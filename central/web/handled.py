"""Handling a case with photos: a plain form with files that a phone fills from its camera."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from central import store
from central.api.photos import Album, Unfit, check_there, handle, read_handled
from central.cases.moves import Refused
from central.deps import Context, Files, Pictures
from central.web.cases import Who, not_found
from central.web.render import address
from central.web.verdicts import Desk, filter_of, refuse, too_late

FAULTS = ("too_large", "too_many", "not_jpeg", "too_many_pixels", "too_many_scans", "unreadable")

router = APIRouter(include_in_schema=False)


@router.post("/cases/{case_no}/handled")
async def handled(  # noqa: PLR0913 each one is a dependency
    request: Request, who: Who, context: Context, files: Files, pictures: Pictures, case_no: str
) -> Response:
    """Handle it and go back to its page, or show there why not."""
    desk = Desk(who, context.data, case_no, filter_of(request.query_params.get("back", "")))
    try:
        await run_in_threadpool(check_there, context, case_no)
        given = await read_handled(request)
        await run_in_threadpool(handle, context, Album(files, pictures), case_no, given)
    except store.NotFound:
        return not_found(who)
    except Unfit as unfit:
        key = f"photo.{unfit.code}" if unfit.code in FAULTS else "error.request"
        return await run_in_threadpool(refuse, desk, key, unfit.status)
    except Refused as refused:
        if refused.code == "version_conflict":
            return await run_in_threadpool(too_late, desk, refused)
        return await run_in_threadpool(refuse, desk, f"refused.{refused.code}", 422)
    path = address(f"/cases/{case_no}", desk.wanted.query())
    return RedirectResponse(path, status_code=303)
