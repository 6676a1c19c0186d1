"""The database of central as SQLAlchemy tables; Alembic's migrations lead to exactly this."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base, RowId

KEPT = text("deleted_at IS NULL")


class BoxTable(Base):
    """A box as it was last heard; `state` is its last `BoxState`."""

    __tablename__ = "boxes"
    site: Mapped[str] = mapped_column(String(40), primary_key=True)
    box: Mapped[str] = mapped_column(String(40), primary_key=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    online: Mapped[bool]
    boot_id: Mapped[str] = mapped_column(String(40))
    state: Mapped[dict[str, Any]]
    state_at: Mapped[datetime | None]


class EventTable(Base):
    """Every event ever accepted, once, with its exact bytes: the log all else can be made from."""

    __tablename__ = "events"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site: Mapped[str] = mapped_column(String(40))
    box: Mapped[str] = mapped_column(String(40))
    stream: Mapped[str] = mapped_column(String(40))
    epoch: Mapped[str] = mapped_column(String(36))
    seq: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(40))
    incident_id: Mapped[str | None] = mapped_column(String(36))
    rev: Mapped[int | None] = mapped_column(BigInteger)
    time: Mapped[datetime]
    received_at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    body_sha256: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index(None, "incident_id", "rev"),
        Index(None, "site", "box", "epoch", "seq"),
        Index(None, "received_at"),
    )


class DeviceEventTable(Base):
    """A condition of a camera, microphone or box that was raised or cleared."""

    __tablename__ = "device_events"
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), primary_key=True)
    site: Mapped[str] = mapped_column(String(40))
    box: Mapped[str] = mapped_column(String(40))
    stream: Mapped[str] = mapped_column(String(40))
    condition: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10))
    since: Mapped[datetime]
    time: Mapped[datetime]
    detail: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index(None, "site", "box", "stream", "condition", "time"),)


class DeviceConditionTable(Base):
    """The newest word on each condition of a device, of all its events."""

    __tablename__ = "device_conditions"
    site: Mapped[str] = mapped_column(String(40), primary_key=True)
    box: Mapped[str] = mapped_column(String(40), primary_key=True)
    stream: Mapped[str] = mapped_column(String(40), primary_key=True)
    condition: Mapped[str] = mapped_column(String(40), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36))
    state: Mapped[str] = mapped_column(String(10), index=True)
    since: Mapped[datetime]
    time: Mapped[datetime]
    detail: Mapped[str] = mapped_column(Text)


class IncidentTable(Base):
    """The newest revision of each incident; `event_id` is the event it was taken from.

    The rest is over all its events: `live` and `files` (any of them alerts, files a case),
    `last_at` (the last moment it was heard of), `worst` severity; `braked`: its camera storms.
    """

    __tablename__ = "incidents"
    incident_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    rev: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    site: Mapped[str] = mapped_column(String(40))
    box: Mapped[str] = mapped_column(String(40))
    stream: Mapped[str] = mapped_column(String(40))
    scene: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(40))
    stage: Mapped[str] = mapped_column(String(20))
    severity: Mapped[str] = mapped_column(String(40))
    since: Mapped[datetime]
    stage_at: Mapped[datetime]
    dwell_s: Mapped[float]
    observed_s: Mapped[float]
    already_there: Mapped[bool]
    restored: Mapped[bool]
    first_received_at: Mapped[datetime]
    live: Mapped[bool]
    files: Mapped[bool]
    braked: Mapped[bool | None]
    last_at: Mapped[datetime]
    worst: Mapped[str] = mapped_column(String(40))
    __table_args__ = (
        Index(None, "since"),
        Index(None, "scene", "place", "since"),
        Index(None, "site", "box", "stream", "since"),
        Index(None, "box", "incident_id"),
        Index(None, "place", "site", "box", "stream"),
    )


class LedgerTable(Base):
    """What is known of one outbox file: highest `seq` seen and the ranges missing below it."""

    __tablename__ = "ledgers"
    site: Mapped[str] = mapped_column(String(40), primary_key=True)
    box: Mapped[str] = mapped_column(String(40), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(36), primary_key=True)
    hwm: Mapped[int] = mapped_column(BigInteger)
    missing: Mapped[list[Any]]
    updated_at: Mapped[datetime]


class AckTable(Base):
    """Verdicts on events that the box must still be told: an outbox, emptied after publishing."""

    __tablename__ = "acks"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    site: Mapped[str] = mapped_column(String(40))
    box: Mapped[str] = mapped_column(String(40))
    epoch: Mapped[str] = mapped_column(String(36))
    event_id: Mapped[str] = mapped_column(String(80))
    verdict: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(400))
    need_evidence: Mapped[list[Any]]


class QuarantineTable(Base):
    """A message that can never be filed, kept to be looked at; a repeated one is counted."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    topic: Mapped[str] = mapped_column(String(200))
    body_sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    body_bytes: Mapped[int]
    event_id: Mapped[str | None] = mapped_column(String(80))
    code: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(400))
    seal: Mapped[str | None] = mapped_column(String(200))
    seen: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("topic", "body_sha256", "code"),)


class EvidenceRefTable(Base):
    """A picture named by an event; the file may come later."""

    __tablename__ = "evidence_refs"
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(40), primary_key=True)
    incident_id: Mapped[str] = mapped_column(String(36), index=True)
    rev: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime]


class EvidenceTable(Base):
    """A picture that is on disk; its file was synced before this row was committed.

    `deleted_at`: a rule of retention has taken the file away; the row stays for its hash.
    """

    __tablename__ = "evidence"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    bytes: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    received_at: Mapped[datetime]
    uploaded_by: Mapped[str] = mapped_column(String(80))
    deleted_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "ix_evidence_kept", "received_at", "sha256", postgresql_where=KEPT, sqlite_where=KEPT
        ),
    )


class AuditTable(Base):
    """Append-only and chained by hash (`central.audit`); triggers refuse UPDATE and DELETE."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index(None, "action", "at"), Index(None, "subject"))


class UserTable(Base):
    """An account of a person; `limits` is `central.sight.Limits`, NULL: it may see everything."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    org: Mapped[str] = mapped_column(String(40))
    limits: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    disabled: Mapped[bool]
    created_at: Mapped[datetime]


class SessionTable(Base):
    """A signed-in browser; only the hash of its cookie is known here."""

    __tablename__ = "sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginFailureTable(Base):
    """A failed sign-in, its name hashed; counted to slow down guessing, across restarts."""

    __tablename__ = "login_failures"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)


class SetupLinkTable(Base):
    """The one-time link that makes the first administrator."""

    __tablename__ = "setup_links"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]


class ApiTokenTable(Base):
    """A program's key: shown once, kept as a hash; a box's may be bound to it by site and box.

    `limits` are as those of an account.
    """

    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    scope: Mapped[str] = mapped_column(String(10))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    site: Mapped[str | None] = mapped_column(String(40))
    box: Mapped[str | None] = mapped_column(String(40))
    limits: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
