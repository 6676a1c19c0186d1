"""A camera that only records files nothing, yet the desk's verdicts on it can earn it more."""

from pathlib import Path

import pytest

from central import store
from central.cases.promotion import MIN_REVIEWED, Record
from central.cases.states import CameraMode, Verdict
from central.db import Database
from central.kpi.periods import scope_of
from central.sight import Asker, Limits
from tests.central.events import NOW, SHANGHAI, incident_event, picture, ref, taken, uid
from tests.central.lane import Lane
from tests.central.site import open_site
from tests.e2e.html import read

CAMERA = ("pujin", "box-01", "gate-east")


def set_mode(lane: Lane, mode: CameraMode) -> None:
    with lane.write() as session:
        store.sign(session, "admin")
        store.set_camera_mode(session, CAMERA, mode, "admin", lane.now)


@pytest.fixture
def lane(database: Database) -> Lane:
    made = Lane(database)
    made.box()
    set_mode(made, "shadow")
    return made


def saw(lane: Lane, number: int, stage: str = "confirmed") -> str:
    """An incident of the camera; the id by which it is judged."""
    event = incident_event(
        stage, 2, number=number, incident=number, camera="gate-east", place=f"P-{number}"
    )
    with lane.write() as session:
        assert store.merge(session, taken(event), lane.now, SHANGHAI).case_no is None
    return uid(number << 24)


def judge(database: Database, incident_id: str, verdict: Verdict) -> None:
    with database.write() as session:
        store.sign(session, "li")
        store.judge_shadowed(session, incident_id, verdict, "li", NOW)


def camera(database: Database) -> store.Camera:
    with database.read() as session:
        found = store.list_cameras(session)
    return next(one for one in found if (one.site, one.box, one.stream) == CAMERA)


def waiting(database: Database) -> list[str]:
    with database.read() as session:
        rows = store.list_shadowed(session, judged=False, limit=500)
        assert store.count_shadowed(session) == len(rows)
    return [row.incident.incident_id for row in rows]


def test_verdicts_on_what_it_records_earn_a_camera_the_desks_attention(lane: Lane) -> None:
    ids = [saw(lane, number) for number in range(1, MIN_REVIEWED + 1)]
    saw(lane, 99, "warned")  # would never have been a case
    assert sorted(waiting(lane.database)) == ids
    for one in ids[1:]:
        judge(lane.database, one, "true")
    judge(lane.database, ids[0], "false")
    assert camera(lane.database).record == Record(MIN_REVIEWED - 1, 1)
    judge(lane.database, ids[0], "true")  # the last word counts
    found = camera(lane.database)
    assert (found.record, found.proposed) == (Record(MIN_REVIEWED, 0), "confirm")
    assert waiting(lane.database) == []
    with lane.database.read() as session:
        last = store.list_shadowed(session, judged=True, limit=1)[0]
        noted = store.list_audit(session, 1)[0]
        month = scope_of("2026-11", SHANGHAI, lane.now)
        assert store.figures(session, month).rate("precision").marks == ()
    assert (last.verdict, last.by) == ("true", "li")
    assert (noted.action, noted.subject, noted.actor) == ("shadow_verdict", ids[0], "li")
    set_mode(lane, "confirm")
    promoted = camera(lane.database)  # what comes next is about cases
    assert (promoted.record, promoted.proposed) == (Record(0, 0), None)
    with pytest.raises(store.NotFound):
        judge(lane.database, ids[0], "true")


def test_nobody_is_asked_about_what_they_may_not_see_or_what_is_a_case(lane: Lane) -> None:
    mine = saw(lane, 1)
    with lane.write() as session:
        other = incident_event(number=7, incident=7, camera="gate-7")
        assert store.merge(session, taken(other), lane.now, SHANGHAI).case_no is not None
    assert waiting(lane.database) == [mine]
    for unknown in (uid(7 << 24), uid(8 << 24), "x"):
        with pytest.raises(store.NotFound):
            judge(lane.database, unknown, "true")
    narrow = lane.database.asked_by(Asker("li", Limits(cameras=("pujin/box-01/gate-7",))))
    assert waiting(narrow) == []
    with pytest.raises(store.NotFound):
        judge(narrow, mine, "true")
    seeing = lane.database.asked_by(Asker("li", Limits(cameras=("/".join(CAMERA),))))
    assert waiting(seeing) == [mine]
    judge(seeing, mine, "false")
    assert camera(lane.database).record == Record(0, 1)


def test_the_desk_judges_on_a_page_with_the_picture(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        with site.database.write() as session:
            store.set_camera_mode(session, CAMERA, "shadow", "admin", site.clock())
        jpeg = picture("shadow")
        assert site.file(incident_event(evidence=[ref(jpeg)])) == []
        uploaded = site.program("box").put(f"/api/v1/evidence/{ref(jpeg).sha256}", content=jpeg)
        assert uploaded.status_code == 201
        desk, csrf = site.person("desk")
        page = read(desk.get("/shadow").text)
        (row,) = page.all("section", cls="shadowed")
        assert row.one("img").attributes["src"].endswith(f"{ref(jpeg).sha256}/thumbnail")
        path = row.one("form").attributes["action"]
        form = {"csrf_token": csrf, "verdict": "false"}
        assert desk.post(path, data=form | {"verdict": "x"}).status_code == 422
        looking, other = site.person("dispatcher", "wang")
        assert read(looking.get("/shadow").text).all("form", action=path) == []
        assert looking.post(path, data=form | {"csrf_token": other}).status_code == 403
        assert desk.post(path, data=form, follow_redirects=False).status_code == 303
        after = read(desk.get("/shadow").text)
        assert "没有待研判的事件" in after.one(id="waiting").text
        assert "误报" in after.one(id="lately").text
        assert "/shadow" in [a.attributes["href"] for a in read(desk.get("/cameras").text).all("a")]
