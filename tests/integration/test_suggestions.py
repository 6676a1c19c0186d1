"""What may be the same: suggested both ways, linked, merged, dismissed for good, taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect
from starlette.testclient import TestClient

from central import store, upgrade
from central.db import WRITE
from central.sight import Asker, Limits
from tests.central.events import incident_event
from tests.central.nearby import enter, say, suggested, suggestions, town_site
from tests.central.site import Site

CAMERA = "pujin/box-01/gate-east"


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with town_site(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def desk(site: Site) -> TestClient:
    return site.program("operate")


def file_one(site: Site, incident: int = 1, place: str = "FL-0317") -> str:
    """A case at this place, seen by a camera of its own."""
    event = incident_event(number=incident, incident=incident, place=place)
    (case_no,) = site.file(event)
    return case_no


def act(client: TestClient, case_no: str, action: str, /, **more: object) -> None:
    case = client.get(f"/api/v1/cases/{case_no}").json()["case"]
    body = {"version": case["version"]} | more
    answer = client.post(f"/api/v1/cases/{case_no}/actions/{action}", json=body)
    assert answer.status_code == 200, answer.text


def test_a_case_suggests_appeals_and_cases_and_they_suggest_it(
    site: Site, desk: TestClient
) -> None:
    case_no, beside = file_one(site), file_one(site, 2, "FL-0319")
    long = "车辆堵住东门\n" * 20
    near, nearer = enter(desk, -40, text=long, contact={"phone": "138-canary"}), enter(desk, -5)
    found = suggestions(desk, case_no)
    assert [one["number"] for one in found["items"]] == [nearer, beside, near]
    assert [round(one["distance_m"]) for one in found["items"]] == [5, 30, 40]
    by_number = {one["number"]: one for one in found["items"]}
    assert by_number[near]["kind"] == "appeal"
    assert (by_number[near]["source"], by_number[near]["state"]) == ("12345", "open")
    assert by_number[near]["words"] == f"{'车辆堵住东门 ' * 8}车辆堵…"
    assert by_number[near]["deed"] == {
        "action": "link", "on": near, "into": case_no, "version": 1,
    }  # fmt: skip
    assert (by_number[beside]["place"], by_number[beside]["words"]) == (
        "FL-0319",
        "东门消防通道北段",
    )
    assert by_number[beside]["deed"]["action"] == "merge"
    assert found["dismissed"] == []
    assert "canary" not in str(found)
    assert suggested(desk, nearer) == [case_no, beside]
    assert suggested(desk, beside) == [case_no, nearer]


def test_after_linking_both_sides_are_silent_and_the_duties_stay(
    site: Site, desk: TestClient
) -> None:
    case_no, number = file_one(site), enter(desk)
    (found,) = suggestions(desk, number)["items"]
    deed = found["deed"]
    path = f"/api/v1/appeals/{deed['on']}/actions/link"
    body = {"version": deed["version"], "value": deed["into"]}
    linked = desk.post(path, json=body).json()
    assert linked["case_no"] == case_no
    assert (linked["status"], linked["contacted_at"], linked["satisfaction"]) == (
        "open",
        None,
        None,
    )
    assert {"contact", "not_contacted", "reply"} <= set(linked["allowed"])
    assert suggested(desk, number) == suggested(desk, case_no) == []
    assert desk.post(path, json=body).json()["code"] == "version_conflict"


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_cases_the_earliest_filed_stays_whichever_is_looked_at(
    site: Site, desk: TestClient, first: int
) -> None:
    early, late = file_one(site), file_one(site, 2, "FL-0319")
    (found,) = suggestions(desk, (early, late)[first])["items"]
    assert found["deed"] == {"action": "merge", "on": late, "into": early, "version": 2}
    act(desk, late, "merge", case_no=early)
    assert suggested(desk, early) == suggested(desk, late) == []
    number = enter(desk, 30)
    assert suggested(desk, number) == [early], "of merged cases the one that stayed"


def test_cases_that_were_taken_apart_are_not_suggested_again(site: Site, desk: TestClient) -> None:
    early, late = file_one(site), file_one(site, 2, "FL-0319")
    act(desk, late, "merge", case_no=early)
    act(desk, late, "unmerge")
    assert suggested(desk, early) == []
    (said,) = suggestions(desk, late)["dismissed"]
    assert (said["number"], said["by"]) == (early, "token:t-operate")


def test_what_is_far_old_of_another_kind_or_linked_is_not_suggested(
    site: Site, desk: TestClient
) -> None:
    early = enter(desk)
    site.clock.forward(hours=-30)
    old = enter(desk)
    site.clock.forward(hours=30)
    case_no = file_one(site)
    others = [
        enter(desk, 50.5), enter(desk, service_code="square_dance"), enter(desk, case_no=case_no),
        enter(desk, service_code="other"), enter(desk, service_code="pothole"),
        enter(desk, lat=None, lon=None), old,
    ]  # fmt: skip
    assert suggested(desk, case_no) == [early]
    assert [suggested(desk, number) for number in others] == [[]] * len(others)


def test_five_at_most_and_the_nearest(site: Site, desk: TestClient) -> None:
    case_no = file_one(site)
    numbers = [enter(desk, 40 - 5 * step) for step in range(8)]
    assert suggested(desk, case_no) == numbers[::-1][:5]
    assert suggested(desk, numbers[0]) == [case_no]


def test_a_case_that_ended_is_suggested_for_a_day_and_a_false_alarm_never(
    site: Site, desk: TestClient
) -> None:
    case_no, false = file_one(site), file_one(site, 2, "FL-0319")
    act(desk, case_no, "handle", note="现场已清理")
    act(desk, false, "reject", reason="wrong_object")
    site.clock.forward(hours=1)
    site.file(incident_event("cleared", 3, number=50, place="FL-0317"))
    site.person("verifier")
    person, csrf = site.sign_in("verifier")
    person.headers["x-csrf-token"] = csrf
    act(person, case_no, "explain", note="现场已说明")
    site.clock.forward(hours=23)
    number = enter(desk)
    assert suggested(desk, number) == [case_no]
    assert suggested(desk, case_no) == [number]
    assert suggested(desk, false) == []
    site.clock.forward(hours=1)
    assert suggested(desk, number) == suggested(desk, case_no) == []


def test_a_place_that_the_town_does_not_know_is_near_to_itself_only(
    site: Site, desk: TestClient
) -> None:
    one, two = file_one(site, 1, "FL-9001"), file_one(site, 2, "FL-9002")
    enter(desk)
    assert suggested(desk, one) == suggested(desk, two) == []
    site.clock.forward(hours=30)
    event = incident_event(number=9, incident=3, place="FL-9001", since=site.clock())
    (again,) = site.file(event)
    assert suggested(desk, one) == [again]
    (found,) = suggestions(desk, again)["items"]
    assert (found["number"], found["distance_m"], found["words"]) == (one, 0.0, "")


def test_not_the_same_is_kept_for_everybody_audited_once_and_taken_back(
    site: Site, desk: TestClient
) -> None:
    case_no, number = file_one(site), enter(desk)
    other = site.program("read", "other")
    answer = say(desk, "dismiss", case_no, number)
    assert answer.status_code == 200
    assert answer.json()["items"] == []
    (said,) = answer.json()["dismissed"]
    assert (said["number"], said["by"]) == (number, "token:t-operate")
    site.clock.forward(hours=1)
    assert say(desk, "dismiss", number, case_no).json()["dismissed"][0]["at"] == said["at"]
    for client in (desk, other):
        assert suggested(client, case_no) == suggested(client, number) == []
    back = say(desk, "restore", number, case_no).json()
    assert ([one["number"] for one in back["items"]], back["dismissed"]) == ([case_no], [])
    assert say(desk, "restore", case_no, number).status_code == 200
    with site.database.read() as session:
        rows = [row for row in store.list_audit(session) if row.action.startswith("pair_")]
    assert [(row.action, row.subject, row.detail) for row in rows] == [
        ("pair_restored", number, f'{{"other":"{case_no}"}}'),
        ("pair_dismissed", case_no, f'{{"other":"{number}"}}'),
    ]


def test_what_is_no_pair_is_refused(site: Site, desk: TestClient) -> None:
    case_no, number, another = file_one(site), enter(desk), enter(desk)
    for one, two, status, code in (
        (case_no, case_no, 409, "no_pair"),
        (number, another, 409, "no_pair"),
        (case_no, "FL-20261124-0099", 404, "not_found"),
        ("FL-20261124-0099", case_no, 404, "not_found"),
        (number, "AP-20261124-0099", 409, "no_pair"),
    ):
        answer = say(desk, "dismiss", one, two)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (one, two)
    as_case = f"/api/v1/cases/{number}/suggestions"
    assert desk.post(f"{as_case}/dismiss", json={"number": case_no}).status_code == 404
    assert desk.get(as_case).status_code == 404
    assert suggestions(desk, case_no)["dismissed"] == []


def test_who_may_link_says_it_of_appeals_and_who_may_merge_of_cases(
    site: Site, desk: TestClient
) -> None:
    early, late, number = file_one(site), file_one(site, 2, "FL-0319"), enter(desk)
    expected = {
        "dispatcher": (200, 200), "handler": (403, 200), "verifier": (403, 200),
        "leader": (403, 200), "desk": (200, 200), "administrator": (200, 200),
        "observer": (403, 403),
    }  # fmt: skip
    for role, statuses in expected.items():
        person, csrf = site.person(role)  # type: ignore[arg-type]
        header = {"x-csrf-token": csrf}
        got = (say(person, "dismiss", early, late, **header).status_code,
               say(person, "dismiss", early, number, **header).status_code)  # fmt: skip
        assert got == statuses, role
        assert say(person, "dismiss", early, number).status_code == 403, "without its csrf token"
        assert person.get(f"/api/v1/cases/{early}/suggestions").status_code == 200


def test_a_repeated_request_gets_the_same_answer(site: Site, desk: TestClient) -> None:
    case_no, number = file_one(site), enter(desk)
    key = {"idempotency-key": "k-1"}
    first = say(desk, "dismiss", case_no, number, **key)
    say(desk, "restore", case_no, number)
    again = say(desk, "dismiss", case_no, number, **key)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert suggested(desk, case_no) == [number], "it was not done a second time"


def test_both_sides_must_be_seen(site: Site, desk: TestClient) -> None:
    mine, other, number = file_one(site), file_one(site, 2, "FL-0319"), enter(desk)
    linked = enter(desk, case_no=mine)
    narrow = site.database.asked_by(Asker("li", Limits(cameras=(CAMERA,))))
    with narrow.read() as session:
        found = store.suggestions_of_case(session, mine, site.clock())
        assert found.items == ()
        for unseen in (other, "FL-20261124-0099"):
            with pytest.raises(store.NotFound):
                store.suggestions_of_case(session, unseen, site.clock())
        with pytest.raises(store.NotFound):
            store.suggestions_of_appeal(session, number, site.clock())
        assert store.suggestions_of_appeal(session, linked, site.clock()).items == ()
    me = store.Person("li", "desk")
    for pair in ((mine, other), (mine, number)):
        with pytest.raises(store.NotFound), narrow.write() as session:
            store.dismiss(session, pair, me, "", site.clock())
        assert say(desk, "dismiss", *pair).status_code == 200
    with narrow.read() as session:
        assert store.suggestions_of_case(session, mine, site.clock()).dismissed == ()
        with pytest.raises(store.NotFound):
            store.merging_of(session, mine, other)
    with site.database.read() as session:
        whole = store.suggestions_of_case(session, mine, site.clock())
    assert {one.number for one in whole.dismissed} == {other, number}


def test_an_older_program_forgets_what_was_dismissed_and_the_audit_does_not(
    site: Site, desk: TestClient
) -> None:
    case_no, number = file_one(site), enter(desk)
    say(desk, "dismiss", case_no, number)
    database = site.database
    writing = database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.downgrade(upgrade._config(connection), "0010")
        looked = inspect(connection)
        assert not looked.has_table("dismissed_pairs")
        left = {one["name"] for name in ("cases", "appeals") for one in looked.get_indexes(name)}
        assert not left & {"ix_cases_place_ended_at", "ix_appeals_unlinked"}
    upgrade.upgrade(database)
    upgrade.check(database)
    assert suggested(desk, case_no) == [number]
    with database.read() as session:
        assert "pair_dismissed" in {row.action for row in store.list_audit(session)}
