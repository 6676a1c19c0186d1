"""Verdicts of the desk on incidents of cameras that only record."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "incident_verdicts",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("verdict", sa.String(length=5), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.incident_id"],
            name=op.f("fk_incident_verdicts_incident_id"),
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incident_verdicts")),
    )


def downgrade() -> None:
    op.drop_table("incident_verdicts")
