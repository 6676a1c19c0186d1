"""The broker of the field: who may do what there, and a thief among the boxes.

Everything runs against the configuration that `scripts/mosquitto` writes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from central import upgrade
from central.clock import utc_now
from central.db import Database
from central.metrics import make_metrics
from central.receiver import Address, Receiver, Tools
from central.tables import EventTable
from edge.clock import SystemClock
from edge.events import BoxState
from edge.identity import BoxIdentity
from edge.outbox import Outbox
from edge.publisher import Publisher, PublisherSettings
from tests.brokers import MOSQUITTO
from tests.central.events import SHANGHAI
from tests.delivery import device_event
from tests.field import Client, FieldBroker
from tests.identity import Office
from tests.support import wait_for

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
]
BOXES = ("box-01", "box-02")
REFUSED = "Not authorized"
EVENTS = 100


@dataclass
class Field:
    """Two boxes, one receiver, one broker."""

    office: Office
    broker: FieldBroker
    identities: dict[str, BoxIdentity]

    def client(self, box: str, client_id: str = "", **more: str) -> Client:
        """Somebody with the certificate of this box."""
        shown = self.identities[box].certificate
        files = (shown.cert_file, shown.key_file)
        return Client(self.broker, files, client_id or f"pujin.{box}", **more)

    def central(self) -> Client:
        """A receiver that hears what it may, in the group that a thief would like to join."""
        folder = self.broker.out / "central-1"
        made = Client(self.broker, (folder / "client.pem", folder / "client.key"), "anything")
        assert made.open()
        for pattern in ("$share/filer/jinmu/v1/+/+/event", "jinmu/v1/+/+/state"):
            assert made.subscribe(pattern) == "Granted QoS 1"
        return made


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    url = f"sqlite:///{tmp_path}/central.db"
    database = Database(url)
    upgrade.upgrade(database)
    office = Office(database, tmp_path)
    identities = {box: office.enrol(box) for box in BOXES}
    broker = FieldBroker(tmp_path, tmp_path / "central", url)
    broker.configure()
    broker.start()
    yield Field(office, broker, identities)
    broker.kill()
    database.close()


def own(box: str, leaf: str) -> str:
    return f"jinmu/v1/pujin/{box}/{leaf}"


@pytest.mark.parametrize(("box", "other"), [BOXES, BOXES[::-1]])
def test_a_box_does_its_own_work_and_reaches_nothing_of_another(
    field: Field, box: str, other: str
) -> None:
    """publish, subscribe, #, $share, retained, $CONTROL, $SYS: answers and what really came."""
    central, victim, thief = field.central(), field.client(other), field.client(box)
    assert victim.open()
    assert thief.open()
    for leaf in ("ack", "command"):
        assert victim.subscribe(own(other, leaf)) == "Granted QoS 1"
        assert thief.subscribe(own(box, leaf)) == "Granted QoS 1"
    heard = [
        *(own(other, leaf) for leaf in ("event", "state", "ack", "command")),
        *(
            "#",
            "+/#",
            "jinmu/#",
            "jinmu/v1/+/+/event",
            "jinmu/v1/+/+/ack",
            f"jinmu/v1/pujin/{box}/#",
        ),
        *("$share/filer/jinmu/v1/+/+/event", "$share/filer/#", f"$share/g/{own(other, 'ack')}"),
        *("$SYS/#", "$CONTROL/#", "$CONTROL/dynamic-security/v1/response"),
    ]
    assert {pattern: thief.subscribe(pattern) for pattern in heard} == dict.fromkeys(heard, REFUSED)
    said = [
        *(own(other, leaf) for leaf in ("event", "state", "ack", "command")),
        *(own(box, leaf) for leaf in ("ack", "command", "event/more")),
        *("jinmu/v1/huamu/box-01/event", "anything", "$CONTROL/dynamic-security/v1"),
    ]
    for retain in (False, True):
        answers = {name: thief.publish(name, b"stolen", retain) for name in said}
        assert answers == dict.fromkeys(said, REFUSED)
    assert thief.publish(own(box, "event"), b"mine") == "Success"
    assert thief.publish(own(box, "state"), b"mine", retain=True) == "Success"
    assert victim.publish(own(other, "event"), b"the victim's") == "Success"
    assert central.publish(own(other, "ack"), b"for the victim") == "Success"
    assert central.publish(own(box, "ack"), b"for the thief") == "Success"
    wait_for(lambda: len(central.got) == 3 and victim.got and thief.got)
    assert sorted(central.got) == sorted(
        [
            (own(box, "event"), b"mine"),
            (own(box, "state"), b"mine"),
            (own(other, "event"), b"the victim's"),
        ]
    )
    assert victim.got == [(own(other, "ack"), b"for the victim")]
    assert thief.got == [(own(box, "ack"), b"for the thief")]
    for client in (central, victim, thief):
        client.close()


@pytest.mark.parametrize(("box", "other"), [BOXES, BOXES[::-1]])
def test_another_s_name_at_connect_makes_nobody_another(field: Field, box: str, other: str) -> None:
    """Client id, user name and will of the victim, with the thief's own certificate."""
    central, victim = field.central(), field.client(other)
    assert victim.open()
    assert victim.subscribe(own(other, "ack")) == "Granted QoS 1"
    thief = field.client(box, f"pujin.{other}", user=f"pujin.{other}", will=own(other, "state"))
    assert thief.open()
    assert thief.publish(own(other, "event"), b"stolen") == REFUSED
    assert thief.subscribe(own(other, "ack")) == REFUSED
    thief.die()
    witness = field.client(box, will=own(box, "state"))  # its will comes, so the other's would
    assert witness.open()
    witness.die()
    wait_for(lambda: central.got, what="the will that is allowed")
    assert central.got == [(own(box, "state"), b"will")]
    assert victim.ended == ""
    assert central.publish(own(other, "ack"), b"still here") == "Success"
    wait_for(lambda: victim.got == [(own(other, "ack"), b"still here")])
    late = field.central()
    assert late.client.is_connected()
    for client in (central, victim, late):
        client.close()


def test_who_shows_no_certificate_of_ours_is_not_let_in(field: Field, tmp_path: Path) -> None:
    """A revoked one, one of another authority, one that the broker has never heard of, none."""
    revoked = field.client("box-02")
    assert revoked.open()
    revoked.close()
    field.office.revoke("box-02")
    field.broker.configure()
    field.broker.restart()
    again = field.client("box-02")
    assert not again.open()
    assert not again.connected
    foreign = Office(field.office.database, tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    strange = foreign.enrol("box-01").certificate
    stranger = Client(field.broker, (strange.cert_file, strange.key_file), "pujin.box-01")
    assert not stranger.open()
    server = (field.broker.out / "server.pem", field.broker.out / "server.key")
    assert not Client(field.broker, server, "server").open()


def test_a_box_that_is_enrolled_but_not_in_the_file_yet_may_do_nothing(field: Field) -> None:
    field.identities["box-03"] = field.office.enrol("box-03")
    early = field.client("box-03")
    if early.open():
        assert early.publish(own("box-03", "event"), b"x") == REFUSED
        assert early.subscribe(own("box-03", "ack")) == REFUSED
        early.close()
    field.broker.configure()
    field.broker.restart()
    known = field.client("box-03")
    assert known.open()
    assert known.publish(own("box-03", "event"), b"x") != REFUSED
    known.close()


def test_it_is_the_right_to_subscribe_that_keeps_the_thief_out(field: Field) -> None:
    """Without that one line the broker grants the share group, as it does with an acl_file."""
    rules = field.broker.out / "dynamic-security.json"
    text = rules.read_text()
    assert text.count('"subscribe": false') == 1
    rules.write_text(text.replace('"subscribe": false', '"subscribe": true'))
    field.broker.restart()
    thief = field.client("box-02")
    assert thief.open()
    assert thief.subscribe("$share/filer/jinmu/v1/+/+/event") == "Granted QoS 1"
    thief.close()


def outboxes(field: Field, tmp_path: Path) -> dict[str, Outbox]:
    return {
        box: Outbox(tmp_path / f"{box}.db", random.Random(1).random, identity.signer)
        for box, identity in field.identities.items()
    }


def test_nothing_is_lost_with_a_thief_trying_for_the_share_group(
    field: Field, tmp_path: Path
) -> None:
    """Two boxes with all their own parts, a receiver in a group, a third box that was stolen."""
    field.identities["box-03"] = field.office.enrol("box-03")
    field.broker.configure()
    field.broker.restart()
    database = field.office.database
    tools = Tools(database, lambda _: None, make_metrics(), utc_now, SHANGHAI)
    folder = field.broker.out / "central-1"
    receiver = Receiver(Address(field.broker.url, "x", "+", "filer", folder), tools)
    receiver.start()
    wait_for(lambda: receiver.health().broker, what="the receiver's connection")
    thief = field.client("box-03")
    assert thief.open()
    queues = outboxes(field, tmp_path)
    senders = {box: publisher(field, box, queues[box]) for box in BOXES}
    for sender in senders.values():
        sender.start()
    put: set[str] = set()
    for n in range(EVENTS):
        assert thief.subscribe("$share/filer/jinmu/v1/+/+/event") == REFUSED
        for box in BOXES:
            event = device_event(f"{n}").model_copy(update={"source": f"/pujin/{box}/gate-east"})
            put.add(queues[box].put(event).id)
    wait_for(lambda: all(queues[box].depth() == 0 for box in BOXES), 60, "empty outboxes")
    resent = [queues[box].stats(utc_now()).resent_total for box in BOXES]
    for sender in senders.values():
        sender.stop()
    receiver.stop()
    with database.read() as session:
        filed = set(session.scalars(select(EventTable.id)))
    assert filed == put
    assert len(filed) == EVENTS * len(BOXES)
    assert thief.got == []
    assert sum(resent) <= 10  # nothing had to be healed: the thief never got one
    thief.close()
    for queue in queues.values():
        queue.close()


def test_a_renewed_certificate_is_used_at_the_next_connection(field: Field, tmp_path: Path) -> None:
    """The box loses its broker, finds an unusable certificate, then a good one: no restart."""
    (queue, *others) = outboxes(field, tmp_path).values()
    sender = publisher(field, "box-01", queue)
    sender.start()
    wait_for(lambda: sender.connected, what="the connection")
    file = field.identities["box-01"].certificate.cert_file
    good = file.read_bytes()
    file.write_bytes(b"half a file")
    field.broker.restart()
    wait_for(lambda: not sender.connected, what="the end of the connection")
    file.write_bytes(good)
    wait_for(lambda: sender.connected, 30, "the connection with the new certificate")
    assert sender.stop()
    for one in (queue, *others):
        one.close()


def publisher(field: Field, box: str, queue: Outbox) -> Publisher:
    identity = field.identities[box]
    settings = PublisherSettings(
        "pujin", box, "boot-1", field.broker.url, identity.ca_file, identity.certificate
    )
    state = BoxState(online=True, boot_id="boot-1")
    return Publisher(settings, queue, SystemClock(), lambda: state)
