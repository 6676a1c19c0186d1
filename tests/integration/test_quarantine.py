"""Messages in quarantine: seen by people and programs, tried again, and no way round a refusal."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from central import store
from central.intake import Refusal, take
from central.tables import EventTable
from edge.events import to_json
from tests.central.events import NOW, SENDER, TOPIC, incident_event, uid
from tests.central.site import Site, open_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made


def quarantine(site: Site, code: str = "poison", body: bytes | None = None) -> int:
    """A message that was refused with this code; its number."""
    event = incident_event(number=66, incident=66)
    sound = to_json(event) if body is None else body
    refusal = Refusal(SENDER, TOPIC, sound, code, "r", event_id=event.id, epoch=event.epoch)
    with site.database.write() as session:
        store.refuse(session, refusal, NOW)
        return store.list_quarantine(session)[0].id


def events(site: Site) -> int:
    with site.database.read() as session:
        return session.scalar(select(func.count()).select_from(EventTable)) or 0


def pending(site: Site) -> list[list[str]]:
    with site.database.write() as session:
        return [waiting.ack.filed for waiting in store.pending_acks(session)]


def test_a_message_is_shown_and_filed_when_it_is_tried_again(site: Site) -> None:
    number = quarantine(site)
    person, csrf = site.person()
    (shown,) = person.get("/api/v1/quarantine").json()["items"]
    assert (shown["number"], shown["code"], shown["retryable"]) == (number, "poison", True)
    answer = person.post(f"/api/v1/quarantine/{number}/retry", headers={"x-csrf-token": csrf})
    assert answer.status_code == 200
    assert answer.json()["verdict"] == "filed"
    assert answer.json()["case_no"].startswith("FL-")
    assert person.get("/api/v1/quarantine").json() == {"items": [], "total": 0}
    assert events(site) == 1
    assert [uid(66)] in pending(site)  # the box hears of it


@pytest.mark.parametrize("code", ["wrong_box", "id_conflict", "foreign_incident", "too_large"])
def test_a_final_refusal_stays(site: Site, code: str) -> None:
    number = quarantine(site, code)
    person, csrf = site.person()
    answer = person.post(f"/api/v1/quarantine/{number}/retry", headers={"x-csrf-token": csrf})
    assert (answer.status_code, answer.json()["code"]) == (409, "final")
    assert events(site) == 0


def test_what_is_still_wrong_stays_and_says_why(site: Site) -> None:
    number = quarantine(site, "malformed", b"{}")
    person, csrf = site.person()
    answer = person.post(f"/api/v1/quarantine/{number}/retry", headers={"x-csrf-token": csrf})
    assert answer.json()["verdict"] == "rejected"
    (left,) = person.get("/api/v1/quarantine").json()["items"]
    assert (left["number"], left["seen"]) == (number, 1)


def test_a_part_is_not_the_whole(site: Site) -> None:
    number = quarantine(site, "malformed", b"x" * 20_000)
    person, csrf = site.person()
    answer = person.post(f"/api/v1/quarantine/{number}/retry", headers={"x-csrf-token": csrf})
    assert (answer.status_code, answer.json()["code"]) == (409, "incomplete")
    gone = person.post("/api/v1/quarantine/999/retry", headers={"x-csrf-token": csrf})
    assert gone.status_code == 404


def test_what_raises_again_is_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = quarantine(site)
    person, csrf = site.person()

    def merge(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("central.store.retry.merge", merge)
    answer = person.post(f"/api/v1/quarantine/{number}/retry", headers={"x-csrf-token": csrf})
    assert (answer.status_code, answer.json()["code"]) == (409, "poison")
    assert person.get("/api/v1/quarantine").json()["total"] == 1


def test_only_people_try_again(site: Site) -> None:
    number = quarantine(site)
    assert site.visitor().get("/api/v1/quarantine").status_code == 401
    assert site.program("box").get("/api/v1/quarantine").status_code == 403
    reader = site.program("read")
    assert reader.get("/api/v1/quarantine").status_code == 200
    assert reader.post(f"/api/v1/quarantine/{number}/retry").status_code == 403


def test_the_page_shows_it_and_tries_again(site: Site) -> None:
    number = quarantine(site, body=to_json(incident_event(reason="<script>alert(1)</script>")))
    person, csrf = site.person()
    page = person.get("/quarantine").text
    assert "<script>alert" not in page
    assert f'value="{number}"' in page
    form = {"csrf_token": csrf, "number": str(number)}
    assert person.post("/quarantine/retry", data=form).status_code == 200
    assert events(site) == 1
    assert person.post("/quarantine/retry", data=form | {"number": "x"}).status_code == 422
    assert person.post("/quarantine/retry", data=form).status_code == 409


def test_a_newer_schema_is_refused_told_and_kept_whole(site: Site) -> None:
    """A box of the next version: nothing it says is lost while central is of this one."""
    newer = to_json(incident_event()).replace(b'"rev":', b'"invented_later":1,"rev":')
    item = take(TOPIC, newer)
    assert isinstance(item, Refusal)
    with site.database.write() as session:
        store.refuse(session, item, NOW)
        (kept,) = store.list_quarantine(session)
        (waiting,) = store.pending_acks(session)
    assert kept.body == newer
    assert [one.code for one in waiting.ack.rejected] == ["malformed"]
    assert pending(site) == [[]]
