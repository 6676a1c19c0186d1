"""Identity: keys of boxes, certificates, seals of events, tokens bound to a box."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "box_keys",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("box", sa.String(length=40), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_box_keys")),
    )
    op.create_index(op.f("ix_box_keys_site_box"), "box_keys", ["site", "box"])
    op.create_table(
        "certificates",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=81), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_certificates")),
    )
    op.create_index(op.f("ix_certificates_name"), "certificates", ["name"])
    op.create_table(
        "seals",
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("box", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_seals_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_seals")),
    )
    op.create_index(op.f("ix_seals_site_box_epoch_seq"), "seals", ["site", "box", "epoch", "seq"])
    with op.batch_alter_table("api_tokens") as batch_op:
        batch_op.add_column(sa.Column("site", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("box", sa.String(length=40), nullable=True))
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.add_column(sa.Column("seal", sa.String(length=200), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("quarantine") as batch_op:
        batch_op.drop_column("seal")
    with op.batch_alter_table("api_tokens") as batch_op:
        batch_op.drop_column("box")
        batch_op.drop_column("site")
    for table in ("seals", "certificates", "box_keys"):
        op.drop_table(table)
