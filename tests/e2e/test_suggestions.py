"""可能是同一件 in a real browser: one tap links, another one dismisses, a third takes that back."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from central.appeals import records
from central.appeals.contact import Contact
from tests.central.nearby import LAT, LON, METRE_NORTH, make_town
from tests.e2e.ask import HOSTILE
from tests.e2e.browser import PHONE, Desk, Desks, live
from tests.e2e.served import PASSWORD, utc_now
from tests.e2e.street import Occupation, Street

pytestmark = pytest.mark.browser


def appeal(street: Street, desks: Desks, north_m: float, text: str) -> str:
    """An appeal so far north of FL-0317, hint included."""
    new = records.NewAppeal(
        kind="qr", service_code="fire_lane", text=text, source="hotline",
        lat=LAT + north_m * METRE_NORTH, lon=LON, contact=Contact(phone="138-kanarie"),
    )  # fmt: skip
    state = desks.served.app.state
    with street.database.write() as session:
        added = records.add_appeal(session, new, state.contact_seal, utc_now(), state.settings.zone)
    state.hub.changed("appeals")
    return added.appeal_no


def file_one(street: Street, folder: Path) -> str:
    make_town(street.database, folder)
    return street.confirm(Occupation(1, since=utc_now() - timedelta(minutes=10)))


def row(page: Page, number: str) -> str:
    return f"#suggestions li[data-number={number}]"


def link_one_and_dismiss_the_other(page: Page, linked: str, other: str) -> None:
    """From the page of a case that suggests both, by its buttons."""
    box = page.locator("#suggestions")
    page.locator(row(page, linked)).get_by_role("button", name="关联").click()
    expect(page.locator(f"#suggestions li[data-number={linked}]")).to_have_count(0)
    page.locator(row(page, other)).get_by_role("button", name="不是同一件").click()
    expect(page.locator(f"#suggestions > ul > li[data-number={other}]")).to_have_count(0)
    page.locator("#suggestions-dismissed summary").click()
    page.locator("#suggestions-dismissed").get_by_role("button", name="撤销").click()
    expect(page.locator(f"#suggestions > ul > li[data-number={other}]")).to_have_count(1)
    expect(box).not_to_contain_text(linked)
    expect(page.locator("body")).not_to_contain_text("138-kanarie")


def test_a_suggestion_appears_by_itself_and_is_linked_by_one_tap(
    desks: Desks, desk: Desk, street: Street, tmp_path: Path
) -> None:
    case_no = file_one(street, tmp_path)
    desk.sign_in()
    page = desk.open(f"/cases/{case_no}")
    expect(page.locator("#suggestions")).to_be_hidden()
    linked, other = appeal(street, desks, 12, HOSTILE), appeal(street, desks, -30, "车又来了")
    expect(page.locator("#suggestions")).to_contain_text("相距约 12 米")
    expect(page.locator("#suggestions")).to_contain_text("<script>alert(1)")
    link_one_and_dismiss_the_other(page, linked, other)
    page.locator(row(page, other)).get_by_role("link", name=other).click()
    live(page)
    expect(page.locator("#suggestions")).to_contain_text(case_no)
    page.locator("#suggestions").get_by_role("button", name="不是同一件").click()
    expect(page.locator("#suggestions > ul > li")).to_have_count(0)
    page.goto(f"{desks.served.url}/appeals/{linked}")
    expect(page.locator("dl.figures")).to_contain_text(case_no)
    expect(page.locator("#suggestions")).to_be_hidden()


def test_without_script_and_on_a_phone(desks: Desks, street: Street, tmp_path: Path) -> None:
    case_no = file_one(street, tmp_path)
    linked, other = appeal(street, desks, 12, "长" * 300), appeal(street, desks, -30, "车又来了")
    desk = desks.make(PHONE, java_script_enabled=False)
    page = desk.context.new_page()
    page.goto(f"{desks.served.url}/cases/{case_no}")
    page.fill("[name=name]", "zhang")
    page.fill("[name=password]", PASSWORD)
    page.click("button.main")
    for button in page.locator("#suggestions button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= PHONE["width"]
    link_one_and_dismiss_the_other(page, linked, other)
    page.close()
