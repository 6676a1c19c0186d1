"""`jinmu-central serve` as a real process, and a box that talks to it over a real broker."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from central import auth, upgrade
from central.clock import utc_now
from central.db import Database
from edge.events import Ack, BoxState, DeviceEvent, IncidentEvent, to_json, topic
from tests.support import wait_for


class Server:
    """A server over a data directory of its own, on any free port; may be killed and restarted."""

    def __init__(self, folder: Path, broker_url: str, database_url: str = "") -> None:
        self.data_dir = folder / "central"
        self.log = folder / "central.log"
        self.broker_url = broker_url
        self.database_url = database_url
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        given = {"JINMU_DATA_DIR": str(self.data_dir), "JINMU_BROKER_URL": self.broker_url}
        given |= {"JINMU_DATABASE_URL": self.database_url} if self.database_url else {}
        return os.environ | given

    def database(self) -> Database:
        """A connection beside the server's own."""
        return Database(self.database_url or f"sqlite:///{self.data_dir / 'jinmu.db'}")

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        before = len(self.text())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "central", "serve", "--port", "0", *options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        address = r"^jinmu-central: (http://\S+)$"
        found = wait_for(
            lambda: re.search(address, self.text()[before:], re.MULTILINE), 60, self.text()
        )
        assert found is not None
        self.url = found.group(1)

    def kill(self) -> None:
        """`kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        code = self.process.wait(20)
        self.process = None
        return code

    def text(self) -> str:
        """Everything it has printed and logged."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def token(self, name: str, scope: auth.Scope) -> str:
        """A new token, made beside the running server."""
        database = self.database()
        upgrade.upgrade(database)
        with database.write() as session:
            token = auth.create_token(session, name, scope, utc_now())
        database.close()
        return token


class FakeBox:
    """Publishes what it is told to and remembers every acknowledgement."""

    def __init__(self, port: int, site: str = "pujin", box: str = "box-01") -> None:
        self.site, self.box = site, box
        self.acks: list[Ack] = []
        self._ready = threading.Event()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"{site}.{box}.test", protocol=mqtt.MQTTv5
        )
        client.on_socket_open = lambda _, __, sock: sock.setsockopt(  # type: ignore[attr-defined]
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        client.on_connect = lambda c, *_: c.subscribe(topic(site, box, "ack"), qos=1)
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = lambda _, __, m: self.acks.append(Ack(**json.loads(m.payload)))
        client.connect("127.0.0.1", port)
        client.loop_start()
        self._client = client
        wait_for(self._ready.is_set, 10, "the box's subscription")

    def send(self, *events: IncidentEvent | DeviceEvent) -> None:
        for event in events:
            self.send_bytes(to_json(event))

    def send_bytes(self, body: bytes) -> None:
        self._client.publish(topic(self.site, self.box, "event"), body, qos=1)

    def send_state(self, state: BoxState) -> None:
        self._client.publish(topic(self.site, self.box, "state"), to_json(state), 1, retain=True)

    def filed(self) -> list[str]:
        return [name for ack in list(self.acks) for name in ack.filed]

    def duplicates(self) -> list[str]:
        return [name for ack in list(self.acks) for name in ack.duplicate]

    def acknowledged(self) -> set[str]:
        return {*self.filed(), *self.duplicates()}

    def rejected(self) -> dict[str, str]:
        return {r.id: r.code for ack in list(self.acks) for r in ack.rejected}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
