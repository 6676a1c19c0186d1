"""Accounts of people, and the one-time link that makes the first administrator."""

import re
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.auth.limiting import told
from central.auth.rights import USER_ROLES, UserRole
from central.auth.secrets import (
    NO_PASSWORD,
    check_password_rules,
    digest,
    hash_password,
    new_secret,
)
from central.auth.sessions import NewSession, start_session
from central.db import Database
from central.sight import Limits
from central.store import note_act
from central.tables import SessionTable, SetupLinkTable, UserTable

DEMO_USER = "demo"
MAX_ORG_CHARS = 40
SETUP_LINK_LIFE = timedelta(hours=24)
_NAME = re.compile(r"[\w.-]{1,40}")


class SetupRefused(Exception):
    """The first administrator cannot be made this way; the text is for people."""


def add_user(  # noqa: PLR0913 what an account is
    session: Session,
    name: str,
    password: str,
    role: UserRole,
    now: datetime,
    org: str = "",
    limits: Limits | None = None,
) -> None:
    """Make an account, of an organisation if it is given; ValueError with a text for people."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name has 1 to 40 letters, digits, '.', '_' or '-'")
    if role not in USER_ROLES:
        raise ValueError(f"a role is one of {', '.join(USER_ROLES)}")
    check_password_rules(password)
    if find_user(session, name) is not None:
        raise ValueError(f"there is a user '{name}' already")
    if len(org) > MAX_ORG_CHARS:
        raise ValueError(f"an organisation has at most {MAX_ORG_CHARS} characters")
    user = _row(name, hash_password(password), role, now)
    user.org = org
    user.limits = limits.body() if limits else None
    session.add(user)
    session.flush()
    note_act(session, now, "user_added", name, role=role, org=org, **told(limits))


def ensure_demo_user(session: Session, now: datetime) -> None:
    """The administrator of the demo: nobody can sign in as them with a password."""
    if find_user(session, DEMO_USER) is None:
        session.add(_row(DEMO_USER, NO_PASSWORD, "administrator", now))
        session.flush()


def sign_out_everywhere(session: Session, name: str, now: datetime) -> int:
    """End all sessions of a user and note it; how many. ValueError if the user is unknown."""
    ended = end_sessions(session, name)
    note_act(session, now, "logout_everywhere", name, sessions=ended)
    return ended


def list_users(session: Session) -> list[UserTable]:
    """All accounts by name."""
    return list(session.scalars(select(UserTable).order_by(UserTable.name)))


def set_disabled(session: Session, name: str, disabled: bool, now: datetime) -> None:
    """Lock an account (its sessions end at once) or open it; raises ValueError if unknown."""
    user = _known_user(session, name)
    user.disabled = disabled
    note_act(session, now, "user_disabled" if disabled else "user_enabled", name)
    if disabled:
        end_sessions(session, name)


def set_password(session: Session, name: str, password: str, now: datetime) -> None:
    """Change a password and end the user's sessions; raises ValueError with a text for people."""
    check_password_rules(password)
    user = _known_user(session, name)
    user.password_hash = hash_password(password)
    note_act(session, now, "password_changed", name)
    end_sessions(session, name)


def end_sessions(session: Session, name: str) -> int:
    """Sign a user out everywhere; how many browsers that were. ValueError if unknown."""
    user = _known_user(session, name)
    ended = delete(SessionTable).where(SessionTable.user_id == user.id)
    return len(session.scalars(ended.returning(SessionTable.token_sha256)).all())


def open_setup_link(session: Session, now: datetime) -> str | None:
    """Secret of a new one-time link, None when there is an administrator; older links end."""
    if has_administrator(session):
        return None
    session.execute(delete(SetupLinkTable))
    secret = new_secret()
    session.add(SetupLinkTable(token_sha256=digest(secret), expires_at=now + SETUP_LINK_LIFE))
    return secret


def has_administrator(session: Session) -> bool:
    """Whether somebody can sign in as administrator."""
    able = select(UserTable.id).where(
        UserTable.role == "administrator",
        UserTable.password_hash != NO_PASSWORD,
        UserTable.disabled.is_(False),
    )
    return session.scalar(able.limit(1)) is not None


def setup_is_open(data: Database, token: str, now: datetime) -> bool:
    """Whether the link would work now."""
    with data.read() as session:
        return _link(session, token, now) is not None and not has_administrator(session)


def complete_setup(
    data: Database, token: str, name: str, password: str, now: datetime
) -> NewSession:
    """Make the first administrator and sign them in; raises SetupRefused. Works once."""
    with data.write() as session:
        link = _link(session, token, now)
        if link is None or has_administrator(session):
            raise SetupRefused("this link is used up or too old: start central again for a new one")
        try:
            add_user(session, name, password, "administrator", now)
        except ValueError as error:
            raise SetupRefused(str(error)) from None
        session.execute(delete(SetupLinkTable))
        note_act(session, now, "setup_completed", name)
        return start_session(session, _known_user(session, name), now)


def _row(name: str, password_hash: str, role: UserRole, now: datetime) -> UserTable:
    return UserTable(
        name=name, password_hash=password_hash, role=role, org="", disabled=False, created_at=now
    )


def _link(session: Session, token: str, now: datetime) -> SetupLinkTable | None:
    link = session.get(SetupLinkTable, digest(token), with_for_update=True)
    return link if link is not None and link.expires_at > now else None


def find_user(session: Session, name: str) -> UserTable | None:
    """The account of this name."""
    return session.scalar(select(UserTable).where(UserTable.name == name))


def _known_user(session: Session, name: str) -> UserTable:
    user = find_user(session, name)
    if user is None:
        raise ValueError(f"there is no user '{name}'")
    return user
