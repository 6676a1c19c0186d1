"""Merging takes appeals along and gives them back; what is about something else stays apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from central import store
from tests.central.events import incident_event
from tests.central.nearby import enter, town_site
from tests.central.site import Site


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with town_site(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def desk(site: Site) -> TestClient:
    return site.program("operate")


def file_one(site: Site, incident: int = 1, place: str = "FL-0317", **more: Any) -> str:
    event = incident_event(number=incident, incident=incident, place=place, **more)
    (case_no,) = site.file(event)
    return case_no


def act(desk: TestClient, case_no: str, action: str, status: int = 200, /, **more: Any) -> Any:
    version = desk.get(f"/api/v1/cases/{case_no}").json()["case"]["version"]
    path = f"/api/v1/cases/{case_no}/actions/{action}"
    answer = desk.post(path, json={"version": version} | more)
    assert answer.status_code == status, answer.text
    return answer.json()


def appeal_of(desk: TestClient, number: str) -> Any:
    return desk.get(f"/api/v1/appeals/{number}").json()


def link(desk: TestClient, number: str, case_no: str) -> None:
    version = appeal_of(desk, number)["appeal"]["version"]
    path = f"/api/v1/appeals/{number}/actions/link"
    assert desk.post(path, json={"version": version, "value": case_no}).status_code == 200


def test_appeals_go_with_their_case_and_come_back(site: Site, desk: TestClient) -> None:
    first, second = file_one(site), file_one(site, 2, "FL-0319")
    theirs, mine, moved = (enter(desk, case_no=one) for one in (second, first, second))
    act(desk, second, "merge", case_no=first)
    for number in (theirs, mine, moved):
        assert appeal_of(desk, number)["appeal"]["case_no"] == first
    told = appeal_of(desk, theirs)["log"][-1]
    assert (told["action"], told["text"]) == ("link", f"{first} merge {second}")
    log = desk.get(f"/api/v1/cases/{second}").json()["log"]
    assert log[-1]["detail"]["appeals"] == [theirs, moved]
    assert desk.get(f"/api/v1/appeals?case_no={first}").json()["total"] == 3
    third = file_one(site, 3, "FL-0402")
    link(desk, moved, third)
    act(desk, second, "unmerge")
    found = [appeal_of(desk, number)["appeal"]["case_no"] for number in (theirs, mine, moved)]
    assert found == [second, first, third], "what somebody linked elsewhere stays there"
    assert appeal_of(desk, mine)["appeal"]["version"] == 1
    assert appeal_of(desk, theirs)["log"][-1]["text"] == f"{second} unmerge {first}"
    kinds = [one["kind"] for one in desk.get("/api/v1/changes").json()["items"]]
    assert kinds.count("appeal_link") == 4
    with site.database.read() as session:
        assert list(store.check_logs(session)) == []


def test_a_chain_of_merges_gives_everything_back(site: Site, desk: TestClient) -> None:
    one, two, three = file_one(site), file_one(site, 2, "FL-0319"), file_one(site, 3, "FL-0318")
    number = enter(desk, case_no=three)
    act(desk, three, "merge", case_no=two)
    act(desk, two, "merge", case_no=one)
    assert appeal_of(desk, number)["appeal"]["case_no"] == one
    act(desk, two, "unmerge")
    act(desk, three, "unmerge")
    assert appeal_of(desk, number)["appeal"]["case_no"] == three


def test_what_is_about_something_else_is_not_merged(site: Site, desk: TestClient) -> None:
    lane = file_one(site)
    body = {"scene": "square_dance", "place": "FL-0317"}
    noise = desk.post("/api/v1/cases", json=body).json()["case_no"]
    number = enter(desk, case_no=noise)
    refused = act(desk, noise, "merge", 409, case_no=lane)
    assert refused["code"] == "other_scene"
    assert "square_dance" in refused["detail"]
    assert appeal_of(desk, number)["appeal"]["case_no"] == noise
    assert desk.get(f"/api/v1/cases/{lane}").json()["case"]["severity"] == "occupied"
    person, csrf = site.person("desk")
    version = desk.get(f"/api/v1/cases/{noise}").json()["case"]["version"]
    form = {"csrf_token": csrf, "action": "merge", "version": str(version), "case_no": lane}
    page = person.post(f"/cases/{noise}/verdict", data=form)
    assert page.status_code == 422
    assert "两个案件不是同一类场景" in page.text


def test_a_case_by_hand_gives_back_what_it_took_in(site: Site, desk: TestClient) -> None:
    body = {"scene": "fire_lane", "place": "FL-0317"}
    mine = desk.post("/api/v1/cases", json=body).json()["case_no"]
    other = file_one(site, 2, "FL-0319")
    act(desk, other, "merge", case_no=mine)
    assert desk.get(f"/api/v1/cases/{mine}").json()["case"]["incidents"] == 1
    act(desk, other, "unmerge")
    one = desk.get(f"/api/v1/cases/{mine}").json()["case"]
    assert (one["incidents"], one["incident_id"]) == (0, "")
