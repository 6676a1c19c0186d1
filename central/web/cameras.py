"""The page of the cameras: how far each is trusted to file cases by itself."""

import re
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from central import store
from central.cases.states import CAMERA_MODES, CameraMode
from central.deps import Context, Data
from central.web.cases import Who
from central.web.render import Notice, render
from edge.events import SLUG

KNOWN_MODES: dict[str, CameraMode] = {mode: mode for mode in CAMERA_MODES}
_SLUG = re.compile(SLUG)

router = APIRouter(include_in_schema=False)


class ModeForm(BaseModel):
    """Which camera shall have which mode, as the form says."""

    site: str = ""
    box: str = ""
    stream: str = ""
    mode: str = ""


@router.get("/cameras")
def cameras_page(who: Who, data: Data) -> Response:
    """All cameras with their verdicts."""
    return _page(who, data)


@router.post("/cameras/mode")
def set_mode(who: Who, context: Context, form: Annotated[ModeForm, Form()]) -> Response:
    """Give a camera a mode, from now on."""
    camera = (form.site, form.box, form.stream)
    mode = KNOWN_MODES.get(form.mode)
    if mode is None or not all(_SLUG.fullmatch(name) for name in camera):
        return _page(who, context.data, Notice("warn", who.words("error.request")), 422)
    try:
        with context.data.write() as session:
            store.sign(session, context.me.actor, context.address)
            store.set_camera_mode(session, camera, mode, context.me.actor, context.now)
    except store.NotFound:
        return _page(who, context.data, Notice("warn", who.words("error.request")), 404)
    context.changed("boxes")
    return RedirectResponse("/cameras", status_code=303)


def _page(who: Who, data: Data, notice: Notice | None = None, status: int = 200) -> Response:
    with data.read() as session:
        cameras = store.list_cameras(session)
    may_set = who.person.role == "administrator"
    values = {"cameras": cameras, "modes": CAMERA_MODES, "may_set": may_set, "notice": notice}
    return render(who, "pages/cameras.html", status, **values)
