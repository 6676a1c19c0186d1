"""Every route times everybody: exactly the status that is declared here (goal B3).

The rows are compared with the routes of the application, so a new route without a row fails, and
so does a row whose route is gone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from central.headers import CSP
from tests.central.site import open_site
from tests.security.routes import CALLERS, Cast, every_route, make_cast
from tests.support import measured

FIRST_CASE = {"number": "FL-20261124-0001"}
LATE = {"version": 999}  # nobody has seen this version: allowed callers are told so, 409
HANDLED = {"files": {"version": (None, "999")}}
WHY = {"json": {"reason": "x"}}
Row = tuple[str, str, dict[str, Any], tuple[int, int, int, int, int, int]]

# fmt: off
MATRIX: list[Row] = [
    # method, path, what is sent, (anon, box, read, operate, desk, administrator)
    ("GET", "/", {}, (303, 403, 403, 403, 303, 303)),
    ("GET", "/account", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/boxes", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/cameras", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/kpi", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/kpi/{rate}", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/hotspots", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/shadow", {}, (303, 403, 403, 403, 200, 200)),
    # its camera files by itself, so nobody is asked about it
    ("POST", "/shadow/{incident_id}/verdict", {"data": {"verdict": "true"}},
     (401, 403, 403, 403, 404, 404)),
    ("POST", "/cameras/mode", {"data": {"mode": "x"}}, (401, 403, 403, 403, 403, 422)),
    ("GET", "/cases", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/cases/new", {}, (303, 403, 403, 403, 200, 200)),
    ("POST", "/cases/new", {"data": {"place": "x"}}, (401, 403, 403, 403, 422, 422)),
    ("GET", "/cases/{case_no}", {}, (303, 403, 403, 403, 200, 200)),
    ("POST", "/cases/{case_no}/verdict", {"data": {"action": "confirm", "version": "999"}},
     (401, 403, 403, 403, 409, 409)),
    ("POST", "/cases/{case_no}/handled", HANDLED, (401, 403, 403, 403, 409, 409)),
    ("POST", "/cases/{case_no}/hold", {"data": {"action": "hold", "reason": "x"}},
     (401, 403, 403, 403, 403, 303)),
    ("GET", "/parts/boxes", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/parts/cases", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/parts/cases/{case_no}", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/parts/cases/{case_no}/level", {}, (303, 403, 403, 403, 200, 200)),
    ("GET", "/tell", {}, (303, 403, 403, 403, 200, 200)),
    ("POST", "/tell/retry", {"data": {"number": "x"}}, (401, 403, 403, 403, 422, 422)),
    ("GET", "/appeals", {}, (303, 403, 403, 403, 200, 200)),
    ("POST", "/appeals", {"data": {"text": ""}}, (401, 403, 403, 403, 422, 422)),
    ("GET", "/appeals/{appeal_no}", {}, (303, 403, 403, 403, 200, 200)),
    ("POST", "/appeals/{appeal_no}/act", {"data": {"action": "x"}},
     (401, 403, 403, 403, 422, 422)),
    ("POST", "/cases/{case_no}/suggestions", {"data": {"action": "x"}},
     (401, 403, 403, 403, 422, 422)),
    ("POST", "/appeals/{appeal_no}/suggestions", {"data": {"action": "x"}},
     (401, 403, 403, 403, 422, 422)),
    ("GET", "/quarantine", {}, (303, 403, 403, 403, 200, 200)),
    ("POST", "/quarantine/retry", {"data": {"number": "x"}}, (401, 403, 403, 403, 422, 422)),
    ("POST", "/logout", {}, (401, 403, 403, 403, 303, 303)),
    ("POST", "/logout/everywhere", {}, (401, 403, 403, 403, 303, 303)),
    # open to everybody, and harmless
    ("GET", "/healthz", {}, (200, 200, 200, 200, 200, 200)),
    ("GET", "/login", {}, (200, 303, 303, 303, 303, 303)),
    ("POST", "/login", {"data": {"name": "x", "password": "y"}}, (401, 401, 401, 401, 401, 429)),
    ("GET", "/setup", {}, (403, 403, 403, 403, 403, 403)),
    ("POST", "/setup", {}, (403, 403, 403, 403, 403, 403)),
    ("POST", "/oauth/token", {"data": {"grant_type": "client_credentials"}},
     (401, 401, 401, 401, 401, 401)),
    ("GET", "/static/{file}", {}, (200, 200, 200, 200, 200, 200)),
    ("HEAD", "/static/{file}", {}, (200, 200, 200, 200, 200, 200)),
    # programs
    ("GET", "/api/v1/boxes", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/cameras", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/cameras/{site}/{box}/{stream}/mode", {"json": {"mode": "auto"}},
     (401, 403, 403, 403, 403, 200)),
    ("GET", "/api/v1/kpi", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/hotspots", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/cases", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/cases", {"json": {}}, (401, 403, 403, 422, 422, 422)),
    ("GET", "/api/v1/cases/{case_no}", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/cases/{case_no}/package", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/cases/{case_no}/package.zip", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/cases/{case_no}/hold", WHY, (401, 403, 403, 403, 403, 204)),
    ("POST", "/api/v1/cases/{case_no}/release", WHY, (401, 403, 403, 403, 403, 204)),
    ("POST", "/api/v1/cases/{case_no}/actions/{action}", {"json": LATE},
     (401, 403, 403, 409, 409, 409)),
    ("POST", "/api/v1/cases/{case_no}/handled", HANDLED, (401, 403, 403, 409, 409, 409)),
    ("GET", "/api/v1/appeals", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/appeals", {"json": {"kind": "fax"}}, (401, 403, 403, 422, 422, 422)),
    ("GET", "/api/v1/appeals/{appeal_no}", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/appeals/{appeal_no}/actions/{action}", {"json": LATE},
     (401, 403, 403, 409, 409, 409)),
    ("GET", "/api/v1/cases/{case_no}/suggestions", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/appeals/{appeal_no}/suggestions", {}, (401, 403, 200, 200, 200, 200)),
    # a case is no pair with itself; an appeal and a case are one
    ("POST", "/api/v1/cases/{case_no}/suggestions/{say}", {"json": FIRST_CASE},
     (401, 403, 403, 409, 409, 409)),
    ("POST", "/api/v1/appeals/{appeal_no}/suggestions/{say}", {"json": FIRST_CASE},
     (401, 403, 403, 200, 200, 200)),
    ("GET", "/api/v1/changes", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/exports/cases.csv", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/exports/cases.xlsx", {}, (401, 403, 200, 200, 200, 200)),
    # Open311: 403 is its word for a missing key
    ("GET", "/open311/v2/discovery.{form}", {}, (200, 200, 200, 200, 200, 200)),
    ("GET", "/open311/v2/services.{form}", {}, (200, 200, 200, 200, 200, 200)),
    ("GET", "/open311/v2/services/{code}.{form}", {}, (200, 200, 200, 200, 200, 200)),
    ("GET", "/open311/v2/requests.{form}", {}, (403, 403, 200, 200, 200, 200)),
    ("GET", "/open311/v2/requests/{number}.{form}", {}, (403, 403, 404, 404, 404, 404)),
    ("GET", "/open311/v2/tokens/{token}.{form}", {}, (403, 403, 200, 200, 200, 200)),
    ("GET", "/open311/v2/servicerequestupdates.{form}", {}, (403, 403, 200, 200, 200, 200)),
    ("POST", "/open311/v2/requests.{form}", {}, (403, 403, 403, 400, 400, 400)),
    ("POST", "/open311/v2/servicerequestupdates.{form}", {}, (403, 403, 403, 400, 400, 400)),
    ("GET", "/api/v1/incidents", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/quarantine", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/quarantine/{number}/retry", {}, (401, 403, 403, 403, 404, 404)),
    ("GET", "/api/v1/openapi.json", {}, (401, 403, 200, 200, 200, 200)),
    ("HEAD", "/api/v1/openapi.json", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/events", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/metrics", {}, (401, 403, 200, 200, 200, 200)),
    # pictures: boxes put, people see what was encoded anew, the original has a right of its own
    ("GET", "/api/v1/evidence/{sha256}", {}, (401, 403, 200, 200, 403, 200)),
    ("HEAD", "/api/v1/evidence/{sha256}", {}, (401, 200, 200, 200, 403, 200)),
    ("PUT", "/api/v1/evidence/{sha256}", {"content": b"no picture"},
     (401, 422, 403, 403, 403, 403)),
    ("GET", "/api/v1/evidence/{sha256}/shown", {}, (401, 403, 200, 200, 200, 200)),
    ("GET", "/api/v1/evidence/{sha256}/thumbnail", {}, (401, 403, 200, 200, 200, 200)),
    ("POST", "/api/v1/evidence/{sha256}/links", {"json": {}}, (401, 403, 201, 201, 201, 201)),
]
# fmt: on
IDS = [f"{method} {path}" for method, path, _, _ in MATRIX]
SERVICES = ("discovery.{form}", "services.{form}", "services/{code}.{form}")
OPEN = (
    *("/healthz", "/login", "/setup", "/static/{file}", "/oauth/token"),
    *(f"/open311/v2/{name}" for name in SERVICES),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with open_site(tmp_path_factory.mktemp("matrix")) as site:
        yield make_cast(site)


def test_every_route_has_its_row_and_every_row_its_route(cast: Cast) -> None:
    rows = {(method, path) for method, path, _, _ in MATRIX}
    assert len(rows) == len(MATRIX)
    missing, gone = every_route(cast.site) - rows, rows - every_route(cast.site)
    assert not missing, f"add a row to MATRIX for {sorted(missing)}"
    assert not gone, f"take the rows of {sorted(gone)} out"
    measured(
        "rights: route × caller",
        f"{len(MATRIX) * len(CALLERS)} cells, each as declared",
        f"{len(MATRIX)} routes (API, pages, pictures, SSE) × {', '.join(CALLERS)}",
    )


def test_every_operation_of_the_openapi_has_its_row(cast: Cast) -> None:
    paths = cast.caller("read").get("/api/v1/openapi.json").json()["paths"]
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert len(told) > 10
    assert told <= {(method, path) for method, path, _, _ in MATRIX}


@pytest.mark.parametrize(("method", "path", "sent", "expected"), MATRIX, ids=IDS)
def test_everybody_gets_exactly_what_is_declared(
    cast: Cast, method: str, path: str, sent: dict[str, Any], expected: tuple[int, ...]
) -> None:
    got = [
        cast.caller(name).request(method, cast.path(path), **sent).status_code for name in CALLERS
    ]
    assert dict(zip(CALLERS, got, strict=True)) == dict(zip(CALLERS, expected, strict=True))


ADMINISTRATION = {
    ("POST", "/shadow/{incident_id}/verdict"),
    ("POST", "/quarantine/retry"),
    ("POST", "/api/v1/quarantine/{number}/retry"),
    ("POST", "/tell/retry"),
    ("GET", "/cases/new"),
    ("POST", "/cases/new"),
    ("POST", "/api/v1/cases"),
    ("POST", "/appeals"),
    ("POST", "/api/v1/appeals"),
    ("POST", "/open311/v2/requests.{form}"),
    ("POST", "/open311/v2/servicerequestupdates.{form}"),
}
ACTING = {
    ("POST", "/appeals/{appeal_no}/act"),
    ("POST", "/api/v1/appeals/{appeal_no}/actions/{action}"),
    ("POST", "/cases/{case_no}/verdict"),
    ("POST", "/cases/{case_no}/handled"),
    ("POST", "/api/v1/cases/{case_no}/handled"),
    ("POST", "/cases/{case_no}/suggestions"),
    ("POST", "/appeals/{appeal_no}/suggestions"),
    ("POST", "/api/v1/cases/{case_no}/suggestions/{say}"),
    ("POST", "/api/v1/appeals/{appeal_no}/suggestions/{say}"),
    ("POST", "/api/v1/cases/{case_no}/actions/{action}"),
}
# What a leader may do and the desk may not.
LEADING = {
    ("POST", "/cases/{case_no}/hold"),
    ("POST", "/api/v1/cases/{case_no}/hold"),
    ("POST", "/api/v1/cases/{case_no}/release"),
}


@pytest.mark.parametrize(("method", "path", "sent", "expected"), MATRIX, ids=IDS)
def test_who_works_on_cases_reaches_what_the_desk_does_but_its_tools(
    cast: Cast, method: str, path: str, sent: dict[str, Any], expected: tuple[int, ...]
) -> None:
    if path in OPEN:
        return
    desk = 403 if (method, path) in ADMINISTRATION else expected[CALLERS.index("desk")]
    wanted = dict.fromkeys(("dispatcher", "handler", "verifier", "leader"), desk)
    if (method, path) in LEADING:
        wanted["leader"] = expected[CALLERS.index("administrator")]
    wanted["observer"] = 403 if (method, path) in ACTING else desk
    got = {
        role: cast.caller(role).request(method, cast.path(path), **sent).status_code
        for role in wanted
    }
    assert got == wanted


@pytest.mark.parametrize(("method", "path", "sent", "expected"), MATRIX, ids=IDS)
def test_a_sessions_change_needs_its_csrf_token(
    cast: Cast, method: str, path: str, sent: dict[str, Any], expected: tuple[int, ...]
) -> None:
    if method in ("GET", "HEAD") or path in OPEN:
        return
    for name in ("desk", "administrator"):
        answer = cast.caller(name, csrf=False).request(method, cast.path(path), **sent)
        assert answer.status_code == 403, (name, answer.text)


@pytest.mark.parametrize("path", sorted({path for _, path, _, _ in MATRIX}))
def test_methods_that_a_route_does_not_have_are_refused(cast: Cast, path: str) -> None:
    declared = {method for method, route, _, _ in MATRIX if route == path}
    for method in sorted(set(METHODS) - declared):
        for name in CALLERS:
            answer = cast.caller(name).request(method, cast.path(path))
            assert answer.status_code in (303, 401, 403, 404, 405), (method, name)
            if name == "anon" and path not in OPEN:
                refused = (403,) if path.startswith("/open311/") else (303, 401)
                assert answer.status_code in refused, (method, name)


@pytest.mark.parametrize(("method", "path", "sent", "expected"), MATRIX, ids=IDS)
def test_security_headers_stand_on_every_answer(
    cast: Cast, method: str, path: str, sent: dict[str, Any], expected: tuple[int, ...]
) -> None:
    for name in CALLERS:
        check_headers(cast.caller(name).request(method, cast.path(path), **sent).headers)


def check_headers(headers: Any) -> None:
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] in ("no-store", "no-cache", "private, no-cache")
    assert "server" not in headers


def test_the_policy_allows_no_inline_script_style_frame_or_foreign_source() -> None:
    assert "unsafe" not in CSP
    assert "http" not in CSP
    for needed in ("default-src 'self'", "frame-ancestors 'none'", "object-src 'none'"):
        assert needed in CSP


def test_a_crash_of_ours_is_answered_with_the_headers_and_without_a_trace(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        site.person("desk")
        client, _ = site.sign_in("desk")
        careful = TestClient(site.app, raise_server_exceptions=False, cookies=client.cookies)
        site.app.state.now = lambda: None  # a fault of the program: the route will raise
        answer = careful.get("/api/v1/kpi")
    assert answer.status_code == 500
    assert answer.json() == {"code": "failed", "detail": "an error of the server"}
    check_headers(answer.headers)
