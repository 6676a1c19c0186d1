"""What the case page says of a lane: width, vehicles, course, marks, and the pictures' roles."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.ask import get
from tests.e2e.html import Element
from tests.e2e.street import NOON, Occupation, Street, jpeg


def later(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat()


COURSE = {
    "spans": [
        {"from": later(0), "to": later(200), "state": "occupied", "coverage": 0.42},
        {"from": later(200), "to": later(230), "state": "unobserved", "reason": "covered"},
        {"from": later(230), "to": later(300), "state": "occupied", "coverage": 0.5},
    ],
    "zh": "占用 12:00:00-12:05:00，其中 90 % 时间可见，1 次中断，每次 ≤ 30 秒",
    "en": "occupied 12:00:00-12:05:00, 90 % observed, 1 gap ≤ 30 s",
}
CAR = {"class": "car", "score": 0.71, "box": [0.1, 0.1, 0.3, 0.4], "since": later(0)}
TRUCK = {**CAR, "class": "truck", "since": later(60), "left": later(250), "restored": True}
MEASURES = {
    "coverage": 0.42,
    "clear_width_m": {"est": 2.9, "lo": 2.5, "hi": 3.3},
    "vehicles": [CAR, TRUCK],
    "two_wheelers": 3,
}
THRESHOLDS = {"warn_after_s": 60.0, "file_after_s": 300.0, "required_width_m": 4.0}
LANE = Occupation(
    1,
    severity="blocked",
    measures=MEASURES,
    thresholds=THRESHOLDS,
    more={"timeline": COURSE, "reopened": 2, "suppressed_s": 90.0, "suppressed_by": "施工许可"},
)


def row(page: Element, name: str) -> str:
    """Text of a fact by its name."""
    (found,) = [
        div.one("dd").text
        for div in page.one(id="facts").all("div")
        if div.all("dt") and div.one("dt").text == name
    ]
    return found


def test_a_lane_tells_width_vehicles_and_two_wheelers(client: httpx.Client, street: Street) -> None:
    page = get(client, f"/cases/{street.confirm(LANE)}?lang=zh")
    assert row(page, "剩余净宽") == "2.9 米（2.5–3.3） 要求 4.0 米 不足"
    assert row(page, "两轮车") == "3"
    assert row(page, "车辆 1").startswith("小汽车 置信 0.71")
    assert row(page, "车辆 1").endswith("仍在场")
    assert "重启前已在场" in row(page, "车辆 2")
    assert row(page, "车辆 2").endswith("3分10秒")


@pytest.mark.parametrize(
    ("lo", "hi", "lamp"), [(2.5, 3.3, "red"), (3.6, 4.2, "amber"), (4.1, 4.9, "green")]
)
def test_the_width_has_a_lamp_of_its_own(
    client: httpx.Client, street: Street, lo: float, hi: float, lamp: str
) -> None:
    width = {"est": (lo + hi) / 2, "lo": lo, "hi": hi}
    what = replace(LANE, measures={"clear_width_m": width})
    page = get(client, f"/cases/{street.confirm(what)}")
    assert page.one("dd", cls="width").all("span", cls=lamp)


def test_blocked_and_occupied_differ_in_colour_shape_and_word(
    client: httpx.Client, street: Street
) -> None:
    street.confirm(LANE)
    street.confirm(Occupation(2, own_place="FL-0318"))
    tags = get(client, "/cases").all("span", cls="tag")
    looks = {tag.text: (tag.attributes["class"], tag.one("path").attributes["d"]) for tag in tags}
    assert looks["堵塞"][0] == "tag red"
    assert looks["占用"][0] == "tag amber"
    assert looks["堵塞"][1] != looks["占用"][1]


def test_the_course_is_a_sentence_a_strip_and_a_table(client: httpx.Client, street: Street) -> None:
    case_no = street.confirm(LANE)
    timeline = get(client, f"/cases/{case_no}").one(id="timeline")
    assert timeline.one("p", cls="told").text == COURSE["zh"]
    strip = timeline.one("ul", cls="course").all("li")
    assert [part.attributes["class"] for part in strip] == [
        "is-occupied p16",
        "is-unobserved p2",
        "is-occupied p6",
    ]
    rows = [row.text for row in timeline.one("tbody").all("tr")]
    assert "未观察到 镜头遮挡" in rows[1]
    assert rows[2].endswith("50 %")
    english = get(client, f"/cases/{case_no}?lang=en").one(id="timeline")
    assert english.one("p", cls="told").text == COURSE["en"]


def test_without_a_course_there_is_no_strip(client: httpx.Client, street: Street) -> None:
    timeline = get(client, f"/cases/{street.confirm(Occupation(1))}").one(id="timeline")
    assert timeline.all("ul", cls="course") == []
    assert timeline.all("p", cls="told") == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"reopened": 2}, "解除后 2 次再次占用"),
        ({"reopened": 1}, "解除后再次占用"),
        ({"suppressed_s": 90.0, "suppressed_by": "施工许可"}, "其中 1分30秒 未告警 施工许可"),
    ],
)
def test_marks_stand_in_the_head(
    client: httpx.Client, street: Street, more: dict[str, Any], text: str
) -> None:
    page = get(client, f"/cases/{street.confirm(replace(LANE, more=more))}")
    assert [mark.text for mark in page.all("p", cls="mark")] == [text]


def test_a_case_whose_incident_goes_on_by_permit_says_so(
    client: httpx.Client, street: Street
) -> None:
    case_no = street.confirm(Occupation(1))
    street.tell(Occupation(1, more={"mode": "permitted"}), "ongoing", 3, 400)
    marks = [m.text for m in get(client, f"/cases/{case_no}").all("p", cls="mark")]
    assert marks == ["已获许可 只记录，不告警"]


def test_an_incident_that_comes_back_is_no_longer_cleared(
    client: httpx.Client, street: Street
) -> None:
    case_no = street.confirm(Occupation(1))
    street.clear(Occupation(1), 400, rev=3)
    assert "已解除" in get(client, f"/cases/{case_no}").one(id="case-head").text
    street.tell(Occupation(1, more={"reopened": 1}), "warned", 4, 500)
    page = get(client, f"/cases/{case_no}")
    assert "未解除" in page.one(id="case-head").text
    assert len(page.one(id="timeline").all("li", cls="is-occupied")) == 1


def test_roles_are_named_and_masked_copies_are_not_in_the_strip(
    client: httpx.Client, street: Street
) -> None:
    roles = ("arrival", "confirmed", "severity", "cleared", "context")
    kinds = ("", "_original", "_masked")
    bodies = {f"{role}{kind}": jpeg(f"{role}{kind}") for role in roles for kind in kinds}
    case_no = street.confirm(LANE, bodies)
    street.upload(*bodies.values())
    page = get(client, f"/cases/{case_no}")
    names = {name.text.split()[0] for name in page.all("span", cls="name")}
    assert names == {"到达", "立案", "程度变化", "解除", "环境"}
    assert len(page.all("a", cls="thumb")) == len(roles)
    assert len(page.all("a", id="original")) == 1


def test_what_a_box_writes_into_the_course_is_never_markup(
    client: httpx.Client, street: Street
) -> None:
    attack = "<img src=x onerror=alert(1)>"
    spans = [{**COURSE["spans"][1], "reason": attack}]  # type: ignore[dict-item]
    more = {
        "timeline": {"spans": spans, "zh": attack, "en": attack},
        "suppressed_s": 1.0,
        "suppressed_by": attack,
    }
    page = get(client, f"/cases/{street.confirm(replace(LANE, more=more))}")
    assert page.all("img", src="x") == []
    assert page.one("p", cls="told").text == attack
