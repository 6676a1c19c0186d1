"""Live pages in a real browser: hints, the pill, a cut line, many tabs."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Desk, Desks, live
from tests.e2e.filing import at, cards, file_case
from tests.e2e.served import PASSWORD
from tests.e2e.street import Street, jpeg
from tests.support import wait_for

pytestmark = pytest.mark.browser


def test_the_first_case_appears_in_an_open_list(desk: Desk, street: Street) -> None:
    page = desk.sign_in()
    expect(page.locator(".empty")).to_be_visible()
    page.evaluate("window.stillTheSamePage = true")
    case_no = file_case(street, desk.served, 1)
    expect(page.locator(f"#card-{case_no}")).to_be_visible()
    assert page.evaluate("window.stillTheSamePage"), "the page was loaded again"
    expect(page).to_have_title(re.compile(r"^\(1\) "))


def test_new_cases_wait_behind_a_pill_and_never_move_the_list(desk: Desk, street: Street) -> None:
    old = file_case(street, desk.served, 1)
    page = desk.sign_in()
    place = page.locator(f"#card-{old}").bounding_box()
    new = [file_case(street, desk.served, number) for number in (2, 3, 4)]
    expect(page.locator(".pill")).to_have_text("3 条新案件")
    expect(page.locator("#announce")).to_have_text("3 条新案件")
    assert page.locator(f"#card-{old}").bounding_box() == place
    assert cards(page) == [old]
    page.keyboard.press("r")
    expect(page.locator(".cards .card")).to_have_count(4)
    assert cards(page) == [*reversed(new), old]
    expect(page.locator(".pill")).to_have_count(0)


def test_a_picture_that_arrives_late_replaces_the_pending_one(desk: Desk, street: Street) -> None:
    body = jpeg("late")
    case_no = street.confirm(at(1), {"confirmed": body})
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    expect(page.locator("#pending")).to_be_visible()
    street.upload(body)
    desk.served.app.state.hub.changed("evidence")
    expect(page.locator("#picture")).to_be_visible()
    wait_for(lambda: page.evaluate("document.querySelector('#picture').naturalWidth") == 320)


def test_a_clear_is_shown_on_the_open_page(desk: Desk, street: Street) -> None:
    case_no = file_case(street, desk.served, 1)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    expect(page.locator("#case-head .lamp")).to_have_text("未解除")
    street.clear(at(1), 761)
    desk.served.app.state.hub.changed("cases")
    expect(page.locator("#case-head .lamp")).to_contain_text("已解除")
    expect(page.locator("#case-head .big b")).to_have_text("12分41秒")


def test_a_verdict_reaches_the_other_persons_list(desks: Desks, street: Street) -> None:
    first, second = desks.make(), desks.make()
    case_no = file_case(street, desks.served, 1)
    watching = second.sign_in("zhang")
    first.sign_in()
    page = first.open(f"/cases/{case_no}")
    page.keyboard.press("y")
    card = watching.locator(f"#card-{case_no}")
    expect(card).to_contain_text("属实")
    expect(watching.locator("#tab-working b")).to_have_text("1")
    assert first.complaints == second.complaints == []


def test_a_cut_line_is_shown_and_mended_without_doubles(desks: Desks, street: Street) -> None:
    desk = desks.make()
    file_case(street, desks.served, 1)
    page = desk.sign_in()
    desks.served.stop()
    expect(page.locator("#stale")).to_be_visible()
    expect(page.locator("#stale-text")).to_contain_text(
        re.compile(r"实时连接已断开 00:\d\d，数据截至 \d\d:\d\d:\d\d")
    )
    file_case(street, desks.served, 2)
    desks.served.start()
    expect(page.locator("#stale")).to_be_hidden(timeout=20_000)
    expect(page.locator(".pill")).to_have_text("1 条新案件")
    page.locator(".pill").click()
    expect(page.locator(".cards .card")).to_have_count(2)
    for _ in range(3):
        desks.served.app.state.hub.changed("cases")
    file_case(street, desks.served, 3)
    expect(page.locator(".pill")).to_have_text("1 条新案件")
    assert len(cards(page)) == len(set(cards(page))) == 2


def test_while_no_stream_can_be_opened_the_list_is_asked_for_every_30_s(
    desks: Desks, street: Street
) -> None:
    desk = desks.make()
    desk.context.route("**/events", lambda route: route.abort())
    page = desk.context.new_page()
    page.clock.install()
    page.goto(f"{desks.served.url}/login")
    page.fill("[name=name]", "zhang")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    expect(page.locator(".empty")).to_be_visible()
    case_no = file_case(street, desks.served, 1)
    page.clock.run_for(10_000)
    expect(page.locator("#stale")).to_be_visible()
    expect(page.locator(f"#card-{case_no}")).to_have_count(0)
    page.clock.run_for(25_000)
    expect(page.locator(f"#card-{case_no}")).to_be_visible()


def test_eight_tabs_share_one_stream_and_another_takes_over(desk: Desk, street: Street) -> None:
    first = desk.sign_in()
    others = [desk.open("/cases") for _ in range(7)]
    wait_for(lambda: desk.served.streams == 1, what="one stream for all tabs")
    file_case(street, desk.served, 1)
    for page in (first, *others):
        expect(page.locator(".cards .card")).to_have_count(1)
    first.close()
    wait_for(lambda: desk.served.streams == 1, what="another tab to listen")
    live(others[0])
    file_case(street, desk.served, 2)
    for page in others:
        expect(page.locator(".pill")).to_have_text("1 条新案件")


def test_without_locks_a_visible_tab_listens_for_itself(desk: Desk, street: Street) -> None:
    desk.context.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    page = desk.sign_in()
    file_case(street, desk.served, 1)
    expect(page.locator(".cards .card")).to_have_count(1)
