"""One tap on what may be the same: link, merge, not the same, and back. Plain forms."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from central import store
from central.api.cases import person_of
from central.appeals import records
from central.appeals.rules import Refused as AppealRefused
from central.cases.moves import Refused
from central.cases.standing import Detail
from central.deps import Context, Sealed, Work
from central.web.appeals import REFUSALS, show_appeal
from central.web.cases import Who
from central.web.render import Notice, address
from central.web.verdicts import Desk, filter_of, refuse

NUMBER = re.compile(r"[A-Z]{2}-[0-9]{8}-[0-9]{4,9}")
VERSION = re.compile(r"[0-9]{1,9}")

router = APIRouter(include_in_schema=False)


class PairForm(BaseModel):
    """The form as it comes; `version` is that of what would be linked or merged."""

    action: str = ""
    number: str = ""
    version: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing was done: a key of the words, and the status of the answer."""

    key: str
    status: int


@router.post("/cases/{case_no}/suggestions")
def on_case(
    who: Who, context: Context, case_no: str, form: Annotated[PairForm, Form()]
) -> Response:
    """Do it and go back to the case, or show there why not."""
    desk = Desk(who, context.data, case_no, filter_of(form.back))
    fault = _attempt(context, case_no, form)
    if fault is not None:
        return refuse(desk, fault.key, fault.status)
    return RedirectResponse(address(f"/cases/{case_no}", desk.wanted.query()), status_code=303)


@router.post("/appeals/{appeal_no}/suggestions")
def on_appeal(
    who: Who, context: Context, seal: Sealed, appeal_no: str, form: Annotated[PairForm, Form()]
) -> Response:
    """Do it and go back to the appeal, or show there why not."""
    fault = _attempt(context, appeal_no, form)
    if fault is not None:
        notice = Notice("warn", who.words(fault.key))
        return show_appeal(who, context, seal, appeal_no, notice, fault.status)
    return RedirectResponse(f"/appeals/{appeal_no}", status_code=303)


def _attempt(context: Work, subject: str, form: PairForm) -> Fault | None:
    if NUMBER.fullmatch(subject) is None:
        return Fault("suggest.gone", 404)
    if NUMBER.fullmatch(form.number) is None:
        return Fault("error.request", 422)
    try:
        with context.data.write() as session:
            done = _do(session, context, subject, form)
    except store.NotFound:
        return Fault("suggest.gone", 404)
    except AppealRefused as refused:
        return Fault(REFUSALS.get(refused.code, "error.failed"), 409)
    except Refused as refused:
        late = refused.code == "version_conflict"
        return Fault("appeal.too_late", 409) if late else Fault(f"refused.{refused.code}", 422)
    if not done:
        return Fault("error.request", 422)
    for topic in ("cases", "appeals"):
        context.changed(topic)
    return None


def _do(session: Session, context: Work, subject: str, form: PairForm) -> bool:
    """Whether the form made sense; raises what the deed raises."""
    pair, me = (subject, form.number), person_of(context.me)
    match form.action:
        case "dismiss":
            store.dismiss(session, pair, me, context.address, context.now)
        case "restore":
            store.restore(session, pair, me, context.address, context.now)
        case "link" | "merge" if VERSION.fullmatch(form.version):
            join = _link if form.action == "link" else _merge
            join(session, context, pair, int(form.version))
        case _:
            return False
    return True


def _link(session: Session, context: Work, pair: tuple[str, str], version: int) -> None:
    appeal_no, case_no = pair if store.is_appeal(pair[0]) else pair[::-1]
    doing = records.Doing("link", context.me.actor, case_no, version, address=context.address)
    records.act_on(session, appeal_no, doing, context.now)


def _merge(session: Session, context: Work, pair: tuple[str, str], version: int) -> None:
    deed, me = store.merging_of(session, *pair), person_of(context.me)
    request = store.ActionRequest(
        action="merge",
        actor=me.name,
        version=version,
        address=context.address,
        role=me.role,
        org=me.org,
        said=Detail(case_no=deed.into),
    )
    store.act(session, deed.on, request, context.now)
