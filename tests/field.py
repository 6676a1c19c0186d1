"""The broker of the field as `scripts/mosquitto` configures it, and clients with certificates."""

import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.brokers import MOSQUITTO, Broker
from tests.support import ROOT, wait_for


class FieldBroker(Broker):
    """mosquitto with TLS, certificates and rights, over the database of an office's folder."""

    def __init__(self, folder: Path, data_dir: Path, database_url: str) -> None:
        super().__init__(folder)
        self.url = f"mqtts://127.0.0.1:{self.port}"
        self.out = folder / "mosquitto"
        self.data_dir, self.database_url = data_dir, database_url

    def configure(self) -> None:
        """Run `scripts/mosquitto`, as after every change of the boxes."""
        command = [
            *(sys.executable, str(ROOT / "scripts/mosquitto"), str(self.out)),
            *("--host", "127.0.0.1", "--listen", "127.0.0.1", "--port", str(self.port)),
            *("--run-as", "root"),
            *("--data-dir", str(self.data_dir), "--database-url", self.database_url),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr

    def command(self) -> list[str]:
        assert MOSQUITTO is not None
        return [MOSQUITTO, "-c", str(self.out / "mosquitto.conf")]


class Client:
    """An MQTT 5 client with the certificate in a folder; remembers all that comes.

    `got` has (topic, payload); `codes` the answers to SUBSCRIBE and PUBLISH, as text; `ended`
    whether the connection was refused or ended.
    """

    def __init__(
        self, broker: FieldBroker, certificate: tuple[Path, Path], client_id: str, **more: Any
    ) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.codes: list[str] = []
        self.connected = False
        self.ended = ""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5)
        context = ssl.create_default_context(cafile=str(broker.out / "ca.pem"))
        context.load_cert_chain(*certificate)
        client.tls_set_context(context)
        if "user" in more:
            client.username_pw_set(more["user"], "password")
        if "will" in more:
            client.will_set(more["will"], b"will", qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda _, __, ___, reason, ____: self._end(str(reason))
        client.on_subscribe = lambda _, __, ___, reasons, ____: self._say(str(reasons[0]))
        client.on_publish = lambda _, __, ___, reason, ____: self._say(str(reason))
        client.on_message = lambda _, __, m: self.got.append((m.topic, bytes(m.payload)))
        self.client = client
        self._port = broker.port

    def open(self) -> bool:
        """Connect; whether the broker lets us in."""
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 60
        try:
            self.client.connect("127.0.0.1", self._port, clean_start=False, properties=properties)
        except OSError as error:
            self.ended = str(error)
            return False
        self.client.loop_start()
        wait_for(lambda: self.connected or self.ended, what="CONNACK")
        return self.connected

    def subscribe(self, pattern: str) -> str:
        """The broker's answer."""
        return self._answer(lambda: self.client.subscribe(pattern, options=SubscribeOptions(qos=1)))

    def publish(self, topic: str, body: bytes, retain: bool = False) -> str:
        """The broker's answer."""
        return self._answer(lambda: self.client.publish(topic, body, qos=1, retain=retain))

    def die(self) -> None:
        """Lose the connection without a word, so that the will is sent."""
        sock = self.client.socket()
        assert sock is not None
        sock.close()
        self.client.loop_stop()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _answer(self, ask: Callable[[], object]) -> str:
        before = len(self.codes)
        ask()
        wait_for(lambda: len(self.codes) > before or self.ended, what="the broker's answer")
        return self.codes[before] if len(self.codes) > before else self.ended

    def _on_connect(self, _: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        if reason.is_failure:
            self._end(str(reason))
        else:
            self.connected = True

    def _end(self, reason: str) -> None:
        self.ended = self.ended or reason or "ended"

    def _say(self, code: str) -> None:
        self.codes.append(code)
