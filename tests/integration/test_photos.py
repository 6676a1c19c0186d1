"""Photos of what was done: attached by a phone's plain form, made anew, seen, logged, kept in."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from central import store
from central.api import photos
from central.case_tables import CasePhotoTable
from central.masked import masked_pictures
from central.sight import Asker, Limits
from central.tables import AuditTable
from central.town.importing import Author, make_example
from tests.central.databases import Postgres
from tests.central.events import NOW, incident_event, picture
from tests.central.site import Site, open_site
from tests.security.images import with_segment


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    changes: dict[str, Any] = {}
    if request.param == "postgres":
        cluster: Postgres = request.getfixturevalue("postgres")
        changes["database_url"] = cluster.new_database()
    with open_site(tmp_path, **changes) as made:
        with made.database.write() as session:
            make_example(session, Author("test", NOW))
        yield made
    if changes:
        cluster.drop_database(changes["database_url"])


def photo(text: str = "done", width: int = 640, height: int = 480) -> bytes:
    return picture(text, width, height)


def send(client: TestClient, case_no: str, *jpegs: bytes, csrf: str = "", **fields: str) -> Any:
    """What a browser sends without script: texts first, in the order of the form."""
    parts: list[tuple[str, Any]] = [("csrf_token", (None, csrf))] if csrf else []
    parts += [(name, (None, value)) for name, value in fields.items()]
    parts += [("photo", (f"IMG_{n}.jpg", jpeg, "image/jpeg")) for n, jpeg in enumerate(jpegs)]
    parts.append(("photo", ("", b"", "application/octet-stream")))  # a field that was left empty
    return client.post(f"/cases/{case_no}/handled", files=parts)


def accepted(site: Site) -> tuple[TestClient, str, str, str]:
    """A handler at a case that they have accepted: browser, CSRF token, number, version."""
    (case_no,) = site.file(incident_event())
    client, csrf = site.person("handler", org="property-jinyuan")
    headers = {"x-csrf-token": csrf}
    path = f"/api/v1/cases/{case_no}"
    version = client.get(path).json()["case"]["version"]
    done = client.post(f"{path}/actions/accept", json={"version": version}, headers=headers)
    return client, csrf, case_no, str(done.json()["version"])


def test_a_handler_attaches_photos_with_the_form_that_the_page_has(site: Site) -> None:
    client, _, case_no, _ = accepted(site)
    page = client.get(f"/cases/{case_no}", headers={"accept": "text/html"}).text
    form = re.search(r'<form method="post" action="([^"]+handled[^"]*)".*?</form>', page, re.S)
    assert form is not None
    assert 'enctype="multipart/form-data"' in form[0]
    assert 'id="do-handle"' not in page, "one tap is for a place that was seen free"
    assert 'capture="environment"' in form[0]
    assert 'accept="image/' in form[0]
    assert "hx-" not in form[0]
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    csrf = given.pop("csrf_token")
    assert form[0].index("csrf_token") < form[0].index('name="action"')
    answer = send(client, case_no, photo("a"), photo("b"), csrf=csrf, note="lane is free", **given)
    assert answer.status_code == 303, answer.text
    detail = client.get(f"/api/v1/cases/{case_no}").json()
    assert detail["case"]["state"] == "handled"
    after = [one for one in detail["evidence"] if one["role"] == "after"]
    assert len(after) == 2
    named = detail["log"][-1]["detail"]
    assert sorted(named["pictures"]) == sorted(one["sha256"] for one in after)
    assert named["note"] == "lane is free"
    assert "处置后" in client.get(answer.headers["location"]).text
    with site.database.read() as session:
        assert list(store.check_logs(session)) == []


def test_the_desk_writes_who_did_what_where_nobody_had_accepted(site: Site) -> None:
    (case_no,) = site.file(incident_event())
    site.file(incident_event("cleared", 3, number=2))
    client, csrf = site.person("desk")
    page = client.get(f"/cases/{case_no}", headers={"accept": "text/html"}).text
    form = re.search(r'<form method="post" action="([^"]+handled[^"]*)".*?</form>', page, re.S)
    assert form is not None
    assert 'id="do-handle"' not in page, "what only went away is nobody's work"
    assert re.search(r'<summary data-key="d">', page)
    assert re.search(r'<input name="note"[^>]* required>', form[0])
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    given.pop("csrf_token")
    refused = send(client, case_no, photo(), csrf=csrf, **given)
    assert refused.status_code == 422
    assert "此前无人接单" in refused.text
    done = send(client, case_no, csrf=csrf, note="物业来电已拖离", **given)
    assert done.status_code == 303, done.text
    case = client.get(f"/api/v1/cases/{case_no}").json()["case"]
    assert (case["state"], case["holder"]) == ("handled", "desk")


def test_what_is_kept_was_made_from_pixels_and_every_view_is_logged(site: Site) -> None:
    client, csrf, case_no, version = accepted(site)
    told = b"GPS of somebody's phone"
    sent = with_segment(0xE1, b"Exif\0\0" + told, photo())
    assert told in sent
    assert send(client, case_no, sent, csrf=csrf, version=version).status_code == 303
    (kept,) = site.app.state.settings.evidence_dir.rglob("*.jpg")
    content = kept.read_bytes()
    assert told not in content
    sha256 = kept.stem
    assert hashlib.sha256(content).hexdigest() == sha256
    for variant in ("shown", "thumbnail"):
        shown = client.get(f"/api/v1/evidence/{sha256}/{variant}")
        assert shown.status_code == 200
        assert cv2.imdecode(np.frombuffer(shown.content, np.uint8), cv2.IMREAD_COLOR) is not None
    with site.database.read() as session:
        viewed = select(AuditTable.actor).where(
            AuditTable.action == "evidence_viewed", AuditTable.subject == sha256
        )
        assert list(session.scalars(viewed)) == ["handler", "handler"]


def test_a_photo_never_leaves_the_house(site: Site) -> None:
    client, csrf, case_no, version = accepted(site)
    assert send(client, case_no, photo(), csrf=csrf, version=version).status_code == 303
    with site.database.read() as session:
        (sha256,) = session.scalars(select(CasePhotoTable.sha256))
        assert masked_pictures(session, [case_no]) == {}
    read = site.program("read")
    for path in ("/open311/v2/requests.json", "/open311/v2/servicerequestupdates.json"):
        assert sha256 not in read.get(path).text


def test_a_photo_is_there_for_those_who_see_its_case(site: Site) -> None:
    client, csrf, case_no, version = accepted(site)
    assert send(client, case_no, photo(), csrf=csrf, version=version).status_code == 303
    seen = {}
    for grid in ("310112123A", "310112123B"):
        narrow = site.database.asked_by(Asker("li", Limits(grids=(grid,))))
        with site.database.read() as session:
            (sha256,) = session.scalars(select(CasePhotoTable.sha256))
        with narrow.read() as session:
            seen[grid] = store.has_evidence(session, sha256)
    assert seen == {"310112123A": True, "310112123B": False}


def test_what_is_no_photo_is_refused_and_nothing_is_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, csrf, case_no, version = accepted(site)
    half = photo()[:200]
    large = photo(width=4000, height=12_000)
    for sent, status in (
        ((b"<svg onload=alert(1)>",), 422),
        ((half,), 422),
        ((photo(), b"GIF89a"), 422),
        ((large,), 422),
        ((photo(),) * 5, 422),
    ):
        answer = send(client, case_no, *sent, csrf=csrf, version=version)
        assert answer.status_code == status, answer.text
        assert "photo" in answer.text
    monkeypatch.setattr(photos, "MAX_PHOTO_BYTES", 100)
    assert send(client, case_no, photo(), csrf=csrf, version=version).status_code == 413
    monkeypatch.setattr(photos, "MAX_FORM_BYTES", 100)
    assert send(client, case_no, photo(), csrf=csrf, version=version).status_code == 413
    assert client.get(f"/api/v1/cases/{case_no}").json()["case"]["state"] == "accepted"
    assert not list(site.app.state.settings.evidence_dir.rglob("*.jpg"))


def test_of_two_with_photos_the_second_is_told_and_leaves_nothing(site: Site) -> None:
    client, csrf, case_no, version = accepted(site)
    assert send(client, case_no, photo("1"), csrf=csrf, version=version).status_code == 303
    again = send(client, case_no, photo("2"), csrf=csrf, version=version)
    assert again.status_code == 409
    assert len(list(site.app.state.settings.evidence_dir.rglob("*.jpg"))) == 1


def test_the_forms_token_is_asked_for_in_a_form_with_files_too(site: Site) -> None:
    client, csrf, case_no, version = accepted(site)
    for given in ("", csrf[:-1] + "x"):
        answer = send(client, case_no, photo(), csrf=given, version=version)
        assert answer.status_code == 403
    late = [
        ("version", (None, version)),
        ("photo", ("a.jpg", photo(), "image/jpeg")),
        ("csrf_token", (None, csrf)),
    ]
    assert client.post(f"/cases/{case_no}/handled", files=late).status_code == 403
    empty = send(client, case_no, csrf=csrf, version=version)
    assert (empty.status_code, "请写几个字" in empty.text) == (422, True)
    no_photo = send(client, case_no, csrf=csrf, version=version, note="现场已清理")
    assert no_photo.status_code == 303
    observer, own = site.person("observer")
    assert send(observer, case_no, photo(), csrf=own, version=version).status_code == 403


def test_a_program_handles_with_photos_once_per_key(site: Site) -> None:
    (case_no,) = site.file(incident_event())
    program = site.program("operate")
    version = program.get(f"/api/v1/cases/{case_no}").json()["case"]["version"]
    form = {
        "files": [
            ("version", (None, str(version))),
            ("note", (None, "物业来电已拖离")),
            ("photo", ("a.jpg", photo(), "image/jpeg")),
        ]
    }
    body = program.build_request("POST", f"/api/v1/cases/{case_no}/handled", **form)
    answers = []
    for _ in range(2):
        answers.append(
            program.post(
                f"/api/v1/cases/{case_no}/handled",
                content=body.read(),
                headers={"content-type": body.headers["content-type"], "idempotency-key": "k1"},
            )
        )
    assert [one.status_code for one in answers] == [200, 200], answers[0].text
    assert answers[0].json()["state"] == "handled"
    assert answers[1].headers["idempotent-replayed"] == "true"
    detail = program.get(f"/api/v1/cases/{case_no}").json()
    assert [one["role"] for one in detail["evidence"]] == ["after"]
