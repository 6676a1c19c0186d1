"""Run central: database ready, socket bound, first link printed, then serve until a signal."""

import itertools
import socket
import time
from types import FrameType

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from central import auth, upgrade
from central.app import create_app
from central.clock import utc_now
from central.db import Database, database_is_gone
from central.no_core import forbid_core_dumps
from central.settings import Settings
from central.town.starting import TownUnsound, check_at_start
from central.yaml_file import FileFault

GRACE_S = 5
IDENTITY_FILES = ("ca.pem", "client.pem", "client.key")
RETRY_S = (1.0, 1.0, 2.0, 5.0, 10.0, 30.0)

log = structlog.get_logger()


class CannotServe(Exception):
    """Central refuses to start; the text says why and what to do."""


class _Server(uvicorn.Server):
    """Ends the open hint streams at the signal, so that stopping does not wait for browsers."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._jinmu = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Unlike uvicorn's own it does not die of the signal afterwards: a clean end is 0."""
        self._jinmu.state.hub.close()
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotServe for what a person must put right."""
    forbid_core_dumps()
    _check_identity(settings)
    secret = _prepare_database(settings)
    sock = _bind(settings)
    try:
        app = create_app(settings)
    except FileFault as fault:
        raise CannotServe(str(fault)) from None
    here = settings.public_url or _address(sock)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=settings.trusted_proxy,
        timeout_graceful_shutdown=GRACE_S,
    )
    typer.echo(f"jinmu-central: {here}")
    if settings.demo_login:
        typer.echo("jinmu-central: demo: whoever opens it on this machine is logged in")
    elif secret is not None:
        typer.echo(f"jinmu-central: make the first administrator: {here}/setup?token={secret}")
    _Server(config, app).run(sockets=[sock])


def _check_identity(settings: Settings) -> None:
    """A receiver without its certificate would knock at the broker for ever."""
    folder = settings.broker_identity
    missing = [name for name in IDENTITY_FILES if folder and not (folder / name).is_file()]
    if missing:
        raise CannotServe(
            f"{folder}: has no {', '.join(missing)}; make it with "
            f"`jinmu-central receiver enrol NAME --out {folder}`"
        )


def _prepare_database(settings: Settings) -> str | None:
    """Bring it up to date; the secret of a setup link when there is no administrator yet.

    Waits for ever while the database server is away.
    """
    database = Database(settings.database)
    pauses_s = itertools.chain(RETRY_S, itertools.repeat(RETRY_S[-1]))
    said = False
    while True:
        try:
            return _prepare(settings, database)
        except upgrade.UpgradeNeeded as needed:
            raise CannotServe(str(needed)) from None
        except DBAPIError as error:
            if not database_is_gone(error):
                raise
            if not said:
                log.error("database_lost", error=str(error.orig).partition("\n")[0][:200])
            said = True
        finally:
            database.close()
        time.sleep(next(pauses_s))


def _prepare(settings: Settings, database: Database) -> str | None:
    _upgrade_or_check(settings, database)
    now = utc_now()
    with database.write() as session:
        try:
            doubts = check_at_start(session, now)
        except TownUnsound as unsound:
            raise CannotServe(str(unsound)) from None
        secret = auth.open_setup_link(session, now)
    for doubt in doubts:
        log.warning("town_doubtful", what=doubt)
    return secret


def _upgrade_or_check(settings: Settings, database: Database) -> None:
    """Our own file is upgraded at once; somebody else's server only by its owner's command."""
    if not settings.embedded:
        upgrade.check(database)
        return
    before, after = upgrade.upgrade(database)
    if before != after:
        log.info("database_upgraded", before=before, after=after)


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        sock = socket.create_server((settings.host, settings.port), family=family, backlog=512)
    except OSError as error:
        raise CannotServe(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; "
            "choose another --port or stop what uses it"
        ) from None
    return _at_once(sock)


def _at_once(sock: socket.socket) -> socket.socket:
    """Connections inherit it. Without, an answer's body waits 40 ms behind its head (Nagle's
    algorithm): asyncio sets it only for sockets that were made with a protocol number.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 only compared
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
