"""Small safeguards that no other test would miss: see `tests/faultline/mutations.py`."""

import time
from pathlib import Path

import pytest

from central import upgrade
from central.clock import utc_now
from central.db import Database
from central.metrics import make_metrics
from central.receiver import Address, Receiver, Tools
from central.receiver.link import Link
from edge.clock import SystemClock
from tests.brokers import Broker
from tests.central.events import SHANGHAI, incident_event
from tests.central.server import FakeBox
from tests.faultline.mutations import MUTATIONS, Mutation
from tests.support import ROOT, wait_for


def test_an_exception_in_the_callback_does_not_end_the_network_thread(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path}/c.db")
    upgrade.upgrade(database)
    real, raised = Link._put, []

    def put(self: Link, message: object) -> None:
        if not raised:
            raised.append(1)
            raise RuntimeError("poison")
        real(self, message)  # type: ignore[arg-type]

    monkeypatch.setattr(Link, "_put", put)
    metrics = make_metrics()
    tools = Tools(database, lambda _: None, metrics, utc_now, SHANGHAI)
    receiver = Receiver(Address(broker.url, "central-callback"), tools)
    receiver.start()
    wait_for(lambda: receiver.health().broker)
    box = FakeBox(broker.port)
    box.send(incident_event(number=1), incident_event(number=2, incident=2))
    wait_for(box.filed)
    assert raised
    assert metrics.registry.get_sample_value("jinmu_receiver_restarts_total") == 0
    box.close()
    receiver.stop()
    database.close()


def test_the_clock_of_timers_does_not_follow_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    before_s = clock.ts()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= clock.ts() - before_s < 60


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_the_mutations_still_fit_the_code(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1
