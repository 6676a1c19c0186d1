"""What Jinmu needs of a broker, on the real ones: each of these was found missing somewhere."""

import queue
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.brokers import Broker, IotCore, Mosquitto
from tests.support import ROOT, wait_for


class Peer:
    """A paho MQTT 5 client that keeps what it receives in `got` as (topic, payload, retain)."""

    def __init__(self, broker: Broker, name: str, will: tuple[str, bytes] | None = None) -> None:
        self.got: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.reasons: list[Any] = []
        self.granted: list[Any] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)
        self.client.on_message = lambda c, u, m: self.got.put((m.topic, m.payload, m.retain))
        self.client.on_connect = lambda c, u, f, reason, p: self.reasons.append(reason)
        self.client.on_subscribe = lambda c, u, mid, reasons, p: self.granted.extend(reasons)
        if broker.user:
            self.client.username_pw_set(broker.user, broker.password)
        if will is not None:
            self.client.will_set(will[0], will[1], qos=1, retain=True)
        self.client.connect("127.0.0.1", broker.port, keepalive=5)
        self.client.loop_start()
        wait_for(lambda: self.reasons, 10, "CONNACK")

    def subscribe(self, filter_: str) -> None:
        self.granted.clear()
        self.client.subscribe(filter_, options=SubscribeOptions(qos=1))
        wait_for(lambda: self.granted, 10, "SUBACK")

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def vanish(self) -> None:
        """Close the socket without DISCONNECT, so that the broker sends the will."""
        self.client.loop_stop()
        sock = self.client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def peers(any_broker: Broker) -> Iterator[dict[str, Peer]]:
    made = {name: Peer(any_broker, name) for name in ("a", "b", "c")}
    yield made
    for peer in made.values():
        peer.close()


def test_qos_1_reaches_a_wildcard_subscriber(peers: dict[str, Peer]) -> None:
    peers["a"].subscribe("jinmu/v1/+/+/event")
    peers["b"].publish("jinmu/v1/pujin/box-01/event", b"x" * 16_384)
    assert peers["a"].got.get(timeout=10) == ("jinmu/v1/pujin/box-01/event", b"x" * 16_384, False)


def test_a_share_group_gets_every_message_once(peers: dict[str, Peer]) -> None:
    for name in "ab":
        peers[name].subscribe("$share/filer/jinmu/v1/+/+/event")
    sent = [str(n).encode() for n in range(100)]
    for payload in sent:
        peers["c"].publish("jinmu/v1/pujin/box-01/event", payload)
    wait_for(lambda: peers["a"].got.qsize() + peers["b"].got.qsize() >= 100, 10)
    got = [peers[name].got.get_nowait()[1] for name in "ab" for _ in range(peers[name].got.qsize())]
    assert sorted(got, key=int) == sent


def test_state_is_retained_for_who_comes_later(any_broker: Broker, peers: dict[str, Peer]) -> None:
    topic = "jinmu/v1/pujin/box-01/state"
    peers["a"].publish(topic, b"old", retain=True)
    peers["a"].publish(topic, b"new", retain=True)
    late = Peer(any_broker, "late")
    late.subscribe("jinmu/v1/+/+/state")
    assert late.got.get(timeout=10) == (topic, b"new", True)
    late.close()


def test_the_will_of_a_client_that_vanished_is_retained(
    any_broker: Broker, peers: dict[str, Peer]
) -> None:
    topic = "jinmu/v1/pujin/box-02/state"
    peers["a"].subscribe(topic)
    box = Peer(any_broker, "box-02", will=(topic, b"offline"))
    box.publish(topic, b"online", retain=True)
    assert peers["a"].got.get(timeout=10)[1] == b"online"
    box.vanish()
    assert peers["a"].got.get(timeout=20)[1] == b"offline"
    late = Peer(any_broker, "late")
    late.subscribe(topic)
    assert late.got.get(timeout=10) == (topic, b"offline", True)
    late.close()


def test_a_session_with_expiry_survives_a_reconnect(any_broker: Broker) -> None:
    properties = Properties(mqtt.PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 300
    present: list[bool] = []
    for count in (1, 2):
        client = mqtt.Client(CallbackAPIVersion.VERSION2, "keeper", protocol=mqtt.MQTTv5)
        client.on_connect = lambda c, u, flags, reason, p: present.append(flags.session_present)
        client.connect("127.0.0.1", any_broker.port, clean_start=False, properties=properties)
        client.loop_start()
        wait_for(lambda n=count: len(present) == n, 10)
        client.disconnect()
        client.loop_stop()
    assert present == [False, True]


@pytest.mark.parametrize(
    "kind", ["iotcore", pytest.param("mosquitto", marks=pytest.mark.mosquitto)]
)
def test_a_wrong_password_is_refused(kind: str, tmp_path: Path) -> None:
    made = {"iotcore": IotCore, "mosquitto": Mosquitto}[kind](tmp_path, "box-01", "right")
    made.start()
    good = Peer(made, "good")
    assert not good.reasons[0].is_failure
    good.close()
    made.password = "wrong"
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bad", protocol=mqtt.MQTTv5)
    client.username_pw_set("box-01", "wrong")
    ended: list[Any] = []
    client.on_disconnect = lambda c, u, flags, reason, p: ended.append(reason)
    client.on_connect = lambda c, u, flags, reason, p: ended.append(reason)
    client.connect("127.0.0.1", made.port)
    client.loop_start()
    assert wait_for(lambda: ended, 10)[0].is_failure
    client.disconnect()
    client.loop_stop()
    made.kill()


def test_the_script_ends_cleanly_and_forgets_when_killed(tmp_path: Path) -> None:
    made = IotCore(tmp_path)
    made.start()
    peer = Peer(made, "a")
    peer.publish("jinmu/v1/pujin/box-01/state", b"kept in memory", retain=True)
    peer.close()
    made.restart()
    late = Peer(made, "late")
    late.subscribe("jinmu/v1/#")
    with pytest.raises(queue.Empty):
        late.got.get(timeout=0.5)
    late.close()
    assert made.stop() == 0
    assert f"ready on 127.0.0.1:{made.port}" in made.log


def test_a_taken_port_is_said_in_one_line(broker: Broker) -> None:
    command = [sys.executable, str(ROOT / "scripts/broker"), "--port", str(broker.port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("broker: ")
    assert "Traceback" not in ended.stderr


def test_a_user_without_password_is_refused() -> None:
    command = [sys.executable, str(ROOT / "scripts/broker"), "--user", "a"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "BROKER_PASSWORD" in ended.stderr


def test_the_script_is_a_program() -> None:
    assert shutil.which("broker", path=str(ROOT / "scripts")) is not None
