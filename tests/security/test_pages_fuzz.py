"""Pages and forms with anything in their addresses and fields: refused or shown, never a 5xx.

Schemathesis knows the API alone; these are the routes for people. On both databases, since each
has characters of its own that it cannot hold.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from starlette.testclient import TestClient

from central import upgrade
from central.app import create_app
from central.db import Database
from central.settings import Settings
from tests.central.site import Moving, Site
from tests.security.payloads import TEXTS
from tests.security.routes import Cast, make_cast

JUNK = (
    *(text.encode("utf-8", "surrogatepass") for text in TEXTS),
    b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\x00" * 40, b"%", b"&=",
    b"9" * 400, b"-1", b"1e9", b"FL-20261124-0001\x00", b"..", b"//evil.example",
    b"\\\\evil.example", b"javascript:x", b"place=%00", b"status=all&scene=%00&box=%ED%A0%80",
)  # fmt: skip
GETS = (
    "/cases?status={}", "/cases?scene={}", "/cases?place={}", "/cases?box={}", "/cases?cleared={}",
    "/cases?page={}", "/cases?lang={}", "/cases?{}=1", "/cases/{}",
    "/cases/{}?picture={}&original={}",
    "/parts/cases?shown={}", "/parts/cases?page={}&shown=FL-1,{}", "/parts/cases/{}", "/boxes?x={}",
    "/tell?state={}", "/appeals?status={}&page={}", "/appeals/{}", "/open311/v2/{}",
    "/open311/v2/requests.xml?start_date={}", "/open311/v2/services.xml?api_key={}",
    "/open311/v2/requests.json?service_request_id={}&status={}", "/open311/v2/tokens/{}.xml",
    "/quarantine?x={}", "/account?lang={}", "/login?next={}&out={}", "/setup?token={}", "/{}",
    "/static/{}", "/api/v1/cases?place={}&scene={}&box={}",
    "/api/v1/evidence/{}/shown?user={}&expires={}&signature={}",
)  # fmt: skip
POSTS = {
    "/login": ("name", "password", "next"),
    "/setup": ("token", "name", "password", "repeat"),
    "/cases/FL-20261124-0001/verdict": ("action", "version", "reason", "back", "csrf_token"),
    "/cases/FL-20261124-0001/suggestions": ("action", "number", "version", "back"),
    "/appeals/AP-20261124-0001/suggestions": ("action", "number", "version"),
    "/quarantine/retry": ("number",),
    "/tell/retry": ("number",),
    "/appeals": ("kind", "service_code", "text", "address", "case_no", "name", "phone"),
    "/appeals/AP-20261124-0001/act": ("action", "version", "value", "note"),
    "/oauth/token": ("grant_type", "client_id", "client_secret", "scope"),
    "/open311/v2/requests.xml": (
        *("service_code", "lat", "long", "address_string", "description", "phone"),
        *("attribute[blocked]", "api_key"),
    ),
    "/open311/v2/servicerequestupdates.xml": (
        *("service_request_id", "update_id", "status", "description"),
    ),
}


@pytest.fixture
def cast(database_url: str, tmp_path: Path) -> Iterator[Cast]:
    settings = Settings(data_dir=tmp_path, database_url=database_url)
    prepared = Database(settings.database)
    upgrade.upgrade(prepared)
    prepared.close()
    clock = Moving()
    app = create_app(settings, clock, receive=False)
    with TestClient(app):
        yield make_cast(Site(app, app.state.database, clock))


def test_no_address_breaks_a_page(cast: Cast) -> None:
    clients = {name: cast.caller(name) for name in ("anon", "administrator")}
    clients["administrator"].headers["accept"] = "text/html"
    for template in GETS:
        for junk in JUNK:
            path = template.replace("{}", quote_from_bytes(junk, safe=""))
            for name, client in clients.items():
                answer = client.get(path)
                assert answer.status_code < 500, (name, path, answer.text[:200])
                goal = answer.headers.get("location", "/").removeprefix("http://testserver")
                assert goal.startswith("/"), path
                assert not goal.startswith(("//", "/\\")), path


def test_no_form_breaks_a_page(cast: Cast) -> None:
    client = cast.caller("administrator")
    for path, fields in POSTS.items():
        for field in fields:
            for junk in JUNK:
                cast.site.clock.forward(minutes=20)  # the limit on guessing is not meant here
                if cast.site.clock().minute < 20:
                    client = cast.caller("administrator")
                values = dict.fromkeys(fields, b"1") | {field: junk}
                body = b"&".join(
                    name.encode() + b"=" + quote_from_bytes(value, safe="").encode()
                    for name, value in values.items()
                )
                check_form(client, path, body)


def test_broken_bodies_break_no_form(cast: Cast) -> None:
    chance = random.Random(3)
    client = cast.caller("administrator")
    for path in POSTS:
        for _ in range(40):
            check_form(client, path, chance.randbytes(chance.randrange(200)))


def check_form(client: TestClient, path: str, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code < 500, (path, body[:200], answer.text[:200])
    goal = answer.headers.get("location", "/")
    assert goal.startswith("/"), body
    assert not goal.startswith(("//", "/\\")), body
