"""Composition root of central: `create_app(settings)` makes one complete application."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from central import auth, store
from central.api import router as api_router
from central.api.schemas import Problem
from central.appeals.contact import contact_seal
from central.clock import Now, utc_now
from central.db import Database, database_is_gone
from central.evidence import EvidenceFiles
from central.headers import SecurityHeaders
from central.hub import Hub, HubFull
from central.masked import Pictures
from central.metrics import make_metrics
from central.open311.routes import Wrong
from central.open311.routes import refusal as open311_refusal
from central.open311.routes import router as open311_router
from central.receiver import Address, Receiver, Tools, own_client_id
from central.renditions import Renditions
from central.settings import Settings
from central.sweeper import Broom, Sweeper, policy_of
from central.tell.book import Book, load_book
from central.tell.sender import Tools as TellTools
from central.tell.teller import Teller
from central.ticker import Ticker
from central.web import router as web_router
from central.web import static_files
from central.web.errors import answer_error

VERSION = "0.1.0"
OPEN311 = "/open311/"
# What any route may answer: the guard, a fault in the request, a part that is away.
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 405, 422, 503, 507)
}
log = structlog.get_logger()


def create_app(settings: Settings, now: Now = utc_now, *, receive: bool = True) -> FastAPI:
    """The application; `receive=False` leaves the broker alone (for tests of pages and API).

    The database must be up to date already (`central.upgrade`).
    """
    database = Database(settings.database)
    key = auth.link_key(settings.data_dir)
    say = partial(_say, now)
    app = FastAPI(
        title="Jinmu central",
        version=VERSION,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        responses=REFUSALS,
        middleware=[
            Middleware(SecurityHeaders, https=settings.https),
            Middleware(
                auth.Guard, database=database, settings=settings, tools=auth.Tools(now, key, say)
            ),
        ],
    )
    app.state.settings = settings
    app.state.database = database
    app.state.now = now
    app.state.evidence = EvidenceFiles(settings.evidence_dir)
    app.state.renditions = Renditions(settings.data_dir / "renditions")
    app.state.link_key = key
    app.state.contact_seal = contact_seal(settings.data_dir)
    app.state.hub = Hub()
    app.state.metrics = make_metrics()
    app.state.receiver = _make_receiver(app, settings) if receive else None
    changed = app.state.hub.changed
    app.state.ticker = Ticker(database, now, settings.zone, changed) if receive else None
    app.state.book = load_book(settings.channels_file) if settings.channels_file else Book()
    app.state.teller = _make_teller(app, settings) if receive else None
    app.state.sweeper = _make_sweeper(app, settings) if receive else None
    app.include_router(api_router)
    app.include_router(open311_router)
    app.include_router(web_router)
    app.mount("/static", static_files(), name="static")
    _handle_errors(app, say)
    return app


def _say(now: Now, request: Request, status: int, code: str, text: str) -> Response:
    """A refusal in the words that its reader understands."""
    if request.url.path.startswith(OPEN311):
        # The specification knows 403 for a missing key and 400 for whatever else is wrong.
        status = {401: 403, 422: 400}.get(status, status)
        return open311_refusal(request.url.path, status, text)
    return answer_error(now, request, status, code, text)


def _make_receiver(app: FastAPI, settings: Settings) -> Receiver:
    tools = Tools(
        database=app.state.database,
        changed=app.state.hub.changed,
        metrics=app.state.metrics,
        now=app.state.now,
        zone=settings.zone,
        policy=settings.require_signatures,
    )
    client_id = own_client_id(settings.data_dir)
    if settings.share:  # the others may have the same data directory
        client_id += f"-{secrets.token_hex(4)}"
    address = Address(
        settings.broker_url, client_id, settings.site, settings.share, settings.broker_identity
    )
    return Receiver(address, tools)


def _make_sweeper(app: FastAPI, settings: Settings) -> Sweeper:
    state = app.state
    policy = policy_of(settings)
    return Sweeper(Broom(state.database, state.evidence, state.renditions, policy, state.now))


def _make_teller(app: FastAPI, settings: Settings) -> Teller:
    state = app.state
    pictures = Pictures(state.database, state.evidence, state.renditions)
    tools = TellTools(
        database=state.database,
        metrics=state.metrics,
        now=state.now,
        chance=secrets.SystemRandom().random,
        picture=pictures.of,
        changed=state.hub.changed,
        link=settings.public_url,
        listed=store.listed_hearers,
    )
    return Teller(tools, state.book)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    removed = app.state.evidence.set_up()
    app.state.renditions.set_up()
    if removed:
        log.info("half_uploads_removed", files=removed)
    _make_demo_user(app)
    app.state.hub.open()
    threads = [app.state.receiver, app.state.ticker, app.state.teller, app.state.sweeper]
    running = [one for one in threads if one is not None]
    for one in running:
        one.start()
    yield
    app.state.hub.close()
    for one in running:
        one.stop()
    app.state.renditions.close()
    app.state.database.close()


def _make_demo_user(app: FastAPI) -> None:
    if app.state.settings.demo_login:
        with app.state.database.write() as session:
            auth.ensure_demo_user(session, app.state.now())


def _handle_errors(app: FastAPI, say: auth.Say) -> None:
    """What goes wrong outside is said in words and without a stack trace."""

    @app.exception_handler(DBAPIError)
    def database_error(request: Request, error: DBAPIError) -> Response:
        if not database_is_gone(error):
            raise error
        return say(request, 503, "database_gone", "the database does not answer, try again")

    @app.exception_handler(Wrong)
    def wrong_open311(request: Request, wrong: Wrong) -> Response:
        return open311_refusal(request.url.path, wrong.status, str(wrong))

    @app.exception_handler(OSError)
    def disk_error(request: Request, error: OSError) -> Response:
        log.error("disk_error", error=error.strerror or type(error).__name__)
        return say(request, 507, "disk", "the file could not be kept, try again")

    @app.exception_handler(HubFull)
    def hub_full(request: Request, _: HubFull) -> Response:
        return say(request, 503, "too_many_streams", "too many open pages")

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return say(request, 422, "invalid", f"{where}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "refused")
        answer = say(request, error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer
