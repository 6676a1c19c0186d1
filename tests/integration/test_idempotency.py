"""`Idempotency-Key`: the same request again does nothing and gets the same answer."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from central import upgrade
from central.app import create_app
from central.db import Database
from central.exchange_tables import RequestKeyTable
from central.settings import Settings
from tests.central.events import incident_event
from tests.central.site import Moving, Site

TEXT = {"kind": "qr", "text": "太吵"}
KEY = {"idempotency-key": "k-1"}


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    prepared = Database(settings.database)
    upgrade.upgrade(prepared)
    prepared.close()
    clock = Moving()
    app = create_app(settings, clock, receive=False)
    with TestClient(app):
        yield Site(app, app.state.database, clock)


def test_a_repeated_request_does_nothing_and_gets_the_same_answer(site: Site) -> None:
    desk = site.program("operate")
    first, again = (desk.post("/api/v1/appeals", json=TEXT, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert desk.get("/api/v1/appeals").json()["total"] == 1
    assert desk.post("/api/v1/appeals", json=TEXT).json() != first.json(), "without the key"


def test_a_verdict_repeated_after_a_lost_answer_is_no_conflict(site: Site) -> None:
    desk = site.program("operate")
    (case_no,) = site.file(incident_event())
    path = f"/api/v1/cases/{case_no}/actions/confirm"
    first, again = (desk.post(path, json={"version": 1}, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["version"] == 2


def test_a_key_belongs_to_one_request_and_one_caller(site: Site) -> None:
    desk, other = site.program("operate"), site.program("operate", "other")
    desk.post("/api/v1/appeals", json=TEXT, headers=KEY)
    changed = desk.post("/api/v1/appeals", json=TEXT | {"text": "x"}, headers=KEY)
    assert (changed.status_code, changed.json()["code"]) == (422, "key_reused")
    assert other.post("/api/v1/appeals", json=TEXT, headers=KEY).status_code == 201
    assert other.get("/api/v1/appeals").json()["total"] == 2


def test_a_refused_request_may_be_tried_again_with_its_key(site: Site) -> None:
    desk = site.program("operate")
    (case_no,) = site.file(incident_event())
    path = f"/api/v1/cases/{case_no}/actions/undo"
    assert desk.post(path, json={"version": 1}, headers=KEY).status_code == 409
    confirm = f"/api/v1/cases/{case_no}/actions/confirm"
    assert desk.post(confirm, json={"version": 1}).status_code == 200
    assert desk.post(path, json={"version": 1}, headers=KEY).status_code == 409, "the version"
    assert desk.post(confirm, json={"version": 9}, headers=KEY).status_code == 409
    assert desk.post("/api/v1/appeals", json=TEXT, headers=KEY).status_code == 201


def test_a_crash_between_commit_and_answer_is_told(site: Site) -> None:
    desk = site.program("operate")
    desk.post("/api/v1/appeals", json=TEXT, headers=KEY)
    with site.database.write() as session:
        row = session.get_one(RequestKeyTable, ("token:t-operate", "k-1"))
        row.status = row.body = None
    again = desk.post("/api/v1/appeals", json=TEXT, headers=KEY)
    assert (again.status_code, again.json()["code"]) == (409, "done_before")
    assert desk.get("/api/v1/appeals").json()["total"] == 1


def test_many_at_once_with_one_key_do_it_once(site: Site) -> None:
    desk = site.program("operate")
    token = desk.headers["authorization"]
    codes: list[int] = []
    start = threading.Barrier(6)

    def post() -> None:
        client = site.visitor(authorization=token)
        start.wait()
        codes.append(client.post("/api/v1/appeals", json=TEXT, headers=KEY).status_code)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.get("/api/v1/appeals").json()["total"] == 1
    assert set(codes) <= {201, 409}
    assert 201 in codes


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_bad_key_is_refused(site: Site, key: str) -> None:
    answer = site.program("operate").post(
        "/api/v1/appeals", json=TEXT, headers={"idempotency-key": key}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_key")


def test_keys_are_forgotten_after_a_week(site: Site) -> None:
    desk = site.program("operate")
    desk.post("/api/v1/appeals", json=TEXT, headers=KEY)
    site.clock.forward(days=8)
    desk.post("/api/v1/appeals", json=TEXT, headers={"idempotency-key": "k-2"})
    with site.database.read() as session:
        assert [row.key for row in session.query(RequestKeyTable)] == ["k-2"]
