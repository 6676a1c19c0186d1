"""That a deadline for the first contact ran out is told once: when, and an index of what waits."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

UNCALLED = sa.text(
    "contacted_at IS NULL AND not_contacted IS NULL AND outcome IS NULL AND contact_told_at IS NULL"
)


def upgrade() -> None:
    op.add_column("appeals", sa.Column("contact_told_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_appeals_uncalled",
        "appeals",
        ["contact_due_at"],
        postgresql_where=UNCALLED,
        sqlite_where=UNCALLED,
    )


def downgrade() -> None:
    op.drop_index("ix_appeals_uncalled", "appeals")
    op.drop_column("appeals", "contact_told_at")
