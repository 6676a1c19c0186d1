"""What the delivery tests need: events to send, a central that files, a place for evidence."""

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.events import (
    Ack,
    BoxState,
    DeviceData,
    DeviceEvent,
    EvidenceRef,
    parse_event,
    to_json,
    topic,
)
from edge.ids import uuid7
from edge.outbox import Outbox
from tests.support import wait_for

WALL = datetime(2026, 11, 24, 13, 59, 10, tzinfo=UTC)
SITE, BOX, BOOT = "pujin", "box-01", "boot-1"


def device_event(detail: str = "", wall: datetime = WALL) -> DeviceEvent:
    """A valid event that is not in any outbox yet."""
    data = DeviceData(condition="dark", state="raised", since=wall, detail=detail)
    source = f"/{SITE}/{BOX}/gate-east"
    return DeviceEvent(id=uuid7(wall), source=source, time=wall, subject="gate-east", data=data)


def picture_ref(jpeg: bytes, wall: datetime = WALL) -> EvidenceRef:
    digest = hashlib.sha256(jpeg).hexdigest()
    return EvidenceRef(sha256=digest, role="confirmed", bytes=len(jpeg), taken_at=wall)


def online() -> BoxState:
    return BoxState(online=True, boot_id=BOOT)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ts = 1000.0

    def ts(self) -> float:
        return self.now_ts

    def wall(self) -> datetime:
        return WALL + timedelta(seconds=self.now_ts - 1000.0)


class FilingCentral:
    """Files what comes over a real broker: acknowledges only after it is on a real disk.

    `answers = False` makes it a receiver that gets everything and says nothing. `counts` says how
    often each event came; `filed` is read back from the file.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self.answers = True
        self.counts: dict[str, int] = {}
        self.states: list[tuple[BoxState, bool]] = []
        self._path = folder / "filed.txt"
        self._path.touch()
        self._port = port
        self._client: mqtt.Client | None = None
        self._connected = threading.Event()

    @property
    def filed(self) -> list[str]:
        return self._path.read_text(encoding="utf-8").split()

    def start(self) -> None:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, "central", protocol=mqtt.MQTTv5)
        client.reconnect_delay_set(1, 1)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_socket_open = lambda c, u, sock: sock.setsockopt(  # type: ignore[attr-defined]
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        self._client = client
        wait_for(self._connected.is_set, 10, "central's subscription")

    def stop(self) -> None:
        assert self._client is not None
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe("jinmu/v1/+/+/event", qos=1)
        client.subscribe("jinmu/v1/+/+/state", qos=1)
        client.on_subscribe = lambda *_: self._connected.set()

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/state"):
            state = BoxState.model_validate_json(message.payload)
            self.states.append((state, message.retain))
            return
        event = parse_event(bytes(message.payload))
        self.counts[event.id] = self.counts.get(event.id, 0) + 1
        if not self.answers:
            return
        new = event.id not in self.filed
        if new:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(event.id + "\n")
        verdict: dict[str, Any] = {"filed" if new else "duplicate": [event.id]}
        ack = Ack(epoch=event.epoch, hwm=event.seq, **verdict)
        client.publish(topic(SITE, BOX, "ack"), to_json(ack), qos=1)


class EvidenceServer:
    """A real HTTP server: `answers` gives the statuses to come, 204 when it is empty."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.always: dict[str, int] = {}
        self.got: dict[str, bytes] = {}
        self.requests: list[tuple[str, str]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self) -> Iterator["EvidenceServer"]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answer(self.path, self.headers.get("Authorization", ""), body)
                self.send_response(status)
                payload = b"" if status == 204 else json.dumps({"detail": "no"}).encode()
                if status != 204:
                    self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, path: str, authorization: str, body: bytes) -> int:
        sha256 = path.removeprefix("/api/v1/evidence/")
        self.requests.append((sha256, authorization))
        status = self.always.get(sha256) or (self.answers.pop(0) if self.answers else 204)
        if status < 300:
            assert hashlib.sha256(body).hexdigest() == sha256
            self.got[sha256] = body
        return status


def accounted(outbox: Outbox) -> dict[str, str]:
    """State of every event in the file, by id."""
    return dict(outbox._db.all("SELECT event_id, state FROM event"))
