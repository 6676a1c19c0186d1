"""Every appeal has a deadline of its own for the first contact; a case has none."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from central.cases.limits import A_WORKING_DAY
from central.clocks.calendar_file import shipped
from central.clocks.ticking import after
from central.columns import UtcDateTime

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

AT = sa.DateTime(timezone=True)
AT_ONCE = 1000
APPEALS = sa.table(
    "appeals",
    *(sa.column(name, UtcDateTime()) for name in ("created_at", "contact_due_at")),
    sa.column("id", sa.Integer),
)


def upgrade() -> None:
    """Appeals that are there are given the working day that was promised to all of them."""
    never = sa.text("'1970-01-01 00:00:00'")
    op.add_column("appeals", sa.Column("contact_due_at", AT, nullable=False, server_default=never))
    _give_a_day()
    op.create_index(op.f("ix_appeals_contact_due_at"), "appeals", ["contact_due_at"])
    op.drop_column("cases", "contact_at")


def downgrade() -> None:
    op.add_column("cases", sa.Column("contact_at", AT, nullable=True))
    op.drop_index("ix_appeals_contact_due_at", "appeals")
    op.drop_column("appeals", "contact_due_at")


def _give_a_day() -> None:
    calendar, connection = shipped(), op.get_bind()
    rows = connection.execute(sa.select(APPEALS.c.id, APPEALS.c.created_at)).all()
    one = sa.update(APPEALS).where(APPEALS.c.id == sa.bindparam("appeal"))
    change = one.values(contact_due_at=sa.bindparam("due_at", type_=UtcDateTime()))
    for begin in range(0, len(rows), AT_ONCE):
        part = rows[begin : begin + AT_ONCE]
        due = [{"appeal": i, "due_at": after(at, A_WORKING_DAY, calendar)} for i, at in part]
        connection.execute(change, due)
