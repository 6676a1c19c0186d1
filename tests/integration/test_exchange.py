"""Export for spreadsheets, and tokens for an hour."""

import base64
import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from central import auth, store
from central.api.export import _pages
from central.cases.standing import Deadlines
from central.db import Database
from central.export import BOM, COLUMNS, STARTS_FORMULA, as_xlsx, harmless
from central.store import Case
from tests.central.events import NOW, SHANGHAI, incident_event, taken
from tests.central.site import Site, open_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as made:
        yield made


def file_some(site: Site, count: int) -> list[str]:
    numbers = []
    for n in range(1, count + 1):
        numbers += site.file(incident_event(number=n, incident=n))
    return numbers


def test_csv_holds_every_case_once_and_the_filter_counts(site: Site) -> None:
    numbers = file_some(site, 7)
    reader = site.program("read")
    answer = reader.get("/api/v1/exports/cases.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('-20261124-1410.csv"')
    assert answer.text.startswith(BOM)
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix(BOM))))
    assert rows[0] == [title for title, _ in COLUMNS]
    assert [row[0] for row in rows[1:]] == numbers[::-1]
    assert rows[1][10] == "2026-11-24T21:58:00+08:00"
    first = dict(zip(rows[0], rows[1], strict=True))
    official = datetime.fromisoformat(first["处置时限 official_at"])
    assert official - datetime.fromisoformat(first["立案 filed_at"]) == timedelta(hours=2)
    shown = [first[name] for name in ("红灯 red", "办结 ended_at", "催办级别 level")]
    assert shown == ["False", "", "0"]
    none = reader.get("/api/v1/exports/cases.csv?status=judged").text
    assert len(none.splitlines()) == 1


def test_pages_of_an_export_join_without_a_gap(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.api.export.PAGE_SIZE", 3)
    numbers = file_some(site, 7)
    text = site.program("read").get("/api/v1/exports/cases.csv").text
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == numbers[::-1]


def test_an_export_is_one_look_whatever_is_filed_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.api.export.PAGE_SIZE", 2)

    def file_one(number: int) -> None:
        event = incident_event(number=number, incident=number)
        with database.write() as session:
            store.merge(session, taken(event), NOW, SHANGHAI)

    for number in range(1, 6):
        file_one(number)
    seen = []
    for number, page in enumerate(_pages(database, store.CaseFilter()), start=10):
        seen += [case.case_no for case in page]
        file_one(number)
    assert seen == [f"FL-20261124-000{n}" for n in (5, 4, 3, 2, 1)]


def test_xlsx_holds_the_same_and_the_export_is_audited(site: Site) -> None:
    numbers = file_some(site, 3)
    answer = site.program("read").get("/api/v1/exports/cases.xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[0] for row in rows[1:]] == numbers[::-1]
    assert rows[1][13] == 300.0
    with site.database.read() as session:
        (row, *_) = store.list_audit(session)
    assert (row.action, row.subject) == ("exported", "cases.xlsx")


@pytest.mark.parametrize(
    "evil",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u3000=1", "＝1", "＋1", "－1", "＠x",
     '=HYPERLINK("http://a","b")', "=cmd|' /C calc'!A0"],
)  # fmt: skip
def test_no_cell_is_a_formula(evil: str) -> None:
    assert harmless(evil) == f"'{evil}"
    sheet = load_workbook(io.BytesIO(as_xlsx([[case(stream_name=evil)]], SHANGHAI))).active
    assert sheet is not None
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


@given(st.text())
def test_what_a_cell_says_stays_readable(text: str) -> None:
    made = harmless(text)
    assert made in (text, f"'{text}")
    assert not made.startswith(STARTS_FORMULA)


def test_control_characters_do_not_break_a_workbook() -> None:
    sheet = load_workbook(io.BytesIO(as_xlsx([[case(stream_name="a\x0bb")]], SHANGHAI))).active
    assert sheet is not None
    assert sheet["G2"].value == "a\ufffdb"


def case(**changes: Any) -> Case:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    values: dict[str, Any] = dict.fromkeys(Case.__slots__, "x")
    values |= {"since": at, "filed_at": at, "cleared_at": None, "dwell_s": 1.0, "observed_s": 1.0}
    values |= {"ended_at": None, "deadlines": Deadlines()}
    return Case(**(values | changes))


def ask(site: Site, secret: str, name: str = "partner", **form: str) -> Any:
    given = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret}
    return site.visitor().post("/oauth/token", data=given | form)


def lasting(site: Site, scope: auth.Scope = "operate", name: str = "partner") -> str:
    with site.database.write() as session:
        return auth.create_token(session, name, scope, site.clock())


def test_a_program_gets_a_token_for_an_hour(site: Site) -> None:
    secret = lasting(site)
    answer = ask(site, secret)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "operate")
    assert answer.headers["cache-control"] == "no-store"
    program = site.visitor(authorization=f"Bearer {body['access_token']}")
    assert program.get("/api/v1/cases").status_code == 200
    assert program.get(f"/open311/v2/services.json?api_key={body['access_token']}").is_success
    site.clock.forward(seconds=3599)
    assert program.get("/api/v1/cases").status_code == 200
    site.clock.forward(seconds=2)
    assert program.get("/api/v1/cases").status_code == 401
    for path in Path(site.app.state.settings.data_dir).glob("jinmu.db*"):
        assert body["access_token"].encode() not in path.read_bytes()


def test_what_a_token_may_is_never_more_and_ends_with_its_owner(site: Site) -> None:
    secret = lasting(site)
    narrow = ask(site, secret, scope="read").json()["access_token"]
    program = site.visitor(authorization=f"Bearer {narrow}")
    body = {"kind": "qr", "text": "x"}
    assert program.post("/api/v1/appeals", json=body).status_code == 403
    wide = ask(site, lasting(site, "read", "reader"), "reader", scope="operate")
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
    with site.database.write() as session:
        auth.revoke_token(session, "partner", site.clock())
    assert program.get("/api/v1/cases").status_code == 401
    assert ask(site, secret).json()["error"] == "invalid_client"


def test_a_client_may_name_itself_by_basic(site: Site) -> None:
    secret = lasting(site)
    coded = base64.b64encode(f"partner:{secret}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    client = site.visitor(authorization=f"Basic {coded}")
    assert client.post("/oauth/token", data=form).status_code == 200
    for wrong in ("Basic !", "Basic ", "Basic " + base64.b64encode(b"\xff:").decode()):
        answer = site.visitor(authorization=wrong).post("/oauth/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"] == "Basic"


@pytest.mark.parametrize(
    ("name", "scope", "form", "error", "status"),
    [
        ("somebody", "operate", {}, "invalid_client", 401),
        ("partner", "box", {}, "unauthorized_client", 400),
        ("partner", "operate", {"grant_type": "password"}, "unsupported_grant_type", 400),
        ("partner", "operate", {"grant_type": ""}, "invalid_request", 400),
        ("partner", "operate", {"scope": "administrator"}, "invalid_scope", 400),
        ("partner", "operate", {"scope": "read\x00"}, "invalid_request", 400),
    ],
)
def test_refusals_are_those_of_the_standard(
    site: Site, name: str, scope: auth.Scope, form: dict[str, str], error: str, status: int
) -> None:
    answer = ask(site, lasting(site, scope), name, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_access_token_buys_no_further_one(site: Site) -> None:
    first = ask(site, lasting(site)).json()["access_token"]
    assert ask(site, first).json()["error"] == "invalid_client"
