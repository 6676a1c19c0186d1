"""Every route of the application, and everybody who may ask for it."""

from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from central import auth
from central.auth.accounts import find_user
from central.auth.rights import USER_ROLES
from tests.central.events import incident_event, picture, ref, uid
from tests.central.site import Site

CALLERS = ("anon", "box", "read", "operate", "desk", "administrator")


def every_route(site: Site) -> set[tuple[str, str]]:
    """Method and path template of each route, however deep it is included; mounts read a file."""
    found: set[tuple[str, str]] = set()

    def walk(routes: list[Any], prefix: str) -> None:
        for route in routes:
            inner = getattr(route, "original_router", None)
            path = prefix + getattr(route, "path", "")
            if inner is not None:
                walk(inner.routes, prefix)
            elif hasattr(route, "methods"):
                found.update((method, path) for method in route.methods or ())
            else:  # a mounted folder
                found.update((method, f"{path}/{{file}}") for method in ("GET", "HEAD"))

    walk(list(site.app.routes), "")
    return found


@dataclass
class Cast:
    """One site with a case and its picture, and everybody who may ask."""

    site: Site
    case_no: str
    sha256: str
    jpeg: bytes
    appeal_no: str
    tokens: dict[str, TestClient]

    def caller(self, name: str, *, csrf: bool = True) -> TestClient:
        """Somebody with a session or token of their own; `csrf=False` leaves out the header."""
        if name == "anon":
            return self.site.visitor()
        if name in self.tokens:
            return self.tokens[name]
        with self.site.database.write() as session:
            user = find_user(session, f"u-{name}")
            assert user is not None
            new = auth.start_session(session, user, self.site.clock())
        client = self.site.visitor(**({"x-csrf-token": new.principal.csrf_token} if csrf else {}))
        client.cookies.set("jinmu", new.secret)
        return client

    def path(self, template: str) -> str:
        """The template with what really exists here."""
        values = {
            "case_no": self.case_no,
            "sha256": self.sha256,
            "action": "contact" if "appeal" in template else "confirm",
            "appeal_no": self.appeal_no,
            "say": "dismiss",
            "form": "json",
            "code": "fire_lane",
            "token": self.appeal_no,
            "file": "app.css",
            "number": "1",
            "name": "nobody",
            "site": "pujin",
            "box": "box-01",
            "stream": "gate-east",
            "incident_id": uid(1 << 24),
            "rate": "filing",
        }
        return template.format_map(values)


def make_cast(site: Site) -> Cast:
    """File a case, upload its picture, make the callers; streams end by themselves."""
    jpeg = picture("matrix")
    (case_no,) = site.file(incident_event(evidence=[ref(jpeg)]))
    tokens = {scope: site.program(scope) for scope in ("box", "read", "operate")}
    sha256 = ref(jpeg).sha256
    assert tokens["box"].put(f"/api/v1/evidence/{sha256}", content=jpeg).status_code == 201
    with site.database.write() as session:
        for role in USER_ROLES:
            auth.add_user(session, f"u-{role}", "correct horse battery", role, site.clock())
    appeal = {"kind": "qr", "text": "too loud", "contact": {"phone": "1"}}
    appeal_no = tokens["operate"].post("/api/v1/appeals", json=appeal).json()["appeal_no"]
    site.app.state.hub.close()
    return Cast(site, case_no, sha256, jpeg, appeal_no, tokens)
