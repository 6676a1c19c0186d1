"""`kill -9` of central again and again while events come: every event filed once, one case each."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from central.case_tables import CaseTable, TransitionTable
from central.tables import EventTable, LedgerTable
from edge.events import IncidentEvent
from tests.brokers import Broker
from tests.central.events import story
from tests.central.server import FakeBox, Server
from tests.support import wait_for

KILLS = 5
INCIDENTS = 12


@pytest.fixture
def server(tmp_path: Path, broker: Broker) -> Iterator[Server]:
    made = Server(tmp_path, broker.url)
    yield made
    made.kill()


def resend(box: FakeBox, events: list[IncidentEvent], stop: threading.Event) -> None:
    """What a box does: send again whatever is not acknowledged."""
    while not stop.wait(0.2):
        known = box.acknowledged()
        box.send(*[event for event in events if event.id not in known][:10])


def test_kills_lose_nothing_and_file_nothing_twice(server: Server, broker: Broker) -> None:
    server.start()
    box = FakeBox(broker.port)
    events = [event for n in range(INCIDENTS) for event in story(incident=n + 1, start=n * 4 + 1)]
    stop = threading.Event()
    sender = threading.Thread(target=resend, args=(box, events, stop))
    sender.start()
    try:
        for kill in range(1, KILLS + 1):
            enough = len(events) * kill // (KILLS + 2)
            wait_for(lambda enough=enough: len(box.acknowledged()) >= enough, 40)
            server.kill()
            server.start()
        wait_for(lambda: len(box.acknowledged()) == len(events), 60)
    finally:
        stop.set()
        sender.join()
        box.close()
    database = server.database()
    with database.read() as session:
        count = lambda table: session.scalar(select(func.count()).select_from(table))  # noqa: E731
        assert count(EventTable) == len(events)
        assert count(CaseTable) == INCIDENTS
        rows = session.execute(select(TransitionTable.case_id, TransitionTable.action)).all()
        numbers = set(session.scalars(select(CaseTable.case_no)))
        (ledger,) = session.scalars(select(LedgerTable))
        assert (ledger.hwm, ledger.missing) == (len(events), [])
    assert len(numbers) == INCIDENTS
    logged = Counter((row.case_id, row.action) for row in rows)
    assert set(logged.values()) == {1}
    # What nobody accepted closes by itself ten minutes after the clear: the event's day decides
    # whether that is already over while this runs.
    by_events = [action for _, action in logged if action != "self_clear"]
    assert Counter(by_events) == dict.fromkeys(("file", "joined", "cleared"), INCIDENTS)
    database.close()
    assert server.stop() == 0
