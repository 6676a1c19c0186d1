"""The page of incidents of cameras that only record: was it true? It decides their promotion."""

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from central import auth, store
from central.cases.states import Verdict
from central.deps import Context, Data
from central.web.cases import Who
from central.web.render import Notice, Onlooker, render
from central.web.viewer import Picture

WAITING, LATELY = 24, 12
VERDICTS: dict[str, Verdict] = {"true": "true", "false": "false"}

router = APIRouter(include_in_schema=False)


class VerdictForm(BaseModel):
    """What somebody says of the incident."""

    verdict: str = ""


@router.get("/shadow")
def shadow_page(who: Who, data: Data) -> Response:
    """Incidents that wait for a verdict, and those that were judged last."""
    return _page(who, data)


@router.post("/shadow/{incident_id}/verdict")
def judge(
    who: Who, context: Context, incident_id: str, form: Annotated[VerdictForm, Form()]
) -> Response:
    """Keep the verdict and show what is left."""
    verdict = VERDICTS.get(form.verdict)
    if verdict is None:
        return _page(who, context.data, Notice("warn", who.words("error.request")), 422)
    try:
        with context.data.write() as session:
            store.sign(session, context.me.actor, context.address)
            store.judge_shadowed(session, incident_id, verdict, context.me.actor, context.now)
    except store.NotFound:
        return _page(who, context.data, Notice("warn", who.words("shadow.gone")), 404)
    context.changed("boxes")
    return RedirectResponse("/shadow", status_code=303)


def _page(who: Onlooker, data: Data, notice: Notice | None = None, status: int = 200) -> Response:
    with data.read() as session:
        waiting = store.list_shadowed(session, judged=False, limit=WAITING)
        lately = store.list_shadowed(session, judged=True, limit=LATELY)
        total = store.count_shadowed(session)
    lists = {"waiting": waiting, "lately": lately}
    pictures = {one.incident.incident_id: _picture(one) for rows in lists.values() for one in rows}
    values = {"total": total, "pictures": pictures, "notice": notice, "may_judge": _may_judge(who)}
    return render(who, "pages/shadow.html", status, lists=lists, **values)


def _may_judge(who: Onlooker) -> bool:
    return auth.may(who.request.state.principal, "POST", "/shadow/x/verdict")


def _picture(one: store.Shadowed) -> Picture | None:
    if one.picture is None:
        return None
    return Picture(one.picture.sha256, "confirmed", one.incident.stage_at, 0, one.picture.here)
