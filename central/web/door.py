"""Coming in and going out: login, the first administrator, logout."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from central import auth
from central.auth.secrets import MIN_PASSWORD_CHARS
from central.deps import Data, Maybe, Moment
from central.web.render import Notice, Onlooker, onlooker, render

HOME = "/cases"
_NAME = re.compile(r"[\w.-]{1,40}")
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x7e]*")

router = APIRouter(include_in_schema=False)


def local_path(path: str) -> str:
    """The path when it stays on this server, else the front page (no open redirect)."""
    return path if _LOCAL.fullmatch(path) and "\\" not in path else HOME


@router.get("/login")
def login_page(
    request: Request,
    me: Maybe,
    now: Moment,
    next: str = HOME,
    out: str = "",
) -> Response:
    """The login form; whoever is in already goes on."""
    if me is not None:
        return RedirectResponse(local_path(next), status_code=303)
    who = onlooker(request, now)
    notice = Notice("good", who.words("login.out")) if out else None
    return _login_form(who, next, "", notice)


@router.post("/login")
def login(  # noqa: PLR0913 the fields of the form
    request: Request,
    data: Data,
    now: Moment,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = HOME,
) -> Response:
    """Sign in and go where the person wanted to."""
    address = request.client.host if request.client else ""
    try:
        session = auth.login(data, name, password, address, now)
    except auth.LoginRefused as refused:
        who = onlooker(request, now)
        many = refused.code == "too_many"
        notice = Notice("warn", who.words("login.too_many" if many else "login.failed"))
        return _login_form(who, next, name[:80], notice, 429 if many else 401)
    auth.end_session_of(request, "logout", address, now)  # this browser's earlier one, if any
    response = RedirectResponse(local_path(next), status_code=303)
    auth.set_cookie(response, request.app.state.settings, session)
    return response


@router.post("/logout")
def logout(request: Request) -> Response:
    """Sign out; the session is gone on the server too."""
    response = RedirectResponse("/login?out=1", status_code=303)
    auth.sign_out(request, response)
    return response


@router.get("/setup")
def setup_page(request: Request, data: Data, now: Moment, token: str = "") -> Response:
    """The form of the one-time link."""
    who = onlooker(request, now)
    if not auth.setup_is_open(data, token, now):
        return _setup_closed(who)
    return _setup_form(who, token, "", None, 200)


@router.post("/setup")
def setup(  # noqa: PLR0913 the fields of the form
    request: Request,
    data: Data,
    now: Moment,
    token: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    repeat: Annotated[str, Form()] = "",
) -> Response:
    """Make the first administrator and sign him in."""
    who = onlooker(request, now)
    if not auth.setup_is_open(data, token, now):
        return _setup_closed(who)
    fault = _setup_fault(who, name, password, repeat)
    if fault is not None:
        return _setup_form(who, token, name[:40], Notice("warn", fault), 422)
    try:
        session = auth.complete_setup(data, token, name.strip(), password, now)
    except auth.SetupRefused:
        return _setup_closed(who)
    response = RedirectResponse(HOME, status_code=303)
    auth.set_cookie(response, request.app.state.settings, session)
    return response


def _setup_fault(who: Onlooker, name: str, password: str, repeat: str) -> str | None:
    if not _NAME.fullmatch(name.strip()):
        return who.words("setup.name_bad")
    if password != repeat:
        return who.words("setup.mismatch")
    try:
        auth.check_password_rules(password)
    except ValueError:
        return who.words("setup.weak", n=MIN_PASSWORD_CHARS)
    return None


def _login_form(
    who: Onlooker, goal: str, name: str, notice: Notice | None, status: int = 200
) -> Response:
    values = {"next": local_path(goal), "name": name, "notice": notice}
    return render(who, "pages/login.html", status, **values)


def _setup_form(
    who: Onlooker, token: str, name: str, notice: Notice | None, status: int
) -> Response:
    values = {"open": True, "token": token, "name": name, "notice": notice}
    return render(who, "pages/setup.html", status, least=MIN_PASSWORD_CHARS, **values)


def _setup_closed(who: Onlooker) -> Response:
    notice = Notice("warn", who.words("setup.invalid"))
    return render(who, "pages/setup.html", 403, open=False, notice=notice)
