"""Databases for tests: SQLite in a folder, and a private PostgreSQL cluster if Debian has one."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from central import upgrade
from central.db import Database
from tests.support import free_port

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
POSTGRES_BIN = _FOUND[-1] if _FOUND else None


# Memory: what these tests check does not depend on the speed of a disk.
SCRATCH = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None


class Postgres:
    """A private cluster on a free port of the loopback, owned by `postgres` when we are root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def initialise(self) -> None:
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-N")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        """URL of a fresh, empty database."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self._administrate(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Forget a database, whoever is still connected to it."""
        self._administrate(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def _administrate(self, statement: str) -> None:
        admin = Database(self.url("postgres"))
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
        admin.close()

    def _run(self, program: str, *arguments: str) -> None:
        assert POSTGRES_BIN is not None
        command = [str(POSTGRES_BIN / program), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running cluster for the whole session; skipped, by name, where there is none."""
    if POSTGRES_BIN is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="jinmu-pg-", dir=SCRATCH))
    folder.chmod(0o700)
    cluster = Postgres(folder)
    cluster.initialise()
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, empty database of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/central.db"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    url = cluster.new_database()
    yield url
    cluster.drop_database(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database of either kind with all tables."""
    made = Database(database_url)
    upgrade.upgrade(made)
    yield made
    made.close()
