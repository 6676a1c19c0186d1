"""One central for the tests of its pages: real database, real guard, real server, real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright

from central import auth
from central.app import create_app
from central.db import Database
from central.settings import Settings
from central.upgrade import upgrade
from tests.e2e.browser import ARGS, CHROMIUM, Desk, Desks
from tests.e2e.served import PASSWORD, USERS, Served, utc_now
from tests.e2e.street import Street


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with two users, to be copied: made once, since hashing is slow by intent."""
    folder = tmp_path_factory.mktemp("prepared")
    database = Database(Settings(data_dir=folder).database)
    upgrade(database)
    with database.write() as session:
        for name in USERS:
            auth.add_user(session, name, PASSWORD, "desk", utc_now())
    database.close()
    return folder / "jinmu.db"


@pytest.fixture
def app(tmp_path: Path, prepared: Path) -> FastAPI:
    """The application with two users and no broker."""
    shutil.copy(prepared, tmp_path / "jinmu.db")
    made = create_app(Settings(data_dir=tmp_path, port=0), receive=False)
    made.state.evidence.set_up()
    return made


@pytest.fixture
def street(app: FastAPI) -> Iterator[Street]:
    """The box whose events fill the pages."""
    yield Street(app.state.database, app.state.evidence, app.state.settings)
    app.state.database.close()


@pytest.fixture
def served(app: FastAPI) -> Iterator[Served]:
    """The application on a real port."""
    server = Served(app)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def stranger(served: Served) -> Iterator[httpx.Client]:
    """A browser that nobody has signed in with."""
    with httpx.Client(base_url=served.url, timeout=20) as client:
        yield client


@pytest.fixture
def client(stranger: httpx.Client) -> httpx.Client:
    """A browser of 李四, in Chinese."""
    answer = stranger.post("/login", data={"name": USERS[0], "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return stranger


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's browser; a machine without it skips these tests and says so."""
    if not CHROMIUM:
        pytest.skip("chromium is missing: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def desks(chromium: Browser, served: Served) -> Iterator[Desks]:
    """Browsers for one test."""
    desks = Desks(chromium, served)
    yield desks
    for desk in desks.made:
        desk.close()


@pytest.fixture
def desk(desks: Desks) -> Iterator[Desk]:
    """One browser at a desk that must not complain about anything."""
    desk = desks.make()
    yield desk
    assert desk.complaints == []
