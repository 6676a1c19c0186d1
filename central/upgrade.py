"""Bring a database to the tables of this version, or say what to run."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from central.db import WRITE, Database

SCRIPTS = Path(__file__).parent / "migrations"


class UpgradeNeeded(Exception):
    """The database is of another version; the text holds the command that helps."""


def upgrade(database: Database) -> tuple[str | None, str]:
    """Migrate to the newest revision in one transaction; gives the revisions before and after.

    Raises UpgradeNeeded when the database was made by a newer program.
    """
    writing = database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        before, head = _refuse_newer(connection)
        if before != head:
            command.upgrade(_config(connection), "head")
    return before, head


def check(database: Database) -> None:
    """Raises UpgradeNeeded unless the database is at the newest revision."""
    with database.engine.connect() as connection:
        before, head = _refuse_newer(connection)
    if before != head:
        raise UpgradeNeeded(
            f"the database is at revision {before or 'none'}, this program needs {head}: "
            "make a backup, then run `jinmu-central db upgrade` with the same --database-url"
        )


def _refuse_newer(connection: Connection) -> tuple[str | None, str]:
    scripts = ScriptDirectory.from_config(_config(connection))
    head = scripts.get_current_head()
    assert head is not None
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        raise UpgradeNeeded(
            f"the database is at revision {current}, which this program does not know: "
            "it was made by a newer version, install that one"
        )
    return current, head


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
