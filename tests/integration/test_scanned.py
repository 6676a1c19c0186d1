"""Appeals that name a place: of a QR code linked by themselves, of the desk only suggested."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from central.kpi.entry import Appeal
from central.kpi.hearing import Said, hear
from central.routing.crs import to_gcj02
from central.web.appeals import read_point
from tests.central.events import NOW, incident_event
from tests.central.nearby import LAT, LON, appeal, suggested, town_site
from tests.central.site import Site

SCANNED = {"kind": "qr", "place": "FL-0317", "lat": 0.0, "lon": 0.0}


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with town_site(tmp_path, database_url) as made:
        yield made


def add(client: TestClient, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/appeals", json=appeal(0.0) | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_code_at_a_place_means_the_case_that_is_open_there(site: Site) -> None:
    desk = site.program("operate")
    (case_no,) = site.file(incident_event(place="FL-0317"))
    added = add(desk, **SCANNED)
    assert (added["case_no"], added["place"]) == (case_no, "FL-0317")
    assert (added["lat"], added["lon"]) == pytest.approx((LAT, LON)), "the place's, not the phone's"
    log = desk.get(f"/api/v1/appeals/{added['appeal_no']}").json()["log"]
    assert [(row["action"], row["actor"]) for row in log] == [
        ("added", "token:t-operate"),
        ("link", "system"),
    ]
    assert log[1]["text"].startswith(case_no)


def test_a_link_is_undone_and_not_suggested_again(site: Site) -> None:
    desk = site.program("operate")
    (case_no,) = site.file(incident_event(place="FL-0317"))
    added = add(desk, **SCANNED)
    path = f"/api/v1/appeals/{added['appeal_no']}/actions/unlink"
    undone = desk.post(path, json={"version": added["version"], "note": "另一辆车"}).json()
    assert undone["case_no"] is None
    assert "unlink" not in undone["allowed"]
    assert suggested(desk, added["appeal_no"]) == []
    last = desk.get(f"/api/v1/appeals/{added['appeal_no']}").json()["log"][-1]
    assert (last["action"], last["text"]) == ("unlink", f"{case_no} 另一辆车")
    again = desk.post(path, json={"version": undone["version"]})
    assert (again.status_code, again.json()["code"]) == (409, "not_allowed")


@pytest.mark.parametrize(
    ("more", "near"),
    [
        ({"kind": "12345"}, True),
        ({"place": "FL-0319"}, True),
        ({"service_code": "square_dance"}, False),
        ({"service_code": "other"}, False),
    ],
)
def test_all_else_is_suggested_at_most(site: Site, more: dict[str, str], near: bool) -> None:
    desk = site.program("operate")
    (case_no,) = site.file(incident_event(place="FL-0317"))
    added = add(desk, **(SCANNED | more))
    assert added["case_no"] is None
    assert suggested(desk, added["appeal_no"]) == ([case_no] if near else [])


def test_what_left_more_than_a_day_ago_is_not_meant(site: Site) -> None:
    desk, browser = site.program("operate"), site.person("desk")[0]
    (case_no,) = site.file(incident_event(place="FL-0317"))
    case = browser.get(f"/api/v1/cases/{case_no}").json()["case"]
    body = {"version": case["version"], "note": "已清理"}
    path = f"/api/v1/cases/{case_no}/actions/handle"
    assert desk.post(path, json=body).status_code == 200
    site.file(incident_event("cleared", 2, number=2, place="FL-0317"))
    site.clock.forward(hours=25)
    assert desk.get(f"/api/v1/cases/{case_no}").json()["case"]["status"] == "open"
    assert add(desk, **SCANNED)["case_no"] is None


def test_a_place_that_there_is_not_is_refused(site: Site) -> None:
    desk = site.program("operate")
    answer = desk.post("/api/v1/appeals", json=appeal(0.0) | {"kind": "qr", "place": "FL-9999"})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_such_place")


def test_open311_takes_the_place_of_the_code_and_of_an_address(site: Site) -> None:
    partner = site.program("operate")
    (case_no,) = site.file(incident_event(place="FL-0317"))

    def post(**fields: str) -> Any:
        return partner.post("/open311/v2/requests.json", data=fields)

    scanned = post(service_code="fire_lane", **{"attribute[place]": "FL-0317"})
    by_address = post(service_code="fire_lane", address_id="FL-0317")
    elsewhere = post(service_code="fire_lane", address_id="7-12")
    found = []
    for answer in (scanned, by_address, elsewhere):
        assert answer.status_code == 201, answer.text
        number = answer.json()[0]["service_request_id"]
        one = partner.get(f"/api/v1/appeals/{number}").json()["appeal"]
        found.append((one["kind"], one["place"], one["case_no"]))
    assert found == [
        ("qr", "FL-0317", case_no),
        ("open311", "FL-0317", None),
        ("open311", "", None),
    ]
    wrong = post(service_code="fire_lane", **{"attribute[place]": "FL-9999"})
    assert wrong.status_code == 400
    assert "FL-9999" in wrong.text


@pytest.mark.parametrize(
    "where",
    [
        {"place": "FL-0317"},
        {"point": f"{LAT:.6f}, {LON:.6f}"},
        {"point": f"{LON:.6f}，{LAT:.6f}"},
        {"point": "{1:.6f},{0:.6f}".format(*to_gcj02((LON, LAT))), "crs": "GCJ-02"},
    ],
)
def test_the_desk_says_where_it_is_and_is_shown_what_may_be_the_same(
    site: Site, where: dict[str, str]
) -> None:
    desk, csrf = site.person("desk")
    (case_no,) = site.file(incident_event(place="FL-0317"))
    assert 'value="FL-0317"' in desk.get("/appeals").text
    form = {"csrf_token": csrf, "kind": "12345", "service_code": "fire_lane", "text": "车堵住了"}
    answer = desk.post("/appeals", data=form | where)
    assert answer.status_code == 303, answer.text
    number = answer.headers["location"].rpartition("/")[2]
    assert suggested(desk, number) == [case_no]
    assert case_no in desk.get(f"/appeals/{number}").text
    assert f'value="{where.get("place", "")}' in desk.get(f"/cases/new?appeal={number}").text


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"place": "FL-9999"}, "没有这个点位"),
        ({"point": "near the gate"}, "检查各项"),
        ({"point": "31.07"}, "检查各项"),
        ({"point": "nan, 121.49"}, "检查各项"),
    ],
)
def test_what_is_no_place_and_no_point_is_said(
    site: Site, where: dict[str, str], says: str
) -> None:
    desk, csrf = site.person("desk")
    form = {"csrf_token": csrf, "kind": "12345", "service_code": "fire_lane", "text": "x"}
    answer = desk.post("/appeals", data=form | where)
    assert answer.status_code == 422
    assert says in answer.text


def test_a_point_is_read_whichever_number_comes_first() -> None:
    assert read_point("31.5, 121.25", "") == read_point("121.25,31.5", "") == (121.25, 31.5)


def test_figures_know_that_a_link_was_taken_back() -> None:
    rows = [Said(NOW, "link", "FL-20261124-0001"), Said(NOW, "unlink")]
    assert hear(Appeal("AP-1", NOW, NOW), rows[:1], NOW).case_no == "FL-20261124-0001"
    assert hear(Appeal("AP-1", NOW, NOW), rows, NOW).case_no == ""
