"""The receiver against real brokers and databases: bad messages, lost parts, dead threads."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select, text

from central import store, upgrade
from central.case_tables import CaseTable
from central.clock import utc_now
from central.db import Database
from central.metrics import Metrics, make_metrics
from central.receiver import Address, Receiver, Tools
from central.receiver.link import Letter
from central.receiver.worker import Worker
from central.tables import AckTable, EventTable, QuarantineTable
from edge.events import BoxState, to_json
from tests.brokers import Broker
from tests.central.databases import Postgres
from tests.central.events import (
    NOW,
    SHANGHAI,
    TOPIC,
    incident_event,
    picture,
    ref,
    story,
    taken,
    uid,
)
from tests.central.server import FakeBox
from tests.support import free_port, wait_for


class Running:
    """A receiver at work, what it counted, and who was told."""

    def __init__(self, database: Database, broker_url: str) -> None:
        self.database = database
        self.told: list[str] = []
        self.metrics: Metrics = make_metrics()
        tools = Tools(database, self._changed, self.metrics, utc_now, SHANGHAI)
        self.receiver = Receiver(Address(broker_url, f"central-{free_port()}"), tools)
        self.when_told: BaseException | None = None

    def _changed(self, topic: str) -> None:
        self.told.append(topic)
        if self.when_told is not None:
            error, self.when_told = self.when_told, None
            raise error

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"{name}_total", labels) or 0.0

    def rows(self, table: type[EventTable | CaseTable | AckTable | QuarantineTable]) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def running(database: Database, broker: Broker) -> Iterator[Running]:
    made = Running(database, broker.url)
    made.receiver.start()
    wait_for(lambda: made.receiver.health().broker, what="the receiver's connection")
    yield made
    made.receiver.stop()


@pytest.fixture
def box(broker: Broker) -> Iterator[FakeBox]:
    made = FakeBox(broker.port)
    yield made
    made.close()


def test_events_in_any_order_are_filed_and_acknowledged_after_the_commit(
    running: Running, box: FakeBox
) -> None:
    events = story()
    box.send(*events[::-1], *events)
    wait_for(lambda: box.acknowledged() == {e.id for e in events} and box.duplicates())
    assert running.rows(EventTable) == 4
    assert running.rows(CaseTable) == 1
    wait_for(lambda: running.rows(AckTable) == 0)
    assert {"cases", "incidents"} <= set(running.told)
    wait_for(lambda: running.count("jinmu_cases_filed", scene="FL") == 1)


def test_a_lost_acknowledgement_is_said_again(running: Running, box: FakeBox) -> None:
    event = incident_event(evidence=[ref(picture())])
    box.send(event)
    wait_for(box.filed)
    for times in (1, 2):
        box.send(event)
        wait_for(lambda times=times: len(box.duplicates()) == times)
    assert all(ack.need_evidence == [ref(picture()).sha256] for ack in box.acks)


def test_bad_messages_are_refused_and_the_good_ones_flow(running: Running, box: FakeBox) -> None:
    good = incident_event(number=50, seq=1)
    oversized = to_json(incident_event(number=51, reason="")).replace(
        b'"reason":""', b'"reason":"' + b"x" * 20_000 + b'"'
    )
    wrong_box = to_json(incident_event(number=52, box="box-02", incident=9))
    bodies = [
        b"",
        b"\xff\x00garbage",
        b"[" * 9000,
        oversized,
        wrong_box,
        to_json(incident_event(number=53)).replace(b'"rev":2', b'"rev":NaN'),
    ]
    for body in bodies:
        box.send_bytes(body)
    box.send(good)
    wait_for(lambda: good.id in box.acknowledged())
    wait_for(lambda: len(box.rejected()) == 3)
    assert box.rejected() == {uid(51): "too_large", uid(52): "wrong_box", uid(53): "malformed"}
    assert running.rows(QuarantineTable) == len(bodies)
    wait_for(lambda: running.count("jinmu_messages", verdict="rejected") == len(bodies))
    wait_for(lambda: running.count("jinmu_alarms", kind="wrong_box") == 1)
    assert running.receiver.health().worker


def test_states_are_kept(running: Running, box: FakeBox) -> None:
    box.send_state(BoxState(online=True, boot_id="b1", outbox_depth=7))
    wait_for(lambda: "boxes" in running.told)
    with running.database.read() as session:
        (seen,) = store.list_boxes(session)
    assert (seen.online, seen.state["outbox_depth"]) == (True, 7)


def test_a_poison_message_is_put_aside_and_the_others_flow(
    running: Running, box: FakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something in the store raises for one message only, before and after its rows are written."""
    real, tries = store.merge, []

    def merge(session, taken, now, zone, policy):  # type: ignore[no-untyped-def]
        verdict = real(session, taken, now, zone, policy)
        if taken.event.id == uid(66):
            tries.append(1)
            raise ZeroDivisionError
        return verdict

    monkeypatch.setattr("central.store.merge", merge)
    others = [incident_event(number=n, incident=n) for n in (64, 65, 67, 68)]
    box.send(*others[:2], incident_event(number=66, incident=66), *others[2:])
    wait_for(lambda: box.rejected() and box.acknowledged() == {e.id for e in others})
    assert box.rejected() == {uid(66): "poison"}
    assert 3 <= len(tries) <= 4  # once in the batch, if it was in one, and three times alone
    assert running.rows(EventTable) == 4


@pytest.mark.parametrize("error", [SystemExit("worker"), RuntimeError("worker")])
def test_a_dead_worker_is_replaced_and_nothing_is_lost(
    running: Running, box: FakeBox, error: BaseException
) -> None:
    running.when_told = error
    first, second = incident_event(number=1), incident_event(number=2, incident=2)
    box.send(first)
    wait_for(lambda: running.count("jinmu_receiver_restarts") == 1, 10)
    box.send(first, second)
    wait_for(lambda: box.acknowledged() == {first.id, second.id})
    assert running.receiver.health().worker


def test_a_dead_network_thread_is_replaced(running: Running, box: FakeBox) -> None:
    def die(*_: object) -> None:
        raise SystemExit("mqtt")

    running.receiver._link._client.on_message = die
    event = incident_event()
    box.send(event)
    wait_for(lambda: running.count("jinmu_receiver_restarts") == 1, 20)
    wait_for(lambda: running.receiver.health().broker)
    box.send(event)
    wait_for(lambda: event.id in box.acknowledged())


def test_the_broker_may_come_late_and_go(database: Database, broker: Broker) -> None:
    broker.stop()
    running = Running(database, broker.url)
    running.receiver.start()
    wait_for(lambda: running.receiver.health().worker)
    assert not running.receiver.health().broker
    broker.start()
    wait_for(lambda: running.receiver.health().broker, 15)
    broker.restart()
    wait_for(lambda: running.receiver.health().broker, 15)
    box = FakeBox(broker.port)
    box.send(incident_event())
    wait_for(box.filed)
    box.close()
    running.receiver.stop()


def test_acknowledgements_left_from_before_a_crash_go_out_at_start(
    database: Database, broker: Broker, box: FakeBox
) -> None:
    """Killed between commit and acknowledgement: the new process says it."""
    event = incident_event()
    with database.write() as session:
        store.merge(session, taken(event), NOW, SHANGHAI)
    running = Running(database, broker.url)
    running.receiver.start()
    wait_for(lambda: box.filed() == [event.id])
    wait_for(lambda: running.rows(AckTable) == 0)
    running.receiver.stop()


def test_while_the_database_is_gone_nothing_is_acknowledged(
    tmp_path: Path, broker: Broker, box: FakeBox
) -> None:
    """A writer that never ends holds SQLite's lock, as a full disk or a dead server would."""
    database = Database(f"sqlite:///{tmp_path}/c.db")
    upgrade.upgrade(database)
    sqlalchemy_event.listen(
        database.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=50")
    )
    running = Running(database, broker.url)
    running.receiver.start()
    wait_for(lambda: running.receiver.health().broker)
    with database.write() as session:
        session.execute(text("SELECT 1"))  # takes the lock
        box.send(incident_event())
        wait_for(lambda: not running.receiver.health().database)
        assert running.receiver.health().worker
        assert box.acks == []
    wait_for(box.filed)
    assert running.receiver.health().database
    running.receiver.stop()
    database.close()


@pytest.mark.postgres
def test_postgresql_may_be_killed_and_come_back(
    postgres: Postgres, broker: Broker, box: FakeBox
) -> None:
    database = Database(postgres.new_database())
    upgrade.upgrade(database)
    running = Running(database, broker.url)
    running.receiver.start()
    wait_for(lambda: running.receiver.health().broker)
    box.send(incident_event(number=1))
    wait_for(box.filed)
    postgres.stop()
    try:
        box.send(incident_event(number=2, incident=2))
        wait_for(lambda: not running.receiver.health().database)
        assert len(box.filed()) == 1
    finally:
        postgres.start()
    wait_for(lambda: len(box.filed()) == 2, 30)
    running.receiver.stop()
    database.close()


class Paper:
    """A wire that writes down what was done, in order."""

    connected = True

    def __init__(self) -> None:
        self.done: list[str] = []

    def publish(self, topic: str, body: bytes) -> bool:
        self.done.append("ack published")
        return True

    def ack(self, letter: Letter) -> None:
        self.done.append("puback")


def test_the_order_is_commit_hint_acknowledgement_puback(database: Database) -> None:
    paper = Paper()
    inbox: queue.Queue[Letter] = queue.Queue()
    seen: list[int] = []

    def changed(_: str) -> None:
        with database.read() as session:  # another connection sees it: it is committed
            seen.append(session.scalar(select(func.count()).select_from(CaseTable)) or 0)
        paper.done.append("hint")

    tools = Tools(database, changed, make_metrics(), utc_now, SHANGHAI)
    worker = Worker(tools, inbox, paper)
    inbox.put(Letter(TOPIC, to_json(incident_event()), False, 1, 1, 1))
    worker.start()
    wait_for(lambda: "puback" in paper.done)
    worker.stop()
    assert paper.done == ["hint", "hint", "hint", "ack published", "puback"]
    assert seen == [1, 1, 1]


def test_a_flood_is_committed_in_batches_of_at_most_fifty(database: Database) -> None:
    paper = Paper()
    inbox: queue.Queue[Letter] = queue.Queue()
    for n in range(1, 121):
        body = to_json(incident_event(number=n, incident=n))
        inbox.put(Letter(TOPIC, body, False, n, 1, 1))
    tools = Tools(database, lambda _: None, make_metrics(), utc_now, SHANGHAI)
    worker = Worker(tools, inbox, paper)
    worker.start()
    wait_for(lambda: paper.done.count("puback") == 120, 60)
    worker.stop()
    count = tools.metrics.registry.get_sample_value("jinmu_batch_seconds_count")
    assert count == 3


def test_a_stale_puback_is_not_sent_on_a_new_connection(
    running: Running, broker: Broker, box: FakeBox
) -> None:
    link = running.receiver._link
    sent: list[int] = []
    real = link._client.ack
    link._client.ack = lambda mid, qos: (sent.append(mid), real(mid, qos))[1]  # type: ignore[method-assign]
    old = Letter(TOPIC, b"", False, 7, 1, link.connection)
    broker.restart()
    wait_for(lambda: link.connection > old.connection and link.connected, 15)
    link.ack(old)
    assert sent == []
    link.ack(replace(old, connection=link.connection, qos=0))
    assert sent == []


def test_a_full_queue_holds_the_network_back_and_loses_nothing(
    database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.receiver.supervisor.MAX_WAITING", 2)
    gate = threading.Event()

    def slow_now() -> datetime:
        gate.wait(10)
        return utc_now()

    running = Running(database, broker.url)
    tools = replace(running.receiver._tools, now=slow_now)
    receiver = Receiver(Address(broker.url, "central-slow"), tools)
    receiver.start()
    wait_for(lambda: receiver.health().broker)
    box = FakeBox(broker.port)
    events = [incident_event(number=n, incident=n) for n in range(1, 21)]
    box.send(*events)
    wait_for(lambda: receiver.health().waiting == 2)
    gate.set()
    wait_for(lambda: box.acknowledged() == {event.id for event in events}, 30)
    box.close()
    receiver.stop()
