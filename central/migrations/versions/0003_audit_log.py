"""Audit log: append-only, chained; the views of pictures move into it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from central.audit import Head, Noted, chained

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SAYS = "the audit log is append-only"


def upgrade() -> None:
    audit = op.create_table(
        "audit",
        sa.Column("number", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_action_at"), "audit", ["action", "at"])
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"])
    _move_views(audit)
    op.drop_table("evidence_views")
    _refuse_changes()


def downgrade() -> None:
    raise RuntimeError("the audit log cannot be taken back: restore the backup instead")


def _move_views(audit: sa.Table) -> None:
    connection = op.get_bind()
    views = sa.table(
        "evidence_views", *(sa.column(n) for n in ("id", "sha256", "actor", "address"))
    )
    views.append_column(sa.column("at", sa.DateTime(timezone=True)))
    sqlite = connection.dialect.name == "sqlite"
    head = Head()
    for view in connection.execute(sa.select(views).order_by(views.c.id)):
        at: datetime = view.at if view.at.tzinfo else view.at.replace(tzinfo=UTC)
        noted = Noted(at, view.actor, "evidence_viewed", view.sha256, view.address)
        row = chained(head, noted)
        values = {name: getattr(row, name) for name in row.__slots__}
        values["at"] = row.at.replace(tzinfo=None) if sqlite else row.at
        connection.execute(audit.insert(), values)
        head = Head(row.number, row.hash)


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
        # REPLACE deletes without asking the DELETE trigger.
        op.execute(
            "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "  # noqa: S608 no input
            "WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number) "
            f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
