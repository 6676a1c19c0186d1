"""The page of messages to people: what waits, what was given up, and trying it again."""

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import Response

from central import store
from central.deps import Context, Data
from central.tell import outbox, records
from central.tell.message import STATES, page_of
from central.web.cases import Who
from central.web.render import Notice, Onlooker, render

router = APIRouter(include_in_schema=False)


class RetryForm(BaseModel):
    """Which message, as the form says."""

    number: str = ""


@router.get("/tell")
def tell_page(who: Who, data: Data, state: str = "") -> Response:
    """The newest messages, those that were given up first."""
    return _page(who, data, state=state if state in STATES else "")


@router.post("/tell/retry")
def retry(who: Who, context: Context, form: Annotated[RetryForm, Form()]) -> Response:
    """Send one once more and show what is left."""
    if not (form.number.isascii() and form.number.isdigit() and len(form.number) < 16):
        return _page(who, context.data, Notice("warn", who.words("error.request")), 422)
    with context.data.write() as session:
        store.sign(session, context.me.actor, context.address)
        number = int(form.number)
        here = records.is_here(session, number, store.seen_messages(session))
        done = here and outbox.retry_dead(session, number, context.now)
        if done:
            store.note_act(session, context.now, "message_retried", form.number)
    if not done:
        return _page(who, context.data, Notice("warn", who.words("tell.cannot")), 409)
    return _page(who, context.data, Notice("good", who.words("tell.again")))


def _page(
    who: Onlooker, data: Data, notice: Notice | None = None, status: int = 200, state: str = ""
) -> Response:
    with data.read() as session:
        seen = store.seen_messages(session)
        rows = records.list_told(session, state, seen=seen)
        counts = records.count_told(session, seen)
    return render(
        who,
        "pages/tell.html",
        status,
        rows=rows,
        counts=counts,
        state=state,
        notice=notice,
        page_of=page_of,
    )
