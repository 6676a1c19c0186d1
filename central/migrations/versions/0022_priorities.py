"""The priority of a case and of its messages; an index for lists of what comes first."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for table in ("cases", "tell"):
        column = sa.Column("priority", sa.Integer(), server_default="0", nullable=False)
        op.add_column(table, column)
    # Logs of before name no priority, but who came back within a day was known.
    op.execute("UPDATE cases SET priority = 1 WHERE reoffence_of IS NOT NULL")
    prior = sa.text("priority > 0")
    op.create_index(
        "ix_cases_prior",
        "cases",
        ["filed_at", "id"],
        postgresql_where=prior,
        sqlite_where=prior,
    )


def downgrade() -> None:
    op.drop_index("ix_cases_prior", "cases")
    for table in ("tell", "cases"):
        op.drop_column(table, "priority")
