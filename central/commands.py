"""What the commands of `jinmu-central` share: settings, a signed transaction, words for faults."""

import getpass
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from central import store, upgrade
from central.db import Database, database_is_gone
from central.settings import Settings, SettingsError, load

REFUSED = 2

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of evidence and embedded database. [data/central]")
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="postgresql://… instead of the embedded SQLite file.")
]


def settings_of(**options: Any) -> Settings:
    """Settings from options (None = not given) and the environment; ends the command if wrong."""
    try:
        return load(options)
    except SettingsError as error:
        raise refusal(str(error)) from None


@contextmanager
def work(data_dir: Path | None, database_url: str | None) -> Iterator[Session]:
    """A transaction on the configured database; the embedded one is made if need be."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    with work_on(settings) as session:
        yield session


@contextmanager
def work_on(settings: Settings) -> Iterator[Session]:
    """A transaction in the name of the system's user who runs the command."""
    database = Database(settings.database)
    with closing(database), said_in_words():
        upgrade.upgrade(database) if settings.embedded else upgrade.check(database)
        with database.write() as session:
            store.sign(session, f"cli:{_os_user()}")
            yield session


@contextmanager
def said_in_words() -> Iterator[None]:
    """What a person can put right is one line, not a stack trace."""
    try:
        yield
    except (ValueError, upgrade.UpgradeNeeded) as error:
        raise refusal(str(error)) from None
    except DBAPIError as error:
        if not database_is_gone(error):
            raise
        raise refusal(f"the database does not answer: {error.orig}") from None
    except OSError as error:
        raise refusal(f"{error.filename}: {error.strerror}") from None


def refusal(text: str) -> typer.Exit:
    """The end of a command that cannot do what it was asked."""
    typer.echo(f"jinmu-central: {text}", err=True)
    return typer.Exit(REFUSED)


def _os_user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a container's user without a name
        return str(os.getuid())
