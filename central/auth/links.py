"""Short-lived signed addresses of pictures, for programs that show them in a place of their own.

An address is signed for one path, one person or program, and five minutes at most. It is worth
nothing when its owner is locked or revoked meanwhile.
"""

import hashlib
import hmac
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from central.auth.rights import READ, Principal
from central.sight import limits_of
from central.tables import ApiTokenTable, UserTable

LINK_LIFE = timedelta(minutes=5)
KEY_BYTES = 32
_TOKEN = "token:"  # noqa: S105 how a program's name begins


def link_key(data_dir: Path) -> bytes:
    """The key that signs addresses."""
    return key_file(data_dir / "link-key")


def key_file(path: Path) -> bytes:
    """A key of this installation, made once, readable by its user alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) != KEY_BYTES:  # an end between making and filling it
            path.unlink()
            return key_file(path)
        return key
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def signed_path(key: bytes, path: str, principal: Principal, expires_at: datetime) -> str:
    """The path with who may open it, until when, and the signature."""
    expires = str(int(expires_at.timestamp()))
    query = {"user": principal.actor, "expires": expires}
    query["signature"] = _signature(key, path, principal.actor, expires)
    return f"{path}?{urlencode(query)}"


def principal_of_link(
    session: Session, key: bytes, path: str, query: QueryParams, now: datetime
) -> Principal | None:
    """Who a signed address was made for, None when it is forged, too old or for too long."""
    user, expires = query.get("user", ""), query.get("expires", "")
    given = query.get("signature", "").encode()
    if not secrets.compare_digest(given, _signature(key, path, user, expires).encode()):
        return None
    until = datetime.fromtimestamp(int(expires), UTC)  # ours: it was signed
    if not now < until <= now + LINK_LIFE:
        return None
    return _owner(session, user)


def opens_by_link(method: str, query: QueryParams) -> bool:
    """Whether a request claims to come by a signed address."""
    return method in READ and "signature" in query


def _owner(session: Session, actor: str) -> Principal | None:
    if actor.startswith(_TOKEN):
        token = session.scalar(
            select(ApiTokenTable).where(
                ApiTokenTable.name == actor.removeprefix(_TOKEN), ApiTokenTable.revoked_at.is_(None)
            )
        )
        return None if token is None else _principal(token.name, "token", token.scope, token.limits)
    user = session.scalar(
        select(UserTable).where(UserTable.name == actor, UserTable.disabled.is_(False))
    )
    return None if user is None else _principal(user.name, "user", user.role, user.limits)


def _principal(
    name: str, kind: Literal["user", "token"], role: str, limits: dict[str, Any] | None
) -> Principal:
    return Principal(name, kind, role, by_link=True, limits=limits_of(limits))


def _signature(key: bytes, path: str, user: str, expires: str) -> str:
    said = "\n".join((path, user, expires)).encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()
