"""The page of a square's case: what was measured, the steps, the proof, and the level now."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.ask import HOSTILE, get
from tests.e2e.html import Element
from tests.e2e.served import utc_now
from tests.e2e.square import CALIBRATED, climb, dance, hearing
from tests.e2e.street import Street, jpeg
from tests.e2e.test_case_facts import row


def level(client: httpx.Client, case_no: str, language: str = "zh") -> Element:
    return get(client, f"/cases/{case_no}?lang={language}").one(id="level")


def test_the_facts_name_every_number_and_what_it_is_worth(
    client: httpx.Client, street: Street
) -> None:
    page = get(client, f"/cases/{climb(street)}?lang=zh")
    assert row(page, "判断") == "超标 音乐声级超过限值"
    assert row(page, "音乐声级") == "73.6 dB 5分00秒内音乐时段的 LAeq"
    assert row(page, "扣除背景后") == "73.4 ± 1.5 dB"
    assert row(page, "背景声级") == "51.3 dB 音乐开始前测得"
    assert row(page, "限值") == "65 dB 06:00-22:00 65 dB"
    assert row(page, "音乐占比") == "93 % 93 % 可评价时间 97 %"
    assert row(page, "场内人数") == "12 （立案需 8 人）"
    calibration = row(page, "校准")
    assert calibration == "已校准 2 级 · 2026-11-01 至 2027-11-01 · 漂移 +0.1 dB · 编号 MP201-7"
    assert "限值 65 dB" in row(page, "规则")
    assert "指示值" not in page.one(id="facts").text


def test_the_same_in_english(client: httpx.Client, street: Street) -> None:
    page = get(client, f"/cases/{climb(street)}?lang=en")
    assert row(page, "Judgement") == "Too loud music above the limit"
    assert row(page, "People in the zone") == "12 (8 needed to file)"
    assert row(page, "Calibration").startswith("calibrated class 2 · 2026-11-01 to 2027-11-01")
    assert "too loud: level · music LAeq 73.6 dB" in page.one(id="timeline").text


def test_every_step_stands_in_the_timeline_under_its_name(
    client: httpx.Client, street: Street
) -> None:
    case_no = climb(street)
    street.tell(dance(severity="over", outcome="within", reason="no_music"), "cleared", 5, 900.0)
    timeline = get(client, f"/cases/{case_no}?lang=zh").one(id="timeline")
    names = [item.one("b").text for item in timeline.all("li") if item.all("b")]
    assert [n for n in names if n != "立案"] == ["提醒", "劝导", "复查", "确认超限", "已结束"]
    assert "持续 8分00秒" in timeline.text


def test_the_newest_curve_is_shown_first_and_on_the_card(
    client: httpx.Client, street: Street
) -> None:
    old, new, still = jpeg("old curve"), jpeg("new curve"), jpeg("still")
    street.tell(dance(severity="reminded", step="reminded"), "warned", 1, 60, {"level_curve": old})
    pictures = {"level_curve": new, "confirmed_masked": still}
    case_no = street.tell(dance(), "confirmed", 2, 480, pictures).case_no
    street.upload(old, new, still)
    page = get(client, f"/cases/{case_no}?lang=zh")
    shown = page.one("img", id="picture")
    assert shown.attributes["alt"].startswith("声级曲线 SQ-02")
    thumbs = page.all("a", cls="thumb")
    assert [thumb.one("span", cls="name").text.split()[0] for thumb in thumbs] == [
        "声级曲线",
        "立案",
        "声级曲线",
    ]
    (card,) = get(client, "/cases").all("li", cls="card")
    on_card = card.one("img").attributes["src"].removesuffix("thumbnail")
    assert shown.attributes["src"].removesuffix("shown") == on_card
    assert "超限" in card.text
    assert "广场舞噪声" in card.text


def test_what_is_indicated_only_says_so_at_every_level(
    client: httpx.Client, street: Street
) -> None:
    """A curfew needs no scale, so it files; its levels are no measured ones."""
    calibration = {"state": "uncalibrated", "reason": "never calibrated"}
    curfew = dance(
        severity="curfew", reason="curfew", basis="curfew", limit_db=None, calibration=calibration
    )
    case_no = street.tell(curfew, "confirmed", 2, 400).case_no
    page = get(client, f"/cases/{case_no}?lang=zh")
    assert "73.6 dB 指示值" in row(page, "音乐声级")
    assert row(page, "扣除背景后") == "73.4 ± 1.5 dB 指示值"
    assert row(page, "限值").startswith("禁噪时段：音乐不得可闻")
    assert row(page, "校准").startswith("未校准，不据声级立案")
    assert page.one(id="case-head").all("span", cls="tag")[0].text == "禁时"


@pytest.mark.parametrize(
    ("sound", "name", "text"),
    [
        ({"people": None, "min_people": 0}, "场内人数", "未知 （立案不要求人数）"),
        ({"background_db": None, "background_method": None}, "背景声级", "未知"),
        ({"background_method": "same_hour"}, "背景声级", "51.3 dB 无音乐日同一时段"),
        ({"reason": "never_heard_of"}, "判断", "超标 never_heard_of"),
    ],
)
def test_what_is_not_known_is_said(
    client: httpx.Client, street: Street, sound: dict[str, Any], name: str, text: str
) -> None:
    case_no = street.tell(dance(**sound), "confirmed", 2, 480).case_no
    assert row(get(client, f"/cases/{case_no}?lang=zh"), name) == text


@pytest.mark.parametrize(
    "sound",
    [
        {"outcome": "advisory", "reason": "no_camera"},
        {"outcome": "not_evaluable", "reason": "background_close"},
        {"calibration": {"state": "uncalibrated"}},
        {"calibration": {"state": "expired"}},
    ],
)
def test_no_advice_and_no_indication_becomes_a_case(street: Street, sound: dict[str, Any]) -> None:
    assert street.tell(dance(**sound), "confirmed", 2, 480).case_no is None
    assert street.tell(dance(**sound), "ongoing", 3, 900).case_no is None


def test_the_level_now_stands_on_the_page_with_its_limit(
    client: httpx.Client, street: Street
) -> None:
    case_no = climb(street)
    street.state(hearing(utc_now()), utc_now())
    found = level(client, case_no)
    assert "73.2 dB 高于限值" in found.text
    assert "听到：Music · 音乐 95 %" in found.text
    meter = found.one("div", role="meter")
    assert meter.attributes["aria-valuenow"] == "73.2"
    assert meter.attributes["aria-valuetext"] == "73.2 dB，限值 65 dB"
    assert meter.attributes["aria-label"] == "现场声级"
    assert meter.one("rect", cls="fill").attributes["width"] == "54.0"
    assert meter.one("line").attributes["x1"] == "43.8"
    assert "is-stale" not in found.attributes["class"]
    assert found.all("span", cls="tag") == []


@pytest.mark.parametrize(
    ("changes", "look", "text"),
    [
        ({"laeq_10s_db": 51.0}, "is-under", "51.0 dB 不高于限值"),
        ({"calibrated": False}, "is-over", "73.2 dB 指示值 高于限值"),
        ({"valid": False, "invalid": ["wind", "gap"]}, "is-void", "不可评价 · 风, 中断"),
        ({"laeq_10s_db": 140.0}, "is-over", "140.0 dB"),
    ],
)
def test_the_level_now_says_what_it_is_worth(
    client: httpx.Client, street: Street, changes: dict[str, Any], look: str, text: str
) -> None:
    case_no = climb(street)
    street.state(hearing(utc_now(), **changes), utc_now())
    found = level(client, case_no)
    assert look in found.attributes["class"].split()
    assert text in found.text


def test_an_old_level_is_grey_and_says_how_old(client: httpx.Client, street: Street) -> None:
    case_no = climb(street)
    then = utc_now() - timedelta(minutes=3)
    # The clock of the box is an hour ahead: its age is by the clock of central.
    street.state(hearing(then + timedelta(hours=1)), then)
    found = level(client, case_no)
    assert "is-stale" in found.attributes["class"].split()
    assert 180 <= float(found.attributes["data-age"]) < 200
    assert "3 分前" in found.text


def test_a_box_that_is_gone_shows_no_present_level(client: httpx.Client, street: Street) -> None:
    case_no = climb(street)
    state = hearing(utc_now())
    street.state(state, utc_now())
    street.state(state.model_copy(update={"online": False, "streams": []}), utc_now())
    found = level(client, case_no)
    assert {"is-offline", "is-stale"} < set(found.attributes["class"].split())
    assert "设备离线，这不是当前声级" in found.text


def test_a_place_of_which_no_level_is_told_says_so(client: httpx.Client, street: Street) -> None:
    assert "设备没有上报声级" in level(client, climb(street)).text


def test_the_part_of_the_page_is_the_same_and_only_for_squares(
    client: httpx.Client, street: Street
) -> None:
    square = climb(street)
    street.state(hearing(utc_now()), utc_now())
    part = get(client, f"/parts/cases/{square}/level").one("section")
    assert part.attributes["hx-swap-oob"] == "true"
    assert part.attributes["data-digest"] == level(client, square).attributes["data-digest"]
    lane = replace(dance(2), scene="fire_lane", measures=None, more=None)
    assert get(client, f"/cases/{street.confirm(lane)}").all(id="level") == []
    assert client.get("/parts/cases/SQ-0/level").status_code == 404


def test_the_boxes_show_the_level_of_their_streams(client: httpx.Client, street: Street) -> None:
    street.state(hearing(utc_now()), utc_now())
    found = get(client, "/boxes?lang=zh").one("div", cls="level")
    assert found.text.startswith("73.2 dB")
    assert found.one("div", role="meter").all("line") == []


def test_what_a_box_writes_of_its_sound_is_never_markup(
    client: httpx.Client, street: Street
) -> None:
    attack = HOSTILE[:80]
    calibration = CALIBRATED | {"serial": attack, "reason": attack}
    what = dance(rule=attack, zh=attack, en=attack, calibration=calibration)
    case_no = street.tell(what, "confirmed", 2, 480).case_no
    street.state(hearing(utc_now(), top=attack, invalid=[attack[:40]]), utc_now())
    for path in (f"/cases/{case_no}", "/boxes"):
        page = get(client, path)
        assert page.all("img", src="x") == []
        assert [s for s in page.all("script") if "src" not in s.attributes] == []
    assert attack.split("{{")[0] in level(client, str(case_no)).text
