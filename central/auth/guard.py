"""The guard before every route: nothing is reached by somebody who may not.

It stands in front of the whole application (pages, API, pictures, streams, unknown paths), so a
new route is closed until `central.auth.rights` opens it.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from central.auth.accounts import DEMO_USER, find_user
from central.auth.boxes import principal_of_box
from central.auth.forms import (
    MAX_FORM_BYTES,
    api_key_of,
    boundary_of,
    first_field,
    is_form,
    read_form,
    replay,
)
from central.auth.links import opens_by_link, principal_of_link
from central.auth.rights import (
    KEY_PATHS,
    NAMELESS_PATHS,
    PUBLIC_FOLDER,
    READ,
    Principal,
    is_for_programs,
    is_public,
    may,
)
from central.auth.sessions import (
    NewSession,
    cookie_name,
    principal_of_session,
    set_cookie,
    start_session,
)
from central.auth.tokens import principal_of_token
from central.db import Database, database_is_gone
from central.settings import Settings, is_loopback
from edge.seal import SCHEME

SAFE = READ | {"OPTIONS"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let through."""

    status: int
    code: str
    text: str


GONE = Refusal(503, "database_gone", "the database does not answer, try again")
CROSS_SITE = Refusal(403, "cross_site", "requests from other sites are refused")
SIGN_IN = Refusal(401, "not_signed_in", "sign in, or send a token: Authorization: Bearer …")
TOO_LARGE = Refusal(413, "too_large", f"a form has at most {MAX_FORM_BYTES} bytes")
NUL = Refusal(400, "refused", "an address holds no NUL")
CSRF = Refusal(403, "csrf", "the form is too old: load the page again")


class Say(Protocol):
    """How a refusal is answered: as JSON to programs, as a page to people."""

    def __call__(self, request: Request, status: int, code: str, text: str, /) -> Response: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What the guard works with: the clock, the key of signed addresses, how to say no."""

    now: Callable[[], datetime]
    link_key: bytes
    say: Say


class Guard:
    """ASGI middleware; sets `request.state.principal` (None only on public paths)."""

    def __init__(self, app: ASGIApp, database: Database, settings: Settings, tools: Tools) -> None:
        self._app = app
        self._database = database
        self._settings = settings
        self._tools = tools

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no websockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._http(Request(scope, receive), scope, receive, send)

    async def _http(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        key, receive = await api_key_of(request, receive)
        request = Request(scope, receive)
        try:
            principal, begun = await run_in_threadpool(self._identify, request, key)
        except DBAPIError as error:
            if not database_is_gone(error):
                raise
            await self._say(request, GONE)(scope, receive, send)
            return
        refusal = _refuse(request, principal)
        if refusal is None and _needs_csrf(request, principal):
            receive, refusal = await _check_csrf(request, receive, principal)
        if refusal is not None:
            asks = refusal is SIGN_IN and not request.url.path.startswith(KEY_PATHS)
            answer = _ask_to_sign_in(request) if asks else self._say(request, refusal)
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["principal"] = principal
        await self._app(scope, receive, self._with_cookie(send, begun) if begun else send)

    def _say(self, request: Request, refusal: Refusal) -> Response:
        return self._tools.say(request, refusal.status, refusal.code, refusal.text)

    def _identify(
        self, request: Request, key: str = ""
    ) -> tuple[Principal | None, NewSession | None]:
        """Who asks; the second value is a session of the demo that began just now."""
        if request.url.path in NAMELESS_PATHS or request.url.path.startswith(PUBLIC_FOLDER):
            return None, None
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        secret = request.cookies.get(cookie_name(self._settings))
        with self._database.read() as session:
            if kind == SCHEME:
                path, now = request.url.path, self._tools.now()
                return principal_of_box(session, token, request.method, path, now), None
            if key and not kind:
                return principal_of_token(session, key, self._tools.now()), None
            if kind:
                known = kind.lower() == "bearer" and principal_of_token(
                    session, token.strip(), self._tools.now()
                )
                return known or None, None
            principal = principal_of_session(session, secret, self._tools.now()) if secret else None
            if principal is None and opens_by_link(request.method, request.query_params):
                return self._by_link(session, request), None
        if principal is not None and (principal.name != DEMO_USER or self._settings.demo_login):
            return principal, None
        if self._settings.demo_login and _visits_from_this_machine(request):
            begun = self._begin_demo()
            return begun.principal, begun
        return None, None

    def _by_link(self, session: Session, request: Request) -> Principal | None:
        path, query = request.url.path, request.query_params
        return principal_of_link(session, self._tools.link_key, path, query, self._tools.now())

    def _begin_demo(self) -> NewSession:
        with self._database.write() as session:
            user = find_user(session, DEMO_USER)
            assert user is not None, "serve makes the demo's user"
            return start_session(session, user, self._tools.now())

    def _with_cookie(self, send: Send, begun: NewSession) -> Send:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                carrier = Response()
                set_cookie(carrier, self._settings, begun)
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", carrier.headers["set-cookie"])
            await send(message)

        return send_with_cookie


def _holds_nul(request: Request) -> bool:
    """NUL is in no name of ours, and PostgreSQL cannot even be asked for it."""
    query: bytes = request.scope["query_string"]
    return "\x00" in request.scope["path"] or b"%00" in query or b"\x00" in query


def _refuse(request: Request, principal: Principal | None) -> Refusal | None:
    path, method = request.url.path, request.method
    if method not in SAFE and not _same_origin(request):
        return CROSS_SITE
    if is_public(path) or _is_local_scrape(request):
        return None
    if principal is None:
        return SIGN_IN
    if _holds_nul(request):
        return NUL
    if not may(principal, method, path):
        return Refusal(403, "forbidden", f"'{principal.role}' may not {method} this")
    return None


def _ask_to_sign_in(request: Request) -> Response:
    by_script = "hx-request" in request.headers
    if is_for_programs(request.url.path) or request.method not in READ or by_script:
        body = {"code": SIGN_IN.code, "detail": SIGN_IN.text}
        return JSONResponse(body, SIGN_IN.status, {"www-authenticate": "Bearer"})
    query = f"?{request.url.query}" if request.url.query else ""
    target = quote(request.url.path + query, safe="/")
    return RedirectResponse(f"/login?next={target}", status_code=303)


def _needs_csrf(request: Request, principal: Principal | None) -> bool:
    """Browsers send cookies by themselves; tokens they do not."""
    return (
        principal is not None
        and principal.kind == "user"
        and request.method not in SAFE
        and not is_public(request.url.path)
    )


async def _check_csrf(
    request: Request, receive: Receive, principal: Principal | None
) -> tuple[Receive, Refusal | None]:
    """The refusal, if the session's token is in neither header nor form; and the body to read."""
    assert principal is not None
    given = request.headers.get("x-csrf-token", "")
    if not given and (boundary := boundary_of(request)):
        given, receive = await first_field(boundary, "csrf_token", receive)
    elif not given and is_form(request):
        body = await read_form(request)
        if body is None:
            return receive, TOO_LARGE
        receive = replay(body, receive)
        given = parse_qs(body.decode("utf-8", "replace")).get("csrf_token", [""])[0]
    if not secrets.compare_digest(given.encode(), principal.csrf_token.encode()):
        return receive, CSRF
    return receive, None


def _same_origin(request: Request) -> bool:
    """What the browser says about where a request comes from; programs say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_direct_from_this_machine(request: Request) -> bool:
    """Whether the other end is this machine itself and no proxy stands between."""
    forwarded = any(
        name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip")
    )
    return request.client is not None and is_loopback(request.client.host) and not forwarded


def _is_local_scrape(request: Request) -> bool:
    path, method = request.url.path, request.method
    return path == "/metrics" and method in READ and _is_direct_from_this_machine(request)


def _visits_from_this_machine(request: Request) -> bool:
    """Whether a person opens a page here; the name is checked against DNS rebinding."""
    return (
        request.method == "GET"
        and "text/html" in request.headers.get("accept", "")
        and not is_for_programs(request.url.path)
        and not is_public(request.url.path)
        and _is_direct_from_this_machine(request)
        and is_loopback((request.url.hostname or "").strip("[]"))
    )
