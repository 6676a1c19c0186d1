"""Photos that people attach to what they did with a case."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "case_photos",
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_photos_case_id")),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence.sha256"], name=op.f("fk_case_photos_sha256")
        ),
        sa.PrimaryKeyConstraint("case_id", "sha256", name=op.f("pk_case_photos")),
    )
    op.create_index(op.f("ix_case_photos_sha256"), "case_photos", ["sha256"])


def downgrade() -> None:
    """The log of the cases still names the pictures, and they stay on disk."""
    op.drop_table("case_photos")
