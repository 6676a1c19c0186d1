"""Several receivers share the events of a group, on PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from central import upgrade
from central.case_tables import CaseTable
from central.clock import utc_now
from central.db import Database
from central.metrics import make_metrics
from central.receiver import Address, Receiver, Tools
from central.settings import SettingsError, load
from central.tables import EventTable, LedgerTable
from edge.events import BoxState
from tests.brokers import Broker
from tests.central.databases import Postgres
from tests.central.events import SHANGHAI, story
from tests.central.server import FakeBox
from tests.support import wait_for

GROUP = 3
INCIDENTS = 40


class Group:
    """Receivers of one group and their counters."""

    def __init__(self, url: str, broker_url: str) -> None:
        self.databases = [Database(url) for _ in range(GROUP)]
        self.metrics = [make_metrics() for _ in range(GROUP)]
        self.receivers = [
            Receiver(
                Address(broker_url, f"r{n}", share="filer"),
                Tools(database, lambda _: None, self.metrics[n], utc_now, SHANGHAI),
            )
            for n, database in enumerate(self.databases)
        ]

    def start(self) -> None:
        for receiver in self.receivers:
            receiver.start()
        wait_for(lambda: all(receiver.health().broker for receiver in self.receivers))

    def stop(self) -> None:
        for receiver in self.receivers:
            receiver.stop()
        for database in self.databases:
            database.close()

    def filed(self) -> list[float]:
        name, label = "jinmu_messages_total", {"verdict": "filed"}
        return [m.registry.get_sample_value(name, label) or 0.0 for m in self.metrics]


@pytest.fixture
def group(postgres: Postgres, any_broker: Broker) -> Iterator[Group]:
    url = postgres.new_database()
    database = Database(url)
    upgrade.upgrade(database)
    database.close()
    made = Group(url, any_broker.url)
    made.start()
    yield made
    made.stop()
    postgres.drop_database(url)


@pytest.mark.postgres
def test_each_event_is_filed_once_whoever_gets_it(group: Group, any_broker: Broker) -> None:
    boxes = [FakeBox(any_broker.port, box=f"box-0{n}") for n in (1, 2)]
    events = [e for n in range(INCIDENTS) for e in story(incident=n + 1, start=n * 4 + 1)]
    boxes[0].send_state(BoxState(online=True, boot_id="b1", outbox_depth=7))
    boxes[0].send(*events, *events[::-1])
    wait_for(lambda: boxes[0].acknowledged() == {event.id for event in events}, 60)
    with group.databases[0].read() as session:
        count = lambda table: session.scalar(select(func.count()).select_from(table))  # noqa: E731
        assert (count(EventTable), count(CaseTable)) == (len(events), INCIDENTS)
        (ledger,) = session.scalars(select(LedgerTable))
        assert (ledger.hwm, ledger.missing) == (len(events), [])
    assert sum(group.filed()) == len(events)
    assert min(group.filed()) > 0, "the events were not shared"
    for box in boxes:
        box.close()


def test_a_group_needs_a_database_server() -> None:
    with pytest.raises(SettingsError, match="PostgreSQL"):
        load({"share": "filer"}, {})
    assert load({"share": "filer", "database_url": "postgresql://db/j"}, {}).share == "filer"
