"""The place of an appeal, where somebody has named one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    column = sa.Column("place", sa.String(length=40), server_default="", nullable=False)
    op.add_column("appeals", column)


def downgrade() -> None:
    op.drop_column("appeals", "place")
