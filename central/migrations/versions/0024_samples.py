"""The survey in which somebody was asked how satisfied they are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    name = sa.String(length=40)
    op.add_column("appeals", sa.Column("sample", name, nullable=True))
    op.add_column("appeal_log", sa.Column("sample", name, server_default="", nullable=False))
    sampled = sa.text("sample IS NOT NULL")
    op.create_index(
        "ix_appeals_sample",
        "appeals",
        ["sample"],
        postgresql_where=sampled,
        sqlite_where=sampled,
    )


def downgrade() -> None:
    op.drop_index("ix_appeals_sample", "appeals")
    for table in ("appeal_log", "appeals"):
        op.drop_column(table, "sample")
