"""Cases from appeals and by hand: routed and clocked as a sensor's, one per place, linked."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from central import store
from central.auth.limiting import limit_token
from central.kpi.periods import scope_of
from central.kpi.report import Wanted
from central.sight import Limits
from central.tell_tables import TellTable
from central.ticker import tick
from tests.central.events import NOW, SHANGHAI, incident_event
from tests.central.nearby import enter, town_site
from tests.central.site import Site, open_site

LANE = {"scene": "fire_lane", "place": "FL-0317"}


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with town_site(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def desk(site: Site) -> TestClient:
    return site.program("operate")


def make(desk: TestClient, **more: Any) -> dict[str, Any]:
    answer = desk.post("/api/v1/cases", json=LANE | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def log(desk: TestClient, case_no: str) -> list[tuple[str, str, str]]:
    rows = desk.get(f"/api/v1/cases/{case_no}").json()["log"]
    return [(row["action"], row["role"], row["to_state"]) for row in rows]


def told(site: Site, case_no: str) -> set[tuple[str, str]]:
    """Party and kind of every message about it."""
    asked = select(TellTable.party, TellTable.kind).where(TellTable.case_no == case_no)
    with site.database.read() as session:
        return {(party, kind) for party, kind in session.execute(asked)}


def test_a_case_by_hand_is_routed_and_clocked_like_a_sensors(site: Site, desk: TestClient) -> None:
    mine = make(desk, note="车堵住东门")
    (theirs,) = site.file(incident_event(place="FL-0318", incident=2, number=2))
    sensor = desk.get(f"/api/v1/cases/{theirs}").json()["case"]
    assert (mine["case_no"], mine["state"], mine["incidents"]) == (
        "FL-20261124-0001",
        "dispatched",
        0,
    )
    for same in ("lead", "deadlines", "severity", "event_code"):
        assert mine[same] == sensor[same], same
    assert (mine["incident_id"], mine["verdict"], sensor["verdict"]) == ("", "true", None)
    assert log(desk, mine["case_no"]) == [
        ("file", "desk", "filed"),
        ("dispatch", "system", "dispatched"),
    ]
    assert ("property-jinyuan", "task") in told(site, mine["case_no"])
    site.clock.forward(minutes=61)
    tick(site.database, site.clock, SHANGHAI)
    actions = [row[0] for row in log(desk, mine["case_no"])]
    assert actions.count("escalate") == 3
    with site.database.read() as session:
        assert list(store.check_logs(session)) == []


def test_the_worse_severity_has_its_own_limits(site: Site, desk: TestClient) -> None:
    mild, worse = make(desk, place="FL-0318"), make(desk, severity="blocked")
    assert (mild["severity"], worse["severity"]) == ("occupied", "blocked")
    assert worse["deadlines"]["official_at"] < mild["deadlines"]["official_at"]
    site.file(incident_event())
    one = desk.get(f"/api/v1/cases/{worse['case_no']}").json()["case"]
    assert (one["incidents"], one["severity"]) == (1, "blocked"), "a camera makes it no milder"


def test_a_case_that_waits_is_judged_by_the_desk(site: Site, desk: TestClient) -> None:
    waits = make(desk, state="pending_file")
    assert (waits["state"], waits["deadlines"]["official_at"]) == ("pending_file", None)
    assert told(site, waits["case_no"]) == {("desk", "task")}
    path = f"/api/v1/cases/{waits['case_no']}/actions/confirm"
    done = desk.post(path, json={"version": waits["version"]}).json()
    assert (done["state"], done["lead"]) == ("dispatched", "property-jinyuan")
    again = make(desk, place="FL-0318", state="pending_file")
    reject = {"version": again["version"], "reason": "other"}
    path = f"/api/v1/cases/{again['case_no']}/actions/reject"
    assert desk.post(path, json=reject).json()["state"] == "void"


def test_one_case_per_place_whoever_comes_first(site: Site, desk: TestClient) -> None:
    mine = make(desk)
    again = desk.post("/api/v1/cases", json=LANE)
    assert (again.status_code, again.json()["code"], again.json()["case_no"]) == (
        409,
        "case_open",
        mine["case_no"],
    )
    other = make(desk, scene="square_dance")
    assert other["case_no"].startswith("SQ-")
    assert site.file(incident_event()) == [], "what a camera sees there joins the case"
    one = desk.get(f"/api/v1/cases/{mine['case_no']}").json()
    assert [i["incident_id"] for i in one["incidents"]] == [one["case"]["incident_id"]]
    (theirs,) = site.file(incident_event(place="FL-0318", incident=2, number=2))
    there = desk.post("/api/v1/cases", json=LANE | {"place": "FL-0318"})
    assert there.json()["case_no"] == theirs


def test_a_waiting_case_is_filed_when_a_trusted_camera_sees_it(
    site: Site, desk: TestClient
) -> None:
    waits = make(desk, state="pending_file")
    assert site.file(incident_event()) == []
    assert desk.get(f"/api/v1/cases/{waits['case_no']}").json()["case"]["state"] == "dispatched"


def test_yesterdays_case_takes_in_nothing_of_today(site: Site, desk: TestClient) -> None:
    mine = make(desk)
    since = site.clock() + timedelta(days=2)
    (theirs,) = site.file(incident_event(since=since))
    assert theirs != mine["case_no"]


def test_a_case_from_an_appeal_is_linked_to_it_once(site: Site, desk: TestClient) -> None:
    number = enter(desk)
    key = {"idempotency-key": "one"}
    body = LANE | {"appeal_no": number}
    made, replayed = (desk.post("/api/v1/cases", json=body, headers=key) for _ in range(2))
    assert (made.status_code, made.json()) == (201, replayed.json())
    case_no = made.json()["case_no"]
    one = desk.get(f"/api/v1/appeals/{number}").json()
    assert one["appeal"]["case_no"] == case_no
    assert [step["action"] for step in one["log"]] == ["added", "link"]
    second = desk.post("/api/v1/cases", json=body | {"place": "FL-0318"})
    assert (second.status_code, second.json()["code"]) == (409, "has_case")
    assert desk.get("/api/v1/cases").json()["total"] == 1
    void = {"version": made.json()["version"], "reason": "out_of_scope"}
    assert desk.post(f"/api/v1/cases/{case_no}/actions/void", json=void).status_code == 200
    anew = desk.post("/api/v1/cases", json=body)
    assert anew.status_code == 201, "what was no case leaves the appeal without one"
    unknown = desk.post("/api/v1/cases", json=body | {"appeal_no": "AP-20261124-9999"})
    assert unknown.status_code == 404


def test_the_figures_tell_where_a_case_came_from(site: Site, desk: TestClient) -> None:
    make(desk)
    make(desk, place="FL-0318", appeal_no=enter(desk))
    site.file(incident_event(place="FL-0402", incident=3, number=3))
    scope = scope_of("2026-11", SHANGHAI, site.clock())

    def filed(source: str) -> int:
        with site.database.read() as session:
            report = store.figures(session, scope, Wanted(source=source))
        return int(report.rate("red").denominator)

    site.clock.forward(hours=4)
    tick(site.database, site.clock, SHANGHAI)
    scope = scope_of("2026-11", SHANGHAI, site.clock())
    assert [filed(s) for s in ("desk", "appeal", "sensor", "system")] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"place": "FL-9999"}, 409, "unknown_place"),
        ({"severity": "curfew"}, 409, "unknown_severity"),
        ({"scene": "device"}, 422, "invalid"),
        ({"place": "x y"}, 422, "invalid"),
        ({"note": "x\x00"}, 422, "invalid"),
        ({"state": "closed"}, 422, "invalid"),
        ({"more": 1}, 422, "invalid"),
    ],
)
def test_what_cannot_be_a_case_is_refused(
    site: Site, desk: TestClient, wrong: dict[str, Any], status: int, code: str
) -> None:
    answer = desk.post("/api/v1/cases", json=LANE | wrong)
    assert answer.status_code == status, answer.text
    if status == 409:
        assert answer.json()["code"] == code
    assert desk.get("/api/v1/cases").json()["total"] == 0


def test_who_has_limits_makes_cases_inside_of_them(site: Site) -> None:
    near = site.program("operate", "near")
    with site.database.write() as session:
        limit_token(session, "near", Limits(grids=("310112123001001",)), NOW)
    assert near.post("/api/v1/cases", json=LANE).status_code == 201
    for place in ("FL-0402", "FL-9999"):
        answer = near.post("/api/v1/cases", json=LANE | {"place": place})
        assert (answer.status_code, answer.json()["code"]) == (409, "unknown_place")


def test_the_desk_makes_a_case_with_a_plain_form(site: Site, desk: TestClient) -> None:
    person, csrf = site.person("desk")
    number = enter(desk, text="<b>堵住</b>", contact={"phone": "138-canary"})
    page = person.get(f"/appeals/{number}").text
    assert f"/cases/new?appeal={number}" in page
    form_page = person.get(f"/cases/new?appeal={number}").text
    assert "&lt;b&gt;堵住" in form_page
    assert "canary" not in form_page
    assert 'value="fire_lane/occupied" selected' in form_page
    form = {"csrf_token": csrf, "scene": "fire_lane/blocked", "place": "FL-0317", "note": "x",
            "appeal": number, "state": "filed"}  # fmt: skip
    assert person.post("/cases/new", data=form | {"place": ""}).status_code == 422
    unknown = person.post("/cases/new", data=form | {"place": "FL-9999"})
    assert unknown.status_code == 409
    assert "没有这个地点编号" in unknown.text
    made = person.post("/cases/new", data=form)
    assert (made.status_code, made.headers["location"]) == (303, "/cases/FL-20261124-0001")
    case_page = person.get("/cases/FL-20261124-0001")
    assert case_page.status_code == 200
    assert "/cases/new" not in person.get(f"/appeals/{number}").text
    again = person.post("/cases/new", data=form)
    assert again.status_code == 409
    assert "该诉求已关联案件" in again.text
    assert person.get("/cases?status=all").status_code == 200


def test_the_form_offers_to_link_to_the_case_that_is_there(site: Site, desk: TestClient) -> None:
    person, csrf = site.person("desk")
    mine, number = make(desk), enter(desk, -20)
    form = {"csrf_token": csrf, "scene": "fire_lane/occupied", "place": "FL-0317",
            "appeal": number, "state": "filed"}  # fmt: skip
    refused = person.post("/cases/new", data=form)
    assert refused.status_code == 409
    assert f"该地点已有未结案件 {mine['case_no']}" in refused.text
    link = {"csrf_token": csrf, "action": "link", "version": "1", "value": mine["case_no"]}
    assert person.post(f"/appeals/{number}/act", data=link).status_code == 303
    assert desk.get(f"/api/v1/appeals/{number}").json()["appeal"]["case_no"] == mine["case_no"]


def test_only_the_desk_has_the_form(site: Site) -> None:
    for role, status in (("dispatcher", 403), ("observer", 403), ("administrator", 200)):
        person, csrf = site.person(role)  # type: ignore[arg-type]
        assert person.get("/cases/new").status_code == status
        assert ("/cases/new" in person.get("/appeals").text) == (status == 200)
        made = person.post("/cases/new", data={"csrf_token": csrf})
        assert made.status_code == (422 if status == 200 else 403)


def test_a_town_without_places_takes_any(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        desk = site.program("operate")
        made = make(desk, place="X-1")
        assert (made["state"], made["lead"]) == ("filed", "")
        assert told(site, made["case_no"]) == {("dispatcher", "task"), ("inform", "notice")}
