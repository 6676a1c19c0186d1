"""Pictures that a rule of retention has deleted, and cases under legal hold."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.add_column("evidence", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_evidence_kept",
        "evidence",
        ["received_at", "sha256"],
        postgresql_where=KEPT,
        sqlite_where=KEPT,
    )
    op.create_table(
        "case_holds",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_holds_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_holds")),
    )


def downgrade() -> None:
    """Files that were deleted stay deleted; the older program takes their rows for pictures."""
    op.drop_table("case_holds")
    op.drop_index("ix_evidence_kept", "evidence")
    op.drop_column("evidence", "deleted_at")
