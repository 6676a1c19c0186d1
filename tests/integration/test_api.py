"""The JSON API: cases, verdicts, pictures, boxes."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from central import store
from central.evidence import MAX_BYTES
from edge.events import EvidenceRef
from tests.central.events import SINCE, device_event, incident_event, picture, ref, story
from tests.central.site import Site, open_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        yield opened


def test_a_case_can_be_listed_read_and_judged(site: Site) -> None:
    jpeg = picture()
    site.file(*story(), incident_event("ongoing", 3, number=9, evidence=[ref(jpeg, "ongoing")]))
    program = site.program("operate")
    listed = program.get("/api/v1/cases", params={"status": "open", "place": "FL-0317"}).json()
    assert (listed["total"], listed["items"][0]["case_no"]) == (1, "FL-20261124-0001")
    one = program.get("/api/v1/cases/FL-20261124-0001").json()
    assert [event["stage"] for event in one["timeline"]] == [
        "warned", "confirmed", "ongoing", "ongoing", "cleared"
    ]  # fmt: skip
    assert one["case"]["cleared_at"] is not None
    assert [incident["case_no"] for incident in one["incidents"]] == ["FL-20261124-0001"]
    assert [item["here"] for item in one["evidence"]] == [False]
    actions = "/api/v1/cases/FL-20261124-0001/actions"
    body = {"version": 1, "reason": "wrong_zone", "note": "边界画宽了"}
    judged = program.post(f"{actions}/reject", json=body)
    assert (judged.status_code, judged.json()["state"]) == (200, "void")
    late = program.post(f"{actions}/confirm", json={"version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "version_conflict")
    wrong = program.post(f"{actions}/handle", json={"version": 2})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "not_allowed")
    log = program.get("/api/v1/cases/FL-20261124-0001").json()["log"]
    assert (log[-1]["actor"], log[-1]["note"]) == ("token:t-operate", "边界画宽了")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/cases/FL-20261124-0099", 404),
        ("GET", "/api/v1/cases/%27%20OR%201", 422),
        ("GET", "/api/v1/cases?status=dead", 422),
        ("GET", "/api/v1/cases?size=100000", 422),
        ("GET", "/api/v1/cases?page=-1", 422),
        ("GET", "/api/v1/cases?place=%00", 400),
        ("GET", "/api/v1/cases?unknown=1", 422),
        ("POST", "/api/v1/cases/FL-20261124-0001/actions/destroy", 422),
        ("POST", "/api/v1/cases/FL-20261124-0099/actions/confirm", 404),
        ("GET", "/api/v1/evidence/..%2f..%2fetc%2fpasswd", 403),
        ("GET", f"/api/v1/evidence/{'A' * 64}", 422),
    ],
)
def test_nonsense_is_refused_in_words(site: Site, method: str, path: str, status: int) -> None:
    answer = site.program("operate").request(method, path, json={"version": 1})
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_incidents_and_boxes_are_listed(site: Site) -> None:
    site.file(incident_event("warned", 1, number=1), device_event(5))
    program = site.program("read")
    (incident,) = program.get("/api/v1/incidents", params={"open_only": True}).json()
    assert (incident["stage"], incident["case_no"]) == ("warned", None)
    (box,) = program.get("/api/v1/boxes").json()
    (ledger,) = box["ledgers"]
    assert (ledger["epoch"], ledger["hwm"], ledger["missing"]) == ("0a1b2c3d", 5, [[2, 4]])
    assert [condition["condition"] for condition in box["conditions"]] == ["dark"]


def test_a_picture_is_put_once_and_every_view_is_logged(site: Site) -> None:
    jpeg = picture()
    sha256 = hashlib.sha256(jpeg).hexdigest()
    path = f"/api/v1/evidence/{sha256}"
    box = site.program("box")
    assert box.head(path).status_code == 404
    first = box.put(path, content=jpeg)
    assert (first.status_code, first.json()) == (
        201,
        {"sha256": sha256, "created": True, "referenced": False},
    )
    site.file(incident_event(evidence=[ref(jpeg)]))
    again = box.put(path, content=jpeg)
    assert (again.status_code, again.json()["referenced"]) == (200, True)
    assert box.head(path).status_code == 200
    person, _ = site.person("administrator")
    seen = person.get(path)
    assert (seen.status_code, seen.content) == (200, jpeg)
    assert seen.headers["content-type"] == "image/jpeg"
    assert seen.headers["content-disposition"].startswith("attachment")
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["cache-control"] == "private, no-cache"
    known = person.get(path, headers={"if-none-match": seen.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    with site.database.read() as session:
        rows = store.list_audit(session)
    views = [(row.subject, row.actor) for row in rows if row.action == "evidence_viewed"]
    assert views == [(sha256, "administrator")] * 2


def test_a_picture_is_shown_on_its_case_as_soon_as_it_is_here(site: Site) -> None:
    jpeg = picture()
    (case_no,) = site.file(incident_event(evidence=[ref(jpeg)]))
    program, box = site.program("read"), site.program("box")
    case = program.get(f"/api/v1/cases/{case_no}").json()["case"]
    assert (case["picture_sha256"], case["picture_here"]) == (ref(jpeg).sha256, False)
    box.put(f"/api/v1/evidence/{ref(jpeg).sha256}", content=jpeg)
    assert program.get(f"/api/v1/cases/{case_no}").json()["case"]["picture_here"]


BOMB = (  # a real JPEG's beginning whose frame header claims 13000 x 13000 pixels
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x11\x08\x32\xc8\x32\xc8\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_jpeg"),
        (b"<html><script>alert(1)</script>", "not_jpeg"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not_jpeg"),
        (picture()[:20], "not_jpeg"),
        (b"\xff\xd8\xff\xe0\xff\xff" + b"\0" * 40, "not_jpeg"),
        (b"\xff\xd8\xff" + b"\xff" * 1000, "not_jpeg"),
        (BOMB, "too_many_pixels"),
        (BOMB.replace(b"\x32\xc8\x32\xc8", b"\0\0\0\0"), "too_many_pixels"),
    ],
)
def test_bad_pictures_are_refused_before_anything_decodes_them(
    site: Site, content: bytes, code: str
) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    answer = site.program("box").put(f"/api/v1/evidence/{sha256}", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_wrong_name_and_a_large_body_are_refused(site: Site) -> None:
    box = site.program("box")
    path = f"/api/v1/evidence/{'0' * 64}"
    assert box.put(path, content=picture()).json()["code"] == "wrong_hash"
    assert box.put(path, content=b"x" * (MAX_BYTES + 1)).status_code == 413
    chunks = (b"x" * 65536 for _ in range(100))  # no content-length to go by
    assert box.put(path, content=chunks).status_code == 413


def test_the_largest_allowed_picture_is_taken(site: Site) -> None:
    jpeg = picture() + b"\0" * (MAX_BYTES - len(picture()))
    sha256 = hashlib.sha256(jpeg).hexdigest()
    assert site.program("box").put(f"/api/v1/evidence/{sha256}", content=jpeg).status_code == 201


def test_a_picture_may_be_named_twice_by_one_event(site: Site) -> None:
    named = ref(picture())
    twice = [named, named, EvidenceRef(**named.model_dump() | {"role": "warned"})]
    (case_no,) = site.file(incident_event(evidence=twice, since=SINCE))
    one = site.program("read").get(f"/api/v1/cases/{case_no}").json()
    assert sorted(item["role"] for item in one["evidence"]) == ["confirmed", "warned"]


def test_the_api_describes_itself(site: Site) -> None:
    paths = site.program("read").get("/api/v1/openapi.json").json()["paths"]
    assert "/api/v1/cases/{case_no}/actions/{action}" in paths
    assert not [path for path in paths if path.startswith("/parts")]


def test_half_uploads_are_swept_away_at_start(tmp_path: Path) -> None:
    left = tmp_path / "evidence" / "ab" / "abc.1234.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    with open_site(tmp_path):
        assert not left.exists()
