"""Tables of cases: the case as it stands, its incidents, its log, its timers, modes of cameras."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from central.columns import Base, RowId

BEGINNING = {name: {name: "varchar_pattern_ops"} for name in ("case_no", "place")}

HANDED = text("action IN ('dispatch', 'return')")
UNTIL_GIVEN, IS_LONG = text("until IS NOT NULL"), text("is_long")
RED, OVERDUE, PRIOR = text("red"), text("overdue"), text("priority > 0")


class CaseTable(Base):
    """A case (案件). All of it but its number can be made anew from `transitions` and `incidents`.

    `filed_at` is when it got its number; `apart`: people have taken it out of another case, so
    nothing merges it by itself again; `origin` names what no incident files, once.
    """

    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_no: Mapped[str] = mapped_column(String(40), unique=True)
    origin: Mapped[str | None] = mapped_column(String(160), unique=True)
    scene: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(40))
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.incident_id"))
    incidents: Mapped[int]
    severity: Mapped[str] = mapped_column(String(40))
    since: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str | None] = mapped_column(String(5))
    reason: Mapped[str | None] = mapped_column(String(40))
    close_reason: Mapped[str | None] = mapped_column(String(20))
    void_reason: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int]
    lead: Mapped[str] = mapped_column(String(40))
    holder: Mapped[str] = mapped_column(String(80))
    priority: Mapped[int] = mapped_column(server_default="0")
    level: Mapped[int]
    reopens: Mapped[int]
    reworks: Mapped[int]
    red: Mapped[bool]
    overdue: Mapped[bool]
    apart: Mapped[bool]
    merged_into: Mapped[int | None] = mapped_column(RowId)
    reoffence_of: Mapped[int | None] = mapped_column(RowId)
    filed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    official_at: Mapped[datetime | None]
    internal_at: Mapped[datetime | None]
    accept_at: Mapped[datetime | None]
    verify_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "state", "filed_at"),
        Index(
            None,
            "filed_at",
            "id",
            postgresql_include=["state", "scene", "place", "verdict", "cleared_at"],
        ),
        Index(None, "place", "filed_at", "id"),
        Index("ix_cases_begin_of_case_no", "case_no", postgresql_ops=BEGINNING["case_no"]),
        Index("ix_cases_begin_of_place", "place", postgresql_ops=BEGINNING["place"]),
        Index(None, "scene", "place", "since"),
        Index(None, "lead", "filed_at", "id"),
        Index("ix_cases_red", "filed_at", "id", postgresql_where=RED, sqlite_where=RED),
        Index("ix_cases_overdue", "filed_at", "id", postgresql_where=OVERDUE, sqlite_where=OVERDUE),
        Index("ix_cases_prior", "filed_at", "id", postgresql_where=PRIOR, sqlite_where=PRIOR),
        Index(None, "place", "ended_at"),
        Index(None, "incident_id"),
    )


class CaseTallyTable(Base):
    """How many cases there are, as sums of +1 and -1; triggers of `cases` add the rows."""

    __tablename__ = "case_tally"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    scene: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    judged: Mapped[bool]
    cleared: Mapped[bool]
    number: Mapped[int]


class CaseFactsTable(Base):
    """What a case adds to key figures (`central.kpi.settled`); made anew from its log.

    Valid for logs read until `from_at` or later, and before `until` if that is given. `grids` are
    those that the log kept, like `/inner/outer/`; empty for a log that kept none.
    """

    __tablename__ = "case_facts"
    case_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    scene: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(40))
    grids: Mapped[str] = mapped_column(Text, server_default="")
    lead: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(10))
    low: Mapped[datetime]
    high: Mapped[datetime]
    is_long: Mapped[bool]
    from_at: Mapped[datetime] = mapped_column(index=True)
    until: Mapped[datetime | None]
    kind: Mapped[str] = mapped_column(Text)
    filed_s: Mapped[float | None]
    dispatched_s: Mapped[float | None]
    accepted_s: Mapped[float | None]
    handled_s: Mapped[float | None]
    closed_s: Mapped[float | None]
    whole_s: Mapped[float | None]
    __table_args__ = (
        Index(None, "low", "high"),
        Index("ix_case_facts_long", "low", postgresql_where=IS_LONG, sqlite_where=IS_LONG),
        Index(None, "until", postgresql_where=UNTIL_GIVEN, sqlite_where=UNTIL_GIVEN),
    )


class CaseUnsettledTable(Base):
    """Cases without facts; `tried`: its data has an error that must be seen."""

    __tablename__ = "case_unsettled"
    case_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    tried: Mapped[bool]


class CaseIncidentTable(Base):
    """An incident belongs to one case at most."""

    __tablename__ = "case_incidents"
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.incident_id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    joined_at: Mapped[datetime]


class CasePhotoTable(Base):
    """A photo that somebody took of what they did with the case; its log names it, too."""

    __tablename__ = "case_photos"
    case_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    sha256: Mapped[str] = mapped_column(
        String(64), ForeignKey("evidence.sha256"), primary_key=True, index=True
    )
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))


class CaseHoldTable(Base):
    """A case under legal hold: nothing of it is deleted until it is released."""

    __tablename__ = "case_holds"
    case_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("cases.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))


class TransitionTable(Base):
    """Append-only and chained by hash (`central.cases.chain`); triggers refuse UPDATE and DELETE.

    `number` counts the rows of one case from 1.
    """

    __tablename__ = "transitions"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    deadlines: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index(None, "case_id", "number", unique=True),
        Index(None, "at"),
        Index(
            "ix_transitions_handed", "action", "at", postgresql_where=HANDED, sqlite_where=HANDED
        ),
    )


class TimerTable(Base):
    """What a case will do by itself (`central.cases.timers`), kept so that it survives restarts."""

    __tablename__ = "timers"
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    action: Mapped[str] = mapped_column(String(20), primary_key=True)
    level: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(index=True)


class CameraTable(Base):
    """How far a camera is trusted; one that is not here files by itself."""

    __tablename__ = "cameras"
    site: Mapped[str] = mapped_column(String(40), primary_key=True)
    box: Mapped[str] = mapped_column(String(40), primary_key=True)
    stream: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[str] = mapped_column(String(10))
    changed_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(80))


class CameraPlaceTable(Base):
    """Since when a camera is known, and known to look at a place (empty: not told of which)."""

    __tablename__ = "camera_places"
    site: Mapped[str] = mapped_column(String(40), primary_key=True)
    box: Mapped[str] = mapped_column(String(40), primary_key=True)
    stream: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    since: Mapped[datetime]


class IncidentVerdictTable(Base):
    """The desk's last word on an incident of a camera that only records; the audit has them all."""

    __tablename__ = "incident_verdicts"
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.incident_id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(5))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))


class DismissedPairTable(Base):
    """Two cases, or a case and an appeal, of which somebody said that they are not the same thing.

    By number, `one` before `two` in the order of texts.
    """

    __tablename__ = "dismissed_pairs"
    one: Mapped[str] = mapped_column(String(40), primary_key=True)
    two: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))


class CaseSerialTable(Base):
    """Last serial given per prefix and local day, e.g. ("FL", "20261124", 7)."""

    __tablename__ = "case_serials"
    prefix: Mapped[str] = mapped_column(String(10), primary_key=True)
    day: Mapped[str] = mapped_column(String(8), primary_key=True)
    last: Mapped[int]
