"""The page of messages that could not be filed, and trying one again."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import Response

from central import store
from central.deps import Config, Context, Data
from central.retrying import try_again
from central.web.cases import Who
from central.web.render import Notice, Onlooker, render

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)


class RetryForm(BaseModel):
    """Which message, as the form says."""

    number: str = ""


@router.get("/quarantine")
def quarantine_page(who: Who, data: Data) -> Response:
    """Everything in quarantine, newest first."""
    return _page(who, data)


@router.post("/quarantine/retry")
def retry(
    who: Who, context: Context, config: Config, form: Annotated[RetryForm, Form()]
) -> Response:
    """Try one again and show what is left."""
    if not (form.number.isascii() and form.number.isdigit() and len(form.number) < 16):
        return _page(who, context.data, Notice("warn", who.words("error.request")), 422)
    try:
        verdict = try_again(context, config, int(form.number))
    except store.NotRetryable:
        return _page(who, context.data, Notice("warn", who.words("quarantine.cannot")), 409)
    except Exception:  # poison it was, and poison it is
        log.exception("retry_failed", number=form.number)
        return _page(who, context.data, Notice("warn", who.words("quarantine.still")), 409)
    if verdict.kind == "rejected":
        return _page(who, context.data, Notice("warn", who.words("quarantine.still")))
    return _page(who, context.data, Notice("good", who.words("quarantine.done")))


def _page(who: Onlooker, data: Data, notice: Notice | None = None, status: int = 200) -> Response:
    with data.read() as session:
        rows = store.list_quarantine(session)
        total = store.count_quarantine(session)
    return render(who, "pages/quarantine.html", status, rows=rows, total=total, notice=notice)
