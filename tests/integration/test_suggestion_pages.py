"""The box 可能是同一件 on both pages: what it shows, what one tap does, who gets no buttons."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.central.nearby import enter, make_town, suggested, suggestions
from tests.central.site import Site, open_site
from tests.e2e.ask import HOSTILE
from tests.e2e.html import Element, read
from tests.integration.test_suggestions import file_one

PHONE = "13800138000-kanarie"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        make_town(made.database, tmp_path)
        yield made


def box_of(client: TestClient, path: str, status: int = 200) -> Element:
    answer = client.get(path)
    assert answer.status_code == status
    return read(answer.text).one("section", id="suggestions")


def tap(
    client: TestClient, csrf: str, path: str, action: str, other: str, version: str = "1"
) -> int:
    form = {"csrf_token": csrf, "action": action, "number": other, "version": version}
    return client.post(f"{path}/suggestions", data=form).status_code


def test_the_box_tells_what_is_near_and_never_who_appealed(site: Site) -> None:
    desk = site.program("operate")
    case_no = file_one(site)
    number = enter(desk, 12, text=HOSTILE, contact={"name": "王", "phone": PHONE})
    person, _ = site.person("desk")
    page = person.get(f"/cases/{case_no}")
    assert "<script>alert" not in page.text
    assert PHONE not in page.text
    box = read(page.text).one("section", id="suggestions")
    for text in (
        "可能是同一件",
        number,
        "12345 热线",
        "相距约 12 米",
        "2026-11-24 22:10",
        "<script>",
    ):
        assert text in box.text
    assert [button.text for button in box.all("button")] == ["关联", "不是同一件"]
    back = box_of(person, f"/appeals/{number}")
    for text in (case_no, "消防通道占用", "FL-0317 东门消防通道", "关联", "不是同一件"):
        assert text in back.text
    english = person.get(f"/cases/{case_no}?lang=en").text
    for text in ("Possibly the same", "about 12 m apart", "Not the same"):
        assert text in english


def test_without_a_suggestion_the_box_is_hidden(site: Site) -> None:
    case_no = file_one(site)
    person, _ = site.person("desk")
    assert "hidden" in box_of(person, f"/cases/{case_no}").attributes
    number = enter(site.program("operate"), 12)
    assert "hidden" not in box_of(person, f"/cases/{case_no}").attributes
    assert "hidden" not in box_of(person, f"/appeals/{number}").attributes
    part = read(person.get(f"/parts/cases/{case_no}").text).one(id="suggestions")
    assert number in part.text


@pytest.mark.parametrize("page", ["cases", "appeals"])
def test_one_tap_links_and_comes_back(site: Site, page: str) -> None:
    desk, case_no = site.program("operate"), file_one(site)
    number = enter(desk, 12)
    person, csrf = site.person("handler")
    path, other = (
        (f"/cases/{case_no}", number) if page == "cases" else (f"/appeals/{number}", case_no)
    )
    form = {"csrf_token": csrf, "action": "link", "number": other, "version": "1"}
    done = person.post(f"{path}/suggestions", data=form | {"back": "status=all"})
    assert done.status_code == 303
    assert done.headers["location"].startswith(path)
    assert "hidden" in box_of(person, path).attributes
    appeal = desk.get(f"/api/v1/appeals/{number}").json()
    assert appeal["appeal"]["case_no"] == case_no
    assert [(step["action"], step["actor"]) for step in appeal["log"]][-1] == ("link", "handler")
    assert tap(person, csrf, path, "link", other) == 409, "the version is old"


def test_not_the_same_is_listed_and_taken_back(site: Site) -> None:
    desk, case_no = site.program("operate"), file_one(site)
    number = enter(desk, 12)
    person, csrf = site.person("leader")
    assert tap(person, csrf, f"/cases/{case_no}", "dismiss", number) == 303
    box = box_of(person, f"/appeals/{number}")
    assert "已判定不是同一件（1）" in box.text
    assert "leader" in box.text
    assert [button.text for button in box.all("button")] == ["撤销"]
    assert suggested(desk, case_no) == []
    assert tap(person, csrf, f"/appeals/{number}", "restore", case_no) == 303
    assert suggested(desk, case_no) == [number]


@pytest.mark.parametrize("seen_from", [0, 1])
def test_merging_keeps_the_earliest_filed_from_either_page(site: Site, seen_from: int) -> None:
    desk = site.program("operate")
    pair = file_one(site), file_one(site, 2, "FL-0319")
    path, other = f"/cases/{pair[seen_from]}", pair[1 - seen_from]
    person, csrf = site.person("dispatcher")
    box = box_of(person, path)
    assert f"合并后保留 {pair[0]}" in box.text
    version = str(suggestions(desk, pair[0])["items"][0]["deed"]["version"])
    assert tap(person, csrf, path, "merge", other, "99") == 409, "nobody has seen that version"
    assert tap(person, csrf, path, "merge", other, version) == 303
    late = desk.get(f"/api/v1/cases/{pair[1]}").json()
    assert late["case"]["state"] == "merged"
    assert (late["log"][-1]["action"], late["log"][-1]["actor"]) == ("merge", "dispatcher")
    assert "hidden" in box_of(person, path).attributes


def test_who_may_not_merge_or_link_sees_the_box_without_buttons(site: Site) -> None:
    case_no, beside = file_one(site), file_one(site, 2, "FL-0319")
    number = enter(site.program("operate"), 12)
    observer, csrf = site.person("observer")
    for path in (f"/cases/{case_no}", f"/appeals/{number}"):
        box = box_of(observer, path)
        assert "可能是同一件" in box.text
        assert box.all("form") == []
        assert tap(observer, csrf, path, "dismiss", beside) == 403
    handler, csrf = site.person("handler")
    box = box_of(handler, f"/cases/{case_no}")
    assert [button.text for button in box.all("button")] == ["关联", "不是同一件"]
    assert beside in box.text
    for action in ("dismiss", "restore", "merge"):
        version = "2" if action == "merge" else ""
        assert tap(handler, csrf, f"/cases/{case_no}", action, beside, version) == 422, action


@pytest.mark.parametrize(
    ("action", "other", "version", "status", "text"),
    [
        ("link", "AP-20261124-0099", "1", 404, "没有这个案件或诉求。"),
        ("merge", "FL-20261124-0099", "1", 404, "没有这个案件或诉求。"),
        ("dismiss", "FL-20261124-0001", "", 422, "只能针对两个案件，或案件与诉求。"),
        ("explode", "AP-20261124-0001", "1", 422, "无法理解"),
        ("link", "AP-20261124-0001", "x", 422, "无法理解"),
        ("link", HOSTILE, "1", 422, "无法理解"),
    ],
)
def test_a_tap_that_makes_no_sense_changes_nothing(
    site: Site, action: str, other: str, version: str, status: int, text: str
) -> None:
    desk, case_no = site.program("operate"), file_one(site)
    number = enter(desk, 12)
    person, csrf = site.person("desk")
    form = {"csrf_token": csrf, "action": action, "number": other, "version": version}
    answer = person.post(f"/cases/{case_no}/suggestions", data=form)
    assert answer.status_code == status
    assert text in read(answer.text).one(id="notice").text
    assert suggested(desk, case_no) == [number]
