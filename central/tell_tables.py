"""Tables of telling people: the one outbox, and how fast each channel has been used."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base, RowId


class TellTable(Base):
    """A message to somebody; `state` is a state of `central.tell.message`.

    A row is born with its case's transition, addressed to a `party`. Addressing puts rows of one
    channel and recipient each beside it (their `key` names it), and those are what is sent.
    """

    __tablename__ = "tell"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(String(400), unique=True)
    case_no: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    party: Mapped[str] = mapped_column(String(80))
    channel: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]]
    urgent: Mapped[bool]
    priority: Mapped[int] = mapped_column(server_default="0")
    picture: Mapped[bool]
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int]
    repeated: Mapped[bool]
    batch: Mapped[str | None] = mapped_column(String(36))
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(400))
    __table_args__ = (
        Index(None, "channel", "state", "due_at"),
        Index(None, "state", "id"),
        Index(None, "case_no"),
        Index(None, "batch"),
    )


class TellLaneTable(Base):
    """What is left of a channel's allowance, so that no restart gives it a second one."""

    __tablename__ = "tell_lanes"
    channel: Mapped[str] = mapped_column(String(40), primary_key=True)
    tokens: Mapped[float]
    at: Mapped[datetime]
    muted_until: Mapped[datetime | None]
