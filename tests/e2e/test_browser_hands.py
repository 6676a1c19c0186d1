"""Working in a real browser: keyboard, thumb, two people at once, no script."""

import re

import pytest
from playwright.sync_api import expect

from central import store
from tests.e2e.browser import PHONE, Desk, Desks, live
from tests.e2e.filing import at, file_case
from tests.e2e.served import PASSWORD
from tests.e2e.street import Street, jpeg

pytestmark = pytest.mark.browser


def test_a_wrong_password_then_the_right_one(desk: Desk) -> None:
    page = desk.context.new_page()
    page.goto(desk.served.url + "/boxes")
    page.fill("[name=name]", "zhang")
    page.fill("[name=password]", "not it")
    page.click("button.main")
    expect(page.locator(".notice")).to_have_text("用户名或密码不对。")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    expect(page).to_have_url(desk.served.url + "/boxes")
    # The browser itself reports the 401 of the first try.
    desk.complaints[:] = [text for text in desk.complaints if "401" not in text]


def test_judging_by_keyboard_alone(desk: Desk, street: Street) -> None:
    numbers = [file_case(street, desk.served, number) for number in (1, 2)]
    page = desk.sign_in()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    live(page)
    expect(page.locator("#facts")).to_contain_text(numbers[1])
    page.keyboard.press("y")
    expect(page.locator("#case-head .tags")).to_contain_text("属实")
    expect(page.locator(".judged")).to_contain_text("李四")
    expect(page.locator("#announce")).to_contain_text("属实")
    expect(page.locator("#verdicts")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("#case-head .tags")).to_contain_text("已立案")
    expect(page.locator("#timeline .undone")).to_have_count(1)
    page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.press("2")
    expect(page.locator(".judged")).to_contain_text("区域错")
    page.keyboard.press("j")
    live(page)
    expect(page.locator("#facts")).to_contain_text(numbers[0])
    page.keyboard.press("d")
    page.keyboard.press("Tab")
    page.keyboard.type("司机已驶离")
    page.keyboard.press("Enter")
    live(page)
    expect(page.locator("#case-head .tags")).to_contain_text("已处置")
    page.keyboard.press("Escape")
    expect(page).to_have_url(desk.served.url + "/cases?status=review")
    expect(page.locator(".empty")).to_be_visible()


def test_pictures_and_original_by_keyboard(desk: Desk, street: Street) -> None:
    marked, original, warned = jpeg("marked"), jpeg("original"), jpeg("warned")
    street.tell(at(1), "warned", 1, 60, {"warned": warned})
    pictures = {"confirmed": marked, "confirmed_original": original}
    case_no = street.tell(at(1), "confirmed", 2, 300, pictures).case_no
    street.upload(marked, original, warned)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    caption = page.locator(".caption")
    expect(caption).to_contain_text("立案")
    page.keyboard.press("h")
    expect(caption).to_contain_text("原图")
    page.keyboard.press("h")
    expect(caption).not_to_contain_text("原图")
    page.keyboard.press("ArrowLeft")
    expect(caption).to_contain_text("预警")
    page.reload()
    expect(live(page).locator(".caption")).to_contain_text("预警")
    street.clear(at(1), 700)
    desk.served.app.state.hub.changed("cases")
    expect(page.locator("#case-head .lamp")).to_contain_text("已解除")
    expect(caption).to_contain_text("预警")


def test_typing_and_composing_never_judge(desk: Desk, street: Street) -> None:
    case_no = file_case(street, desk.served, 1)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    page.evaluate(
        """for (const more of [{isComposing: true}, {keyCode: 229}, {ctrlKey: true}])
             document.dispatchEvent(new KeyboardEvent("keydown", {key: "y", ...more}))"""
    )
    page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    page.locator("main > input").focus()
    page.keyboard.type("ynd")
    assert page.locator("main > input").input_value() == "ynd"
    page.locator("main > input").blur()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("y")
    page.locator("#keys-enabled").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("y")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.reload()
    live(page).keyboard.press("y")
    expect(page.locator("#case-head .tags")).to_contain_text("已立案")
    page.locator("#do-confirm").click()
    expect(page.locator("#case-head .tags")).to_contain_text("属实")
    with street.database.read() as session:
        found = store.get_case(session, case_no)
    assert found is not None
    assert [entry.action for entry in found.log] == ["file", "joined", "confirm"]


def test_two_people_race_for_one_case(desks: Desks, street: Street) -> None:
    first, second = desks.make(), desks.make()
    case_no = file_case(street, desks.served, 1)
    first.sign_in("李四")
    second.sign_in("zhang")
    # The second one hears nothing: hints are kept from this page, as on a slow line.
    second.context.route("**/parts/**", lambda route: route.abort())
    theirs, mine = (who.open(f"/cases/{case_no}") for who in (second, first))
    mine.keyboard.press("y")
    expect(mine.locator("#case-head .tags")).to_contain_text("属实")
    theirs.keyboard.press("n")
    theirs.keyboard.press("1")
    expect(theirs.locator("#notice")).to_have_text("已由 李四 判为「属实」，您的操作没有生效。")
    expect(theirs.locator("#case-head .tags")).to_contain_text("属实")
    assert first.complaints == []


def test_an_ended_session_leads_to_the_login(desks: Desks, street: Street) -> None:
    desk = desks.make()
    case_no = file_case(street, desks.served, 1)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    desk.context.clear_cookies()
    page.keyboard.press("y")
    expect(page).to_have_url(re.compile(r"/login\?next=/cases/"))


def test_the_page_switches_to_english_and_stays_so(desk: Desk, street: Street) -> None:
    case_no = file_case(street, desk.served, 1)
    page = desk.sign_in()
    page.get_by_role("link", name="EN").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#tab-review")).to_contain_text("To judge")
    page.locator(f"#open-{case_no}").click()
    live(page).keyboard.press("y")
    expect(page.locator(".judged")).to_contain_text("Judged by 李四")
    assert not re.search("[\u4e00-\u9fff]", page.locator("#facts").inner_text())


def test_a_phone_judges_with_the_thumb(desks: Desks, street: Street) -> None:
    desk = desks.make(PHONE, has_touch=True, is_mobile=True)
    case_no = file_case(street, desks.served, 1)
    page = desk.sign_in()
    more = ("/boxes", "/appeals", "/cameras", "/kpi", "/tell")
    for path in ("/cases", "/cases?status=all&place=FL", f"/cases/{case_no}", *more):
        page.goto(desks.served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.goto(f"{desks.served.url}/cases/{case_no}")
    live(page)
    for button in page.locator("#verdicts .verdict").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 48
    page.locator("summary.verdict").tap()
    page.get_by_role("button", name="遮挡或夜间").tap()
    expect(page.locator(".judged")).to_contain_text("遮挡或夜间")
    assert desk.complaints == []


def test_without_script_a_verdict_still_works(desks: Desks, street: Street) -> None:
    desk = desks.make(java_script_enabled=False)
    case_no = file_case(street, desks.served, 1)
    page = desk.context.new_page()
    page.goto(f"{desks.served.url}/cases/{case_no}")
    page.fill("[name=name]", "zhang")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    page.locator("summary.verdict").click()
    page.get_by_role("button", name="识别错").click()
    expect(page.locator(".judged")).to_contain_text("识别错")
    page.locator("#do-undo").click()
    expect(page.locator("#do-confirm")).to_be_visible()
    page.close()
