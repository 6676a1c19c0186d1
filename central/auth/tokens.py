"""Keys of programs: shown once, kept as hashes, revocable."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central import store
from central.auth.limiting import told
from central.auth.oauth import PREFIX as ACCESS_PREFIX
from central.auth.oauth import owner_of
from central.auth.rights import SCOPES, Principal, Scope
from central.auth.secrets import digest, new_secret
from central.intake import Sender
from central.sight import Limits, limits_of
from central.store import note_act
from central.tables import ApiTokenTable
from edge.events import SLUG

PREFIX = "jm_"  # lets people and scanners see what a leaked string is
_SLUG = re.compile(SLUG)
_NAME = re.compile(r"[\w.-]{1,40}")


def create_token(  # noqa: PLR0913 what a token is
    session: Session,
    name: str,
    scope: Scope,
    now: datetime,
    box: str = "",
    limits: Limits | None = None,
) -> str:
    """The new token, to be shown once; raises ValueError with a text for people.

    A box's token may be bound to it by SITE/BOX: it ends when that box is enrolled, for then it
    signs, or revoked.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError("a name has 1 to 40 letters, digits, '.', '_' or '-'")
    if scope not in SCOPES:
        raise ValueError(f"a scope is one of {', '.join(SCOPES)}")
    if session.scalar(select(ApiTokenTable.id).where(ApiTokenTable.name == name)) is not None:
        raise ValueError(f"there is or was a token '{name}' already: choose another name")
    owner = _owner(scope, box)
    if limits is not None and scope == "box":
        raise ValueError("a box uploads what it sees: its token has no limits")
    token = PREFIX + new_secret()
    session.add(
        ApiTokenTable(
            name=name,
            scope=scope,
            token_sha256=digest(token),
            site=owner and owner.site,
            box=owner and owner.box,
            limits=limits.body() if limits else None,
            created_at=now,
        )
    )
    note_act(session, now, "token_created", name, scope=scope, **told(limits))
    return token


def list_tokens(session: Session) -> list[ApiTokenTable]:
    """All tokens ever made, by name; revoked ones too."""
    return list(session.scalars(select(ApiTokenTable).order_by(ApiTokenTable.name)))


def revoke_token(session: Session, name: str, now: datetime) -> None:
    """End a token at once; raises ValueError if it is unknown."""
    token = session.scalar(select(ApiTokenTable).where(ApiTokenTable.name == name))
    if token is None:
        raise ValueError(f"there is no token '{name}'")
    if token.revoked_at is None:
        token.revoked_at = now
        note_act(session, now, "token_revoked", name)


def principal_of_token(session: Session, secret: str, now: datetime) -> Principal | None:
    """Which program a token belongs to, None when it is unknown, revoked or over."""
    if secret.startswith(ACCESS_PREFIX):
        found = owner_of(session, secret, now)
        return None if found is None else _principal(found[0], found[1])
    token = session.scalar(
        select(ApiTokenTable).where(
            ApiTokenTable.token_sha256 == digest(secret), ApiTokenTable.revoked_at.is_(None)
        )
    )
    if token is None or (token.scope == "box" and not _may_stay_unsigned(session, token)):
        return None
    return _principal(token, token.scope)


def _principal(token: ApiTokenTable, scope: str) -> Principal:
    return Principal(token.name, "token", scope, limits=limits_of(token.limits))


def _owner(scope: Scope, box: str) -> Sender | None:
    if not box:
        return None
    site, slash, name = box.partition("/")
    if scope != "box" or not slash or not all(_SLUG.fullmatch(part) for part in (site, name)):
        raise ValueError("only a box's token is bound, to SITE/BOX of a-z, 0-9 and -")
    return Sender(site, name)


def _may_stay_unsigned(session: Session, token: ApiTokenTable) -> bool:
    """Whether a box may still upload with a mere token instead of its signature."""
    if token.site is None or token.box is None:
        return not store.any_enrolled(session)
    standing = store.standing(session, Sender(token.site, token.box), "never")
    return not standing.enrolled and not standing.revoked
