"""Tables of appeals (诉求). Who appealed is kept sealed; everything else is untrusted text."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base, RowId

LINKED, UNLINKED = text("case_no IS NOT NULL"), text("case_no IS NULL")
SAMPLED = text("sample IS NOT NULL")
UNCALLED = text(
    "contacted_at IS NULL AND not_contacted IS NULL AND outcome IS NULL AND contact_told_at IS NULL"
)


class AppealTable(Base):
    """What somebody asked for, with duties of its own: contact, reply, outcome, satisfaction.

    `contact_told_at`: when people heard that the deadline for the first contact had run out.
    `sample`: the survey (回访抽样) in which they were asked last.
    """

    __tablename__ = "appeals"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    appeal_no: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    service_code: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(400))
    place: Mapped[str] = mapped_column(String(40), server_default="")
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    case_no: Mapped[str | None] = mapped_column(String(40))
    external_id: Mapped[str | None] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(80))
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime] = mapped_column(index=True)
    contact_due_at: Mapped[datetime] = mapped_column(index=True)
    contact_told_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    not_contacted: Mapped[str | None] = mapped_column(String(40))
    reply: Mapped[str] = mapped_column(Text)
    replied_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    outcome_at: Mapped[datetime | None]
    satisfaction: Mapped[str | None] = mapped_column(String(20))
    satisfaction_at: Mapped[datetime | None]
    sample: Mapped[str | None] = mapped_column(String(40))
    version: Mapped[int]
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        # Apart, so that nobody thinks of finding what has no case by the number of its case.
        Index(None, "case_no", postgresql_where=LINKED, sqlite_where=LINKED),
        Index(
            "ix_appeals_unlinked",
            *("lat", "lon"),
            postgresql_where=UNLINKED,
            sqlite_where=UNLINKED,
        ),
        Index("ix_appeals_sample", "sample", postgresql_where=SAMPLED, sqlite_where=SAMPLED),
        Index(
            "ix_appeals_uncalled",
            "contact_due_at",
            postgresql_where=UNCALLED,
            sqlite_where=UNCALLED,
        ),
    )


class AppealLogTable(Base):
    """Append-only: what was done with an appeal; `status` is open or closed after it.

    `value` is what was chosen (a reason, an outcome, a grade, a case): duties are told from it.
    """

    __tablename__ = "appeal_log"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeals.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(String(40), server_default="")
    sample: Mapped[str] = mapped_column(String(40), server_default="")
    external_id: Mapped[str | None] = mapped_column(String(80))
    __table_args__ = (Index(None, "at"), UniqueConstraint("actor", "external_id"))
