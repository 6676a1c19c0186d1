"""Tables that other systems meet: the feed of changes, keys of requests, access tokens."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base, RowId


class ChangeTable(Base):
    """Append-only: what changed, numbered in the order of commits and without a gap."""

    __tablename__ = "changes"
    number: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    __table_args__ = (Index(None, "subject"), Index(None, "at"))


class RequestKeyTable(Base):
    """An `Idempotency-Key`: committed with what the request did, and later its answer."""

    __tablename__ = "request_keys"
    actor: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    media_type: Mapped[str] = mapped_column(String(80))


class AccessTokenTable(Base):
    """A short-lived token that a program got for its lasting one; kept as a hash."""

    __tablename__ = "access_tokens"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    api_token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id"), index=True)
    scope: Mapped[str] = mapped_column(String(10))
    expires_at: Mapped[datetime] = mapped_column(index=True)
