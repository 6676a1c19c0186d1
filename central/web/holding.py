"""The form that holds or releases a case (legal hold)."""

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from central import store
from central.api.holding import MAX_REASON_CHARS, may_hold, set_hold
from central.deps import Context
from central.web.cases import Who, not_found
from central.web.render import address, render
from central.web.verdicts import Desk, filter_of, refuse

router = APIRouter(include_in_schema=False)


class HoldForm(BaseModel):
    """The form as it comes; `back` is the query of the list the case was opened from."""

    action: str = ""
    reason: str = ""
    back: str = ""


@router.post("/cases/{case_no}/hold")
def hold(who: Who, context: Context, case_no: str, form: Annotated[HoldForm, Form()]) -> Response:
    """Do it and go back to the case's page, or show there why not."""
    desk = Desk(who, context.data, case_no, filter_of(form.back))
    reason = form.reason.strip()[:MAX_REASON_CHARS].replace("\x00", "")
    if not may_hold(context.me):
        return render(who, "pages/error.html", 403, text=who.words("refused.role"))
    if form.action not in ("hold", "release") or not reason:
        return refuse(desk, "hold.needs_reason", 422)
    try:
        set_hold(context, case_no, reason, held=form.action == "hold")
    except store.NotFound:
        return not_found(who)
    return RedirectResponse(address(f"/cases/{case_no}", desk.wanted.query()), status_code=303)
