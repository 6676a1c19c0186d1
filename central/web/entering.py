"""Entering a case at the desk: by hand, or from an appeal. A plain form."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from central import store
from central.api.cases import person_of
from central.api.entering import CaseIn
from central.appeals.filing import NOTE_CHARS, file_case, prefilled
from central.appeals.records import Appeal, get_appeal
from central.appeals.rules import Refused as AppealRefused
from central.cases.limits import severities_of
from central.cases.moves import Refused
from central.deps import Config, Context, Data
from central.filing import BY_HAND
from central.web.cases import Who
from central.web.render import Notice, Onlooker, render

MOST_PLACES = 2000
"""More a browser cannot offer while somebody types; others can still be typed in full."""

router = APIRouter(include_in_schema=False)


class CaseForm(BaseModel):
    """The form as it comes."""

    scene: str = ""
    place: str = ""
    note: str = ""
    appeal: str = ""
    state: str = "filed"


@router.get("/cases/new")
def new_page(who: Who, data: Data, appeal: str = "") -> Response:
    """The form, filled in from the appeal as far as that tells."""
    with data.read() as session:
        found = get_appeal(session, _name(appeal)) if appeal else None
        if appeal and found is None:
            return render(who, "pages/error.html", 404, text=who.words("appeal.not_found"))
        form = _of_appeal(session, found) if found else CaseForm()
    return _page(who, data, form)


@router.post("/cases/new")
def add(who: Who, context: Context, config: Config, form: Annotated[CaseForm, Form()]) -> Response:
    """Make the case and show it, or the form again and why not."""
    body = _read(form)
    if body is None:
        return _again(who, context.data, form, "entering.bad", 422)
    try:
        with context.data.write() as session:
            wish, me = body.wish(context.address), person_of(context.me)
            number = file_case(session, wish, me, context.now, config.zone)
    except store.NotFound:
        return render(who, "pages/error.html", 404, text=who.words("appeal.not_found"))
    except store.CaseThere as there:
        return _page(who, context.data, form, 409, there=there.case_no)
    except AppealRefused as refused:
        late = refused.code == "version_conflict"
        return _again(who, context.data, form, "appeal.too_late" if late else "entering.has_case")
    except Refused as refused:
        return _again(who, context.data, form, f"refused.{refused.code}")
    for topic in ("cases", "appeals"):
        context.changed(topic)
    return RedirectResponse(f"/cases/{number}", status_code=303)


def _page(who: Onlooker, data: Data, form: CaseForm, status: int = 200, **more: Any) -> Response:
    """The form; `there` is the case that is open at the place already."""
    with data.read() as session:
        places = store.places_known(session)[:MOST_PLACES]
        appeal = get_appeal(session, _name(form.appeal)) if form.appeal else None
    severities = {scene: severities_of(scene) for scene in BY_HAND}
    values: dict[str, Any] = {"there": "", "notice": None} | more
    return render(
        who, "pages/new_case.html", status, form=form, places=places, appeal=appeal,
        severities=severities, note_chars=NOTE_CHARS, **values,
    )  # fmt: skip


def _again(who: Onlooker, data: Data, form: CaseForm, key: str, status: int = 409) -> Response:
    return _page(who, data, form, status, notice=Notice("warn", who.words(key)))


def _of_appeal(session: Session, appeal: Appeal) -> CaseForm:
    said = prefilled(session, appeal)
    return CaseForm(scene=said.scene, place=said.place, note=said.note, appeal=appeal.appeal_no)


def _read(form: CaseForm) -> CaseIn | None:
    """The case of a form; a severity is one choice with its scene, `fire_lane/blocked`."""
    scene, _, severity = form.scene.partition("/")
    given = {
        "scene": scene, "place": form.place.strip(), "severity": severity,
        "note": form.note.strip(), "appeal_no": form.appeal or None, "state": form.state,
    }  # fmt: skip
    try:
        return CaseIn.model_validate(given)
    except ValidationError:
        return None


def _name(text: str) -> str:
    """What a database can be asked for."""
    return text[:40].replace("\x00", "")
