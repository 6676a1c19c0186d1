"""Missing numbers on both databases: written once, mended, asked for until they come."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from central import store
from central.db import Database
from central.ledger import MAX_RANGES, Ledger
from central.metrics import make_metrics
from central.receiver.gaps import LOOK_EVERY_S, GapWatch
from central.tables import LedgerTable
from edge.clock import SystemClock
from edge.events import Ack
from edge.outbox import Outbox
from tests.central.events import NOW, SHANGHAI, device_event, incident_event, taken


class Wire:
    """A broker that takes what is published, or does not."""

    def __init__(self) -> None:
        self.up = True
        self.said: list[Ack] = []

    def publish(self, topic: str, body: bytes) -> bool:
        assert topic == "jinmu/v1/pujin/box-01/ack"
        self.said += [Ack.model_validate_json(body)] if self.up else []
        return self.up


class Watch:
    """The watch over a database, looked through at moments of our choice."""

    def __init__(self, database: Database, start: datetime = NOW) -> None:
        self.wire = Wire()
        self.now, self.ts = start, 0.0
        self._watch = GapWatch(
            database, make_metrics(), lambda: self.now, lambda: self.ts, self.wire
        )

    def after(self, seconds: float) -> list[tuple[int, int]]:
        """Let time go on and look; what was asked for."""
        self.now += timedelta(seconds=seconds)
        self.ts += max(seconds, LOOK_EVERY_S)
        self.wire.said.clear()
        self._watch.look()
        return sorted(gap for ack in self.wire.said for gap in ack.missing)


def take_in(database: Database, *numbers: int, at: datetime = NOW) -> None:
    with database.write() as session:
        for number in numbers:
            store.merge(session, taken(device_event(number)), at, SHANGHAI)


def ledger_of(database: Database) -> Ledger:
    with database.read() as session:
        row = session.scalars(select(LedgerTable)).one()
        return Ledger.of(row.hwm, row.missing)


def test_a_ledger_is_written_once_per_transaction(database: Database) -> None:
    take_in(database, 1)
    written: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        written.extend([statement] if "ledger" in statement.lower() else [])

    event.listen(database.engine, "before_cursor_execute", listen)
    take_in(database, *range(3, 40, 2))
    verbs = [statement.split()[0] for statement in written]
    assert (verbs.count("SELECT"), verbs.count("UPDATE"), verbs.count("INSERT")) == (1, 1, 0)
    assert (ledger_of(database).hwm, len(ledger_of(database).gaps)) == (39, 19)


def test_what_is_rolled_back_is_not_in_the_ledger(database: Database) -> None:
    take_in(database, 1)

    def half_a_batch() -> None:
        with database.write() as session:
            store.merge(session, taken(device_event(2)), NOW, SHANGHAI)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_a_batch()
    assert ledger_of(database).hwm == 1
    take_in(database, 2)
    assert ledger_of(database).hwm == 2


def test_a_box_that_has_nothing_to_send_is_asked_too(database: Database) -> None:
    take_in(database, 1, 3, 7)
    watch = Watch(database)
    assert watch.after(10) == []
    assert watch.after(25) == [(2, 2), (4, 6)]
    assert watch.after(20) == []
    take_in(database, 5)
    assert watch.after(10) == [(2, 2), (4, 4), (6, 6)]
    assert watch.after(7200) == [(2, 2), (4, 4), (6, 6)]
    take_in(database, 2, 4, 6)
    assert watch.after(7200) == []


def test_nothing_is_forgotten_while_the_broker_is_away(database: Database) -> None:
    take_in(database, 2)
    watch = Watch(database)
    watch.wire.up = False
    assert watch.after(35) == []
    watch.wire.up = True
    assert watch.after(1) == [(1, 1)]


def test_after_a_restart_old_gaps_are_asked_for_at_once(database: Database) -> None:
    take_in(database, 2)
    assert Watch(database, NOW + timedelta(days=40)).after(0) == [(1, 1)]


def test_joined_gaps_are_asked_for_until_all_have_come(database: Database) -> None:
    last = 2 * (MAX_RANGES + 2)
    take_in(database, *range(2, last + 1, 2))
    assert any(gap.joined for gap in ledger_of(database).gaps)
    watch = Watch(database)
    odd = [(number, number) for number in range(1, last, 2)]
    assert watch.after(0) == odd, "all of them, those that the row cannot hold too"
    assert watch.after(0) == odd, "as long as some are joined"
    assert all(len(ack.missing) <= 50 for ack in watch.wire.said)
    take_in(database, *range(1, 21, 2))
    assert watch.after(0) == odd[10:]
    assert not any(gap.joined for gap in ledger_of(database).gaps)
    assert watch.after(1) == []


def test_what_central_lost_comes_back_from_an_idle_box(database: Database, tmp_path: Path) -> None:
    """A backup is restored: the box thinks it is filed, central knows only of a later one."""
    outbox, ts = Outbox(tmp_path / "outbox.db"), SystemClock().ts()
    events = [outbox.put(incident_event(number=n, rev=n)) for n in (1, 2, 3)]
    outbox.apply(Ack(epoch=outbox.epoch, filed=[e.id for e in events]), ts)
    assert outbox.due(ts, 9, 10**6) == []
    with database.write() as session:
        for one in (events[0], events[2]):
            store.merge(session, taken(one), NOW, SHANGHAI)
    watch = Watch(database)
    assert watch.after(31) == [(2, 2)]
    (ack,) = watch.wire.said
    outbox.apply(ack, ts)
    (row,) = outbox.due(ts, 9, 10**6)
    assert row.event_id == events[1].id
    with database.write() as session:
        store.merge(session, taken(events[1]), NOW, SHANGHAI)
    assert ledger_of(database).gaps == ()
    outbox.close()
