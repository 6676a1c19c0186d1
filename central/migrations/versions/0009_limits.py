"""Accounts and tokens limited to grids and cameras, and an index from places to cameras."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("users", "api_tokens")
CAMERAS = ["place", "site", "box", "stream"]


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("limits", sa.JSON(none_as_null=True), nullable=True))
    op.create_index(op.f("ix_incidents_place_site_box_stream"), "incidents", CAMERAS)


def downgrade() -> None:
    """An older program would show them everything: whoever has limits is locked out first."""
    no, yes = ("0", "1") if op.get_bind().dialect.name == "sqlite" else ("false", "true")
    op.execute(f"UPDATE users SET disabled = {yes} WHERE limits IS NOT NULL AND disabled = {no}")  # noqa: S608
    op.execute(
        "UPDATE api_tokens SET revoked_at = CURRENT_TIMESTAMP "
        "WHERE limits IS NOT NULL AND revoked_at IS NULL"
    )
    op.drop_index(op.f("ix_incidents_place_site_box_stream"), "incidents")
    for table in TABLES:
        op.drop_column(table, "limits")
