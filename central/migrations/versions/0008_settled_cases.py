"""What ended cases add to key figures, forgotten by triggers when anything of them changes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LENGTHS = ("filed", "dispatched", "accepted", "handled", "closed", "whole")
ASKED = "scene, place, lead, since, origin, reoffence_of"
TRIGGERS = {"transitions": ("INSERT", "case_id"), "cases": (f"UPDATE OF {ASKED}", "id")}


def upgrade() -> None:
    op.create_table(
        "case_facts",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("scene", sa.String(length=40), nullable=False),
        sa.Column("lead", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("low", sa.DateTime(timezone=True), nullable=False),
        sa.Column("high", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(f"{name}_s", sa.Double(), nullable=True) for name in LENGTHS),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_facts_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_facts")),
    )
    op.create_index(op.f("ix_case_facts_low_high"), "case_facts", ["low", "high"])
    op.create_index(op.f("ix_case_facts_high_low"), "case_facts", ["high", "low"])
    op.create_index(op.f("ix_case_facts_touched_at"), "case_facts", ["touched_at"])
    op.create_table(
        "case_unsettled",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("tried", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_unsettled_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_unsettled")),
    )
    no = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    op.execute(f"INSERT INTO case_unsettled (case_id, tried) SELECT id, {no} FROM cases")  # noqa: S608
    _forget_what_changes()


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TRIGGERS:
        on = "" if is_sqlite else f" ON {table}"
        op.execute(f"DROP TRIGGER {table}_unsettle{on}")
        if not is_sqlite:
            op.execute(f"DROP FUNCTION {table}_unsettle()")
    op.drop_table("case_unsettled")
    op.drop_table("case_facts")


def _forget_what_changes() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    no = "0" if is_sqlite else "false"
    for table, (change, key) in TRIGGERS.items():
        name = f"{table}_unsettle"
        body = (
            f"DELETE FROM case_facts WHERE case_id = NEW.{key}; "  # noqa: S608
            f"INSERT INTO case_unsettled (case_id, tried) VALUES (NEW.{key}, {no}) "
            f"ON CONFLICT (case_id) DO UPDATE SET tried = {no};"
        )
        on = f"CREATE TRIGGER {name} AFTER {change} ON {table} FOR EACH ROW"
        if is_sqlite:
            op.execute(f"{on} BEGIN {body} END")
            continue
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN NULL; END $$"
        )
        op.execute(f"{on} EXECUTE FUNCTION {name}()")
