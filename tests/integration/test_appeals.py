"""Appeals: entered at the desk and by API, each duty once and at its moment, contacts sealed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from central import store
from central.appeals.contact import Contact, Seal
from central.appeals.reading import steps_of
from central.appeals.records import Doing, NewAppeal, act_on, add_appeal
from central.appeals.rules import ACTIONS, CHOICES, Refused, Standing, act, allowed
from central.clocks.ticking import between
from central.db import Database
from central.store.routes import calendar_of
from central.tell_tables import TellTable
from central.ticker import tick
from central.town.importing import EXAMPLE_FOLDER, Author, Wish, make, make_example
from tests.central.events import NOW, SHANGHAI, incident_event
from tests.central.site import Moving, Site, open_site

PHONE = "13800138000-kanarie"
TEXT = {"kind": "12345", "text": "车堵住了消防通道", "service_code": "fire_lane"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made


def test_the_duties_of_an_appeal_one_after_the_other(site: Site) -> None:
    desk = site.program("operate")
    (case_no,) = site.file(incident_event())
    added = desk.post("/api/v1/appeals", json=TEXT | {"contact": {"name": "王", "phone": PHONE}})
    assert added.status_code == 201
    number = added.json()["appeal_no"]
    assert number == "AP-20261124-0001"
    steps = [
        ("outcome", "solved", 409), ("not_contacted", "no_answer", 200), ("contact", "", 200),
        ("not_contacted", "no_answer", 409), ("reply", " ", 409), ("reply", "已清理", 200),
        ("satisfaction", "satisfied", 409), ("outcome", "well", 409), ("outcome", "solved", 200),
        ("satisfaction", "basically", 200), ("link", "FL-20261124-9999", 409),
        ("link", case_no, 200),
    ]  # fmt: skip
    version = 1
    for action, value, status in steps:
        site.clock.forward(minutes=1)
        path = f"/api/v1/appeals/{number}/actions/{action}"
        answer = desk.post(path, json={"version": version, "value": value})
        assert answer.status_code == status, (action, answer.text)
        version += status == 200
    late = desk.post(f"/api/v1/appeals/{number}/actions/contact", json={"version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict")
    one = desk.get(f"/api/v1/appeals/{number}").json()
    assert one["contact"] == {"name": "王", "phone": PHONE, "email": ""}
    appeal = one["appeal"]
    assert (appeal["status"], appeal["outcome"], appeal["satisfaction"]) == (
        "closed", "solved", "basically",
    )  # fmt: skip
    assert (appeal["case_no"], appeal["not_contacted"]) == (case_no, None)
    assert [step["action"] for step in one["log"]] == [
        "added", "not_contacted", "contact", "reply", "outcome", "satisfaction", "link",
    ]  # fmt: skip
    assert desk.get("/api/v1/appeals?status=open").json()["total"] == 0
    assert desk.get(f"/api/v1/appeals?case_no={case_no}&kind=12345").json()["total"] == 1
    kinds = [item["kind"] for item in desk.get("/api/v1/changes").json()["items"]]
    assert kinds[:4] == ["file", "joined", "appeal_added", "appeal_not_contacted"]


def test_who_appealed_is_sealed_and_seen_only_by_those_who_may_act(site: Site) -> None:
    desk, reader = site.program("operate"), site.program("read")
    answer = desk.post("/api/v1/appeals", json=TEXT | {"contact": {"phone": PHONE}})
    assert PHONE not in answer.text
    number = answer.json()["appeal_no"]
    seen = reader.get(f"/api/v1/appeals/{number}").json()
    assert (seen["contact"], seen["appeal"]["has_contact"]) == (None, True)
    assert PHONE in desk.get(f"/api/v1/appeals/{number}").text
    assert PHONE not in desk.get("/api/v1/appeals").text
    folder = Path(site.app.state.settings.data_dir)
    for path in folder.glob("jinmu.db*"):
        assert PHONE.encode() not in path.read_bytes()
    assert (folder / "contact-key").stat().st_mode & 0o077 == 0
    with site.database.read() as session:
        viewed = [row for row in store.list_audit(session) if row.action == "contact_viewed"]
    assert [(row.actor, row.subject) for row in viewed] == [("token:t-operate", number)]


def test_a_sealed_contact_opens_for_its_own_appeal_alone() -> None:
    seal, other = Seal(b"k" * 32), Seal(b"x" * 32)
    sealed = seal.close(Contact(phone=PHONE), "AP-1")
    assert sealed is not None
    assert seal.open(sealed, "AP-1") == Contact(phone=PHONE)
    assert seal.open(sealed, "AP-2") is None
    assert other.open(sealed, "AP-1") is None
    assert seal.open(b"", "AP-1") is None
    assert seal.close(Contact(), "AP-1") is None
    assert PHONE not in repr(Contact(phone=PHONE))


def test_the_same_number_of_its_source_is_the_same_appeal(site: Site) -> None:
    desk = site.program("operate")
    given = TEXT | {"external_id": "12345-77"}
    first, again = (desk.post("/api/v1/appeals", json=given).json() for _ in range(2))
    assert first == again
    other = site.program("operate", "another").post("/api/v1/appeals", json=given).json()
    assert other["appeal_no"] != first["appeal_no"]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "fax"}, {"text": ""}, {"text": "x\x00"}, {"lat": 31.0}, {"lat": 91.0, "lon": 0.0},
     {"case_no": "x"}, {"unknown": 1}, {"contact": {"phone": PHONE, "a": 3}}, {"text": "x" * 4001}],
)  # fmt: skip
def test_what_is_wrong_is_refused_without_repeating_it(
    site: Site, wrong: dict[str, object]
) -> None:
    answer = site.program("operate").post("/api/v1/appeals", json=TEXT | wrong)
    assert answer.status_code == 422
    assert PHONE not in answer.text


def test_the_desk_enters_and_works_an_appeal_with_plain_forms(site: Site) -> None:
    person, csrf = site.person("desk")
    form = {"csrf_token": csrf, "kind": "walk_in", "text": "<b>太吵</b>", "phone": PHONE}
    added = person.post("/appeals", data=form)
    assert added.status_code == 303
    page = person.get(added.headers["location"])
    assert "&lt;b&gt;太吵" in page.text
    assert PHONE in page.text
    path = f"{added.headers['location']}/act"
    reply = {"csrf_token": csrf, "action": "reply", "version": "1", "value": "已劝离"}
    assert person.post(path, data=reply).status_code == 303
    assert person.post(path, data=reply).status_code == 409, "the version is old"
    assert person.post(path, data=reply | {"action": "x"}).status_code == 422
    assert "已劝离" in person.get(added.headers["location"]).text
    assert person.post("/appeals", data=form | {"text": ""}).status_code == 422
    assert person.get("/appeals/AP-20261124-0099").status_code == 404
    assert "AP-20261124-0001" in person.get("/appeals").text
    assert person.get("/appeals?status=closed").text.count("AP-20261124-0001") == 0


VALUES = ["", "x", *(value for values in CHOICES.values() for value in values)]


@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(VALUES)), max_size=12))
def test_what_is_allowed_is_what_works_and_met_duties_keep_their_moment(
    steps: list[tuple[str, str]],
) -> None:
    standing = Standing()
    for action, value in steps:
        before = standing
        code = "done"
        try:
            standing = act(standing, action, value, NOW)  # type: ignore[arg-type]
        except Refused as refused:
            code = refused.code
        assert (code != "not_allowed") == (action in allowed(before))
        for name in ("contacted_at", "replied_at", "outcome_at"):
            assert getattr(before, name) in (None, getattr(standing, name))
        assert standing.outcome is None or standing.replied_at is not None
        assert standing.satisfaction is None or standing.outcome is not None


def test_an_appeal_has_a_deadline_for_the_first_contact(site: Site) -> None:
    """One working day of the place, not eight hours of the night; late is late, on the page too."""
    desk = site.program("operate")
    added = desk.post("/api/v1/appeals", json=TEXT).json()
    number, came_at = added["appeal_no"], datetime.fromisoformat(added["created_at"])
    due_at = datetime.fromisoformat(added["contact_due_at"])
    with site.database.read() as session:
        calendar = calendar_of(session)
    assert between(came_at, due_at, "working", calendar) == calendar.day_length
    person, _ = site.person("desk")
    assert "尚未联系，截止" in person.get(f"/appeals/{number}").text
    site.clock.forward(days=3)
    person, _ = site.person("leader")
    for page in ("/appeals", f"/appeals/{number}"):
        assert "尚未联系，已超时" in person.get(page).text
    desk.post(f"/api/v1/appeals/{number}/actions/contact", json={"version": 1})
    assert ">超时<" in person.get(f"/appeals/{number}").text


def test_the_strictest_rule_of_the_scene_gives_the_deadline(
    database: Database, tmp_path: Path
) -> None:
    at = NOW.astimezone(SHANGHAI).replace(hour=9)
    text = (EXAMPLE_FOLDER / "rules.csv").read_text("utf-8")
    strict = tmp_path / "rules.csv"
    strict.write_text(text.replace("1 工作日,5/15/30", "2 工作时,5/15/30"), "utf-8")
    with database.write() as session:
        before = store.contact_due_of(session, "fire_lane", at)
        make_example(session, Author("test", NOW))
        make(session, Wish("rules", strict), Author("test", NOW))
    with database.read() as session:
        due = {code: store.contact_due_of(session, code, at) for code in ("fire_lane", "other")}
    assert due["other"] == before
    assert due["fire_lane"] == at + timedelta(hours=2)


def said(database: Database, number: str) -> list[tuple[str, str, str]]:
    """Party, kind and text of each message about an appeal."""
    rows = select(TellTable).where(TellTable.case_no == number).order_by(TellTable.id)
    with database.read() as session:
        return [(row.party, row.kind, row.title + row.text) for row in session.scalars(rows)]


def test_the_desk_hears_of_a_new_appeal_and_of_a_contact_that_is_late_once(
    database: Database,
) -> None:
    seal, at = Seal(b"k" * 32), Moving()
    new = NewAppeal("12345", "fire_lane", f"call {PHONE}", "t", f"{PHONE}", contact=Contact(PHONE))
    with database.write() as session:
        late = add_appeal(session, new, seal, at(), SHANGHAI)
        called = add_appeal(session, new, seal, at(), SHANGHAI)
    assert [row[:2] for row in said(database, late.appeal_no)] == [("desk", "task")]
    with database.write() as session:
        act_on(session, called.appeal_no, Doing("contact", "desk"), at())
        states = session.scalars(
            select(TellTable.state).where(TellTable.case_no == called.appeal_no)
        )
        assert list(states) == ["withdrawn"]
    tick(database, at, SHANGHAI)
    assert len(said(database, late.appeal_no)) == 1, "it is not late yet"
    at.at = late.contact_due_at
    for _ in range(3):  # also after a restart: the mark is in the database
        tick(database, at, SHANGHAI)
        at.forward(hours=5)
    told = said(database, late.appeal_no)
    assert [row[:2] for row in told] == [
        ("desk", "task"), ("desk", "escalation"), ("leader", "escalation"),
    ]  # fmt: skip
    assert len(said(database, called.appeal_no)) == 1
    assert PHONE not in str(told)
    with database.read() as session:
        steps = [step.action for step in steps_of(session, late.appeal_no)]
    assert steps == ["added", "overdue"]


def test_two_centrals_tell_a_late_contact_once(database: Database) -> None:
    with database.write() as session:
        new = NewAppeal("qr", "other", "x", "t")
        late = add_appeal(session, new, Seal(b"k" * 32), NOW, SHANGHAI)
    due = Moving()
    due.at = late.contact_due_at
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tick(database, due, SHANGHAI), range(8)))
    assert len(said(database, late.appeal_no)) == 3


def test_the_page_of_messages_leads_to_the_appeal(site: Site) -> None:
    number = site.program("operate").post("/api/v1/appeals", json=TEXT).json()["appeal_no"]
    person, _ = site.person("desk")
    assert f'href="/appeals/{number}"' in person.get("/tell").text
