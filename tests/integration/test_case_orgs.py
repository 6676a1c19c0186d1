"""To whom a case is given: organisations of the town, from a list, on the page as in the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.cases.moves import Refused
from central.town.importing import Author, make_example
from tests.central.events import NOW, incident_event
from tests.central.lane import Lane
from tests.central.site import Site, open_site
from tests.integration.test_cases import lane, occupy

__all__ = ["lane"]
NONSENSE = "nonsense-org"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made


def found(site: Site) -> None:
    with site.database.write() as session:
        make_example(session, Author("test", NOW))


def test_nobody_is_given_a_case_who_is_not_there(lane: Lane) -> None:
    with lane.write() as session:
        make_example(session, Author("test", lane.now))
    occupy(lane)
    with pytest.raises(Refused, match="no such organisation"):
        lane.does("22:04:00", "dispatch", "dispatcher", to=NONSENSE)
    assert lane.does("22:04:00", "dispatch", "dispatcher", to="district-west").state == "dispatched"
    lane.does("22:05:00", "accept", org="district-west")
    with pytest.raises(Refused, match="no such organisation"):
        lane.does("22:06:00", "assist", org="district-west", to=NONSENSE)
    assert lane.does("22:06:00", "assist", org="district-west", to="fire").state == "accepted"
    assert lane.sound()


def test_the_api_names_the_fault(site: Site) -> None:
    found(site)
    (case_no,) = site.file(incident_event(place="FL-0317"))
    person, csrf = site.person("dispatcher")
    url = f"/api/v1/cases/{case_no}/actions/dispatch"
    case = person.get(f"/api/v1/cases/{case_no}").json()["case"]
    body = {"version": case["version"], "org": NONSENSE}
    answer = person.post(url, json=body, headers={"X-CSRF-Token": csrf})
    assert (answer.status_code, answer.json()["code"]) == (409, "known_org")
    body["org"] = "district-west"
    assert person.post(url, json=body, headers={"X-CSRF-Token": csrf}).status_code == 200


def test_the_page_offers_the_organisations_and_takes_no_other(site: Site) -> None:
    found(site)
    (case_no,) = site.file(incident_event(place="FL-0317"))
    person, csrf = site.person("dispatcher")
    page = person.get(f"/cases/{case_no}").text
    assert '<select name="org" required>' in page
    assert '<option value="district-west">' in page
    version = person.get(f"/api/v1/cases/{case_no}").json()["case"]["version"]
    form = {"csrf_token": csrf, "action": "dispatch", "version": version, "org": NONSENSE}
    answer = person.post(f"/cases/{case_no}/verdict", data=form)
    assert answer.status_code == 422
    assert "本辖区没有这个单位" in answer.text
    form["org"] = "district-west"
    assert person.post(f"/cases/{case_no}/verdict", data=form).status_code == 303


def test_a_town_without_organisations_takes_every_name(site: Site) -> None:
    (case_no,) = site.file(incident_event(place="FL-0317"))
    person, csrf = site.person("dispatcher")
    assert '<input name="org"' in person.get(f"/cases/{case_no}").text
    version = person.get(f"/api/v1/cases/{case_no}").json()["case"]["version"]
    form = {"csrf_token": csrf, "action": "dispatch", "version": version, "org": "老王物业"}
    assert person.post(f"/cases/{case_no}/verdict", data=form).status_code == 303


def test_a_case_is_its_leads_and_of_nobody_beside(lane: Lane) -> None:
    with lane.write() as session:
        make_example(session, Author("test", lane.now))
    occupy(lane)
    assert lane.case().lead == "property-jinyuan"
    for org in ("", "committee-jinyuan", "district-west"):
        with pytest.raises(Refused, match="another organisation"):
            lane.does("22:04:00", "accept", org=org)
    with pytest.raises(Refused, match="may not strike it out"):
        lane.does("22:04:00", "void", "desk", org="property-jinyuan", reason="false_positive")
    assert "accept" not in lane.allowed("handler")
    assert lane.does("22:05:00", "accept", org="property-jinyuan").state == "accepted"
    for action in ("handle", "return", "assist", "ask_suspend"):
        with pytest.raises(Refused, match="another organisation"):
            lane.does("22:06:00", action, org="committee-jinyuan", to="fire", note="不是我们的")  # type: ignore[arg-type]
    assert lane.does("22:07:00", "void", "desk", reason="false_positive").state == "void"


def test_a_handler_without_organisation_works_in_a_town_without_any(lane: Lane) -> None:
    occupy(lane)
    lane.does("22:04:00", "dispatch", "dispatcher", to="老王物业")
    assert lane.does("22:05:00", "accept").holder == "handler"
