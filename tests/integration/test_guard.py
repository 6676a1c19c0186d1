"""Nobody gets in: every route there is, and every way of asking."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from central import auth
from central.auth.rights import PUBLIC_FOLDER, PUBLIC_PATHS
from tests.central.events import story
from tests.central.site import Site, open_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        yield opened


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def every_route(site: Site) -> list[tuple[str, str]]:
    """Method and path of each route of the application, however deep it is included."""
    found: set[tuple[str, str]] = set()

    def walk(routes: list[object], prefix: str) -> None:
        for route in routes:
            inner = getattr(route, "original_router", None)
            path = prefix + getattr(route, "path", "")
            if inner is not None:
                walk(inner.routes, prefix)
            elif hasattr(route, "methods"):
                found.update((method, path) for method in route.methods or ())
            else:  # a mounted folder
                found.add(("GET", f"{path}/x"))

    walk(list(site.app.routes), "")
    return sorted((method, re.sub(r"\{[^}]*\}", "x", path)) for method, path in found)


def test_the_walk_finds_the_routes_that_we_know_of(site: Site) -> None:
    routes = every_route(site)
    for known in [
        ("GET", "/api/v1/cases"),
        ("GET", "/api/v1/cases/x"),
        ("POST", "/api/v1/cases/x/actions/x"),
        ("GET", "/api/v1/incidents"),
        ("GET", "/api/v1/boxes"),
        ("GET", "/api/v1/evidence/x"),
        ("PUT", "/api/v1/evidence/x"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/events"),
        ("GET", "/metrics"),
        ("GET", "/cases"),
        ("GET", "/login"),
        ("GET", "/static/x"),
    ]:
        assert known in routes


def test_every_route_is_closed_to_strangers(site: Site) -> None:
    stranger = site.visitor()
    for method, path in every_route(site):
        answer = stranger.request(method, path)
        if path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDER):
            assert "not_signed_in" not in answer.text, (method, path)
        elif path.startswith("/open311/"):  # its specification's word for a missing key
            assert answer.status_code == 403, (method, path)
        elif path.startswith(("/api/", "/events", "/metrics")) or method not in ("GET", "HEAD"):
            assert answer.status_code == 401, (method, path)
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login?next=/"), (method, path)


@pytest.mark.parametrize("path", ["/nothing", "/api/v9", "/api/v1/cases/../../x", "/docs", "//"])
@pytest.mark.parametrize("method", METHODS)
def test_unknown_paths_tell_strangers_nothing(site: Site, method: str, path: str) -> None:
    assert site.visitor().request(method, path).status_code in (303, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Basic YTpi"},
        {"cookie": "jinmu=wrong"},
        {"cookie": "jinmu="},
        {"x-forwarded-user": "administrator"},
    ],
)
def test_wrong_keys_open_nothing(site: Site, headers: dict[str, str]) -> None:
    assert site.visitor(**headers).get("/api/v1/cases").status_code == 401


MATRIX = [
    # method, path, box, read, operate, person
    ("GET", "/api/v1/cases", 403, 200, 200, 200),
    ("GET", "/api/v1/incidents", 403, 200, 200, 200),
    ("GET", "/api/v1/boxes", 403, 200, 200, 200),
    ("GET", "/api/v1/openapi.json", 403, 200, 200, 200),
    ("GET", "/metrics", 403, 200, 200, 200),
    ("GET", "/cases", 403, 403, 403, 200),
    ("HEAD", f"/api/v1/evidence/{'0' * 64}", 404, 404, 404, 403),
    ("GET", f"/api/v1/evidence/{'0' * 64}", 403, 404, 404, 403),
    ("PUT", f"/api/v1/evidence/{'0' * 64}", 422, 403, 403, 403),
    ("POST", "/api/v1/cases/FL-20260101-0001/actions/confirm", 403, 403, 404, 403),
]


@pytest.mark.parametrize(("method", "path", "box", "read", "operate", "person"), MATRIX)
def test_scopes_open_exactly_what_they_should(
    site: Site, method: str, path: str, box: int, read: int, operate: int, person: int
) -> None:
    """A person's POST is 403 here because it comes without the CSRF token."""
    clients = [site.program("box"), site.program("read"), site.program("operate"), site.person()[0]]
    body = {"version": 1}
    answers = [client.request(method, path, json=body).status_code for client in clients]
    assert answers == [box, read, operate, person]


def test_a_revoked_token_a_locked_user_and_an_old_session_are_out_at_once(site: Site) -> None:
    program, (person, _) = site.program("read", "once"), site.person(name="zhang")
    other, _ = site.person(name="li")
    assert [c.get("/api/v1/cases").status_code for c in (program, person, other)] == [200] * 3
    with site.database.write() as session:
        auth.revoke_token(session, "once", site.clock())
        auth.set_disabled(session, "zhang", True, site.clock())
    assert [c.get("/api/v1/cases").status_code for c in (program, person)] == [401, 401]
    site.clock.forward(hours=13)
    assert other.get("/api/v1/cases").status_code == 401


def judge(client: TestClient, case_no: str, **headers: str) -> int:
    path = f"/api/v1/cases/{case_no}/actions/confirm"
    return client.post(path, json={"version": 1}, headers=headers).status_code


def test_a_session_needs_its_csrf_token_and_the_same_site(site: Site) -> None:
    (case_no,) = site.file(*story())
    person, csrf = site.person()
    _, other_csrf = site.person(name="other")
    assert judge(person, case_no) == 403
    assert judge(person, case_no, **{"x-csrf-token": other_csrf}) == 403
    assert judge(person, case_no, **{"x-csrf-token": csrf, "sec-fetch-site": "cross-site"}) == 403
    assert judge(person, case_no, **{"x-csrf-token": csrf, "origin": "https://evil.example"}) == 403
    assert judge(person, case_no, **{"x-csrf-token": csrf, "origin": "http://testserver"}) == 200


def test_a_form_may_carry_the_csrf_token_and_is_still_read_by_the_route(site: Site) -> None:
    person, csrf = site.person()
    assert person.post("/logout", data={"csrf_token": "wrong"}).status_code == 403
    assert person.post("/logout", data={"x": "y" * 70_000}).status_code == 413
    assert person.get("/api/v1/cases").status_code == 200
    assert person.post("/logout", data={"csrf_token": csrf}).status_code == 303
    assert person.get("/api/v1/cases").status_code == 401


def test_a_foreign_site_cannot_even_sign_somebody_in(site: Site) -> None:
    form = {"name": "a", "password": "b"}
    answer = site.visitor().post("/login", data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_security_headers_stand_on_every_answer(site: Site) -> None:
    person, _ = site.person()
    answers = [
        site.visitor().get("/cases"),
        site.visitor().get("/api/v1/cases"),
        site.visitor().get("/login"),
        person.get("/cases"),
        person.get("/nothing"),
    ]
    for answer in answers:
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_https_binds_the_cookie_to_this_host(tmp_path: Path) -> None:
    with open_site(tmp_path, public_url="https://jinmu.example") as site:
        site.person(name="zhang")
        new = auth.login(site.database, "zhang", "correct horse battery", "10.0.0.1", site.clock())
        response = Response()
        auth.set_cookie(response, site.app.state.settings, new)
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("__Host-jinmu=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "max-age" in site.visitor().get("/login").headers["strict-transport-security"]


HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(
    ("headers", "base_url", "peer", "inside"),
    [
        ({}, "http://127.0.0.1:8000", "127.0.0.1", True),
        ({}, "http://localhost:8000", "::1", True),
        ({}, "http://evil.example:8000", "127.0.0.1", False),  # DNS rebinding
        ({}, "http://127.0.0.1:8000", "10.0.0.7", False),
        ({"x-forwarded-for": "10.0.0.7"}, "http://127.0.0.1:8000", "127.0.0.1", False),
        ({"accept": "application/json"}, "http://127.0.0.1:8000", "127.0.0.1", False),
    ],
)
def test_the_demo_lets_in_only_who_sits_at_this_machine(
    tmp_path: Path, headers: dict[str, str], base_url: str, peer: str, inside: bool
) -> None:
    with open_site(tmp_path, demo_login=True) as site:
        client = TestClient(
            site.app, base_url, headers=HTML | headers, client=(peer, 5), follow_redirects=False
        )
        assert client.get("/cases").status_code == (200 if inside else 303)
        assert client.get("/api/v1/cases").status_code == (200 if inside else 401)


def test_a_session_of_the_demo_is_worth_nothing_without_it(tmp_path: Path) -> None:
    with open_site(tmp_path, demo_login=True) as site:
        client = TestClient(site.app, "http://127.0.0.1", headers=HTML, client=("127.0.0.1", 5))
        assert client.get("/cases").status_code == 200
        secret = client.cookies["jinmu"]
    with open_site(tmp_path) as site:
        client = site.visitor(cookie=f"jinmu={secret}")
        assert client.get("/api/v1/cases").status_code == 401


def test_metrics_are_read_on_this_machine_without_a_token(site: Site) -> None:
    here = TestClient(site.app, client=("127.0.0.1", 5))
    assert "jinmu_messages_total" in here.get("/metrics").text
    assert here.get("/metrics", headers={"x-forwarded-for": "10.1.1.1"}).status_code == 401
    assert site.visitor().get("/metrics").status_code == 401
