"""Programs whose disk is cut: they write down what they promised to `promises`.

    python -m tests.powercut.programs outbox|central FOLDER COUNT [MUTATION]

Mutations take one safeguard away: `normal` (synchronous=NORMAL), `folder` (no fsync of folders),
`rename` (no fsync of the picture before it gets its name), `early` (promised before the commit).
"""

import hashlib
import os
import queue
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event as sqlalchemy_event

import central.evidence
import edge.evidence
from central import store
from central.db import Database
from central.metrics import make_metrics
from central.receiver import Tools
from central.receiver.link import Letter
from central.receiver.worker import Worker
from edge.events import Ack, to_json
from edge.outbox import Outbox
from tests.central.events import NOW, SHANGHAI, TOPIC, incident_event, ref, story
from tests.delivery import WALL, device_event, picture_ref

CHECKPOINT_PAGES = 30  # soon, so that cuts meet checkpoints


def picture(number: int) -> bytes:
    """Different bytes each time, as large as a small JPEG."""
    return random.Random(number).randbytes(3000)


class Promises:
    """What somebody outside was told; the cut cannot take that back."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "promises").open("ab", buffering=0)

    def __call__(self, kind: str, name: str) -> None:
        self._file.write(f"{kind} {name}\n".encode())


def box(folder: Path, count: int, mutation: str) -> None:
    """Puts events with pictures, has some acknowledged, forgets old ones."""
    outbox = Outbox(folder / "outbox.db")
    pictures = edge.evidence.EvidenceStore(folder / "evidence")
    promise = Promises(folder)
    outbox._db.one(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    if mutation == "normal":
        outbox._db.all("PRAGMA synchronous = NORMAL")
    rng = random.Random(count)
    for number in range(count):
        jpeg = picture(number)
        pictures.put(jpeg)
        event = device_event("x" * rng.randint(0, 380))
        if mutation == "early":
            promise("event", event.id)
        event = outbox.put(event, [picture_ref(jpeg)], {"zone": b"%d" % number})
        promise("event", event.id)
        promise("picture", hashlib.sha256(jpeg).hexdigest())
        if number % 5 == 4:
            outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id]), 0.0)
        if number % 20 == 19:
            outbox.prune(WALL - timedelta(days=1))


class PromisingWire:
    """A broker whose acknowledgements are promises."""

    connected = True

    def __init__(self, promise: Promises) -> None:
        self._promise = promise

    def publish(self, topic: str, body: bytes) -> bool:
        ack = Ack.model_validate_json(body)
        for name in (*ack.filed, *ack.duplicate):
            self._promise("event", name)
        return True

    def ack(self, letter: Letter) -> None:
        """The broker forgets the message."""


def server(folder: Path, count: int, mutation: str) -> None:
    """Files events through the worker and keeps pictures as the upload does."""
    database = Database(f"sqlite:///{folder / 'jinmu.db'}")
    sqlalchemy_event.listen(database.engine, "connect", _pragmas(mutation))
    promise = Promises(folder)
    files = central.evidence.EvidenceFiles(folder / "evidence")
    files.set_up()
    tools = Tools(database, lambda _: None, make_metrics(), lambda: NOW, SHANGHAI)
    inbox: queue.Queue[Letter] = queue.Queue()
    worker = Worker(tools, inbox, PromisingWire(promise))
    for number in range(count):
        events = story(incident=number + 1, start=number * 5 + 1)
        jpeg = picture(number)
        events[1] = incident_event(
            "confirmed", 2, number=number * 5 + 2, incident=number + 1, evidence=[ref(jpeg)]
        )
        letters = [Letter(TOPIC, to_json(event), False, 1, 1, 1) for event in events]
        if mutation == "early":
            for event in events:
                promise("event", event.id)
        worker._handle(letters)
        name = hashlib.sha256(jpeg).hexdigest()
        files.write(name, jpeg)
        with database.write() as session:
            store.add_evidence(session, store.NewEvidence(name, len(jpeg), 1, 1, "b"), NOW)
        promise("picture", name)


def _pragmas(mutation: str) -> Callable[[object, object], None]:
    def set_up(connection, _) -> None:  # type: ignore[no-untyped-def]
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        if mutation == "normal":
            connection.execute("PRAGMA synchronous = NORMAL")

    return set_up


def main() -> None:
    name, folder, count, *rest = sys.argv[1:]
    mutation = rest[0] if rest else ""
    for module in (edge.evidence, central.evidence):
        if mutation == "folder":
            module._sync_folder = lambda _: None  # type: ignore[attr-defined]
    if mutation == "rename":
        os.fsync = lambda _: None  # type: ignore[assignment]
    {"outbox": box, "central": server}[name](Path(folder), int(count), mutation)


if __name__ == "__main__":
    main()
