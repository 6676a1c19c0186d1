"""The newest word on each condition of a device, beside all that was ever said."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = ("site", "box", "stream", "condition")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "device_conditions",
        *(sa.Column(name, sa.String(length=40), nullable=False) for name in KEY),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("time", AT, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_device_conditions")),
    )
    op.create_index(op.f("ix_device_conditions_state"), "device_conditions", ["state"])
    columns = ", ".join((*KEY, "event_id", "state", "since", "time", "detail"))
    op.execute(
        f"INSERT INTO device_conditions ({columns}) SELECT {columns} FROM ("  # noqa: S608
        f"SELECT {columns}, row_number() OVER (PARTITION BY {', '.join(KEY)} "
        "ORDER BY time DESC, event_id DESC) AS place FROM device_events) AS ranked WHERE place = 1"
    )


def downgrade() -> None:
    op.drop_table("device_conditions")
