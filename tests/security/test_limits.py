"""Every route times limited accounts: of another grid's and camera's things nothing is there.

The rows come from the matrix of rights, so a new route is asked here too. Two cases with all that
belongs to them are on the site; the limited may see the first one, by its grid or by its camera.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from central import auth, store
from central.auth.limiting import limit_token, limit_user
from central.intake import Sender, TakenState
from central.sight import Limits
from central.town.importing import Author, make_example
from edge.events import BoxState, StreamState
from tests.central.databases import Postgres
from tests.central.events import NOW, SHANGHAI, incident_event, picture, ref, taken, uid
from tests.central.site import PASSWORD, Site, open_site
from tests.security.test_matrix import MATRIX, OPEN
from tests.support import measured

DISTRICT = "310112123A"
LIMITS = {
    "grid": Limits(grids=(DISTRICT,)),
    "camera": Limits(cameras=("pujin/box-01/gate-east",)),
}
PEOPLE = ("desk", "administrator", "leader", "handler", "observer")
PROGRAMS = ("read", "operate")
CALLERS = [f"grid {who}" for who in (*PEOPLE, *PROGRAMS, "client")]
CALLERS += ["camera administrator", "camera operate"]


@dataclass(frozen=True)
class Thing:
    """A case and all that belongs to it."""

    incident: int
    box: str
    camera: str
    place: str
    case_no: str
    sha256: str
    appeal_no: str

    @property
    def needles(self) -> tuple[str, ...]:
        """What would tell that it exists."""
        return self.case_no, self.place, self.camera, self.sha256, self.appeal_no

    def path(self, template: str) -> str:
        values = {
            "case_no": self.case_no,
            "sha256": self.sha256,
            "action": "contact" if "appeal" in template else "accept",
            "appeal_no": self.appeal_no,
            "say": "dismiss",
            "form": "json",
            "code": "fire_lane",
            "token": self.appeal_no,
            "file": "app.css",
            "number": self.case_no if "open311" in template else "1",
            "site": "pujin",
            "box": self.box,
            "stream": self.camera,
            "incident_id": uid(self.incident << 24),
            "rate": "filing",
        }
        return template.format_map(values)


@dataclass(frozen=True)
class Town:
    """The site, what the limited may see, what they may not, and who asks."""

    site: Site
    mine: Thing
    other: Thing
    programs: dict[str, TestClient]

    def caller(self, name: str) -> TestClient:
        if name in self.programs:
            return self.programs[name]
        with self.site.database.write() as session:
            user = auth.accounts.find_user(session, name.replace(" ", "-"))
            assert user is not None
            new = auth.start_session(session, user, self.site.clock())
        client = self.site.visitor(**{"x-csrf-token": new.principal.csrf_token})
        client.cookies.set("jinmu", new.secret)
        return client


def thing(site: Site, incident: int, box: str, camera: str, place: str) -> Thing:
    """File a case, upload its picture, enter an appeal about it."""
    jpeg = picture(f"limits {incident}")
    event = incident_event(
        number=incident, incident=incident, box=box, camera=camera, place=place,
        evidence=[ref(jpeg)],
    )  # fmt: skip
    stream = StreamState(id=camera, name=f"{camera} name", up=True)
    state = BoxState(online=True, boot_id="b", streams=[stream])
    with site.database.write() as session:
        sender = Sender("pujin", box)
        store.save_state(session, TakenState(sender, state, False), NOW)
        case_no = store.merge(session, taken(event, sender), NOW, SHANGHAI).case_no
    assert case_no is not None
    sha256 = ref(jpeg).sha256
    uploader = site.program("box", f"up-{incident}")
    assert uploader.put(f"/api/v1/evidence/{sha256}", content=jpeg).status_code == 201
    appeal = {"kind": "qr", "text": f"about {place}", "case_no": case_no}
    program = site.program("operate", f"enters-{incident}")
    appeal_no = program.post("/api/v1/appeals", json=appeal).json()["appeal_no"]
    return Thing(incident, box, camera, place, case_no, sha256, appeal_no)


def make_programs(site: Site) -> dict[str, TestClient]:
    """Tokens with limits, and what OAuth gives for one of them."""
    found = {}
    for by, limits in LIMITS.items():
        for scope in PROGRAMS:
            found[f"{by} {scope}"] = site.program(scope, f"{by}-{scope}")
            with site.database.write() as session:
                limit_token(session, f"{by}-{scope}", limits, NOW)
        secret = found[f"{by} operate"].headers["authorization"].removeprefix("Bearer ")
        form = {
            "grant_type": "client_credentials",
            "client_id": f"{by}-operate",
            "client_secret": secret,
        }
        given = site.visitor().post("/oauth/token", data=form).json()["access_token"]
        found[f"{by} client"] = site.visitor(authorization=f"Bearer {given}")
    return found


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def town(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    changes: dict[str, Any] = {}
    if request.param == "postgres":
        cluster: Postgres = request.getfixturevalue("postgres")
        changes["database_url"] = cluster.new_database()
    with open_site(tmp_path_factory.mktemp("limits"), **changes) as site:
        with site.database.write() as session:
            make_example(session, Author("test", NOW))
        mine = thing(site, 1, "box-01", "gate-east", "FL-0317")
        other = thing(site, 2, "box-02", "gate-west", "FL-0511")
        with site.database.write() as session:
            for by, limits in LIMITS.items():
                for role in PEOPLE:
                    name = f"{by}-{role}"
                    auth.add_user(session, name, PASSWORD, role, NOW)  # type: ignore[arg-type]
                    limit_user(session, name, limits, NOW)
        programs = make_programs(site)
        site.app.state.hub.close()
        yield Town(site, mine, other, programs)
    if request.param == "postgres":
        cluster.drop_database(changes["database_url"])


NAMES_A_THING = ("{case_no}", "{appeal_no}", "{sha256}", "{token}", "{stream}", "requests/{number}")
ROWS = [(method, path, sent) for method, path, sent, _ in MATRIX if path not in OPEN]
IDS = [f"{method} {path}" for method, path, _ in ROWS]


@pytest.mark.parametrize(("method", "path", "sent"), ROWS, ids=IDS)
def test_what_lies_outside_of_the_limits_is_not_there(
    town: Town, method: str, path: str, sent: dict[str, Any]
) -> None:
    """404 for what is asked by name, never 403; and no list, count or page gives it away."""
    named = any(part in path for part in NAMES_A_THING)
    for name in CALLERS:
        answer = town.caller(name).request(method, town.other.path(path), **sent)
        mine = town.caller(name).request(method, town.mine.path(path), **sent)
        if named and mine.status_code != 403:
            assert answer.status_code == 404, (name, answer.text)
            assert mine.status_code != 404, (name, mine.text)
        else:
            assert answer.status_code == mine.status_code, name
        asked = town.other.path(path)
        for needle in town.other.needles:
            if needle not in asked:
                assert needle not in answer.text, (name, needle)
            assert needle not in mine.text, (name, needle)


def test_the_cells_are_counted(town: Town) -> None:
    measured(
        "rights by grid and camera: route × limited caller",
        f"{len(ROWS) * len(CALLERS)} cells, another grid's case in none",
        f"{len(ROWS)} routes × {', '.join(CALLERS)}",
    )


LISTS = (
    "/cases?status=all",
    "/api/v1/cases",
    "/api/v1/cases?q=FL",
    "/api/v1/incidents",
    "/api/v1/appeals",
    "/appeals",
    "/api/v1/changes",
    "/api/v1/cameras",
    "/cameras",
    "/kpi/filing",
    "/boxes",
    "/api/v1/boxes",
    "/api/v1/exports/cases.csv",
    "/tell",
    "/open311/v2/requests.json",
    "/open311/v2/requests.xml",
    "/open311/v2/servicerequestupdates.json",
)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("by", LIMITS)
def test_lists_show_what_lies_inside_and_nothing_else(town: Town, by: str, path: str) -> None:
    for who in ("administrator", "read"):
        if who == "read" and not path.startswith(("/api/", "/open311/")):
            continue
        answer = town.caller(f"{by} {who}").get(path)
        assert answer.status_code == 200
        assert any(needle in answer.text for needle in town.mine.needles), path
        assert not any(needle in answer.text for needle in town.other.needles), path


@pytest.mark.parametrize("by", LIMITS)
def test_counts_and_figures_are_those_of_a_town_without_the_other_case(town: Town, by: str) -> None:
    read = town.caller(f"{by} read")
    assert read.get("/api/v1/cases").json()["total"] == 1
    assert read.get("/api/v1/cases", params={"place": "FL-0511"}).json()["total"] == 0
    assert read.get("/api/v1/cases", params={"q": town.other.case_no}).json()["total"] == 0
    assert read.get("/api/v1/appeals").json()["total"] == 1
    kpi = read.get("/api/v1/kpi", params={"counted": True}).json()
    assert town.other.case_no not in json.dumps(kpi)
    per_day = next(one for one in kpi["rates"] if one["unit"] == "per_camera_day")
    assert per_day["numerator"] == 1
    page = town.caller(f"{by} leader").get("/parts/cases", params={"status": "all"})
    assert ">1<" in page.text
    assert ">2<" not in page.text


@pytest.mark.parametrize("by", LIMITS)
def test_neighbours_and_the_new_are_those_inside(town: Town, by: str) -> None:
    page = town.caller(f"{by} desk").get(f"/cases/{town.mine.case_no}?status=all")
    assert town.other.case_no not in page.text
    shown = {"status": "all", "shown": f"{town.mine.case_no},{town.other.case_no}"}
    part = town.caller(f"{by} desk").get("/parts/cases", params=shown)
    assert town.mine.case_no in part.text
    assert town.other.case_no not in part.text


@pytest.mark.parametrize("by", LIMITS)
def test_nothing_inside_is_joined_to_what_lies_outside(town: Town, by: str) -> None:
    desk = town.caller(f"{by} operate")
    case = desk.get(f"/api/v1/cases/{town.mine.case_no}").json()["case"]
    merge = {"version": case["version"], "case_no": town.other.case_no}
    refused = desk.post(f"/api/v1/cases/{town.mine.case_no}/actions/merge", json=merge)
    unknown = {"version": case["version"], "case_no": town.other.case_no[:-4] + "9999"}
    nobody = desk.post(f"/api/v1/cases/{town.mine.case_no}/actions/merge", json=unknown)
    assert (refused.status_code, refused.json()["code"]) == (409, "unknown_case")
    assert refused.json()["detail"].replace(town.other.case_no, "X") == nobody.json()[
        "detail"
    ].replace(unknown["case_no"], "X")
    appeal = {"kind": "qr", "text": "x", "case_no": town.other.case_no}
    answer = desk.post("/api/v1/appeals", json=appeal)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_such_case")
    link = {"version": 1, "value": town.other.case_no}
    linked = desk.post(f"/api/v1/appeals/{town.mine.appeal_no}/actions/link", json=link)
    assert (linked.status_code, linked.json()["code"]) == (409, "no_such_case")


def test_who_enters_an_appeal_sees_it_and_another_desk_does_not(town: Town) -> None:
    desk = town.caller("grid operate")
    made = desk.post("/api/v1/appeals", json={"kind": "walk_in", "text": "no place"})
    number = made.json()["appeal_no"]
    assert desk.get(f"/api/v1/appeals/{number}").status_code == 200
    assert town.caller("camera operate").get(f"/api/v1/appeals/{number}").status_code == 404


def test_a_signed_address_shows_what_its_owner_may_see_now(town: Town) -> None:
    with town.site.database.write() as session:
        auth.add_user(session, "narrowed", PASSWORD, "desk", NOW)
    client, csrf = town.site.sign_in("narrowed")
    path = f"/api/v1/evidence/{town.other.sha256}/links"
    url = client.post(path, json={}, headers={"x-csrf-token": csrf}).json()["url"]
    assert town.site.visitor().get(url).status_code == 200
    with town.site.database.write() as session:
        limit_user(session, "narrowed", LIMITS["grid"], NOW)
    assert town.site.visitor().get(url).status_code == 404
    assert client.get(f"/cases/{town.other.case_no}").status_code == 404


def test_a_picture_that_no_event_names_is_there_for_nobody_with_limits(town: Town) -> None:
    jpeg = picture("nameless")
    sha256 = ref(jpeg).sha256
    town.site.program("box", f"up-{NOW}"[:9]).put(f"/api/v1/evidence/{sha256}", content=jpeg)
    assert town.caller("grid read").get(f"/api/v1/evidence/{sha256}").status_code == 404


def test_the_feed_goes_on_behind_what_is_not_shown(town: Town) -> None:
    read = town.caller("camera read")
    seen, after = [], 0
    while True:
        answer = read.get("/api/v1/changes", params={"after": after, "limit": 2}).json()
        if answer["next"] == after:
            break
        seen += [one["subject"] for one in answer["items"]]
        after = answer["next"]
    assert set(seen) == {town.mine.case_no, town.mine.appeal_no}
    with town.site.database.read() as session:
        assert after == store.newest_change(session)


def test_an_account_without_limits_sees_both(town: Town) -> None:
    read = town.site.program("read", "sees-all")
    assert read.get("/api/v1/cases").json()["total"] == 2
    assert len(read.get("/api/v1/cameras").json()) == 2
    assert read.get("/metrics").status_code == 200
    assert town.caller("grid read").get("/metrics").status_code == 403
