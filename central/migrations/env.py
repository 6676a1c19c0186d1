"""Run by Alembic: migrates over the connection that `central.upgrade` hands in."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from central import (  # noqa: F401 fills the metadata
    appeal_tables,
    case_tables,
    exchange_tables,
    identity_tables,
    tables,
    tell_tables,
    town_tables,
)
from central.columns import Base, UtcDateTime


def _render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Migrations name plain types: they must not change when `central.tables` does."""
    is_ours = kind == "type" and isinstance(item, UtcDateTime)
    return "sa.DateTime(timezone=True)" if is_ours else False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    compare_type=True,
    render_item=_render,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
