"""Filing cases as the receiver does, for the browser tests."""

from datetime import timedelta

from playwright.sync_api import Page

from tests.e2e.served import Served
from tests.e2e.street import NOON, Occupation, Street, jpeg


def at(number: int) -> Occupation:
    """An incident that begins a minute after the one before."""
    return Occupation(number, since=NOON + timedelta(minutes=number))


def file_case(street: Street, served: Served, number: int) -> str:
    """File a case as the receiver does, hint included."""
    body = jpeg(f"case {number}")
    case_no = street.confirm(at(number), {"confirmed": body})
    street.upload(body)
    served.app.state.hub.changed("cases")
    return case_no


def cards(page: Page) -> list[str]:
    found = page.locator(".cards .card")
    return [str(found.nth(i).get_attribute("data-case")) for i in range(found.count())]
