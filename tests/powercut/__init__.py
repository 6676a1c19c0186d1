"""Power cuts without a power switch: what a program asked of the disk is recorded once, then the
disk is built as a cut at any moment may have left it, as often as one likes."""

import hashlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from central import upgrade
from central.case_tables import CaseIncidentTable
from central.db import Database
from central.evidence import EvidenceFiles
from central.tables import EventTable, EvidenceTable
from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from tests.delivery import accounted, device_event
from tests.powercut.disk import Disk, build_shim, read_log
from tests.support import ROOT

MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class Outcome:
    """What was found after the cuts; `lost` are promises that were broken, as text."""

    cuts: int = 0
    promised: int = 0
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subject:
    """A program and what must hold of its disk afterwards."""

    name: str
    count: int
    prepare: Callable[[Path], None]
    check: Callable[[Path, list[tuple[str, str]]], list[str]]


def run_cuts(subject: Subject, cuts: int, seed: int, mutation: str = "") -> Outcome | None:
    """Record the program once and cut its disk at `cuts` moments; None without a C compiler."""
    scratch = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="jinmu-cut-", dir=scratch) as name:
        work = Path(name)
        shim = build_shim(work)
        if shim is None:
            return None
        root, base = work / "disk", work / "base"
        root.mkdir()
        subject.prepare(root)
        shutil.copytree(root, base)
        _record(subject, work, shim, mutation)
        return _cut(subject, work, random.Random(seed), cuts)


def _record(subject: Subject, work: Path, shim: Path, mutation: str) -> None:
    environment = os.environ | {
        "LD_PRELOAD": str(shim),
        "POWERCUT_ROOT": str(work / "disk"),
        "POWERCUT_LOG": str(work / "log"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "tests.powercut.programs", subject.name, str(work / "disk")]
    done = subprocess.run(
        [*command, str(subject.count), mutation],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _cut(subject: Subject, work: Path, rng: random.Random, cuts: int) -> Outcome:
    records = read_log(work / "log")
    moments = sorted(rng.randint(1, len(records)) for _ in range(cuts))
    disk = Disk(str(work / "disk"), work / "base")
    outcome, played = Outcome(), 0
    for moment in moments:
        for record in records[played:moment]:
            disk.play(record)
        played = moment
        left = work / "left"
        left.mkdir()
        disk.cut(left, rng)
        promises = _promises(disk, str(work / "disk"))
        outcome.cuts += 1
        outcome.promised = len(promises)
        outcome.lost += [f"cut at {moment}: {text}" for text in subject.check(left, promises)]
        shutil.rmtree(left)
    return outcome


def _promises(disk: Disk, root: str) -> list[tuple[str, str]]:
    try:
        text = disk.written(f"{root}/promises").decode()
    except KeyError:
        return []
    return [(line.split(" ")[0], line.split(" ")[1]) for line in text.splitlines()]


def check_outbox(folder: Path, promises: list[tuple[str, str]]) -> list[str]:
    """What is broken of what the box promised."""
    outbox = Outbox(folder / "outbox.db")
    faults = [] if outbox.moved_aside is None else ["the outbox is broken"]
    if outbox._db.one("PRAGMA integrity_check") != "ok":
        faults.append("integrity")
    states = accounted(outbox)
    store = EvidenceStore(folder / "evidence")
    store.remove_orphans(outbox.known_pictures())
    for kind, name in promises:
        if kind == "event" and name not in states:
            faults.append(f"event {name} is gone")
        elif kind == "picture" and not _sound(store.get(name), name):
            faults.append(f"picture {name} is gone")
    for name in outbox.known_pictures():
        if not _sound(store.get(name), name):
            faults.append(f"picture {name} is named but not whole")
    seq = outbox.put(device_event()).seq
    if seq != len(states) + 1:
        faults.append(f"number {seq} after {len(states)} events")
    outbox.close()
    return faults


def check_central(folder: Path, promises: list[tuple[str, str]]) -> list[str]:
    """What is broken of what central acknowledged."""
    with sqlite3.connect(folder / "jinmu.db") as raw:
        faults = (
            [] if raw.execute("PRAGMA integrity_check").fetchone() == ("ok",) else ["integrity"]
        )
    raw.close()
    database = Database(f"sqlite:///{folder / 'jinmu.db'}")
    with database.read() as session:
        events = set(session.scalars(select(EventTable.id)))
        rows = set(session.scalars(select(EvidenceTable.sha256)))
        cases = list(session.scalars(select(CaseIncidentTable.incident_id)))
    database.close()
    files = EvidenceFiles(folder / "evidence")
    files.set_up()
    for kind, name in promises:
        if kind == "event" and name not in events:
            faults.append(f"event {name} is gone")
        elif kind == "picture" and name not in rows:
            faults.append(f"picture {name} is not known")
    for name in rows:
        path = files.path_of(name)
        if not path.exists() or not _sound(path.read_bytes(), name):
            faults.append(f"picture {name} is known but not whole")
    if len(cases) != len(set(cases)):
        faults.append("a case was filed twice")
    return faults


def _sound(jpeg: bytes | None, sha256: str) -> bool:
    return jpeg is not None and hashlib.sha256(jpeg).hexdigest() == sha256


def _fresh_central(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'jinmu.db'}")
    upgrade.upgrade(database)
    database.close()


OUTBOX = Subject("outbox", 60, lambda _: None, check_outbox)
CENTRAL = Subject("central", 25, _fresh_central, check_central)
