"""The chain of a box: whole on the box whatever happens there, checked at central in any order."""

import random
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from central import store, upgrade
from central.db import Database
from central.identity_tables import BoxKeyTable, SealTable
from central.intake import Sender
from central.tables import EventTable
from edge.errors import EdgeError
from edge.events import Ack, DeviceEvent, to_json
from edge.outbox import Outbox, Row
from edge.seal import genesis, link_of
from edge.signing import Signer
from tests.central.events import NOW, SHANGHAI
from tests.delivery import device_event
from tests.identity import Signed

BOX = Sender("pujin", "box-01")
KEYS = [Signer(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(3)]
STEPS = st.lists(st.sampled_from(["put", "twice", "restart", "ack", "rekey"]), max_size=25)


def all_rows(outbox: Outbox) -> list[Row]:
    return [outbox._row(seq) for (seq,) in outbox._db.all("SELECT seq FROM event ORDER BY seq")]


def check_whole(outbox: Outbox, signer: Signer | None) -> None:
    prev = genesis(outbox.epoch)
    for row in all_rows(outbox):
        if signer is None:
            assert row.seal is None
        else:
            assert row.seal == signer.seal(prev, row.body)
        prev = link_of(prev, row.body)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_chain_of_an_outbox_is_whole_after_anything(steps: list[str]) -> None:
    """Keys come late and change, puts fail half-way, the program starts again: still one chain."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "outbox.db"
        signer: Signer | None = None
        outbox = Outbox(path, random.Random(1).random, signer)
        last: DeviceEvent | None = None
        for step in steps:
            if step == "put" or last is None:
                last = outbox.put(device_event())
            elif step == "twice":  # the second of the two fails: the first must be undone too
                with pytest.raises((ValueError, EdgeError)):
                    outbox.put_all([(device_event(), ()), (last, ())])
            elif step == "ack":
                outbox.apply(Ack(epoch=outbox.epoch, filed=[last.id]), 0.0)
            else:
                if step == "rekey":
                    signer = KEYS[(KEYS.index(signer) + 1) % len(KEYS)] if signer else KEYS[0]
                before = all_rows(outbox)
                outbox.close()
                outbox = Outbox(path, random.Random(1).random, signer)
                assert step == "rekey" or all_rows(outbox) == before
            check_whole(outbox, signer)
        outbox.close()


def test_an_outbox_of_before_chains_is_linked_and_signed(tmp_path: Path) -> None:
    old = Outbox(tmp_path / "outbox.db")
    for _ in range(3):
        old.put(device_event())
    old._db.run("DROP TABLE seal")
    old.close()
    outbox = Outbox(tmp_path / "outbox.db", signer=KEYS[0])
    outbox.put(device_event())
    check_whole(outbox, KEYS[0])
    outbox.close()


def test_a_chain_outlives_the_events_that_were_forgotten(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", signer=KEYS[0])
    events = [outbox.put(device_event()) for _ in range(3)]
    last = outbox._row(3)
    assert last.seal is not None
    outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id for event in events]), 0.0)
    outbox.prune(events[0].time.replace(year=2030))
    outbox.close()
    outbox = Outbox(tmp_path / "outbox.db", signer=KEYS[0])
    outbox.put(device_event())
    seal = outbox._row(4).seal
    assert seal is not None
    assert seal.prev == link_of(last.seal.prev, last.body)
    assert outbox._db.one("SELECT count(*) FROM seal") == 2
    outbox.close()


def signed_events(count: int, signer: Signer = KEYS[0]) -> list[Signed]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        outbox = Outbox(Path(folder) / "outbox.db", signer=signer)
        events = [outbox.put(device_event(str(n))) for n in range(count)]
        found = []
        for event in events:
            row = outbox._row(event.seq)
            assert row.seal is not None
            found.append(Signed(event, row.body, row.seal))
        outbox.close()
    return found


EVENTS = signed_events(8)


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('central')}/c.db")
    upgrade.upgrade(made)
    with made.write() as session:
        store.add_key(session, BOX, KEYS[0].public_key, NOW)
        store.add_key(session, Sender("pujin", "box-02"), KEYS[1].public_key, NOW)
    return made


def take_in(database: Database, signed: Signed) -> store.Verdict:
    with database.write() as session:
        return store.merge(session, signed.taken(BOX), NOW, SHANGHAI)


def report(database: Database) -> list[store.ChainReport]:
    with database.read() as session:
        return list(store.check_chains(session))


@pytest.fixture(autouse=True)
def forget(request: pytest.FixtureRequest) -> None:
    if "central" in request.fixturenames:
        empty(request.getfixturevalue("central"))


def empty(database: Database) -> None:
    with database.write() as session:
        for table in ("acks", "quarantine", "device_events", "ledgers", "seals", "events"):
            session.execute(delete(_table(table)))


def _table(name: str):  # type: ignore[no-untyped-def]
    return BoxKeyTable.metadata.tables[name]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(EVENTS), again=st.lists(st.sampled_from(EVENTS), max_size=4))
def test_any_order_and_repetition_makes_the_same_whole_chain(
    central: Database, order: list[Signed], again: list[Signed]
) -> None:
    empty(central)
    verdicts = [take_in(central, signed) for signed in [*order, *again]]
    assert [v.kind for v in verdicts] == ["filed"] * len(order) + ["duplicate"] * len(again)
    assert not any(verdict.forked for verdict in verdicts)
    (chain,) = report(central)
    assert (chain.events, chain.sealed, chain.joints) == (8, 8, 8)
    assert (chain.gaps, chain.faults_total) == (0, 0)


@settings(max_examples=40, deadline=None)
@given(lost=st.sets(st.integers(1, 8), min_size=1, max_size=7), order=st.permutations(range(8)))
def test_gaps_are_told_and_accuse_nobody(
    central: Database, lost: set[int], order: list[int]
) -> None:
    empty(central)
    here = [EVENTS[n] for n in order if n + 1 not in lost]
    assert not any(take_in(central, signed).forked for signed in here)
    (chain,) = report(central)
    there = [n for n in range(1, 9) if n not in lost]
    gaps = sum(n - 1 not in (0, *there) for n in there)
    assert (chain.events, chain.gaps, chain.faults_total) == (len(there), gaps, 0)
    assert sum(fault.code == "gap" for fault in chain.faults) == gaps


@settings(max_examples=30, deadline=None)
@given(at=st.integers(0, 6), order=st.permutations(range(8)))
def test_two_outboxes_with_one_key_are_told_in_any_order(
    central: Database, at: int, order: list[int]
) -> None:
    """A copy of the box goes its own way after event `at`: one event that fits no neighbour."""
    empty(central)
    event = device_event("the copy's")
    body_event = event.model_copy(update={"seq": at + 2, "epoch": EVENTS[0].event.epoch})
    body = to_json(body_event)
    foreign = Signed(body_event, body, KEYS[0].seal(bytes([7]) * 32, body))
    sent = [foreign if n == at + 1 else EVENTS[n] for n in order]
    verdicts = [take_in(central, signed) for signed in sent]
    assert {verdict.kind for verdict in verdicts} == {"filed"}
    assert any(verdict.forked for verdict in verdicts)
    (chain,) = report(central)
    assert chain.faults_total >= 1
    assert {fault.code for fault in chain.faults} == {"fork"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"body": b'{"altered":true}'}, "bad_signature"),
        ({"signature": bytes(64)}, "bad_signature"),
        ({"prev": bytes(32)}, "bad_signature"),
        ({"link": bytes(32)}, "bad_link"),
        ({"key_id": KEYS[1].key_id}, "foreign_key"),
    ],
)
def test_what_is_altered_in_the_database_later_is_found(
    central: Database, values: dict[str, object], code: str
) -> None:
    for signed in EVENTS:
        take_in(central, signed)
    table = EventTable if "body" in values else SealTable
    key = EventTable.id if table is EventTable else SealTable.event_id
    with central.write() as session:
        session.execute(update(table).where(key == EVENTS[3].event.id).values(**values))
    (chain,) = report(central)
    assert code in {fault.code for fault in chain.faults if fault.seq in (4, 5)}
    assert chain.faults_total >= 1
