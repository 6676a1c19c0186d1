"""The page of one's own account: where one is signed in, and signing out of all of it."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from central import auth, store
from central.deps import Data, Me, Moment, address_of
from central.web.cases import Who
from central.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/account")
def account_page(who: Who, me: Me, data: Data, now: Moment) -> Response:
    """Name, role and open sessions."""
    with data.read() as session:
        sessions = auth.open_sessions(session, me.name, now)
    return render(who, "pages/account.html", role=me.role, sessions=sessions, limits=me.limits)


@router.post("/logout/everywhere")
def logout_everywhere(request: Request, me: Me, data: Data, now: Moment) -> Response:
    """End every session of the person, this one too."""
    with data.write() as session:
        store.sign(session, me.actor, address_of(request))
        auth.sign_out_everywhere(session, me.name, now)
    response = RedirectResponse("/login?out=1", status_code=303)
    auth.forget_cookie(request, response)
    return response
