"""The list of cases and the boxes as HTML."""

from datetime import timedelta

import httpx

from edge.events import Model, StreamState
from tests.e2e.ask import HOSTILE, get, judge
from tests.e2e.served import utc_now
from tests.e2e.street import NOON, Occupation, Street, healthy, jpeg


def test_an_empty_list_says_so(client: httpx.Client) -> None:
    page = get(client, "/cases")
    assert "待研判已清空" in page.one(cls="empty").text
    assert page.all("li", cls="card") == []


def test_a_card_shows_picture_place_camera_dwell_and_state(
    client: httpx.Client, street: Street
) -> None:
    body = jpeg("confirmed")
    case_no = street.confirm(Occupation(1), {"confirmed": body})
    street.upload(body)
    card = get(client, "/cases").one("li", id=f"card-{case_no}")
    for text in ("FL-0317", "gate-east", "5分00秒", "消防通道占用", "占用", "未解除"):
        assert text in card.text
    picture = card.one("img")
    assert client.get(picture.attributes["src"]).headers["content-type"] == "image/jpeg"


def test_a_picture_on_its_way_and_no_picture_are_drawn(
    client: httpx.Client, street: Street
) -> None:
    late = street.confirm(Occupation(1), {"confirmed": jpeg("late")})
    without = street.confirm(Occupation(2))
    page = get(client, "/cases")
    assert "图片上传中" in page.one("li", id=f"card-{late}").text
    assert "没有图片" in page.one("li", id=f"card-{without}").text
    assert page.one("li", id=f"card-{late}").all("img") == []
    assert "图片上传中" in get(client, f"/cases/{late}").one(id="viewer").text
    assert "没有图片" in get(client, f"/cases/{without}").one(id="viewer").text


def test_a_cleared_incident_is_shown_as_cleared(client: httpx.Client, street: Street) -> None:
    what = Occupation(1)
    case_no = street.confirm(what)
    street.clear(what, 761)
    assert "已解除" in get(client, "/cases").one("li", id=f"card-{case_no}").text
    assert "已解除" in get(client, f"/cases/{case_no}").one(id="case-head").text


def test_tabs_count_and_filter(client: httpx.Client, street: Street) -> None:
    first = street.confirm(Occupation(1))
    second = street.confirm(Occupation(2, own_place="SQ-02"))
    street.clear(Occupation(2, own_place="SQ-02"), 700)
    assert judge(client, first, action="confirm").status_code == 303

    def shown(query: str) -> list[str]:
        page = get(client, f"/cases?{query}")
        return sorted(card.attributes["data-case"] for card in page.all("li", cls="card"))

    page = get(client, "/cases")
    counts = [page.one("a", id=f"tab-{name}").one("b").text for name in ("review", "all")]
    assert counts == ["1", "2"]
    assert shown("status=review") == [second]
    assert shown("status=working") == sorted([first, second])
    assert shown("status=all") == sorted([first, second])
    assert shown("status=all&place=SQ-02") == [second]
    assert shown("status=all&q=SQ") == [second]
    assert shown(f"status=all&q={first}") == [first]
    assert shown("status=all&q=%25") == []
    assert shown("status=all&cleared=no") == [first]
    assert shown("status=all&cleared=yes") == [second]
    assert shown("status=all&scene=square_dance") == []
    assert shown("status=nonsense&page=999999999999") == [second]


def test_pages_of_24(client: httpx.Client, street: Street) -> None:
    for number in range(1, 27):
        street.confirm(Occupation(number, since=NOON + timedelta(minutes=2 * number)))
    first, second = get(client, "/cases"), get(client, "/cases?page=2")
    assert [len(page.all("li", cls="card")) for page in (first, second)] == [24, 2]
    assert first.one("a", rel="next").attributes["href"].endswith("page=2")
    assert second.all("a", rel="next") == []


def test_the_refresh_holds_the_cards_shown_and_the_number_of_new_ones(
    client: httpx.Client, street: Street
) -> None:
    old = street.confirm(Occupation(1))
    judged = street.confirm(Occupation(2, since=NOON + timedelta(minutes=1)))
    judge(client, judged, action="confirm")
    new = street.confirm(Occupation(3, since=NOON + timedelta(minutes=2)))
    parts = get(client, f"/parts/cases?status=review&shown={judged},{old},{HOSTILE}")
    cards = {card.attributes["data-case"]: card for card in parts.all("li", cls="card")}
    assert set(cards) == {old, judged}, "no other cards than those on the screen"
    assert "属实" in cards[judged].text
    assert parts.one(id="pill").attributes["data-count"] == "1"
    assert new not in parts.text
    assert all(child.attributes["hx-swap-oob"] == "true" for child in parts.children)


def test_the_same_state_has_the_same_digest(client: httpx.Client, street: Street) -> None:
    what = Occupation(1)
    case_no = street.confirm(what)

    def digests() -> dict[str, str]:
        parts = get(client, f"/parts/cases/{case_no}")
        return {c.attributes["id"]: c.attributes["data-digest"] for c in parts.children}

    before = digests()
    assert digests() == before
    street.clear(what, 761)
    after = digests()
    assert {name for name in before if before[name] != after[name]} == {
        "case-head",
        "facts",
        "progress",
        "timeline",
        "verdicts",  # a place that was seen free is finished by one tap
    }


def test_a_box_shows_streams_figures_and_conditions(client: httpx.Client, street: Street) -> None:
    now = utc_now()
    streams = [
        StreamState(id="gate-east", up=True, analysed_fps=0.98, frames=100, drops=5),
        StreamState(id="plaza", up=False),
    ]
    model = Model(name="nanodet-g-416", sha256="0" * 64)
    state = healthy(now, streams=streams, model=model, outbox_depth=7, outbox_oldest_s=90.0)
    street.state(state, now)
    street.condition("plaza", "no_signal", "connection refused", now)
    box = get(client, "/boxes").one("section", cls="box")
    for text in ("box-01", "异常", "1/2 路正常", "7 条，最早 1分30秒", "0.98", "5 %", "无信号"):
        assert text in box.text
    assert "connection refused" in box.text


def test_a_silent_box_is_offline_and_its_streams_are_unknown(
    client: httpx.Client, street: Street
) -> None:
    now = utc_now()
    street.state(healthy(now), now)
    street.state(healthy(now, online=False), now)
    box = get(client, "/boxes").one("section", cls="is-offline")
    assert "离线" in box.text
    assert "未知" in box.one("tbody").text
