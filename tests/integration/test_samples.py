"""Surveys: who was asked in which one, and the figures of one of them, at any moment."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.kpi.periods import named
from tests.central.events import SHANGHAI, incident_event
from tests.central.site import Site, open_site
from tests.e2e.html import read


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made


def answered(site: Site, client: Any, outcome: str = "solved") -> tuple[str, int]:
    """An appeal that has its outcome, and its version."""
    body = {"kind": "12345", "text": "车堵住了", "service_code": "fire_lane"}
    made = client.post("/api/v1/appeals", json=body).json()
    number, version = made["appeal_no"], made["version"]
    for action, value in (("contact", ""), ("reply", "已清理"), ("outcome", outcome)):
        answer = act(client, number, action, version=version, value=value)
        version = answer.json()["version"]
    return number, version


def act(client: Any, number: str, action: str, **body: Any) -> Any:
    return client.post(f"/api/v1/appeals/{number}/actions/{action}", json=body)


def rates(client: Any, query: str = "") -> dict[str, tuple[str | None, str, dict[str, Any]]]:
    found = client.get(f"/api/v1/kpi?counted=true{query}")
    assert found.status_code == 200, found.text
    return {
        one["name"]: (one["value"], one["population"], one["counted"])
        for one in found.json()["rates"]
    }


def test_figures_of_a_survey_count_whom_it_asked_and_nobody_else(site: Site) -> None:
    desk = site.program("operate")
    site.file(incident_event())
    (asked, version), (other, later), _ = (answered(site, desk) for _ in range(3))
    said = act(desk, asked, "satisfaction", version=version, value="neutral", sample="2026-Q4")
    assert said.json()["sample"] == "2026-Q4"
    log = desk.get(f"/api/v1/appeals/{asked}").json()["log"]
    assert [row["sample"] for row in log] == ["", "", "", "", "2026-Q4"]
    act(desk, other, "satisfaction", version=later, value="satisfied")
    site.clock.forward(minutes=1)
    found, everybody = rates(desk, "&sample=2026-Q4"), rates(desk)
    assert found["satisfied"] == ("60.00", "sampled:2026-Q4", {asked: "0.6"})
    assert found["solved"] == ("100.00", "sampled:2026-Q4", {asked: 1})
    assert list(found["contact"][2]) == [asked]
    assert everybody["satisfied"][:2] == ("80.00", "all")
    assert len(everybody["contact"][2]) == 3
    assert found["filing"] == everybody["filing"], "nobody asks cases"
    assert rates(desk, "&sample=none")["satisfied"] == (None, "sampled:none", {})


def test_a_survey_is_known_from_the_moment_of_its_answer(site: Site) -> None:
    desk = site.program("operate")
    number, version = answered(site, desk)
    before = site.clock().isoformat().replace("+00:00", "Z")
    site.clock.forward(hours=1)
    first = act(desk, number, "satisfaction", version=version, value="satisfied", sample="a").json()
    then = site.clock().isoformat().replace("+00:00", "Z")
    site.clock.forward(hours=1)
    second = act(desk, number, "satisfaction", version=first["version"], value="neutral").json()
    assert second["sample"] == "a", "who was asked stays asked"
    last = {"version": second["version"], "value": "dissatisfied", "sample": "b"}
    assert act(desk, number, "satisfaction", **last).json()["sample"] == "b"
    assert rates(desk, f"&sample=a&as_of={before}")["solved"][2] == {}
    assert rates(desk, f"&sample=a&as_of={then}")["satisfied"][2] == {number: 1}
    assert rates(desk, "&sample=a")["satisfied"][2] == {}
    assert rates(desk, "&sample=b")["satisfied"][2] == {number: 0}


def test_a_survey_is_named_with_a_satisfaction_alone(site: Site) -> None:
    desk = site.program("operate")
    number, version = answered(site, desk)
    wrong = act(desk, number, "reply", version=version, value="x", sample="a")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "not_allowed")
    bad = act(desk, number, "satisfaction", version=version, value="neutral", sample="a b")
    assert bad.status_code == 422


def test_the_desk_names_a_survey_and_opens_its_figures(site: Site) -> None:
    desk, csrf = site.person("desk")
    number, version = answered(site, site.program("operate"))
    form = {"csrf_token": csrf, "action": "satisfaction", "version": str(version)}
    form |= {"value": "satisfied", "sample": "2026-Q4"}
    assert desk.post(f"/appeals/{number}/act", data=form).status_code == 303
    assert "2026-Q4" in desk.get(f"/appeals/{number}").text
    site.clock.forward(minutes=1)
    month = named(site.clock(), SHANGHAI)
    page = read(desk.get(f"/kpi?period={month}&sample=2026-Q4").text)
    assert "2026-Q4" in page.one(id="population").text
    link = page.one("tr", id="rate-satisfied").one("a").attributes["href"]
    assert "sample=2026-Q4" in link
    opened = desk.get(link).text
    assert number in opened
    assert "sampled:2026-Q4" in opened
    assert number not in desk.get(link.replace("2026-Q4", "other")).text
