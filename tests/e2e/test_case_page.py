"""The page of one case, and verdicts by its form."""

import hashlib
from datetime import timedelta

import httpx
import pytest

from central import store
from tests.e2e.ask import HOSTILE, get, judge
from tests.e2e.html import Element, read
from tests.e2e.served import utc_now
from tests.e2e.street import NOON, Occupation, Street, jpeg


def test_a_case_tells_everything(client: httpx.Client, street: Street) -> None:
    what = Occupation(
        1,
        severity="blocked",
        observed_share=0.5,
        already_there=True,
        restored=True,
        measures={
            "coverage": 0.42,
            "clear_width_m": {"est": 2.9, "lo": 2.5, "hi": 3.3},
            "vehicles": [{"class": "car", "score": 0.71, "box": [0.1, 0.1, 0.3, 0.4]}],
        },
    )
    case_no = street.confirm(what)
    page = get(client, f"/cases/{case_no}")
    head = page.one(id="case-head").text
    for text in ("堵塞", "已立案", "5分00秒", "2分30秒", "占 50 %", "观察不连续"):
        assert text in head
    for text in ("开始观察时已在场", "设备重启后延续"):
        assert text in head
    facts = page.one(id="facts").text
    for text in (case_no, "42 %", "2.9 米（2.5–3.3）", "预警 1分00秒", "立案 5分00秒"):
        assert text in facts
    for text in ("nanodet-g-416", "gate-east", "pujin / box-01", "2026-11-24 12:00:00", "0.71"):
        assert text in facts
    timeline = page.one(id="timeline").text
    assert "2026-11-24 12:01:00" in timeline
    assert "2026-11-24 12:05:00" in timeline


def sha256_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_pictures_switch_and_originals_are_behind_a_toggle(
    client: httpx.Client, street: Street
) -> None:
    marked, original, warned = jpeg("marked"), jpeg("original"), jpeg("warned")
    what = Occupation(1)
    street.tell(what, "warned", 1, 60, {"warned": warned})
    pictures = {"confirmed": marked, "confirmed_original": original}
    case_no = street.tell(what, "confirmed", 2, 300, pictures).case_no
    street.upload(marked, original, warned)

    def shown(page: Element) -> str:
        url = page.one("img", id="picture").attributes["src"]
        assert client.get(url).headers["content-type"] == "image/jpeg"
        return url.split("/")[4]

    marked_name, original_name, warned_name = map(sha256_of, (marked, original, warned))
    page = get(client, f"/cases/{case_no}")
    assert shown(page) == marked_name
    thumbs = page.all("a", cls="thumb")
    assert len(thumbs) == 2, "the original is no picture of its own"
    toggle = page.one("a", id="original")
    assert shown(get(client, toggle.attributes["href"])) == original_name
    assert shown(get(client, thumbs[0].attributes["href"])) == warned_name
    assert shown(get(client, thumbs[0].attributes["hx-get"])) == warned_name


def test_neighbours_and_the_way_back_keep_the_filter(client: httpx.Client, street: Street) -> None:
    numbers = [
        street.confirm(Occupation(n, own_place="FL-0317", since=NOON + timedelta(hours=n)))
        for n in (1, 2, 3)
    ]
    page = get(client, f"/cases/{numbers[1]}?status=all&place=FL-0317")
    keys = {
        a.attributes["data-key"]: a.attributes["href"] for a in page.one(id="case-head").all("a")
    }
    assert keys["k"] == f"/cases/{numbers[2]}?status=all&place=FL-0317"
    assert keys["j"] == f"/cases/{numbers[0]}?status=all&place=FL-0317"
    assert keys["Escape"] == "/cases?status=all&place=FL-0317"


@pytest.mark.parametrize("path", ["/cases/FL-1", "/cases/%3Cscript%3E", "/cases/" + "x" * 300])
def test_an_unknown_case_is_a_page_that_says_so(client: httpx.Client, path: str) -> None:
    assert "没有这个案件" in get(client, path, 404).text


def test_a_verdict_works_without_script(client: httpx.Client, street: Street) -> None:
    case_no = street.confirm(Occupation(1))
    answer = judge(client, case_no, action="reject", reason="wrong_zone", back="status=all")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/cases/{case_no}?status=all",
    )
    verdicts = get(client, f"/cases/{case_no}").one(id="verdicts").text
    for text in ("李四", "误报", "区域错", "撤销"):
        assert text in verdicts


def test_undo_is_a_second_record_and_both_are_shown(client: httpx.Client, street: Street) -> None:
    case_no = street.confirm(Occupation(1))
    judge(client, case_no, action="confirm")
    assert judge(client, case_no, action="undo", version="2").status_code == 303
    page = get(client, f"/cases/{case_no}")
    assert "已立案" in page.one(id="case-head").text
    assert page.one("li", cls="undone").one("b").text == "判为属实"
    assert "撤销判定" in page.one(id="timeline").text
    assert len(page.all("button", id="do-confirm")) == 1


def test_script_gets_parts_and_the_picture_is_left_alone(
    client: httpx.Client, street: Street
) -> None:
    case_no = street.confirm(Occupation(1))
    answer = judge(client, case_no, htmx=True, action="confirm")
    parts = read(answer.text)
    assert answer.status_code == 200
    assert [child.attributes["id"] for child in parts.children] == [
        "case-head",
        "notice",
        "verdicts",
        "progress",
        "suggestions",
        "facts",
        "package",
        "timeline",
    ]


@pytest.mark.parametrize("htmx", [True, False])
def test_the_slower_of_two_is_told_who_was_faster(
    client: httpx.Client, street: Street, htmx: bool
) -> None:
    case_no = street.confirm(Occupation(1))
    with street.database.write() as session:
        request = store.ActionRequest("confirm", "zhang", 1)
        store.act(session, case_no, request, utc_now())
    answer = judge(client, case_no, htmx=htmx, action="reject", reason="other")
    assert answer.status_code == 409
    notice = read(answer.text).one(id="notice")
    assert notice.text == "已由 zhang 判为「属实」，您的操作没有生效。"


def test_the_slower_one_is_told_of_an_undo_too(client: httpx.Client, street: Street) -> None:
    case_no = street.confirm(Occupation(1))
    with street.database.write() as session:
        store.act(session, case_no, store.ActionRequest("confirm", "zhang", 1), utc_now())
        store.act(session, case_no, store.ActionRequest("undo", "zhang", 2), utc_now())
    answer = judge(client, case_no, action="confirm")
    assert answer.status_code == 409
    assert "zhang 刚刚撤销了判定" in read(answer.text).one(id="notice").text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"action": "reject"}, "需要选择原因"),
        ({"action": "undo"}, "没有可撤销的判定"),
        ({"action": "explode"}, "无法理解"),
        ({"action": "confirm", "version": "x"}, "无法理解"),
        ({"action": "reject", "reason": HOSTILE}, "无法理解"),
    ],
)
def test_a_request_that_makes_no_sense_changes_nothing(
    client: httpx.Client, street: Street, fields: dict[str, str], text: str
) -> None:
    case_no = street.confirm(Occupation(1))
    answer = judge(client, case_no, **fields)
    assert answer.status_code == 422
    assert text in read(answer.text).one(id="notice").text
    with street.database.read() as session:
        found = store.get_case(session, case_no)
    assert found is not None
    assert (found.case.state, found.case.version) == ("filed", 1)


def test_a_form_without_the_sessions_token_is_refused(client: httpx.Client, street: Street) -> None:
    case_no = street.confirm(Occupation(1))
    data = {"action": "confirm", "version": "1"}
    assert client.post(f"/cases/{case_no}/verdict", data=data).status_code == 403
    assert judge(client, case_no, action="confirm", csrf_token="x").status_code == 403
