"""Cases: the workflow, one case per place and episode, its log chained, timers, camera modes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from central.audit import FIRST
from central.cases.chain import Chained, chain
from central.cases.converted import OldCase, OldRow, converted
from central.cases.standing import Entry, Standing
from central.clocks.calendar_file import shipped

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
SAYS = "the log of a case is append-only"


def upgrade() -> None:
    _extend_incidents()
    _name_roles()
    old_cases, old_logs = _take_out()
    tables = _create()
    _bring_over(old_cases, old_logs, tables)
    _refuse_changes()


def downgrade() -> None:
    raise RuntimeError("the log of the cases cannot be taken back: restore the backup instead")


def _extend_incidents() -> None:
    for column in (
        sa.Column("live", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("files", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("braked", sa.Boolean(), nullable=True),
        sa.Column("last_at", AT, nullable=False, server_default="1970-01-01 00:00:00"),
        sa.Column("worst", sa.String(length=40), nullable=False, server_default=""),
    ):
        op.add_column("incidents", column)
    op.create_index(
        op.f("ix_incidents_site_box_stream_since"), "incidents", ["site", "box", "stream", "since"]
    )
    op.execute("UPDATE incidents SET last_at = stage_at, worst = severity, braked = (1 = 0)")
    op.execute(
        "UPDATE incidents SET live = (1 = 1), files = (1 = 1) "
        "WHERE incident_id IN (SELECT incident_id FROM cases)"
    )
    _find_the_live()


def _find_the_live() -> None:
    """What was warned of and never filed: the mode stands in the event."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT i.incident_id, e.body FROM incidents i JOIN events e ON e.id = i.event_id "
            "WHERE i.live = (1 = 0)"
        )
    )
    for incident_id, body in rows.all():
        if json.loads(bytes(body))["data"].get("mode", "live") == "live":
            connection.execute(
                sa.text("UPDATE incidents SET live = (1 = 1) WHERE incident_id = :id"),
                {"id": incident_id},
            )


def _name_roles() -> None:
    op.add_column(
        "users", sa.Column("org", sa.String(length=40), nullable=False, server_default="")
    )
    op.execute("UPDATE users SET role = 'desk' WHERE role = 'operator'")


def _take_out() -> tuple[list[Any], dict[int, list[OldRow]]]:
    """The old rows, and their tables are gone."""
    connection = op.get_bind()
    cases = sa.table(
        "cases",
        *(sa.column(n) for n in ("id", "case_no", "incident_id", "scene", "place")),
        sa.column("filed_at", AT),
        sa.column("cleared_at", AT),
    )
    incidents = sa.table(
        "incidents",
        sa.column("incident_id"),
        sa.column("severity"),
        sa.column("since", AT),
    )
    log = sa.table(
        "case_log",
        *(
            sa.column(n)
            for n in ("id", "case_id", "actor", "action", "from_state", "to_state", "reason")
        ),
        sa.column("note"),
        sa.column("at", AT),
    )
    found = connection.execute(
        sa.select(cases, incidents.c.severity, incidents.c.since)
        .join(incidents, incidents.c.incident_id == cases.c.incident_id)
        .order_by(cases.c.id)
    ).all()
    logs: dict[int, list[OldRow]] = {}
    for row in connection.execute(sa.select(log).order_by(log.c.id)):
        old = OldRow(
            _aware(row.at),
            row.actor,
            row.action,
            row.from_state,
            row.to_state,
            row.reason,
            row.note,
        )
        logs.setdefault(row.case_id, []).append(old)
    op.drop_table("case_log")
    op.drop_table("cases")
    return list(found), logs


def _create() -> dict[str, sa.Table]:
    cases = op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_no", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=160), nullable=True),
        sa.Column("scene", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=40), nullable=False),
        sa.Column("incident_id", sa.String(length=36), nullable=True),
        sa.Column("incidents", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=40), nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("cleared_at", AT, nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.String(length=5), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("close_reason", sa.String(length=20), nullable=True),
        sa.Column("void_reason", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lead", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reopens", sa.Integer(), nullable=False),
        sa.Column("reworks", sa.Integer(), nullable=False),
        sa.Column("red", sa.Boolean(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("apart", sa.Boolean(), nullable=False),
        sa.Column("merged_into", ID, nullable=True),
        sa.Column("reoffence_of", ID, nullable=True),
        sa.Column("filed_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("official_at", AT, nullable=True),
        sa.Column("internal_at", AT, nullable=True),
        sa.Column("accept_at", AT, nullable=True),
        sa.Column("verify_at", AT, nullable=True),
        sa.Column("contact_at", AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.incident_id"], name=op.f("fk_cases_incident_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("case_no", name=op.f("uq_cases_case_no")),
        sa.UniqueConstraint("origin", name=op.f("uq_cases_origin")),
    )
    op.create_index(op.f("ix_cases_filed_at"), "cases", ["filed_at"])
    op.create_index(op.f("ix_cases_state_filed_at"), "cases", ["state", "filed_at"])
    op.create_index(op.f("ix_cases_scene_place_since"), "cases", ["scene", "place", "since"])
    op.create_index(op.f("ix_cases_incident_id"), "cases", ["incident_id"])
    children = op.create_table(
        "case_incidents",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("joined_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.incident_id"], name=op.f("fk_case_incidents_incident_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_incidents_case_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_case_incidents")),
    )
    op.create_index(op.f("ix_case_incidents_case_id"), "case_incidents", ["case_id"])
    transitions = op.create_table(
        "transitions",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("deadlines", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_transitions_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transitions")),
    )
    op.create_index(op.f("ix_transitions_at"), "transitions", ["at"])
    op.create_index(
        op.f("ix_transitions_case_id_number"), "transitions", ["case_id", "number"], unique=True
    )
    op.create_table(
        "timers",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_timers_case_id")),
        sa.PrimaryKeyConstraint("case_id", "action", name=op.f("pk_timers")),
    )
    op.create_index(op.f("ix_timers_due_at"), "timers", ["due_at"])
    op.create_table(
        "cameras",
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("box", sa.String(length=40), nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("site", "box", "stream", name=op.f("pk_cameras")),
    )
    return {"cases": cases, "case_incidents": children, "transitions": transitions}


def _bring_over(cases: list[Any], logs: dict[int, list[OldRow]], new: dict[str, sa.Table]) -> None:
    """In the order of the numbers, since each case's log follows that of the number before."""
    connection = op.get_bind()
    calendar = shipped()
    born: dict[str, str] = {}
    for old in sorted(cases, key=lambda case: _serial(case.case_no)):
        what = OldCase(old.scene, old.incident_id, old.severity)
        entries, standing = converted(what, logs[old.id], calendar)
        day = old.case_no.rpartition("-")[0]
        rows = _chained(old.case_no, entries, born.get(day, FIRST))
        born[day] = rows[0].hash
        connection.execute(new["cases"].insert(), _case(old, standing))
        child = {
            "incident_id": old.incident_id,
            "case_id": old.id,
            "joined_at": _kept(_aware(old.filed_at)),
        }
        connection.execute(new["case_incidents"].insert(), child)
        connection.execute(new["transitions"].insert(), [_row(old.id, row) for row in rows])
    if connection.dialect.name != "sqlite":  # the ids came with the rows
        counter = "SELECT setval(pg_get_serial_sequence('cases', 'id'), max(id)) FROM cases"
        connection.execute(sa.text(counter))


def _serial(case_no: str) -> tuple[str, int]:
    prefix_and_day, _, serial = case_no.rpartition("-")
    return prefix_and_day, int(serial)


def _chained(case_no: str, entries: tuple[Entry, ...], born_after: str) -> list[Chained]:
    rows: list[Chained] = []
    previous = born_after
    for number, entry in enumerate(entries, start=1):
        rows.append(chain(case_no, number, entry, previous))
        previous = rows[-1].hash
    return rows


def _case(old: Any, standing: Standing) -> dict[str, Any]:
    due = standing.deadlines
    return {
        "id": old.id,
        "case_no": old.case_no,
        "scene": old.scene,
        "place": old.place,
        "incident_id": old.incident_id,
        "incidents": 1,
        "severity": old.severity,
        "since": _kept(_aware(old.since)),
        "cleared_at": old.cleared_at and _kept(_aware(old.cleared_at)),
        "state": standing.state,
        "verdict": standing.verdict,
        "reason": standing.reject_reason,
        "close_reason": standing.close_reason,
        "void_reason": standing.void_reason,
        "version": standing.version,
        "lead": "",
        "holder": standing.holder,
        "level": 0,
        "reopens": 0,
        "reworks": 0,
        "red": False,
        "overdue": False,
        "apart": False,
        "filed_at": _kept(_aware(old.filed_at)),
        "ended_at": standing.ended_at and _kept(standing.ended_at),
        "official_at": _kept(due.official_at),
        "internal_at": _kept(due.internal_at),
        "accept_at": _kept(due.accept_at),
        "verify_at": _kept(due.verify_at),
    }


def _row(case_id: int, row: Chained) -> dict[str, Any]:
    entry = row.entry
    return {
        "case_id": case_id,
        "number": row.number,
        "at": _kept(entry.at),
        "actor": entry.actor,
        "role": entry.role,
        "action": entry.action,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "reason": entry.reason,
        "detail": entry.detail.to_json(),
        "deadlines": entry.deadlines.to_json(),
        "previous": row.previous,
        "hash": row.hash,
    }


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _kept(at: datetime | None) -> datetime | None:
    """As the database keeps moments: SQLite without a zone."""
    if at is None or op.get_bind().dialect.name != "sqlite":
        return at
    return at.astimezone(UTC).replace(tzinfo=None)


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER transitions_no_{change.lower()} BEFORE {change} ON transitions "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
        # REPLACE deletes without asking the DELETE trigger.
        op.execute(
            "CREATE TRIGGER transitions_no_replace BEFORE INSERT ON transitions "  # noqa: S608
            "WHEN EXISTS (SELECT 1 FROM transitions WHERE id = NEW.id OR "
            "(case_id = NEW.case_id AND number = NEW.number)) "
            f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION transitions_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER transitions_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON transitions "
        "FOR EACH STATEMENT EXECUTE FUNCTION transitions_refuse()"
    )
