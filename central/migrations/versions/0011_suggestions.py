"""Pairs that are not the same thing; indexes for what is near a case or an appeal."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

INDEXES = {
    "ix_appeals_case_no": (["case_no"], "case_no IS NOT NULL"),
    "ix_appeals_unlinked": (["lat", "lon"], "case_no IS NULL"),
}


def upgrade() -> None:
    op.create_table(
        "dismissed_pairs",
        sa.Column("one", sa.String(length=40), nullable=False),
        sa.Column("two", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("one", "two", name=op.f("pk_dismissed_pairs")),
    )
    op.create_index(op.f("ix_dismissed_pairs_two"), "dismissed_pairs", ["two"])
    op.create_index(op.f("ix_cases_place_ended_at"), "cases", ["place", "ended_at"])
    op.drop_index("ix_appeals_case_no", "appeals")
    for name, (columns, where) in INDEXES.items():
        some = sa.text(where)
        op.create_index(name, "appeals", columns, postgresql_where=some, sqlite_where=some)


def downgrade() -> None:
    """Who dismissed what stays in the audit log."""
    for name in INDEXES:
        op.drop_index(name, "appeals")
    op.create_index("ix_appeals_case_no", "appeals", ["case_no"])
    op.drop_index(op.f("ix_cases_place_ended_at"), "cases")
    op.drop_table("dismissed_pairs")
