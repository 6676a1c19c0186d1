"""Facts of cases that go on: valid from a moment until a deadline passes; their place beside."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = {"until": ("until", "until IS NOT NULL"), "long": ("low", "is_long")}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    no, apart = ("0", "julianday(high) - julianday(low) > 7")
    if not is_sqlite:
        no, apart = ("false", "high - low > interval '7 days'")
    _rename("touched_at", "from_at")
    op.drop_index("ix_case_facts_high_low", "case_facts")
    place: sa.Column[str] = sa.Column("place", sa.String(40), nullable=False, server_default="")
    is_long: sa.Column[bool] = sa.Column(
        "is_long", sa.Boolean(), nullable=False, server_default=sa.text(no)
    )
    op.add_column("case_facts", place)
    op.add_column("case_facts", is_long)
    op.add_column("case_facts", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE case_facts SET place = (SELECT place FROM cases WHERE cases.id = case_id), "  # noqa: S608
        f"is_long = {apart}"
    )
    for name, (indexed, where) in INDEXES.items():
        some = sa.text(where)
        op.create_index(
            *(f"ix_case_facts_{name}", "case_facts", [indexed]),
            postgresql_where=some,
            sqlite_where=some,
        )


def downgrade() -> None:
    no = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    going_on = "SELECT id FROM cases WHERE ended_at IS NULL"
    op.execute(
        f"INSERT INTO case_unsettled (case_id, tried) SELECT case_id, {no} FROM case_facts "  # noqa: S608
        f"WHERE case_id IN ({going_on})"
    )
    op.execute(f"DELETE FROM case_facts WHERE case_id IN ({going_on})")  # noqa: S608
    for name in INDEXES:
        op.drop_index(f"ix_case_facts_{name}", "case_facts")
    for column in ("until", "is_long", "place"):
        op.drop_column("case_facts", column)
    op.create_index("ix_case_facts_high_low", "case_facts", ["high", "low"])
    _rename("from_at", "touched_at")


def _rename(before: str, after: str) -> None:
    op.drop_index(f"ix_case_facts_{before}", "case_facts")
    op.execute(f"ALTER TABLE case_facts RENAME COLUMN {before} TO {after}")
    op.create_index(f"ix_case_facts_{after}", "case_facts", [after])
