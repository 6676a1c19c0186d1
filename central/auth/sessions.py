"""Signed-in browsers: server-side sessions, and a limit on guessing that survives restarts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection
from starlette.responses import Response

from central.audit import Noted
from central.auth.rights import Principal
from central.auth.secrets import digest, hash_password, is_outdated, new_secret, password_is
from central.db import Database, one_at_a_time
from central.settings import Settings
from central.sight import limits_of
from central.store import note
from central.tables import AuditTable, LoginFailureTable, SessionTable, UserTable

SESSION_LIFE = timedelta(hours=12)
WINDOW = timedelta(minutes=15)
MAX_PER_NAME_AND_ADDRESS = 5
MAX_PER_ADDRESS = 30
MAX_PER_NAME = 50


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun; `secret` goes into the cookie and is known nowhere else."""

    secret: str
    principal: Principal
    expires_at: datetime


class LoginRefused(Exception):
    """Nobody was signed in: `wrong` name or password, or `too_many` tries."""

    def __init__(self, code: Literal["wrong", "too_many"], retry_after_s: float = 0.0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s


def login(data: Database, name: str, password: str, address: str, now: datetime) -> NewSession:
    """Sign a person in; raises LoginRefused.

    The try is counted before the password is looked at, so that many at once cannot slip through.
    """
    name, address = name[:40].replace("\x00", ""), address[:64]
    tried = digest(name)[:40]  # people type passwords into the wrong field: no name is kept
    try:
        with data.write() as session:
            _refuse_too_many(session, tried, address, now)
            session.add(LoginFailureTable(name=tried, address=address, at=now))
    except LoginRefused:
        _note_refusal(data, address, now)
        raise
    with data.read() as session:
        user = session.scalar(select(UserTable).where(UserTable.name == name))
    if not password_is(password, user.password_hash if user else None) or _locked(user):
        with data.write() as session:
            note(session, Noted(now, user.name if user else "", "login_failed", address=address))
        raise LoginRefused("wrong")
    assert user is not None
    with data.write() as session:
        failure = LoginFailureTable
        session.execute(delete(failure).where(failure.name == tried, failure.address == address))
        _refresh_hash(session, user.id, password)
        note(session, Noted(now, user.name, "login", address=address))
        return start_session(session, user, now)


def start_session(session: Session, user: UserTable, now: datetime) -> NewSession:
    """Begin a session of the user; ended ones are swept away."""
    session.execute(delete(SessionTable).where(SessionTable.expires_at <= now))
    secret, csrf_token = new_secret(), new_secret()
    expires_at = now + SESSION_LIFE
    session.add(
        SessionTable(
            token_sha256=digest(secret),
            user_id=user.id,
            csrf_token=csrf_token,
            created_at=now,
            expires_at=expires_at,
        )
    )
    begun = Principal(
        user.name,
        "user",
        user.role,
        csrf_token,
        org=user.org,
        limits=limits_of(user.limits),
    )
    return NewSession(secret, begun, expires_at)


def principal_of_session(session: Session, secret: str, now: datetime) -> Principal | None:
    """Who a cookie belongs to, None when it is unknown, too old, or its user locked."""
    row = session.execute(
        select(
            *(UserTable.name, UserTable.role, UserTable.org, UserTable.limits),
            SessionTable.csrf_token,
        )
        .join(UserTable, UserTable.id == SessionTable.user_id)
        .where(
            SessionTable.token_sha256 == digest(secret),
            SessionTable.expires_at > now,
            UserTable.disabled.is_(False),
        )
    ).one_or_none()
    if row is None:
        return None
    return Principal(
        row.name,
        "user",
        row.role,
        row.csrf_token,
        org=row.org,
        limits=limits_of(row.limits),
    )


def open_sessions(session: Session, name: str, now: datetime) -> tuple[datetime, ...]:
    """When each session of a user that is still good began, the newest first."""
    begun = (
        select(SessionTable.created_at)
        .join(UserTable, UserTable.id == SessionTable.user_id)
        .where(UserTable.name == name, SessionTable.expires_at > now)
    )
    return tuple(session.scalars(begun.order_by(SessionTable.created_at.desc())))


def cookie_name(settings: Settings) -> str:
    """Over https the name itself makes browsers refuse a cookie set by anybody else."""
    return "__Host-jinmu" if settings.https else "jinmu"


def set_cookie(response: Response, settings: Settings, new: NewSession) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(settings),
        new.secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=settings.https,
        httponly=True,
        samesite="lax",
    )


def sign_out(request: HTTPConnection, response: Response) -> None:
    """End the request's session, here and in the browser."""
    now: datetime = request.app.state.now()
    address = request.client.host if request.client else ""
    end_session_of(request, "logout", address, now)
    forget_cookie(request, response)


def end_session_of(request: HTTPConnection, action: str, address: str, now: datetime) -> None:
    """End the session that the request's cookie names, if there is one, and note it."""
    data: Database = request.app.state.database
    secret = request.cookies.get(cookie_name(request.app.state.settings))
    if not secret:
        return
    with data.write() as session:
        ended = delete(SessionTable).where(SessionTable.token_sha256 == digest(secret))
        user_id = session.scalar(ended.returning(SessionTable.user_id))
        user = session.get(UserTable, user_id) if user_id is not None else None
        if user is not None:
            note(session, Noted(now, user.name, action, address=address))


def forget_cookie(request: HTTPConnection, response: Response) -> None:
    """Let the browser forget its session."""
    settings: Settings = request.app.state.settings
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.https, httponly=True, samesite="lax"
    )


def _locked(user: UserTable | None) -> bool:
    return user is not None and user.disabled


def _refresh_hash(session: Session, user_id: int, password: str) -> None:
    """Hash the password anew when its hash was made with older parameters."""
    user = session.get_one(UserTable, user_id)
    if is_outdated(user.password_hash):
        user.password_hash = hash_password(password)


def _note_refusal(data: Database, address: str, now: datetime) -> None:
    """Once per address and window: the log cannot shrink, so nobody may make it grow at will."""
    said = select(AuditTable.number).where(
        AuditTable.action == "login_refused",
        AuditTable.at > now - WINDOW,
        AuditTable.address == address,
    )
    with data.write() as session:
        if session.scalar(said.limit(1)) is None:
            note(session, Noted(now, "", "login_refused", address=address))


def _refuse_too_many(session: Session, tried: str, address: str, now: datetime) -> None:
    failure = LoginFailureTable
    one_at_a_time(session, failure)
    session.execute(delete(failure).where(failure.at <= now - WINDOW))
    count = func.count(failure.id)
    same_name, same_address = failure.name == tried, failure.address == address
    limits = (
        ((same_name, same_address), MAX_PER_NAME_AND_ADDRESS),
        ((same_address,), MAX_PER_ADDRESS),
        ((same_name,), MAX_PER_NAME),
    )
    for same, most in limits:
        tries = select(count, func.min(failure.at)).where(*same)
        number, first_at = session.execute(tries).one()
        if number >= most and first_at is not None:
            raise LoginRefused("too_many", (first_at + WINDOW - now).total_seconds())
