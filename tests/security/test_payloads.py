"""Mutated and hostile MQTT payloads through the real worker (goal B1).

Nothing crashes, everything is acknowledged, and each reject has its code, its count and its row.
`scripts/attacks --only payloads` sends 100,000.
"""

import os
import queue
from pathlib import Path

import pytest
from sqlalchemy import func, select

from central import upgrade
from central.clock import utc_now
from central.db import Database
from central.intake import Refusal, Taken, TakenState, take
from central.metrics import Metrics, make_metrics
from central.receiver import Tools
from central.receiver.link import Letter
from central.receiver.worker import Worker
from central.store.quarantine import MAX_ROWS
from central.tables import QuarantineTable
from tests.central.events import SHANGHAI
from tests.security.payloads import payloads
from tests.support import measured, wait_for

COUNT = int(os.environ.get("JINMU_PAYLOADS", "5000"))
SEED = int(os.environ.get("JINMU_SEED", "5"))
LARGE_BYTES = 5 * 1024 * 1024


class Wire:
    """A broker that takes everything and counts acknowledgements."""

    connected = True

    def __init__(self) -> None:
        self.acked = 0

    def publish(self, topic: str, body: bytes) -> bool:
        return True

    def ack(self, letter: Letter) -> None:
        self.acked += 1


def counted(metrics: Metrics, name: str) -> dict[str, float]:
    """Samples of one counter by its only label."""
    return {
        next(iter(sample.labels.values())): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == f"{name}_total"
    }


@pytest.mark.timeout(3600 if COUNT > 10_000 else 180)
def test_no_payload_stops_the_receiver_and_every_reject_is_kept(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'jinmu.db'}")
    upgrade.upgrade(database)
    inbox: queue.Queue[Letter] = queue.Queue(1000)
    wire, metrics = Wire(), make_metrics()
    tools = Tools(database, lambda _: None, metrics, utc_now, SHANGHAI)
    worker = Worker(tools, inbox, wire)
    worker.start()
    for number, (topic, body) in enumerate(payloads(SEED, COUNT)):
        inbox.put(Letter(topic, body, number % 7 == 0, number % 65535 + 1, 1, 1), timeout=60)
        assert worker.alive, (topic, body[:400])
    wait_for(lambda: inbox.empty() and wire.acked >= COUNT, 60, "the last batch")
    assert worker.alive
    worker.stop()
    verdicts, rejected = counted(metrics, "jinmu_messages"), counted(metrics, "jinmu_rejected")
    assert sum(verdicts.values()) == COUNT
    assert verdicts["rejected"] == sum(rejected.values()) > COUNT / 2
    assert "poison" not in rejected, "the schema let something through that the store cannot hold"
    check_rows(database, rejected)
    database.close()
    measured(
        "hostile MQTT payloads",
        f"{COUNT:,} payloads, 0 crashes; {int(verdicts['rejected']):,} refused, each with code,"
        f" count and row, {COUNT - int(verdicts['rejected']):,} harmless",
        f"bytes flipped, cut, recoded; NaN, doubled members, 10,000 levels, 300 kB; seed {SEED}",
    )


def check_rows(database: Database, rejected: dict[str, float]) -> None:
    with database.read() as session:
        codes = select(QuarantineTable.code, func.sum(QuarantineTable.seen))
        counts = session.execute(codes.group_by(QuarantineTable.code)).all()
        rows = {code: seen for code, seen in counts}  # noqa: C416 rows are no pairs to mypy
        total = session.scalar(select(func.count()).select_from(QuarantineTable)) or 0
    assert set(rows) <= set(rejected)
    if total < MAX_ROWS:  # a full quarantine only counts
        assert {code: float(seen) for code, seen in rows.items()} == rejected


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"id":"', b" ", b"\x00", b"\xff"])
def test_five_megabytes_are_refused_at_once(opening: bytes) -> None:
    body = opening * (LARGE_BYTES // len(opening))
    for topic in ("jinmu/v1/pujin/box-01/event", "jinmu/v1/pujin/box-01/state"):
        item = take(topic, body)
        assert isinstance(item, Refusal)
        assert item.code in ("too_large", "malformed_state")


def test_the_generator_makes_sound_ones_too_or_it_would_test_nothing() -> None:
    kinds = [type(take(topic, body)) for topic, body in payloads(1, 1500)]
    assert {Taken, TakenState, Refusal} == set(kinds)
    assert kinds.count(Taken) > 20
