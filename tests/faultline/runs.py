"""What a run is, and the table of all of them."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.central.databases import POSTGRES_BIN, Postgres
from tests.faultline.check import Account


class Skipped(Exception):
    """This machine has not got what the run needs."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run works, how long it may take, and where its chances come from."""

    folder: Path
    rng: random.Random
    long: bool
    say: Callable[[str], None]

    def pick(self, short: int, long: int) -> int:
        """How much of something in this lane."""
        return long if self.long else short


@dataclass(slots=True)
class Result:
    """Figures for the README, and what was wrong; `faults` is empty when all is well."""

    what: str
    figure: str
    how: str
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, what: str, how: str, account: Account, extra: str = "") -> "Result":
        """From what became of all events; whatever is still queued counts as a fault."""
        faults = list(account.faults)
        if account.made != account.filed + account.quarantined:
            faults.append(f"not settled: {account.text}")
        lost = account.made - account.filed - account.quarantined - account.queued
        twice = sum(fault.endswith("filed twice") for fault in account.faults)
        figure = f"{lost} lost, {twice} filed twice of {account.made}"
        return cls(what, f"{figure}{'; ' + extra if extra else ''}", how, faults)


RunFunction = Callable[[Run], Result]


@contextmanager
def postgres(run: Run) -> Iterator[Postgres]:
    """A private PostgreSQL cluster for this run."""
    if POSTGRES_BIN is None:
        raise Skipped("PostgreSQL is not installed")
    folder = run.folder / "pg"
    folder.mkdir(mode=0o700)
    for parent in (run.folder, *run.folder.parents[:1]):
        parent.chmod(0o755)
    cluster = Postgres(folder)
    cluster.initialise()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
