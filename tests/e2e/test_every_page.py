"""What holds for every page: no text becomes markup, nothing from outside, all of it named."""

import httpx
import pytest

from central import store
from edge.events import Model
from tests.e2e.ask import HOSTILE, PAGES, get
from tests.e2e.html import read
from tests.e2e.street import NOON, Occupation, Street, healthy, jpeg


@pytest.fixture
def hostile_case(street: Street) -> str:
    """A case and a box whose every free text attacks the page."""
    what = Occupation(
        1,
        reason=HOSTILE,
        model=HOSTILE[:80],
        severity="strange_severity",
        thresholds={HOSTILE: 1.0, "warn_after_s": 60.0},
        measures={"vehicles": [{"class": HOSTILE[:40], "score": 0.5, "box": [0, 0, 1, 1]}]},
    )
    case_no = street.confirm(what, {"strange_role": jpeg("x")})
    street.condition("plaza", "no_signal", HOSTILE, NOON)
    model = Model(name=HOSTILE[:80], sha256="0" * 64)
    street.state(healthy(NOON, version=HOSTILE, config_digest=HOSTILE, model=model), NOON)
    with street.database.write() as session:
        request = store.ActionRequest("confirm", "token:" + HOSTILE[:60], 1, note=HOSTILE)
        store.act(session, case_no, request, NOON)
    return case_no


@pytest.mark.parametrize("path", [*PAGES, "/cases/{}", "/parts/cases/{}", "/parts/boxes"])
def test_texts_from_boxes_are_never_markup(
    client: httpx.Client, hostile_case: str, path: str
) -> None:
    answer = client.get(path.format(hostile_case))
    assert "<script>alert" not in answer.text
    page = read(answer.text)
    assert page.all("img", src="x") == []
    assert [e for e in page.all() for name in e.attributes if name.startswith("on")] == []


def test_a_hostile_text_is_shown_as_text(client: httpx.Client, hostile_case: str) -> None:
    page = get(client, f"/cases/{hostile_case}")
    assert HOSTILE in page.one(id="timeline").text
    assert "strange_severity" in page.one(id="case-head").text
    assert HOSTILE in get(client, "/boxes").text


@pytest.mark.parametrize("query", ["place", "scene", "box", "status", "cleared", "page", "lang"])
def test_texts_from_the_address_are_never_markup(client: httpx.Client, query: str) -> None:
    page = read(client.get("/cases", params={query: HOSTILE}).text)
    assert page.all("img", src="x") == []
    assert len(page.all("script")) == 2, "htmx and our own module"


@pytest.mark.parametrize("path", ["/login", *PAGES])
def test_pages_bring_no_script_or_style_of_their_own(client: httpx.Client, path: str) -> None:
    if path == "/login":
        client.cookies.clear()
    answer = client.get(path)
    page = read(answer.text)
    assert [s.text for s in page.all("script") if s.text or "src" not in s.attributes] == []
    assert page.all("style") == []
    assert [e for e in page.all() if "style" in e.attributes] == []
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    outside = [
        value
        for e in page.all()
        for name, value in e.attributes.items()
        if name in ("src", "href", "action") and not value.startswith(("/", "#"))
    ]
    assert outside == []


@pytest.mark.parametrize("path", [*PAGES, "/cases/{}"])
def test_everything_can_be_named(client: httpx.Client, street: Street, path: str) -> None:
    body = jpeg("a")
    case_no = street.confirm(Occupation(1), {"confirmed": body})
    street.upload(body)
    page = get(client, path.format(case_no))
    assert page.one("html").attributes["lang"] == "zh-CN"
    for control in page.all("button") + page.all("a"):
        assert control.text or control.attributes.get("aria-label"), control
    assert [i for i in page.all("img") if "alt" not in i.attributes] == []
    assert len(page.all("h1")) == 1
    inside = [label.all(tag) for label in page.all("label") for tag in ("input", "select")]
    labelled = {id(element) for found in inside for element in found}
    fields = page.all("select") + [
        e for e in page.all("input") if e.attributes.get("type") != "hidden"
    ]
    assert [e for e in fields if id(e) not in labelled] == []


def test_language_is_switched_by_the_address_and_remembered(client: httpx.Client) -> None:
    assert get(client, "/cases").one("html").attributes["lang"] == "zh-CN"
    page = get(client, "/cases?lang=en")
    assert page.one("html").attributes["lang"] == "en"
    assert "To judge" in page.text
    assert get(client, "/boxes").one("html").attributes["lang"] == "en"
    assert get(client, "/boxes?lang=zh").one("html").attributes["lang"] == "zh-CN"


def test_a_new_browser_is_spoken_to_in_its_language(stranger: httpx.Client) -> None:
    page = get(stranger, "/login", **{"accept-language": "en-GB,en;q=0.8"})
    assert page.one("button", cls="main").text == "Log in"


def test_static_files_are_open_and_asked_for_each_time(stranger: httpx.Client) -> None:
    for name in ("app.css", "js/app.js", "vendor/htmx-2.0.11.min.js", "favicon.svg"):
        answer = stranger.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"
        again = stranger.get(f"/static/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    assert stranger.get("/static/../words.zh.json").status_code in (303, 404)
