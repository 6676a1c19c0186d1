"""Since when a camera is known, and known to look at a place."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

KEY = ("site", "box", "stream", "place")
AT = sa.DateTime(timezone=True)
BOXES = sa.table(
    "boxes",
    *(sa.column(name, sa.String()) for name in KEY[:2]),
    sa.column("first_seen_at", AT),
    sa.column("state", sa.JSON()),
)


def upgrade() -> None:
    made = op.create_table(
        "camera_places",
        *(sa.Column(name, sa.String(length=40), nullable=False) for name in KEY),
        sa.Column("since", AT, nullable=False),
        sa.PrimaryKeyConstraint(*KEY, name=op.f("pk_camera_places")),
    )
    op.create_index(op.f("ix_camera_places_place"), "camera_places", ["place"])
    columns = ", ".join(KEY)
    op.execute(
        f"INSERT INTO camera_places ({columns}, since) "  # noqa: S608
        f"SELECT {columns}, min(since) FROM incidents GROUP BY {columns}"
    )
    op.execute(
        f"INSERT INTO camera_places ({columns}, since) "  # noqa: S608
        "SELECT site, box, stream, '', changed_at FROM cameras"
    )
    modes = op.get_bind().execute(sa.text("SELECT site, box, stream FROM cameras"))
    given = {tuple(row) for row in modes}
    rows = [dict(zip((*KEY, "since"), row, strict=True)) for row in _told(given)]
    if rows:
        op.bulk_insert(made, rows)


def _told(given: set[tuple[str, ...]]) -> Iterator[tuple[str, str, str, str, datetime]]:
    """Cameras that boxes told of, since their first word, but for those that have a mode."""
    for row in op.get_bind().execute(sa.select(BOXES)):
        streams = (row.state or {}).get("streams", ())
        for stream in sorted({one["id"] for one in streams}):
            if (row.site, row.box, stream) not in given:
                yield row.site, row.box, stream, "", row.first_seen_at


def downgrade() -> None:
    op.drop_table("camera_places")
