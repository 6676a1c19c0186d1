"""The invariant: made = filed + quarantined + still queued, once each, with every picture."""

import hashlib
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select

from central.case_tables import CaseIncidentTable, CaseTable
from central.db import Database
from central.evidence import EvidenceFiles
from central.tables import EventTable, EvidenceTable, LedgerTable
from tests.faultline.field import BoxProcess, Field


@dataclass(slots=True)
class Account:
    """What became of everything that was made; `faults` is empty when the invariant holds."""

    made: int = 0
    filed: int = 0
    quarantined: int = 0
    queued: int = 0
    cases: int = 0
    pictures: int = 0
    shed: int = 0
    drained_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return (
            f"{self.made} made, {self.filed} filed, {self.quarantined} quarantined,"
            f" {self.queued} queued, {self.cases} cases, {self.pictures} pictures"
        )

    def latency_s(self, share: float) -> float:
        """Quantile of event time to commit in central, e.g. 0.95."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def latency_s(site: Field, share: float, which: ColumnElement[bool]) -> float:
    """Quantile of the making of some events to their commit in central, in seconds."""
    database = site.servers[0].database()
    query = select(EventTable.time, EventTable.received_at).where(which)
    with database.read() as session:
        found = [(there - made).total_seconds() for made, there in session.execute(query)]
    database.close()
    return Account(latencies_s=found).latency_s(share)


def rows(box: BoxProcess, sql: str) -> list[Any]:
    """What stands in the outbox of a box, running or not."""
    found: list[Any]
    with sqlite3.connect(f"file:{box.folder}/outbox.db?mode=ro", uri=True, timeout=10) as db:
        found = db.execute(sql).fetchall()
    db.close()
    return found


def waiting(box: BoxProcess) -> int:
    """Events and pictures that central has not got, and events that are still to be made."""
    if not (box.folder / "outbox.db").exists():
        return 1
    ((events,),) = rows(box, "SELECT count(*) FROM event WHERE state = 'queued'")
    ((pictures,),) = rows(box, "SELECT count(*) FROM evidence WHERE state = 'pending'")
    return int(events) + int(pictures) + _to_make(box)


def _to_make(box: BoxProcess) -> int:
    if "count" not in box.options or float(box.options.get("rate", 5)) == 0:
        return 0
    ((made,),) = rows(box, "SELECT count(*) FROM event")
    return max(0, int(box.options["count"]) - int(made))


def drain(site: Field, limit_s: float) -> float:
    """Wait until all boxes are empty, or the limit; how long it took in seconds."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        if all(waiting(box) == 0 for box in site.boxes):
            break
        time.sleep(0.2)
    return time.monotonic() - began


def settle(site: Field, limit_s: float = 60.0) -> Account:
    """Let everything run undisturbed, then look whether the invariant holds."""
    drained_s = drain(site, limit_s)
    for box in site.boxes:
        box.kill()
    account = examine(site)
    account.drained_s = drained_s
    return account


def examine(site: Field) -> Account:
    """Compare every outbox with central's database and files."""
    account = Account()
    database = site.servers[0].database()
    with database.read() as session:
        filed = Counter(session.scalars(select(EventTable.id)))
        account.cases = len(list(session.scalars(select(CaseTable.id))))
        incidents = Counter(session.scalars(select(CaseIncidentTable.incident_id)))
        timed = session.execute(select(EventTable.time, EventTable.received_at))
        account.latencies_s = [(there - made).total_seconds() for made, there in timed]
        for ledger in session.scalars(select(LedgerTable)):
            if ledger.missing:
                account.faults.append(f"ledger of {ledger.box} misses {ledger.missing[:5]}")
    for box in site.boxes:
        _examine_box(box, set(filed), account)
    account.filed = len(filed)
    account.faults += [f"{name} filed twice" for name, n in (filed + incidents).items() if n > 1]
    _examine_pictures(site, database, account)
    database.close()
    return account


def _examine_box(box: BoxProcess, filed: set[str], account: Account) -> None:
    states: dict[str, str] = dict(rows(box, "SELECT event_id, state FROM event"))
    told = (box.folder / "told").read_text().split() if (box.folder / "told").exists() else []
    account.made += len(states.keys() | set(told))  # what is filed and old is forgotten by the box
    gone = [name for name in told if name not in states and name not in filed]
    account.faults += [f"{box.name}: {name} was put and is gone" for name in gone]
    for name, state in states.items():
        if state == "filed" and name not in filed:
            account.faults.append(f"{box.name}: {name} was acknowledged and is not filed")
        elif state == "quarantined":
            account.quarantined += 1
        elif state == "queued" and name not in filed:
            account.queued += 1
    ((shed,),) = rows(box, "SELECT count(*) FROM evidence WHERE state = 'quarantined'")
    account.shed += int(shed)


def _examine_pictures(site: Field, database: Database, account: Account) -> None:
    files = EvidenceFiles(site.servers[0].data_dir / "evidence")
    with database.read() as session:
        names = list(session.scalars(select(EvidenceTable.sha256)))
    account.pictures = len(names)
    for name in names:
        if not _sound(files.path_of(name), name):
            account.faults.append(f"picture {name} is not whole")
    wanted = {
        name
        for box in site.boxes
        for (name,) in rows(box, "SELECT sha256 FROM evidence WHERE state = 'uploaded'")
    }
    account.faults += [f"picture {name} was uploaded and is gone" for name in wanted - set(names)]


def _sound(path: Path, sha256: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
