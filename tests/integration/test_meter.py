"""External sound level meters over a real broker and a real HTTP server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs

from edge.clock import SystemClock
from edge.errors import ConfigError
from edge.sound.frames import SecondFrame
from edge.sound.meter import ExternalMeter, MeterSettings
from edge.worker import Worker
from tests.brokers import Broker
from tests.support import free_port, wait_for

TOPIC = "meters/plaza"
START = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


def frame(second: int = 0, **changes: Any) -> bytes:
    at = (START + timedelta(seconds=second)).isoformat()
    good = {"weighting": "A", "interval_s": 1.0, "class": 1, "serial": "7", "leq_db": 60.0}
    return json.dumps(good | {"at": at} | changes).encode()


@contextmanager
def reading(url: str) -> Iterator[tuple[ExternalMeter, list[SecondFrame]]]:
    """A meter that is read, and what it gave."""
    given: list[SecondFrame] = []
    meter = ExternalMeter(MeterSettings("plaza", url), given.append, SystemClock())
    worker = Worker("meter", meter.run)
    worker.start()
    try:
        yield meter, given
    finally:
        assert worker.stop()
    assert worker.crashes == 0


@contextmanager
def sender(broker: Broker) -> Iterator[paho.Client]:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.loop_stop()
        client.disconnect()


def send_until(client: paho.Client, given: list[SecondFrame], level_db: float) -> None:
    """Send this level, each time a second later, until it has come through."""
    seconds = iter(range(100_000))

    def came() -> bool:
        client.publish(TOPIC, frame(next(seconds), leq_db=level_db))
        return any(one.laeq_db == level_db for one in given)

    wait_for(came, what=f"a frame of {level_db} dB")


def test_a_meter_over_mqtt(any_broker: Broker) -> None:
    with sender(any_broker) as client, capture_logs() as logs:
        client.publish(TOPIC, frame(leq_db=99.0), qos=1, retain=True).wait_for_publish(5)
        with reading(f"{any_broker.url}/{TOPIC}") as (meter, given):
            send_until(client, given, 61.0)
            assert meter.up
            client.publish(TOPIC, frame(weighting="C"))
            client.publish(TOPIC, frame(weighting="C"))
            client.publish(TOPIC, b"61.0 dB")
            wait_for(lambda: sum(meter.refused.values()) >= 3)
            assert meter.refused["weighting"] == 2
            # What the broker had kept from before is no present level.
            assert all(one.laeq_db == 61.0 for one in given)
    said = [entry for entry in logs if entry["event"] == "meter_frame_refused"]
    assert len(said) == len(meter.refused)


def test_a_broker_that_goes_away_is_tried_again(broker: Broker) -> None:
    with reading(f"{broker.url}/{TOPIC}") as (meter, given), capture_logs() as logs:
        with sender(broker) as client:
            send_until(client, given, 61.0)
        broker.kill()
        wait_for(lambda: not meter.up, what="the loss")
        broker.start()
        with sender(broker) as client:
            send_until(client, given, 62.0)
    events = [entry["event"] for entry in logs if entry["event"].startswith("meter_lost")]
    assert events == ["meter_lost", "meter_lost_over"]
    starts = [one.ts for one in given]
    assert starts == sorted(starts)


class _Meter:
    """An instrument with a web page of its own; `answers` gives status and body, over and over."""

    def __init__(self, port: int) -> None:
        self.asked = 0
        self.status, self.body = 200, b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> "_Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_a_meter_over_http_is_asked_and_every_frame_counts_once() -> None:
    port = free_port()
    with _Meter(port) as instrument:
        instrument.body = frame(0)
        with reading(f"http://127.0.0.1:{port}/live") as (meter, given):
            wait_for(lambda: instrument.asked >= 3)
            assert len(given) == 1
            instrument.body = b"[" + frame(0) + b"," + frame(1, leq_db=64.0) + b"]"
            wait_for(lambda: len(given) == 2)
            assert given[1].ts - given[0].ts == pytest.approx(1.0, abs=0.6)
            instrument.body = frame(2, at=None)
            wait_for(lambda: "no_at" in meter.refused or "malformed" in meter.refused)


def test_a_meter_over_http_that_fails_is_asked_again() -> None:
    port = free_port()
    with reading(f"http://user:hunter2@127.0.0.1:{port}/live") as (meter, given):
        with capture_logs() as logs, _Meter(port) as instrument:
            instrument.status, instrument.body = 503, b"busy"
            wait_for(lambda: instrument.asked >= 1)
            instrument.status, instrument.body = 200, frame(0)
            wait_for(lambda: given)
            assert meter.up
            instrument.status = 500
            wait_for(lambda: not meter.up)
        text = json.dumps(logs, default=str)
        assert "hunter2" not in text
        # Perhaps once more, for the time before the server was there.
        assert text.count('"meter_lost"') <= 2


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    port = free_port()
    with _Meter(port) as instrument:
        instrument.body = b"[" * 4_000_000
        with reading(f"http://127.0.0.1:{port}/live") as (meter, given):
            wait_for(lambda: meter.refused.get("size"))
            assert given == []


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://127.0.0.1",
        "mqtt://user:hunter2@127.0.0.1:99999/meters",
        "ftp://127.0.0.1/x",
        "http:///live",
        "file:///etc/passwd",
        "",
    ],
)
def test_what_is_no_address_of_a_meter(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        ExternalMeter(MeterSettings("plaza", url), lambda _: None, SystemClock())
    assert "hunter2" not in str(error.value)
