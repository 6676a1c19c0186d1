"""The level of a square in a real browser: it moves by itself, and grows old by itself."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PHONE, Desk, Desks
from tests.e2e.served import utc_now
from tests.e2e.square import climb, hearing
from tests.e2e.street import Street

pytestmark = pytest.mark.browser


def tell(street: Street, desk: Desk, level_db: float) -> None:
    """The box reports a level, as the receiver takes it in, hint included."""
    street.state(hearing(utc_now(), laeq_10s_db=level_db), utc_now())
    desk.served.app.state.hub.changed("boxes")


def test_the_level_follows_the_box_and_nothing_else_moves(desk: Desk, street: Street) -> None:
    case_no = climb(street)
    tell(street, desk, 51.0)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    expect(page.locator(".level-now b")).to_have_text("51.0")
    page.evaluate("document.querySelector('#facts').dataset.same = 'yes'")
    tell(street, desk, 73.4)
    expect(page.locator(".level-now b")).to_have_text("73.4")
    expect(page.locator("#level")).to_have_class(re.compile("is-over"))
    expect(page.locator("#level [role=meter]")).to_have_attribute("aria-valuenow", "73.4")
    tell(street, desk, 64.9)
    expect(page.locator(".level-now b")).to_have_text("64.9")
    assert page.evaluate("document.querySelector('#facts').dataset.same") == "yes"


def test_a_look_at_the_level_does_not_hold_up_a_verdict(desk: Desk, street: Street) -> None:
    case_no = climb(street)
    tell(street, desk, 51.0)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    tell(street, desk, 70.0)
    page.keyboard.press("y")
    expect(page.locator("#case-head")).to_contain_text("属实")
    expect(page.locator(".level-now b")).to_have_text("70.0")


def test_a_level_that_is_not_told_again_turns_grey_with_its_age(desk: Desk, street: Street) -> None:
    case_no = climb(street)
    then = utc_now() - timedelta(seconds=14)
    street.state(hearing(then), then)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    expect(page.locator("#level .old")).to_be_visible()
    expect(page.locator("#level .old")).to_contain_text("这不是当前声级")
    expect(page.locator("#level .age")).to_contain_text(re.compile(r"\d+ ?秒"))
    tell(street, desk, 60.0)
    expect(page.locator("#level .old")).to_be_hidden()


def test_the_level_fits_a_phone(desks: Desks, street: Street) -> None:
    desk = desks.make(PHONE)
    case_no = climb(street)
    tell(street, desk, 73.4)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    expect(page.locator("#level [role=meter]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.goto(f"{desk.served.url}/boxes")
    expect(page.locator(".box .level")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert desk.complaints == []
