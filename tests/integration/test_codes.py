"""Event codes in a running central: a new mapping is in all that leaves, without a restart."""

import base64
import csv
import io
import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import event
from starlette.testclient import TestClient
from typer.testing import CliRunner

from central.cli import app
from central.db import Database
from central.export import BOM
from central.tell.book import Book
from central.town.importing import EXAMPLE_FOLDER, Author, make_example
from tests.central.events import NOW, incident_event
from tests.central.site import Site, open_site
from tests.e2e.html import read
from tests.e2e.test_case_facts import row
from tests.tell.desk import Desk
from tests.tell.servers import web

BEFORE = ("FL01", "0505", "机动车乱停放（示例）")
AFTER = ("FL01", "0912-1", "占用消防车通道")
NOTHING = ("", "", "")
NAMES = ("event_code", "district_code", "district_name")


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    with open_site(tmp_path, database_url=database_url) as made:
        yield made


def with_example(site: Site) -> None:
    with site.database.write() as session:
        make_example(session, Author("test", NOW))


def remap(site: Site, folder: Path, *options: str) -> str:
    """The district renames a code: an office imports its file beside the running server."""
    text = (EXAMPLE_FOLDER / "codes.csv").read_text("utf-8")
    old, new = (",".join(codes[1:]) for codes in (BEFORE, AFTER))
    assert old in text
    file = folder / "codes.csv"
    file.write_text(text.replace(old, new, 1), "utf-8")
    url = ["--database-url", site.app.state.settings.database]
    words = ["import", "codes", str(file), "--data-dir", str(folder), *url, *options]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.output


def said(values: Any) -> tuple[str, ...]:
    return tuple(values[name] for name in NAMES)


def in_json(site: Site, reader: TestClient, case_no: str) -> set[tuple[str, ...]]:
    (listed,) = reader.get("/api/v1/cases").json()["items"]
    return {said(listed), said(reader.get(f"/api/v1/cases/{case_no}").json()["case"])}


def in_files(reader: TestClient) -> set[tuple[str, ...]]:
    text = reader.get("/api/v1/exports/cases.csv").text.removeprefix(BOM)
    as_csv = list(csv.reader(io.StringIO(text)))
    book = load_workbook(io.BytesIO(reader.get("/api/v1/exports/cases.xlsx").content))
    assert book.active is not None
    as_xlsx = [[cell.value or "" for cell in line] for line in book.active.iter_rows()]
    found = set()
    for head, line in (as_csv, as_xlsx):
        found.add(said({name.split()[-1]: cell for name, cell in zip(head, line, strict=True)}))
    return found


def in_open311(reader: TestClient) -> set[tuple[str, ...]]:
    (request,) = reader.get("/open311/v2/requests.json").json()
    assert request["service_code"] == "fire_lane"
    tree = Tree.fromstring(reader.get("/open311/v2/requests.xml").content)
    more = tree.find("request/extended_attributes")
    assert more is not None
    as_xml = {part.tag: part.text or "" for part in more}
    return {said(request["extended_attributes"]), said(as_xml)}


@contextmanager
def hooked(database: Database) -> Iterator[Any]:
    """What a partner's webhook hears of all that waits in the outbox."""
    with web() as server:
        hook = {
            "name": "partner", "kind": "webhook", "url": f"{server.url}/in",
            "secrets": [f"whsec_{base64.b64encode(bytes(24)).decode()}"],
            "allow_networks": ["127.0.0.0/8"],
        }  # fmt: skip
        everybody = {party: [{"channel": "partner"}] for party in ("lead", "inform", "escalate")}
        desk = Desk(database, Book.model_validate({"channels": [hook], "parties": everybody}))

        def heard() -> set[tuple[str, ...]]:
            server.got.clear()
            desk.tell()
            sender = desk.sender("partner")
            desk.run(sender)
            sender.close()
            bodies = [got.json() for got in server.got]
            assert {body["specversion"] for body in bodies} == {"1.0"}
            return {said(one) for body in bodies for one in body["data"]["messages"]}

        yield heard


def test_a_new_mapping_is_in_all_that_leaves_without_a_restart(site: Site, tmp_path: Path) -> None:
    with_example(site)
    reader = site.program("read")
    (case_no,) = site.file(incident_event())

    def leaving() -> set[tuple[str, ...]]:
        return in_json(site, reader, case_no) | in_files(reader) | in_open311(reader)

    with hooked(site.database) as heard:
        assert heard() == {BEFORE}
        assert leaving() == {BEFORE}
        plan = remap(site, tmp_path, "--dry-run")
        assert "    区级编码 (district_code): 0505 → 0912-1\n" in plan
        assert "codes: 0 added, 1 changed, 0 removed, 7 unchanged" in plan
        assert leaving() == {BEFORE}
        assert "town version 8" in remap(site, tmp_path)
        assert leaving() == {AFTER}
        site.file(incident_event(number=2, incident=2))
        assert heard() == {AFTER}


def test_a_worse_case_leaves_with_the_worse_ones_code(site: Site) -> None:
    with_example(site)
    (case_no,) = site.file(incident_event())
    site.file(incident_event("ongoing", 3, number=2, severity="blocked"))
    found = in_json(site, site.program("read"), case_no)
    assert found == {("FL02", "0505", "机动车乱停放（示例）")}


def test_a_town_without_codes_leaves_them_empty(site: Site) -> None:
    reader = site.program("read")
    (case_no,) = site.file(incident_event())
    assert in_json(site, reader, case_no) == in_files(reader) == in_open311(reader) == {NOTHING}
    with hooked(site.database) as heard:
        assert heard() == {NOTHING}
    desk, _ = site.person()
    assert row(read(desk.get(f"/cases/{case_no}?lang=zh").text), "事件编码") == "未对应"


def test_the_page_says_both_codes_and_what_is_not_mapped(site: Site, tmp_path: Path) -> None:
    with_example(site)
    (case_no,) = site.file(incident_event())
    (storm,) = site.file(incident_event(number=2, incident=2, scene="facility", place="SG-01"))
    desk, _ = site.person()

    def on_page(number: str, language: str = "zh") -> str:
        name = {"zh": "事件编码", "en": "Event code"}[language]
        return row(read(desk.get(f"/cases/{number}?lang={language}").text), name)

    assert on_page(case_no) == "FL01 · 区级编码 0505 机动车乱停放（示例）"
    assert on_page(storm) == "PF03 · 区级编码 未对应"
    assert on_page(storm, "en") == "PF03 · district code not mapped"
    before = desk.get(f"/parts/cases/{case_no}").text
    remap(site, tmp_path)
    assert on_page(case_no) == "FL01 · 区级编码 0912-1 占用消防车通道"
    assert desk.get(f"/parts/cases/{case_no}").text != before


def test_appeals_leave_by_open311_with_the_code_of_their_kind(site: Site) -> None:
    with_example(site)
    desk = site.program("operate")
    for kind, service in (("qr", "other"), ("110", "square_dance"), ("walk_in", "fire_lane")):
        body = {"kind": kind, "service_code": service, "text": "x"}
        assert desk.post("/api/v1/appeals", json=body).status_code == 201
    found = desk.get("/open311/v2/requests.json").json()
    assert {one["service_code"]: one["extended_attributes"]["event_code"] for one in found} == {
        "other": "ZX01",
        "square_dance": "NP01",
        "fire_lane": "",
    }


def test_codes_are_looked_up_once_whatever_the_length_of_a_list(site: Site) -> None:
    with_example(site)
    for number in range(1, 9):
        site.file(incident_event(number=number, incident=number))
    reader = site.program("read")
    asked: list[str] = []
    engine = site.database.engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def looks(path: str) -> int:
        asked.clear()
        assert reader.get(path).status_code == 200
        return sum("town_versions" in statement for statement in asked)

    for path in ("/api/v1/cases?size=8", "/api/v1/exports/cases.csv", "/open311/v2/requests.json"):
        assert looks(path) <= 2  # codes and places, each once
