"""Events over real brokers: killed, forgetful, lying, refusing."""

import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

import edge.mqtt
from edge.clock import SystemClock
from edge.events import BoxState
from edge.outbox import Outbox
from edge.publisher import Publisher, PublisherSettings
from tests.brokers import MOSQUITTO, Broker, IotCore, Mosquitto
from tests.delivery import (
    BOOT,
    BOX,
    SITE,
    WALL,
    FilingCentral,
    accounted,
    device_event,
    online,
)
from tests.support import ROOT, free_port, listens, wait_for

needs_mosquitto = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
]


def publisher(url: str, outbox: Outbox, state_source=online) -> Publisher:
    return Publisher(PublisherSettings(SITE, BOX, BOOT, url), outbox, SystemClock(), state_source)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "outbox.db", random.Random(1).random)
    yield made
    made.close()


@pytest.fixture
def central(any_broker: Broker, tmp_path: Path) -> Iterator[FilingCentral]:
    made = FilingCentral(any_broker.port, tmp_path)
    made.start()
    yield made
    made.stop()


def test_events_are_filed_and_state_is_told(
    any_broker: Broker, central: FilingCentral, outbox: Outbox
) -> None:
    early = outbox.put(device_event())
    sender = publisher(any_broker.url, outbox)
    sender.start()
    wait_for(lambda: outbox.depth() == 0, 20)
    late = [outbox.put(device_event()) for _ in range(100)]
    wait_for(lambda: outbox.depth() == 0, 20)
    assert sorted(central.filed) == sorted([early.id, *(event.id for event in late)])
    assert set(central.counts.values()) == {1}
    wait_for(lambda: central.states, 5)
    assert central.states[0][0] == online()
    assert sender.stop()
    wait_for(lambda: not central.states[-1][0].online, 5)
    assert central.states[-1][0].boot_id == BOOT


def test_a_puback_alone_never_removes_anything(
    any_broker: Broker, central: FilingCentral, outbox: Outbox
) -> None:
    central.answers = False
    sender = publisher(any_broker.url, outbox)
    sender.start()
    events = [outbox.put(device_event()) for _ in range(5)]
    wait_for(lambda: len(central.counts) == 5, 20)
    sender.stop()
    assert accounted(outbox) == {event.id: "queued" for event in events}
    central.answers = True
    again = publisher(any_broker.url, outbox)
    again.start()
    wait_for(lambda: outbox.depth() == 0, 30)
    again.stop()
    assert sorted(central.filed) == sorted(event.id for event in events)


def test_a_broker_that_is_killed_and_forgets_loses_nothing(
    any_broker: Broker, central: FilingCentral, outbox: Outbox
) -> None:
    sender = publisher(any_broker.url, outbox)
    sender.start()
    put = []
    for _ in range(3):
        put += [outbox.put(device_event()) for _ in range(40)]
        any_broker.kill()
        put += [outbox.put(device_event()) for _ in range(40)]
        any_broker.start()
        wait_for(lambda: sender.connected, 30, "the publisher's new connection")
    wait_for(lambda: outbox.depth() == 0, 60, "an empty outbox")
    sender.stop()
    assert sorted(central.filed) == sorted(event.id for event in put)
    assert max(central.counts.values()) <= 5


def test_a_broker_that_comes_later_is_found(tmp_path: Path, outbox: Outbox) -> None:
    broker = IotCore(tmp_path)
    with capture_logs() as logs:
        sender = publisher(broker.url, outbox)
        sender.start()
        event = outbox.put(device_event())
        wait_for(lambda: any(line["event"] == "broker_unreachable" for line in logs), 20)
        wait_for(lambda: sender.healthy(SystemClock().ts()), 5)
        broker.start()
        central = FilingCentral(broker.port, tmp_path)
        central.start()
        wait_for(lambda: outbox.depth() == 0, 30)
        sender.stop()
    assert central.filed == [event.id]
    names = [line["event"] for line in logs]
    assert names.count("broker_unreachable") == 1
    assert names.count("broker_unreachable_over") == 1
    central.stop()
    broker.kill()


PROGRAM = """
import sys, threading
from pathlib import Path
from edge.clock import SystemClock
from edge.outbox import Outbox
from edge.publisher import Publisher, PublisherSettings
from tests.delivery import BOOT, BOX, SITE, online

outbox = Outbox(Path(sys.argv[2]))
settings = PublisherSettings(SITE, BOX, BOOT, sys.argv[1])
Publisher(settings, outbox, SystemClock(), online).start()
threading.Event().wait()
"""


def test_the_will_says_offline_when_the_box_is_killed(
    any_broker: Broker, central: FilingCentral, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", PROGRAM, any_broker.url, str(tmp_path / "killed.db")]
    box = subprocess.Popen(command, cwd=ROOT)
    wait_for(lambda: central.states and central.states[-1][0].online, 20)
    box.kill()
    box.wait()
    wait_for(lambda: not central.states[-1][0].online, 20, "the will")
    assert central.states[-1][0].boot_id == BOOT


def test_a_late_central_gets_the_retained_state(
    any_broker: Broker, outbox: Outbox, tmp_path: Path
) -> None:
    sender = publisher(any_broker.url, outbox)
    sender.start()
    wait_for(lambda: sender.connected, 10)
    late = FilingCentral(any_broker.port, tmp_path)
    late.start()
    wait_for(lambda: late.states and late.states[0][0].online, 15)
    late.stop()
    sender.stop()


def test_a_bug_in_telling_the_state_does_not_hold_up_events(
    broker: Broker, outbox: Outbox, tmp_path: Path
) -> None:
    central = FilingCentral(broker.port, tmp_path)
    central.start()

    def broken() -> BoxState:
        raise KeyError("bug")

    with capture_logs() as logs:
        sender = publisher(broker.url, outbox, broken)
        sender.start()
        outbox.put(device_event())
        wait_for(lambda: outbox.depth() == 0, 20)
        sender.stop()
    assert [line["event"] for line in logs].count("state_unknown") == 1
    central.stop()


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff\xfe", b'{"epoch": 7}', b"[" * 9999])
def test_an_acknowledgement_that_is_rubbish_is_counted(
    payload: bytes, broker: Broker, outbox: Outbox, tmp_path: Path
) -> None:
    central = FilingCentral(broker.port, tmp_path)
    central.start()
    sender = publisher(broker.url, outbox)
    sender.start()
    wait_for(lambda: sender.connected, 10)
    assert central._client is not None
    central._client.publish(f"jinmu/v1/{SITE}/{BOX}/ack", payload, qos=1)
    wait_for(lambda: sender.bad_acks_total == 1, 10)
    outbox.put(device_event())
    wait_for(lambda: outbox.depth() == 0, 10)
    sender.stop()
    central.stop()


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        # Told in CONNACK: such an event can never go, so it is set aside.
        pytest.param("max_packet_size 900", "quarantined", marks=needs_mosquitto),
        # Not told: paho breaks on the answer. It goes on trying, the others are not held up.
        pytest.param("message_size_limit 900", "queued", marks=needs_mosquitto),
    ],
)
def test_an_event_too_large_for_the_broker_holds_up_no_other(
    line: str, verdict: str, outbox: Outbox, tmp_path: Path
) -> None:
    broker = Mosquitto(tmp_path, lines=(line,))
    broker.start()
    central = FilingCentral(broker.port, tmp_path)
    central.start()
    small = [outbox.put(device_event()) for _ in range(20)]
    large = outbox.put(device_event("x" * 400))
    large = outbox.put(device_event("字" * 400))
    small += [outbox.put(device_event()) for _ in range(20)]
    sender = publisher(broker.url, outbox)
    sender.start()
    wait_for(lambda: outbox.depth() == (verdict == "queued"), 60)
    live = outbox.put(device_event())
    wait_for(lambda: accounted(outbox)[live.id] == "filed", 15)
    sender.stop()
    assert accounted(outbox)[large.id] == verdict
    assert verdict == "queued" or "the broker allows 900" in outbox.quarantined()[0].reason
    assert {event.id for event in small} <= set(central.filed)
    central.stop()
    broker.kill()


@pytest.mark.parametrize("kind", [IotCore, pytest.param(Mosquitto, marks=needs_mosquitto)])
def test_a_password_opens_the_broker_and_is_in_no_log(
    kind: type[Broker],
    outbox: Outbox,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    canary = "c4n4ry-s3cr3t"
    broker = kind(tmp_path, "box-01", canary)
    broker.start()
    wrong = publisher(broker.url_with_password.replace(canary, canary + "x"), outbox)
    right = publisher(broker.url_with_password, outbox)
    with capture_logs() as logs:
        wrong.start()
        wait_for(lambda: [line for line in logs if line["event"] == "broker_unreachable"], 30)
        wrong.stop()
        right.start()
        wait_for(lambda: right.connected, 10)
        right.stop()
        structlog.get_logger().info("settings", settings=repr(right._route), worker=repr(right))
    broker.kill()
    out, err = capfd.readouterr()
    assert canary not in repr(logs) + out + err + repr(wrong.__dict__)


@pytest.mark.parametrize(
    "url",
    [
        "http://h:1883",
        "mqtt://",
        "mqtt://u:c4n4ry@h:x",
        "mqtt://u:c4n4ry/1@h",
        "mqtt://u:12/c4n4ry@h",
        "mqtt://u:c4n4ry@[h",
        "mqtt:///x",
        "c4n4ry",
    ],
)
def test_a_wrong_url_is_refused_without_repeating_it(url: str, outbox: Outbox) -> None:
    with pytest.raises(ValueError, match="URL must be") as caught:
        publisher(url, outbox)
    assert "c4n4ry" not in str(caught.value)


def test_a_bug_is_seen_and_the_thread_goes_on(
    broker: Broker, outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    central = FilingCentral(broker.port, tmp_path)
    central.start()
    due, calls = outbox.due, []

    def buggy(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError("a bug")
        return due(*args, **kwargs)

    monkeypatch.setattr(outbox, "due", buggy)
    with capture_logs() as logs:
        sender = publisher(broker.url, outbox)
        sender.start()
        outbox.put(device_event())
        wait_for(lambda: outbox.depth() == 0, 20)
        sender.stop()
    assert [line["thread"] for line in logs if line["event"] == "thread_crashed"] == ["publisher"]
    central.stop()


def test_a_broker_that_accepts_and_says_nothing_is_left_again(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.mqtt, "OPEN_LIMIT_S", 1.0)
    with socket.socket() as mute, capture_logs() as logs:
        mute.bind(("127.0.0.1", free_port()))
        mute.listen()
        sender = publisher(f"mqtt://127.0.0.1:{mute.getsockname()[1]}", outbox)
        sender.start()
        wait_for(lambda: [line for line in logs if line["event"] == "broker_unreachable"], 20)
        assert outbox.oldest_s(WALL) == 0.0
        assert sender.stop(30.0)
    assert "does not answer" in logs[0]["reason"]


def certificates(folder: Path, name: str) -> tuple[Path, Path]:
    """Key and self-signed certificate of 127.0.0.1."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return key, certificate


@pytest.mark.mosquitto
@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
# paho drops the socket of a failed handshake without closing it; it is closed when it is dropped.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls_only_with_the_right_authority(outbox: Outbox, tmp_path: Path) -> None:
    key, certificate = certificates(tmp_path, "right")
    _, other = certificates(tmp_path, "other")
    inner = free_port()
    lines = (f"certfile {certificate}", f"keyfile {key}", f"listener {inner} 127.0.0.1")
    broker = Mosquitto(tmp_path, lines=lines)
    broker.start()
    wait_for(lambda: listens(inner))  # opened after the other
    url = broker.url.replace("mqtt:", "mqtts:")
    central = FilingCentral(inner, tmp_path)
    central.start()
    with capture_logs() as logs:
        settings = PublisherSettings(SITE, BOX, BOOT, url, ca_file=other)
        wrong = Publisher(settings, outbox, SystemClock(), online)
        wrong.start()
        wait_for(lambda: any(line["event"] == "broker_unreachable" for line in logs), 20)
        wrong.stop()
    assert "certificate" in logs[0]["reason"]
    settings = PublisherSettings(SITE, BOX, BOOT, url, ca_file=certificate)
    right = Publisher(settings, outbox, SystemClock(), online)
    right.start()
    events = [outbox.put(device_event("x" * 390)) for _ in range(300)]
    wait_for(lambda: outbox.depth() == 0, 30)
    right.stop()
    assert sorted(central.filed) == sorted(event.id for event in events)
    central.stop()
    broker.kill()


def test_a_live_event_overtakes_a_backlog(broker: Broker, outbox: Outbox, tmp_path: Path) -> None:
    central = FilingCentral(broker.port, tmp_path)
    central.start()
    outbox.put_all([(device_event(), ()) for _ in range(2000)])
    sender = publisher(broker.url, outbox)
    sender.start()
    wait_for(lambda: central.counts, 20)
    live = outbox.put(device_event())
    wait_for(lambda: live.id in central.counts, 20)
    overtaken = outbox.depth()
    wait_for(lambda: outbox.depth() == 0, 60)
    sender.stop()
    central.stop()
    assert overtaken > 1000
    assert set(central.counts.values()) == {1}
