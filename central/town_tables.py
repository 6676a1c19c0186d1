"""Tables of the town: every import makes a version, and what was valid in one can be read again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base, RowId


class TownVersionTable(Base):
    """One import that changed something; `version` counts from 1."""

    __tablename__ = "town_versions"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(10))
    file: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64))
    added: Mapped[int]
    changed: Mapped[int]
    removed: Mapped[int]


class TownItemTable(Base):
    """A grid, place, organisation, rule, person, code or part of the calendar.

    It is valid in the versions from `since` until before `until`; None: still. Nothing but `until`
    is ever changed in a row.
    """

    __tablename__ = "town_items"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(40))
    since: Mapped[int]
    until: Mapped[int | None]
    body: Mapped[dict[str, Any]]
    __table_args__ = (UniqueConstraint("kind", "key", "since"), Index(None, "until", "kind"))
