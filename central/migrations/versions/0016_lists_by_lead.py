"""Lists by who has a case, and of those whose deadlines have passed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

FLAGS = ("red", "overdue")


def upgrade() -> None:
    op.create_index("ix_cases_lead_filed_at_id", "cases", ["lead", "filed_at", "id"])
    for flag in FLAGS:
        where = sa.text(flag)
        op.create_index(
            *(f"ix_cases_{flag}", "cases", ["filed_at", "id"]),
            postgresql_where=where,
            sqlite_where=where,
        )


def downgrade() -> None:
    for name in ("lead_filed_at_id", *FLAGS):
        op.drop_index(f"ix_cases_{name}", "cases")
