"""A real browser for the tests: Debian's chromium, watched for errors on its console."""

import shutil
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.served import PASSWORD, USERS, Served

CHROMIUM = shutil.which("chromium") or ""
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 740}
WATCH_CSP = """
window.cspViolations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.cspViolations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass  # without slots: Playwright hangs an attribute on the owner of a handler
class Desk:
    """A person's browser; `complaints` is what its consoles said."""

    context: BrowserContext
    served: Served
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._note)

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def sign_in(self, name: str = USERS[0]) -> Page:
        """A page with the list, signed in and live."""
        page = self.context.new_page()
        page.goto(f"{self.served.url}/login")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        return live(page)

    def open(self, path: str) -> Page:
        """A further page of the same person."""
        page = self.context.new_page()
        page.goto(self.served.url + path)
        return live(page)

    def close(self) -> None:
        """Close the browser; AssertionError when anything broke the content security policy."""
        found = [page.evaluate("window.cspViolations") for page in self.context.pages]
        self.context.close()
        assert [v for violations in found for v in violations or []] == []


def live(page: Page) -> Page:
    """The page, once it listens for hints."""
    page.wait_for_selector("#live-lamp[data-state=on]", state="attached")
    return page


@dataclass(slots=True)
class Desks:
    """Makes browsers of several people against one server."""

    browser: Browser
    served: Served
    made: list[Desk] = field(default_factory=list)

    def make(self, viewport: dict[str, int] = DESK, **options: Any) -> Desk:
        options = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"} | options
        context = self.browser.new_context(viewport=viewport, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        context.add_init_script(WATCH_CSP)
        desk = Desk(context, self.served)
        context.on("page", desk.watch)
        self.made.append(desk)
        return desk
