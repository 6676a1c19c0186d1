"""Tables of identity: keys of boxes, certificates, seals of events. Private keys are nowhere."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base


class BoxKeyTable(Base):
    """The public signing key (Ed25519, 32 raw bytes) that a box was given."""

    __tablename__ = "box_keys"
    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    site: Mapped[str] = mapped_column(String(40))
    box: Mapped[str] = mapped_column(String(40))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(200))
    __table_args__ = (Index(None, "site", "box"),)


class CertificateTable(Base):
    """A client certificate of a box (`name` is SITE.BOX) or of a receiver (no dot in its name)."""

    __tablename__ = "certificates"
    serial: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(81), index=True)
    pem: Mapped[str] = mapped_column(Text)
    issued_at: Mapped[datetime]
    not_after: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SealTable(Base):
    """The seal an event came with, and the event's link in its box's chain. Append-only."""

    __tablename__ = "seals"
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), primary_key=True)
    site: Mapped[str] = mapped_column(String(40))
    box: Mapped[str] = mapped_column(String(40))
    epoch: Mapped[str] = mapped_column(String(36))
    seq: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str] = mapped_column(String(16))
    prev: Mapped[bytes] = mapped_column(LargeBinary)
    link: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (Index(None, "site", "box", "epoch", "seq"),)
