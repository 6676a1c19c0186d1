"""OAuth 2 client credentials (RFC 6749 §4.4): a short-lived token for a lasting one.

A program's client id is the name of its token, its secret the token itself. What it gets may do
what the lasting one may, or less, for an hour, and ends at once when that one is revoked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from central.auth.rights import Scope
from central.auth.secrets import digest, new_secret
from central.exchange_tables import AccessTokenTable
from central.store import Noted, note
from central.tables import ApiTokenTable

LIFE = timedelta(hours=1)
PREFIX = "ja_"
NARROWER: dict[str, tuple[str, ...]] = {"operate": ("operate", "read"), "read": ("read",)}
"""What a lasting token's scope may be exchanged for. Boxes sign, they exchange nothing."""


class OAuthRefused(Exception):
    """`error` is a code of RFC 6749 §5.2; the text is for people."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error = error


@dataclass(frozen=True, slots=True)
class Asks:
    """Who asks for a token and what for; `scope` "" asks for all there is."""

    client_id: str
    client_secret: str
    scope: str
    address: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token to be told once."""

    token: str
    scope: str
    expires_in_s: int


def exchange(session: Session, asks: Asks, now: datetime) -> AccessToken:
    """A new access token; raises OAuthRefused."""
    lasting = session.scalar(
        select(ApiTokenTable).where(
            ApiTokenTable.token_sha256 == digest(asks.client_secret),
            ApiTokenTable.name == asks.client_id,
            ApiTokenTable.revoked_at.is_(None),
        )
    )
    if lasting is None:
        raise OAuthRefused("invalid_client", "the client id or secret is wrong")
    offered = NARROWER.get(lasting.scope)
    if offered is None:
        raise OAuthRefused("unauthorized_client", "a box signs its requests itself")
    scope = asks.scope or lasting.scope
    if scope not in offered:
        raise OAuthRefused("invalid_scope", f"this client may have: {', '.join(offered)}")
    session.execute(delete(AccessTokenTable).where(AccessTokenTable.expires_at <= now))
    secret = PREFIX + new_secret()
    row = AccessTokenTable(
        token_sha256=digest(secret), api_token_id=lasting.id, scope=scope, expires_at=now + LIFE
    )
    session.add(row)
    actor = f"token:{lasting.name}"
    noted = Noted(now, actor, "access_token_issued", lasting.name, asks.address, {"scope": scope})
    note(session, noted)
    return AccessToken(secret, scope, int(LIFE.total_seconds()))


def owner_of(session: Session, secret: str, now: datetime) -> tuple[ApiTokenTable, Scope] | None:
    """The lasting token behind an access token and what that may; None when either has ended."""
    row = session.get(AccessTokenTable, digest(secret))
    if row is None or row.expires_at <= now:
        return None
    lasting = session.get_one(ApiTokenTable, row.api_token_id)
    if lasting.revoked_at is not None:
        return None
    scope: Scope = "operate" if row.scope == "operate" else "read"
    return lasting, scope
