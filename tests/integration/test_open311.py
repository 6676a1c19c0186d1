"""An Open311 client, written against the public specification alone, over a running central.

GeoReport v2 (wiki.open311.org) and mySociety's service request updates: the client knows element
names, parameters and dates of those pages and nothing of this program.
"""

import secrets
import socket
import threading
import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn

from central import auth, store, upgrade
from central.app import create_app
from central.db import Database
from central.settings import Settings
from central.town.importing import Author, make_example
from tests.central.events import NOW, incident_event, picture, ref, story
from tests.central.site import Moving, Site
from tests.support import wait_for


@dataclass
class Client:
    """Speaks GeoReport v2; `kind` is the format it asks for."""

    base: str
    api_key: str
    kind: str = "xml"

    def get(self, path: str, **query: str) -> tuple[int, Any]:
        answer = httpx.get(
            f"{self.base}/{path}.{self.kind}", params={"api_key": self.api_key, **query}
        )
        return answer.status_code, self._read(answer)

    def post(self, path: str, **form: str) -> tuple[int, Any]:
        answer = httpx.post(
            f"{self.base}/{path}.{self.kind}", data={"api_key": self.api_key, **form}
        )
        return answer.status_code, self._read(answer)

    def _read(self, answer: httpx.Response) -> Any:
        kind = answer.headers["content-type"]
        if self.kind == "json":
            assert kind == "application/json; charset=utf-8"
            return answer.json()
        assert kind == "text/xml; charset=utf-8"
        assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
        return Tree.fromstring(answer.content)


def items(found: Any) -> list[dict[str, str]]:
    """The elements of a list in either format, all as texts."""
    if isinstance(found, list):
        return [{k: "" if v is None else str(v) for k, v in item.items()} for item in found]
    return [{part.tag: part.text or "" for part in item} for item in found]


@dataclass
class Running:
    """A central that listens, and clients with keys of their own."""

    site: Site
    url: str

    def client(self, kind: str = "xml", scope: auth.Scope = "operate") -> Client:
        name = f"client-{secrets.token_hex(6)}"
        with self.site.database.write() as session:
            key = auth.create_token(session, name, scope, self.site.clock())
        return Client(f"{self.url}/open311/v2", key, kind)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("open311")
    settings = Settings(data_dir=folder, public_url="https://jinmu.example")
    prepared = Database(settings.database)
    upgrade.upgrade(prepared)
    prepared.close()
    clock = Moving()
    app = create_app(settings, clock, receive=False)
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    wait_for(lambda: server.started, 20, "the server")
    yield Running(Site(app, app.state.database, clock), f"http://127.0.0.1:{sock.getsockname()[1]}")
    server.should_exit = True
    thread.join()
    sock.close()


@pytest.mark.parametrize("kind", ["xml", "json"])
def test_a_client_lists_posts_reads_and_updates(running: Running, kind: str) -> None:
    client = running.client(kind)
    status, found = client.get("services")
    services = {item["service_code"]: item for item in items(found)}
    assert status == 200
    assert {"fire_lane", "other"} <= set(services)
    assert services["fire_lane"]["metadata"].lower() == "true"
    status, found = client.get("services/fire_lane")
    assert status == 200
    status, found = client.post(
        "requests", service_code="fire_lane", lat="31.0551", long="121.5013",
        description=f"车堵住了 <通道> & 出不来 {kind}", first_name="三", last_name="张",
        phone="13800138000", **{"attribute[blocked]": "yes"},
    )  # fmt: skip
    assert status == 201
    (posted,) = items(found)
    number = posted["service_request_id"]
    status, found = client.get(f"tokens/{number}")
    assert items(found)[0] == {"service_request_id": number, "token": number}
    status, found = client.get(f"requests/{number}")
    (request,) = items(found)
    assert (status, request["status"], request["service_code"]) == (200, "open", "fire_lane")
    assert request["description"].startswith(f"车堵住了 <通道> & 出不来 {kind}")
    assert "是否完全堵塞" in request["description"]
    assert (request["lat"], request["long"]) == ("31.0551", "121.5013")
    assert datetime.fromisoformat(request["requested_datetime"]).utcoffset() == timedelta(hours=8)
    assert "13800138000" not in str(items(found))
    update = {"service_request_id": number, "update_id": f"fms-{kind}", "status": "OPEN",
              "updated_datetime": "2026-11-24T14:00:00Z", "description": "还在那里"}  # fmt: skip
    first, again = (client.post("servicerequestupdates", **update) for _ in range(2))
    assert (first[0], items(first[1])) == (201, items(again[1]))
    work(running.site, number)
    status, found = client.get(f"requests/{number}")
    assert items(found)[0]["status"] == "closed"
    assert items(found)[0]["status_notes"] == "已清理"
    status, found = client.get("servicerequestupdates")
    mine = [item for item in items(found) if item["service_request_id"] == number]
    assert [item["status"] for item in mine] == ["OPEN", "IN_PROGRESS", "FIXED"]
    assert [item["description"] for item in mine][:2] == ["[OPEN] 还在那里", "已清理"]


def work(site: Site, number: str) -> None:
    """The desk replies and settles."""
    desk = site.program("operate", f"desk-{number}")
    version = desk.get(f"/api/v1/appeals/{number}").json()["appeal"]["version"]
    for step, (action, value) in enumerate((("reply", "已清理"), ("outcome", "solved"))):
        body = {"version": version + step, "value": value}
        assert desk.post(f"/api/v1/appeals/{number}/actions/{action}", json=body).status_code == 200


def test_a_case_is_a_request_with_its_masked_picture_alone(running: Running) -> None:
    shots = {role: picture(role, 320) for role in ("confirmed", "confirmed_masked")}
    evidence = [ref(jpeg, role) for role, jpeg in shots.items()]
    event = incident_event(evidence=evidence, number=900, incident=90)
    (case_no,) = running.site.file(event)
    box = running.site.program("box", "box-of-open311")
    for jpeg in shots.values():
        box.put(f"/api/v1/evidence/{ref(jpeg).sha256}", content=jpeg)
    client = running.client(scope="read")
    (request,) = items(client.get(f"requests/{case_no}")[1])
    masked = ref(shots["confirmed_masked"]).sha256
    assert request["media_url"] == f"https://jinmu.example/api/v1/evidence/{masked}/shown"
    assert (request["status"], request["service_code"], request["address"]) == (
        "open", "fire_lane", "FL-0406",
    )  # fmt: skip
    judge = running.site.program("operate", "judge")
    path = f"/api/v1/cases/{case_no}/actions/handle"
    assert judge.post(path, json={"version": 1, "note": "现场已清理"}).status_code == 200
    (request,) = items(client.get(f"requests/{case_no}")[1])
    assert request["status"] == "open", "it waits for its verification"
    running.site.file(incident_event("cleared", 3, number=901, incident=90))
    explain = store.ActionRequest("explain", "verifier", 2, note="说明", role="verifier")
    with running.site.database.write() as session:
        store.act(session, case_no, explain, running.site.clock())
    (request,) = items(client.get(f"requests/{case_no}")[1])
    assert request["status"] == "closed"
    updates = items(client.get("servicerequestupdates")[1])
    mine = [item for item in updates if item["service_request_id"] == case_no]
    assert [item["description"] for item in mine] == ["file", "handle", "cleared", "explain"]
    assert [i["service_request_id"] for i in items(client.get("requests", status="open")[1])
            if i["service_request_id"] == case_no] == []  # fmt: skip


def test_a_linked_case_closes_its_appeal(running: Running) -> None:
    client = running.client("json")
    (case_no,) = running.site.file(incident_event(number=910, incident=91))
    number = items(client.post("requests", service_code="other", address_string="东门")[1])[0][
        "service_request_id"
    ]
    desk = running.site.program("operate", "linker-desk")
    desk.post(
        f"/api/v1/appeals/{number}/actions/link", json={"version": 1, "value": case_no}
    ).raise_for_status()
    assert items(client.get(f"requests/{number}")[1])[0]["status"] == "open"
    desk.post(
        f"/api/v1/cases/{case_no}/actions/reject",
        json={"version": 1, "reason": "wrong_object"},
    ).raise_for_status()
    assert items(client.get(f"requests/{number}")[1])[0]["status"] == "closed"


def test_requests_are_those_of_ninety_days_or_those_that_are_asked_for(running: Running) -> None:
    client = running.client("json")
    running.site.clock.at = NOW - timedelta(days=200)
    old = client.post("requests", service_code="facility", address_id="PF-1")[1][0]
    running.site.clock.at = NOW
    number = old["service_request_id"]

    def numbers(**query: str) -> list[str]:
        status, found = client.get("requests", **query)
        assert status == 200
        return [item["service_request_id"] for item in found]

    assert number not in numbers()
    assert numbers(service_request_id=number, status="open", service_code="other") == [number]
    assert numbers(start_date="2026-04-01T00:00:00+08:00", end_date="2026-05-01T00:00:00Z") == []
    span = {"start_date": "2026-05-01T00:00:00+08:00", "end_date": "2026-07-01T00:00:00Z"}
    assert numbers(**span) == [number]
    assert numbers(**span, service_code="other,fire_lane") == []
    assert numbers(**span, service_code="facility", status="closed") == []
    far = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-07-01T00:00:00Z"}
    for wrong in (far, {"start_date": "yesterday"}, {"end_date": "2026-05-01T00:00:00"},
                  {"status": "half"}):  # fmt: skip
        status, found = client.get("requests", **wrong)
        assert (status, found[0]["code"]) == (400, 400)


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("requests", {}, 400),
        ("requests", {"service_code": "nope", "lat": "1", "long": "2"}, 404),
        ("requests", {"service_code": "other"}, 400),
        ("requests", {"service_code": "other", "lat": "east", "long": "2"}, 400),
        ("requests", {"service_code": "other", "address_string": "x", "description": "a\x00"}, 400),
        ("requests", {"service_code": "other", "address_id": "x", "description": "a" * 4001}, 400),
        ("requests", {"service_code": "fire_lane", "address_string": "x",
                      "attribute[blocked]": "maybe"}, 400),
        ("servicerequestupdates", {"service_request_id": "AP-1", "description": "x"}, 404),
        ("servicerequestupdates", {"description": "x"}, 400),
    ],
)  # fmt: skip
def test_errors_are_told_as_the_specification_has_them(
    running: Running, path: str, form: dict[str, str], status: int
) -> None:
    code, found = running.client().post(path, **form)
    assert code == status
    assert found.tag == "errors"
    assert found.find("error/code").text == str(status)
    assert found.find("error/description").text


@pytest.mark.parametrize("kind", ["xml", "json"])
def test_without_a_key_or_the_right_there_is_nothing(running: Running, kind: str) -> None:
    for client in (
        Client(f"{running.url}/open311/v2", "", kind),
        Client(f"{running.url}/open311/v2", "jm_wrong", kind),
    ):
        for status, found in (
            client.get("servicerequestupdates"), client.get("requests"),
            client.post("requests", service_code="other", address_string="x"),
        ):  # fmt: skip
            assert status == 403
            assert items(found)[0]["code"] == "403"


def test_a_reader_may_not_post(running: Running) -> None:
    client = running.client(scope="read")
    assert client.get("services")[0] == 200
    assert client.post("requests", service_code="other", address_string="x")[0] == 403


def test_texts_that_xml_cannot_hold_do_not_break_it(running: Running) -> None:
    client = running.client()
    status, found = client.post(
        "requests", service_code="other", address_string="x", description="a\x0b\x1fb]]>\ufffe"
    )
    number = items(found)[0]["service_request_id"]
    assert status == 201
    (request,) = items(client.get(f"requests/{number}")[1])
    assert request["description"] == "a\ufffd\ufffdb]]>\ufffd"


def test_the_discovery_names_the_formats(running: Running) -> None:
    status, found = running.client().get("discovery")
    assert status == 200
    assert found.tag == "discovery"


def test_stories_are_requests_once(running: Running) -> None:
    (case_no,) = running.site.file(*story(incident=95, start=950))
    client = running.client("json")
    found = [i["service_request_id"] for i in client.get("requests")[1]]
    assert found.count(case_no) == 1


@pytest.mark.parametrize("kind", ["xml", "json"])
def test_whoever_wants_to_report_asks_first_what_there_is(running: Running, kind: str) -> None:
    stranger = Client(f"{running.url}/open311/v2", "", kind)
    for path in ("discovery", "services", "services/fire_lane"):
        assert stranger.get(path)[0] == 200, path
    for path in ("requests", "servicerequestupdates", "requests/FL-20261124-0001"):
        assert stranger.get(path)[0] == 403, path
    assert stranger.post("requests", service_code="other", address_string="x")[0] == 403


def test_a_request_hears_of_the_case_that_it_is_linked_to(running: Running) -> None:
    """The place, who is responsible and until when are told; what they sent is only a text."""
    site, client = running.site, running.client("json")
    with site.database.write() as session:
        make_example(session, Author("test", site.clock()))
    (case_no,) = site.file(incident_event(number=980, incident=98, place="FL-0733"))
    (case,) = items(client.get(f"requests/{case_no}")[1])
    assert case["agency_responsible"] == "塘口村委会"
    assert (case["lat"], case["long"]) == ("31.0642", "121.5118")
    assert case["address"] == "塘口村主路消防通道 塘口村主路"
    expected = datetime.fromisoformat(case["expected_datetime"])
    assert expected - datetime.fromisoformat(case["requested_datetime"]) == timedelta(hours=2)
    (posted,) = items(
        client.post(
            "requests", service_code="fire_lane", address_string="主路", description="堵了",
            media_url="https://example.org/a.jpg",
        )[1]
    )  # fmt: skip
    number = posted["service_request_id"]
    (request,) = items(client.get(f"requests/{number}")[1])
    assert request["description"].endswith("图片: https://example.org/a.jpg")
    desk = site.program("operate", "linker")
    link = {"version": 1, "value": case_no}
    assert desk.post(f"/api/v1/appeals/{number}/actions/link", json=link).status_code == 200
    site.clock.forward(minutes=1)
    void = {"version": 2, "reason": "authorised", "note": "消防演练"}
    voided = desk.post(f"/api/v1/cases/{case_no}/actions/void", json=void)
    assert voided.status_code == 200, voided.text
    said = items(client.get("servicerequestupdates")[1])
    mine = [(i["status"], i["description"]) for i in said if i["service_request_id"] == number]
    assert mine[-1] == ("CLOSED", "void")
    status, refused = client.post(
        "servicerequestupdates", service_request_id=case_no, description="x"
    )
    assert (status, "AP-" in str(refused)) == (404, True)
