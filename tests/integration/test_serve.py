"""`jinmu-central` as people run it: set-up, demo, hints, health, and words instead of traces."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from central import serve
from central.settings import Settings
from tests.brokers import Broker
from tests.central.databases import Postgres
from tests.central.events import incident_event, picture, ref
from tests.central.server import FakeBox, Server
from tests.support import free_port, wait_for


@pytest.fixture
def server(tmp_path: Path, broker: Broker) -> Iterator[Server]:
    made = Server(tmp_path, broker.url)
    yield made
    made.kill()


def run(*arguments: str, folder: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """`jinmu-central …` with a data directory of its own."""
    return subprocess.run(
        [sys.executable, "-m", "central", *arguments],
        input=typed,
        env={"JINMU_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Hints:
    """An open `GET /events`; remembers what came and when."""

    def __init__(self, server: Server, token: str) -> None:
        self.came: list[tuple[float, str, dict[str, Any]]] = []
        self._client = httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=30)
        self._thread = threading.Thread(target=self._listen, args=(server.url,), daemon=True)
        self._thread.start()

    def _listen(self, url: str) -> None:
        name = ""
        try:
            with self._client.stream("GET", f"{url}/events") as answer:
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line[7:]
                    if line.startswith("data: "):
                        self.came.append((time.monotonic(), name, json.loads(line[6:])))
        except httpx.HTTPError:
            pass

    def topics(self) -> set[str]:
        return {data["topic"] for _, name, data in self.came if name == "changed"}

    def ended(self) -> bool:
        return not self._thread.is_alive()

    def close(self) -> None:
        self._thread.join(10)
        self._client.close()


def test_from_event_to_hint_case_and_picture(server: Server, broker: Broker) -> None:
    server.start()
    uploader, reader = server.token("box-01", "box"), server.token("screen", "read")
    hints = Hints(server, reader)
    wait_for(lambda: [name for _, name, _ in hints.came] == ["resync"])
    box, jpeg = FakeBox(broker.port), picture()
    wait_for(lambda: httpx.get(f"{server.url}/healthz").json()["status"] == "ok")
    sent = time.monotonic()
    box.send(incident_event(evidence=[ref(jpeg)]))
    wait_for(lambda: "cases" in hints.topics())
    (told, _, _) = next(hint for hint in hints.came if hint[2].get("topic") == "cases")
    assert told - sent < 2.0  # decided → visible; the benchmark measures it properly
    wait_for(lambda: box.acks and box.acks[0].need_evidence == [ref(jpeg).sha256])
    path = f"{server.url}/api/v1/evidence/{ref(jpeg).sha256}"
    put = httpx.put(path, content=jpeg, headers={"authorization": f"Bearer {uploader}"})
    assert put.status_code == 201
    wait_for(lambda: "evidence" in hints.topics())
    (case,) = httpx.get(
        f"{server.url}/api/v1/cases", headers={"authorization": f"Bearer {reader}"}
    ).json()["items"]
    assert case["picture_here"]
    box.close()
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5  # an open stream does not hold it up
    wait_for(hints.ended)
    hints.close()


def test_the_first_administrator_is_made_by_a_link_on_the_console(server: Server) -> None:
    server.start()
    link = r"make the first administrator: (http://\S+/setup\?token=\S+)"
    (url,) = wait_for(lambda: re.findall(link, server.text()))
    token = url.rpartition("=")[2]
    with httpx.Client(follow_redirects=False) as browser:
        assert browser.get(url).status_code == 200
        form = {
            "token": token, "name": "zhang", "password": "correct horse battery",
            "repeat": "correct horse battery",
        }  # fmt: skip
        made = browser.post(f"{server.url}/setup", data=form)
        assert made.status_code == 303, made.text
        assert browser.get(f"{server.url}/api/v1/cases").status_code == 200
    with httpx.Client(follow_redirects=False) as other:
        assert other.post(f"{server.url}/setup", data=form).status_code != 303
    assert server.stop() == 0
    server.start()
    assert len(re.findall(link, server.text())) == 1


def test_the_demo_opens_logged_in(server: Server) -> None:
    server.start("--demo-login")
    with httpx.Client(headers={"accept": "text/html"}) as browser:
        assert browser.get(f"{server.url}/cases").status_code == 200
    assert "token=" not in server.text()


def test_without_a_broker_the_pages_work_and_it_says_so(tmp_path: Path) -> None:
    server = Server(tmp_path, f"mqtt://jinmu:s3cret@127.0.0.1:{free_port()}")
    server.start()
    health = httpx.get(f"{server.url}/healthz")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    wait_for(lambda: "broker_lost" in server.text())
    assert server.stop() == 0
    assert server.text().count("broker_lost") == 1
    assert "s3cret" not in server.text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "--demo-login", "--host", "0.0.0.0"), "only allowed with host"),
        (("serve", "--port", "99999"), "--port / JINMU_PORT"),
        (("serve", "--broker-url", "amqp://x"), "mqtt://HOST"),
        (("token", "create", "a b", "--scope", "box"), "letters, digits"),
        (("token", "create", "ok", "--scope", "everything"), "box, read, operate"),
        (("token", "revoke", "nobody"), "no token"),
        (("user", "disable", "nobody"), "no user"),
        (("user", "add", "zhang", "--password", "short"), "at least 10"),
        (
            ("db", "upgrade", "--database-url", "postgresql://u:s3cret@127.0.0.1:1/x"),
            "does not answer",
        ),
    ],
)
def test_what_a_person_can_put_right_is_said_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


def test_a_port_in_use_is_said_in_words(server: Server, tmp_path: Path) -> None:
    server.start()
    port = server.url.rpartition(":")[2]
    done = run("serve", "--port", port, folder=tmp_path / "other")
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr


def test_accounts_and_tokens_from_the_command_line(tmp_path: Path) -> None:
    password = "correct horse battery"
    added = run("user", "add", "zhang", folder=tmp_path, typed=f"{password}\n{password}\n")
    assert added.returncode == 0, added.stderr
    assert "zhang\tdesk\tactive" in run("user", "list", folder=tmp_path).stdout
    assert run("user", "disable", "zhang", folder=tmp_path).returncode == 0
    assert "disabled" in run("user", "list", folder=tmp_path).stdout
    assert run("user", "enable", "zhang", folder=tmp_path).returncode == 0
    token = run("token", "create", "box-01", "--scope", "box", folder=tmp_path).stdout
    assert re.fullmatch(r"jm_[\w-]{43}\n", token)
    listed = run("token", "list", folder=tmp_path).stdout
    assert "box-01\tbox\tactive" in listed
    assert token.strip() not in listed
    assert run("token", "revoke", "box-01", folder=tmp_path).returncode == 0
    assert "revoked" in run("token", "list", folder=tmp_path).stdout
    assert "up to date" in run("db", "upgrade", folder=tmp_path).stdout


@pytest.mark.parametrize("command", [(), ("serve",), ("user", "add"), ("token", "create"), ("db",)])
def test_help_is_there(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "--help", folder=tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout


@pytest.mark.postgres
def test_postgresql_is_upgraded_by_its_owner_only(
    postgres: Postgres, tmp_path: Path, broker: Broker
) -> None:
    url = postgres.new_database()
    refused = run("serve", "--database-url", url, "--port", "0", folder=tmp_path)
    assert refused.returncode == 2
    assert "jinmu-central db upgrade" in refused.stderr
    done = run("db", "upgrade", "--database-url", url, folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("database upgraded from nothing: revision 0")
    server = Server(tmp_path, broker.url, url)
    server.start()
    box = FakeBox(broker.port)
    wait_for(lambda: httpx.get(f"{server.url}/healthz").json()["status"] == "ok")
    box.send(incident_event())
    wait_for(box.filed)
    box.close()
    assert server.stop() == 0


def test_the_body_of_an_answer_does_not_wait_for_an_acknowledgement_of_its_head(
    tmp_path: Path,
) -> None:
    with (
        serve._bind(Settings(data_dir=tmp_path, port=0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
