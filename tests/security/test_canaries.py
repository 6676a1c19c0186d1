"""Secrets that sing: none of them stands anywhere but where it was put (goal B8).

The whole line runs with a canary for every secret it has; then things go wrong on purpose, and
everything that was written, stored, served or published is searched.
"""

import base64
import os
import signal
import threading
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.central.events import incident_event
from tests.central.server import FakeBox
from tests.line import SAMPLE, Line, Program
from tests.support import measured, wait_for

CAMERA = "kanarie-camera-77"
PASSWORD = "kanarie-person-88"
MAY_HOLD_THEM = {"streams.yaml"}
"""The one file that a person writes the camera's password into."""


class Capture:
    """Everything that goes over the broker."""

    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=0)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._keep
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        wait_for(self._ready.is_set, 10, "the capture")

    def _keep(self, _: Any, __: Any, message: mqtt.MQTTMessage) -> None:
        self.seen += message.topic.encode() + b"\n" + bytes(message.payload) + b"\n"
        self.seen += repr(message.properties).encode()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def everything_served(main: Line, person: httpx.Client) -> bytes:
    """What pages, API and metrics say to people and programs, refusals included."""
    found = bytearray()
    case_no = main.cases()[0]["case_no"]
    paths = ("/metrics", "/healthz", "/nothing", "/cases", f"/cases/{case_no}", "/boxes",
             "/quarantine", "/account", "/api/v1/cases", f"/api/v1/cases/{case_no}",
             "/api/v1/boxes", "/api/v1/incidents", "/api/v1/quarantine",
             "/api/v1/openapi.json", "/api/v1/cases?size=x")  # fmt: skip
    for client in (main.api, person):
        for path in paths:
            answer = client.get(path)
            found += answer.content + repr(answer.headers.multi_items()).encode()
    return bytes(found)


def everything_kept(folder: Path) -> dict[str, bytes]:
    """Every file of box and central: databases with their journals, logs, pictures, keys."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in MAY_HOLD_THEM
    }


def make_person(main: Line) -> tuple[httpx.Client, str]:
    """An administrator made by the set-up link, signed in; and the link's secret."""
    log = main.central.log
    wait_for(lambda: "/setup?token=" in log.read_text(), 30, "the set-up link")
    link = log.read_text().partition("/setup?token=")[2].split()[0]
    person = httpx.Client(base_url=str(main.api.base_url), headers={"accept": "text/html"})
    form = {"token": link, "name": "zhang", "password": PASSWORD, "repeat": PASSWORD}
    assert person.post("/setup", data=form).status_code == 303
    return person, link


def go_wrong(main: Line) -> None:
    """Wrong passwords, a person who types the password as name, poison, a foreign token."""
    base = str(main.api.base_url)
    for form in (
        {"name": "zhang", "password": PASSWORD + "x"},
        {"name": PASSWORD, "password": "y"},
    ):
        assert httpx.post(f"{base}/login", data=form).status_code == 401
    token = main.box.environment["BOX_TOKEN"]
    for key in (token + "x", token):
        httpx.get(f"{base}/api/v1/cases", headers={"authorization": f"Bearer {key}"})
    box = FakeBox(main.broker.port)
    box.send_bytes(b'{"id": "not json')
    box.send(incident_event(box="box-02", number=9))
    box.close()
    with httpx.Client(base_url=base) as api:
        api.put(f"/api/v1/evidence/{'0' * 64}", content=b"x")


def abort(program: Program) -> None:
    """End it as a fault in a library would; its memory must not become a file."""
    assert program.process is not None
    limits = Path(f"/proc/{program.process.pid}/limits").read_text()
    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file")]
    assert core[4:6] == ["0", "0"]
    os.kill(program.process.pid, signal.SIGABRT)
    _, status = os.waitpid(program.process.pid, 0)
    program.process.returncode = -signal.SIGABRT
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)


@pytest.mark.timeout(300)
def test_no_secret_is_found_anywhere(rtsp_camera: Any, line: Any) -> None:
    camera = rtsp_camera(
        "--file", str(SAMPLE), "--path", "/street", "--user", "viewer", "--password", CAMERA
    )
    address = camera.url.split("@")[-1].removeprefix("rtsp://")
    main: Line = line(f"rtsp://viewer:{CAMERA}@{address}", warn_after_s=3, file_after_s=6)
    main.broker.start()
    capture = Capture(main.broker.port)
    main.central.start()
    main.box.start()
    person, link = make_person(main)
    main.wait_for_case()
    go_wrong(main)
    camera.kill()
    wait_for(lambda: "stream_lost" in main.box.log.read_text(), 60, "the loss being told")
    served = everything_served(main, person)
    cookie = person.cookies["jinmu"]
    abort(main.central)
    abort(main.box)
    capture.close()
    person.close()
    reader = main.api.headers["authorization"].removeprefix("Bearer ")
    canaries = [CAMERA, PASSWORD, cookie, main.box.environment["BOX_TOKEN"], reader]
    places = everything_kept(main.folder) | {"served": served, "mqtt": bytes(capture.seen)}
    assert len(places) > 8
    assert len(capture.seen) > 1000
    assert len(served) > 10_000
    hits = [
        (name, canary[:12])
        for name, content in places.items()
        for canary in canaries
        for shape in (canary.encode(), base64.b64encode(canary.encode())[:-4])
        if shape in content
    ]
    assert hits == []
    measured(
        "canary secrets",
        f"{len(canaries)} secrets, found in 0 of {len(places)} places",
        "camera and user passwords, session, tokens; in every file of box and central, databases"
        " and journals, logs, pages, API, MQTT, plain and Base64; both end by SIGABRT, no core",
    )
    # The link stands on the console, once, for the person who sets the server up; it is used up.
    assert [name for name, content in places.items() if link.encode() in content] == ["central.log"]
