"""Figures of before stay: appeals' rows say what was chosen, facts in which grids a case lay."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

CHOOSING = "('not_contacted', 'outcome', 'satisfaction', 'link')"


TOLD_ANEW = (
    "SELECT case_id FROM transitions WHERE action = 'return'",
    "SELECT case_id FROM transitions WHERE action = 'dispatch' GROUP BY 1 HAVING count(*) > 1",
    "SELECT case_id FROM transitions WHERE action = 'transfer'",
    "SELECT id FROM cases WHERE verdict = 'true' AND NOT EXISTS (SELECT 1 FROM transitions "
    "WHERE case_id = cases.id AND action = 'confirm')",
    "SELECT case_id FROM transitions WHERE action = 'void'",
)
"""Cases that figures count in another way from here on; facts of all others stay true."""


def upgrade() -> None:
    """What was chosen is the first word of a row's text; a note may follow it."""
    for table, column in (("appeal_log", sa.String(40)), ("case_facts", sa.Text())):
        name = "value" if table == "appeal_log" else "grids"
        op.add_column(table, sa.Column(name, column, nullable=False, server_default=""))
    first = "split_part(text, ' ', 1)"
    if op.get_bind().dialect.name == "sqlite":
        first = "substr(text, 1, instr(text || ' ', ' ') - 1)"
    op.execute(f"UPDATE appeal_log SET value = {first} WHERE action IN {CHOOSING}")  # noqa: S608
    # With which case one came is only known while nobody has linked it to another.
    op.execute(
        "UPDATE appeal_log SET value = (SELECT coalesce(case_no, '') FROM appeals "
        "WHERE appeals.id = appeal_id) WHERE action = 'added' AND NOT EXISTS "
        "(SELECT 1 FROM appeal_log AS other WHERE other.appeal_id = appeal_log.appeal_id "
        "AND other.action = 'link')"
    )
    handed = sa.text("action IN ('dispatch', 'return')")
    op.create_index(
        *("ix_transitions_handed", "transitions", ["action", "at"]),
        postgresql_where=handed,
        sqlite_where=handed,
    )
    _forget()


def downgrade() -> None:
    op.drop_index("ix_transitions_handed", "transitions")
    op.drop_column("case_facts", "grids")
    op.drop_column("appeal_log", "value")
    _forget()


def _forget() -> None:
    no = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    for ids in TOLD_ANEW:
        op.execute(
            f"INSERT INTO case_unsettled (case_id, tried) SELECT case_id, {no} FROM case_facts "  # noqa: S608
            f"WHERE case_id IN ({ids})"
        )
        op.execute(f"DELETE FROM case_facts WHERE case_id IN ({ids})")  # noqa: S608
