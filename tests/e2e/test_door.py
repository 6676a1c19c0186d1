"""Coming in and going out."""

import httpx
import pytest
from fastapi import FastAPI

from central import auth
from tests.e2e.ask import HOSTILE, PAGES, get
from tests.e2e.html import read
from tests.e2e.served import PASSWORD, USERS, utc_now


@pytest.mark.parametrize("path", ["/", *PAGES, "/cases/FL-1", "/parts/cases", "/parts/boxes"])
def test_nothing_is_shown_to_a_stranger(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=/")


def test_login_page_leads_back_to_where_one_wanted_to_go(stranger: httpx.Client) -> None:
    page = get(stranger, "/login?next=/boxes")
    assert page.one("input", name="next").attributes["value"] == "/boxes"
    data = {"name": "zhang", "password": PASSWORD, "next": "/boxes"}
    answer = stranger.post("/login", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, "/boxes")


def test_a_wrong_password_is_told_without_saying_what_was_wrong(stranger: httpx.Client) -> None:
    for name in (USERS[0], "nobody", HOSTILE):
        answer = stranger.post("/login", data={"name": name, "password": "wrong"})
        assert answer.status_code == 401
        page = read(answer.text)
        assert page.one(cls="notice").text == "用户名或密码不对。"
        assert page.one("input", name="name").attributes["value"] == name[:80]


def test_too_many_tries_are_told(stranger: httpx.Client) -> None:
    codes = [
        stranger.post("/login", data={"name": "zhang", "password": "wrong"}).status_code
        for _ in range(8)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429


def test_logout_ends_the_session(client: httpx.Client) -> None:
    token = get(client, "/cases").all("input", name="csrf_token")[0].attributes["value"]
    answer = client.post("/logout", data={"csrf_token": token})
    assert answer.status_code == 303
    assert client.get("/cases").status_code == 303


def _setup_link(app: FastAPI) -> str:
    with app.state.database.write() as session:
        secret = auth.open_setup_link(session, utc_now())
    assert secret is not None
    return secret


def test_the_first_administrator_is_made_by_the_link_once(
    app: FastAPI, stranger: httpx.Client
) -> None:
    token = _setup_link(app)
    page = get(stranger, f"/setup?token={token}")
    assert page.one("input", name="token").attributes["value"] == token
    fields = {"token": token, "name": "王主任", "password": PASSWORD, "repeat": PASSWORD}
    assert stranger.post("/setup", data=fields).headers["location"] == "/cases"
    assert "王主任" in stranger.get("/cases").text
    closed = get(stranger, f"/setup?token={token}", 403)
    assert closed.all("form", action="/setup") == []
    assert stranger.post("/setup", data=fields).status_code == 403


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"repeat": "another one 1"}, "两次输入的密码不同。"),
        ({"password": "short", "repeat": "short"}, "密码至少 10 个字符"),
        ({"name": ""}, "用户名为"),
        ({"name": "a b"}, "用户名为"),
    ],
)
def test_a_faulty_setup_form_is_explained_and_the_link_stays_good(
    app: FastAPI, stranger: httpx.Client, changes: dict[str, str], text: str
) -> None:
    token = _setup_link(app)
    fields = {"token": token, "name": "wang", "password": PASSWORD, "repeat": PASSWORD}
    answer = stranger.post("/setup", data=fields | changes)
    assert answer.status_code == 422
    assert text in read(answer.text).one(cls="notice").text
    assert stranger.post("/setup", data=fields).status_code == 303
