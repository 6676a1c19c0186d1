"""Indexes that lists walk along, and a tally of cases that triggers keep."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHOWN = ["state", "scene", "place", "verdict", "cleared_at"]
CHANGES = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}


def upgrade() -> None:
    op.drop_index(op.f("ix_cases_filed_at"), "cases")
    op.create_index(
        op.f("ix_cases_filed_at_id"), "cases", ["filed_at", "id"], postgresql_include=SHOWN
    )
    op.create_index(op.f("ix_cases_place_filed_at_id"), "cases", ["place", "filed_at", "id"])
    for column in ("case_no", "place"):
        name = f"ix_cases_begin_of_{column}"
        op.create_index(name, "cases", [column], postgresql_ops={column: "varchar_pattern_ops"})
    op.create_index(op.f("ix_incidents_box_incident_id"), "incidents", ["box", "incident_id"])
    op.create_table(
        "case_tally",
        sa.Column("id", ID, nullable=False),
        sa.Column("scene", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("judged", sa.Boolean(), nullable=False),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_tally")),
    )
    op.execute(
        "INSERT INTO case_tally (scene, state, judged, cleared, number) "
        "SELECT scene, state, verdict IS NOT NULL, cleared_at IS NOT NULL, count(*) "
        "FROM cases GROUP BY 1, 2, 3, 4"
    )
    _keep_tally()


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for change in CHANGES:
        op.execute(
            f"DROP TRIGGER cases_tally_{change.lower()}" + ("" if is_sqlite else " ON cases")
        )
    if not is_sqlite:
        op.execute("DROP FUNCTION cases_tally_insert(), cases_tally_delete(), cases_tally_update()")
    op.drop_table("case_tally")
    op.drop_index("ix_incidents_box_incident_id", "incidents")
    for column in ("case_no", "place"):
        op.drop_index(f"ix_cases_begin_of_{column}", "cases")
    op.drop_index("ix_cases_place_filed_at_id", "cases")
    op.drop_index("ix_cases_filed_at_id", "cases")
    op.create_index("ix_cases_filed_at", "cases", ["filed_at"])


def _keep_tally() -> None:
    for change, sides in CHANGES.items():
        name = f"cases_tally_{change.lower()}"
        inserts = " ".join(map(_insert, sides))
        of = " OF scene, state, verdict, cleared_at" if change == "UPDATE" else ""
        on = f"CREATE TRIGGER {name} AFTER {change}{of} ON cases FOR EACH ROW"
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"{on} BEGIN {inserts} END")
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {inserts} RETURN NULL; END $$"
        )
        op.execute(f"{on} EXECUTE FUNCTION {name}()")


def _insert(side: str) -> str:
    number = 1 if side == "NEW" else -1
    return (
        "INSERT INTO case_tally (scene, state, judged, cleared, number) VALUES "  # noqa: S608
        f"({side}.scene, {side}.state, {side}.verdict IS NOT NULL, "
        f"{side}.cleared_at IS NOT NULL, {number});"
    )
