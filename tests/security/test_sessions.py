"""Sessions: how they begin, rotate and end, how passwords are kept, what a browser is told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select, update
from starlette.testclient import TestClient

from central import auth
from central.auth.secrets import hash_password, new_secret
from central.tables import SessionTable, UserTable
from tests.central.site import PASSWORD, Site, open_site

HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        with opened.database.write() as session:
            auth.add_user(session, "zhang", PASSWORD, "desk", opened.clock())
        yield opened


def sign_in(client: TestClient, password: str = PASSWORD) -> int:
    form = {"name": "zhang", "password": password, "next": "/cases"}
    return client.post("/login", data=form).status_code


def csrf_of(site: Site, client: TestClient) -> str:
    with site.database.read() as session:
        return (
            session.scalars(
                select(SessionTable.csrf_token).order_by(SessionTable.created_at.desc())
            ).first()
            or ""
        )


def test_passwords_are_kept_with_todays_argon2id() -> None:
    parameters = extract_parameters(hash_password(PASSWORD))
    assert parameters.type.name == "ID"
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


def test_a_hash_with_old_parameters_is_renewed_at_the_next_sign_in(site: Site) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with site.database.write() as session:
        session.execute(update(UserTable).values(password_hash=old))
    assert sign_in(site.visitor()) == 303
    with site.database.read() as session:
        kept = session.scalars(select(UserTable.password_hash)).one()
    assert kept != old
    assert extract_parameters(kept).memory_cost >= 19 * 1024
    assert sign_in(site.visitor()) == 303


def test_every_sign_in_gives_a_new_secret_and_ends_this_browsers_earlier_one(site: Site) -> None:
    client = site.visitor()
    planted = new_secret()
    client.cookies.set("jinmu", planted, domain="testserver.local", path="/")
    assert sign_in(client) == 303
    first = client.cookies["jinmu"]
    assert first != planted
    other = site.visitor(cookie=f"jinmu={first}")
    assert other.get("/api/v1/cases").status_code == 200
    assert sign_in(client) == 303
    assert client.cookies["jinmu"] != first
    assert other.get("/api/v1/cases").status_code == 401


def test_a_session_ends_after_twelve_hours_however_it_was_used(site: Site) -> None:
    client = site.visitor()
    sign_in(client)
    for _ in range(11):
        site.clock.forward(hours=1)
        assert client.get("/api/v1/cases").status_code == 200
    site.clock.forward(minutes=59)
    assert client.get("/api/v1/cases").status_code == 200
    site.clock.forward(minutes=2)
    assert client.get("/api/v1/cases").status_code == 401


def test_signing_out_everywhere_ends_every_browser(site: Site) -> None:
    browsers = [site.visitor() for _ in range(3)]
    for browser in browsers:
        sign_in(browser)
        site.clock.forward(seconds=1)
    page = browsers[2].get("/account", headers=HTML | {"accept-language": "en"})
    assert "Signed-in browsers: 3" in page.text
    form = {"csrf_token": csrf_of(site, browsers[2])}
    answer = browsers[2].post("/logout/everywhere", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?out=1")
    assert [b.get("/api/v1/cases").status_code for b in browsers] == [401, 401, 401]
    assert sign_in(site.visitor()) == 303


def test_the_login_limit_outlives_a_restart(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        with site.database.write() as session:
            auth.add_user(session, "zhang", PASSWORD, "desk", site.clock())
        assert [sign_in(site.visitor(), "wrong") for _ in range(5)] == [401] * 5
    with open_site(tmp_path) as site:
        assert sign_in(site.visitor()) == 429
        site.clock.at += timedelta(minutes=16)
        assert sign_in(site.visitor()) == 303


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nothing", 404, "没有这个页面"),
        ("GET", "/static/nothing.js", 404, "没有这个页面"),
        ("DELETE", "/cases", 403, "页面已过期"),
        ("POST", "/logout", 403, "页面已过期"),
        ("POST", "/cases/FL-20260101-0001/verdict", 403, "页面已过期"),
    ],
)
def test_people_are_refused_in_words_and_programs_in_json(
    site: Site, method: str, path: str, status: int, words: str
) -> None:
    client = site.visitor()
    sign_in(client)
    page = client.request(method, path, headers=HTML)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert words in page.text
    assert 'href="/cases"' in page.text
    for headers in ({}, HTML | {"hx-request": "true"}):
        told = client.request(method, path, headers=headers)
        assert told.status_code == status
        assert told.json()["detail"]


def test_a_form_from_another_site_is_refused_in_words(site: Site) -> None:
    headers = HTML | {"sec-fetch-site": "cross-site"}
    answer = site.visitor().post("/login", data={"name": "a", "password": "b"}, headers=headers)
    assert answer.status_code == 403
    assert "已拒绝来自其他网站的请求" in answer.text


def test_a_program_on_a_page_is_refused_with_its_right_named(site: Site) -> None:
    answer = site.program("read").get("/cases")
    assert answer.json() == {"code": "forbidden", "detail": "'read' may not GET this"}
