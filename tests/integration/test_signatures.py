"""Forged, altered, replayed and foreign events over a real broker: none filed, all written down."""

import base64
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy import func, select

from central import store
from central.clock import utc_now
from central.db import Database
from central.intake import Refusal, Sender, take
from central.metrics import make_metrics
from central.receiver import Address, Receiver, Tools
from central.settings import Policy
from central.tables import AckTable, AuditTable, EventTable, QuarantineTable
from edge.events import to_json, topic
from edge.seal import Seal
from edge.signing import Signer
from tests.brokers import Broker
from tests.central.events import NOW, SENDER, SHANGHAI, incident_event, story, taken, uid
from tests.central.server import FakeBox
from tests.identity import Office, Signed, sign_all
from tests.support import free_port, wait_for

FORGED = 1200
THIEF = Signer(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
Wire = tuple[str, bytes, tuple[tuple[str, str], ...]]
"""Topic, body and user properties of one message."""


@dataclass
class Attacker:
    """Somebody who got to the broker and may publish anything anywhere: the broker itself, say."""

    client: mqtt.Client

    def send(self, message: Wire) -> None:
        name, body, user = message
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = list(user)
        self.client.publish(name, body, qos=1, properties=properties)


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.fixture
def receiver(database: Database, broker: Broker) -> Iterator[Receiver]:
    tools = Tools(database, lambda _: None, make_metrics(), utc_now, SHANGHAI)
    made = Receiver(Address(broker.url, f"central-{free_port()}"), tools)
    made.start()
    wait_for(lambda: made.health().broker, what="the receiver's connection")
    yield made
    made.stop()


def genuine(box: str, signer: Signer, start: int) -> list[Signed]:
    events = [
        incident_event("confirmed", 2, number=start + n, incident=start + n, box=box, seq=n + 1)
        for n in range(20)
    ]
    return sign_all(signer, events)


def forgeries(
    rng: random.Random, mine: list[Signed], other: list[Signed], other_key: Signer
) -> Iterator[tuple[str, Wire]]:
    """Without end: the kind of forgery and the message; `other` is another box that is enrolled."""
    here, there = topic("pujin", "box-01", "event"), topic("pujin", "box-02", "event")
    number = 5000
    while True:
        number += 1
        one = rng.choice(mine)
        fresh = to_json(incident_event(number=number, incident=number, seq=number))
        user = one.seal.properties()
        yield "unsigned", (here, fresh, ())
        yield "unsigned copy", (here, one.body + b" " * (number % 50 + 1), ())
        yield "stranger's key", (here, fresh, THIEF.seal(one.seal.prev, fresh).properties())
        yield "other box's key", (here, fresh, other_key.seal(one.seal.prev, fresh).properties())
        yield "other box's event", (here, rng.choice(other).body + b" " * number, user)
        yield "on the other's topic", (there, one.body + b"\n" * (number % 900), user)
        yield (
            "another id",
            (here, one.body.replace(one.event.id.encode(), uid(number).encode()), user),
        )
        yield "another seq", (here, one.body.replace(b'"seq":', b'"seq":%d' % number, 1), user)
        yield "other seal", (here, fresh, rng.choice(mine).seal.properties())
        bits = bytearray(one.body)
        bits[rng.randrange(len(bits))] ^= 1 << rng.randrange(8)
        yield "a bit", (here, bytes(bits), user)
        sig = bytearray(one.seal.signature)
        sig[rng.randrange(64)] ^= 1 << rng.randrange(8)
        spoilt = replace(one.seal, signature=bytes(sig))
        yield "a bit of the signature", (here, fresh, spoilt.properties())
        claimed = Seal(one.seal.key_id, one.seal.prev, THIEF.seal(one.seal.prev, fresh).signature)
        yield "claimed key", (here, fresh, claimed.properties())
        half = user[: rng.randrange(1, 3)]
        yield "half a seal", (here, fresh.replace(b"occupied", b"partly"), half)


def rows(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_1200_forgeries_are_refused_and_written_down_and_the_genuine_ones_filed(
    database: Database, office: Office, broker: Broker, receiver: Receiver
) -> None:
    keys = {box: office.enrol(box).signer for box in ("box-01", "box-02")}
    mine = genuine("box-01", keys["box-01"], 100)
    other = genuine("box-02", keys["box-02"], 200)
    listeners = [FakeBox(broker.port, box=box) for box in keys]
    attacker = Attacker(listeners[0]._client)
    forged = forgeries(random.Random(7), mine, other, keys["box-02"])
    kinds: Counter[str] = Counter()
    sent: set[tuple[str, bytes]] = set()
    for n in range(FORGED):
        if n % 60 == 0:
            for box, event in (("box-01", mine[n // 60]), ("box-02", other[n // 60])):
                attacker.send((topic("pujin", box, "event"), event.body, event.seal.properties()))
        kind, message = next(forged)
        kinds[kind] += 1
        sent.add(message[:2])
        attacker.send(message)
    wait_for(lambda: rows(database, EventTable) >= 40 and _refused(database) >= FORGED, 60)
    with database.read() as session:
        filed = set(session.scalars(select(EventTable.id)))
        audited = session.scalar(
            select(func.count()).select_from(AuditTable).where(AuditTable.action == "event_refused")
        )
        codes = set(session.scalars(select(QuarantineTable.code)))
        reports = list(store.check_chains(session))
    assert filed == {signed.event.id for signed in [*mine, *other]}
    assert _refused(database) == FORGED == sum(kinds.values())
    assert len(kinds) == 13
    assert min(kinds.values()) >= 90
    assert audited == rows(database, QuarantineTable) >= len(sent)
    assert {"unsigned", "unknown_key", "foreign_key", "bad_signature", "bad_seal"} <= codes
    assert [(c.events, c.joints, c.gaps, c.faults_total) for c in reports] == [(20, 20, 0, 0)] * 2
    wait_for(lambda: rows(database, AckTable) == 0)
    for listener in listeners:  # a box is never told to forget what somebody else has spoilt
        assert listener.rejected() == {}
        listener.close()


def _refused(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.sum(QuarantineTable.seen))) or 0


def test_a_replay_is_a_duplicate_and_changes_nothing(office: Office) -> None:
    signed = sign_all(office.enrol().signer, story())
    kinds = [_merge(office, one).kind for one in [*signed, *signed, *signed]]
    assert kinds == ["filed"] * 4 + ["duplicate"] * 8
    assert rows(office.database, EventTable) == 4


def test_a_revoked_box_is_refused_at_once_and_its_new_keys_are_taken(office: Office) -> None:
    old = office.enrol().signer
    first, second, *_ = sign_all(old, story())
    assert _merge(office, first).kind == "filed"
    office.revoke()
    assert _merge(office, second).code == "revoked"
    assert _merge(office, replace(second, seal=None)).code == "revoked"  # type: ignore[arg-type]
    again = sign_all(office.enrol().signer, story())
    assert _merge(office, second).code == "revoked"
    assert _merge(office, again[1]).kind == "filed"


@pytest.mark.parametrize(
    ("policy", "anybody_enrolled", "code"),
    [
        ("auto", False, ""),
        ("auto", True, "unsigned"),
        ("never", True, ""),
        ("always", False, "unsigned"),
    ],
)
def test_a_box_that_is_not_enrolled_is_taken_as_the_setting_says(
    office: Office, policy: Policy, anybody_enrolled: bool, code: str
) -> None:
    if anybody_enrolled:
        office.enrol("box-07")
    with office.database.write() as session:
        verdict = store.merge(session, taken(incident_event()), NOW, SHANGHAI, policy)
    assert verdict.code == code


def test_a_spoilt_message_cannot_make_a_box_forget_or_a_gap_vanish(office: Office) -> None:
    """Malformed, with the id and number of an event that the box still holds."""
    signer = office.enrol().signer
    genuine_, *_ = sign_all(signer, story())
    spoilt = genuine_.body.replace(b'"rev":1', b'"rev":-1')
    unsigned = take("jinmu/v1/pujin/box-01/event", spoilt)
    sealed = replace(unsigned, seal=signer.seal(genuine_.seal.prev, spoilt))
    assert isinstance(unsigned, Refusal)
    assert isinstance(sealed, Refusal)
    assert unsigned.event_id == genuine_.event.id
    with office.database.write() as session:
        store.refuse(session, unsigned, NOW)
    assert rows(office.database, AckTable) == 0
    assert _merge(office, genuine_).kind == "filed"
    with office.database.write() as session:
        store.refuse(session, sealed, NOW)  # its box said it: so it is told
    with office.database.read() as session:
        verdicts = session.scalars(select(AckTable.verdict).order_by(AckTable.id)).all()
    assert verdicts == ["filed", "rejected"]


def test_keys_are_nowhere_but_in_the_box_folder(
    office: Office, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    identity = office.enrol()
    for signed in sign_all(identity.signer, story()):
        _merge(office, signed)
    office.revoke()
    secret = identity.signer._key.private_bytes_raw()
    forms = [secret, secret.hex().encode(), base64.b64encode(secret)]
    folder = office.folder / "pujin.box-01"
    for name in ("box.key", "signing.key"):
        lines = (folder / name).read_bytes().splitlines()
        forms += [line for line in lines if b"PRIVATE KEY" not in line and len(line) > 30]
    assert len(forms) >= 5
    for file in office.folder.rglob("*"):
        if file.is_file() and file.parent != folder:
            content = file.read_bytes()
            assert not [form for form in forms if form in content], file
    shown = capsys.readouterr()
    printed = f"{shown.out}{shown.err}{caplog.text}{identity!r}".encode()
    assert not [form for form in forms if form in printed]


def _merge(office: Office, signed: Signed) -> store.Verdict:
    with office.database.write() as session:
        return store.merge(session, signed.taken(SENDER), NOW, SHANGHAI)


def test_a_seal_of_another_site_is_foreign(office: Office) -> None:
    signer = office.enrol("box-01", site="huamu").signer
    office.enrol()
    signed, *_ = sign_all(signer, story())
    assert _merge(office, signed).code == "foreign_key"
    assert signed.taken(Sender("pujin", "box-01")).seal is not None
