"""Places where it happens again and again: which count, who sees them, and by which index."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text

from central import store
from central.case_tables import CaseTable
from central.db import Database
from central.sight import Asker, Limits
from tests.central.events import NOW, incident_event
from tests.central.nearby import town_site
from tests.central.site import Site
from tests.e2e.html import read

DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """One case at FL-0317, filed now."""
    with town_site(tmp_path, database_url) as made:
        made.file(incident_event(place="FL-0317"))
        yield made


def add(site: Site, count: int, place: str = "FL-0317", **more: Any) -> None:
    """So many more cases like the first one, a day apart."""
    with site.database.write() as session:
        columns = [one for one in CaseTable.__table__.columns if one.name != "id"]
        first = dict(session.execute(select(*columns)).mappings().first() or {})
        start = len(session.scalars(select(CaseTable.id)).all())
        rows = []
        for n in range(count):
            own = {"case_no": f"FL-20260101-{start + n:05d}", "origin": f"o-{start + n}"}
            filed = {"filed_at": NOW - n * DAY, "since": NOW - n * DAY, "place": place}
            rows.append(first | own | filed | more)
        session.execute(insert(CaseTable), rows)


def found(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(one.place, one.cases) for one in store.hotspots(session, NOW)]


def test_five_cases_in_thirty_days_make_a_hotspot(site: Site) -> None:
    add(site, 3)
    assert found(site.database) == []
    add(site, 1, lead="enforcement", filed_at=NOW - 2 * DAY)
    assert found(site.database) == [("FL-0317", 5)]
    add(site, 6, "FL-0511")
    assert found(site.database) == [("FL-0511", 6), ("FL-0317", 5)]
    with site.database.read() as session:
        one = store.hotspots(session, NOW)[1]
    assert (one.lead, one.lead_name) == ("property-jinyuan", "锦苑物业")
    assert (one.first_at, one.last_at) == (NOW - 2 * DAY, NOW)
    assert one.place_name


@pytest.mark.parametrize(
    "more",
    [
        {"state": "void"},
        {"state": "merged"},
        {"scene": "device"},
        {"filed_at": NOW - 31 * DAY},
        {"filed_at": NOW + DAY},
    ],
)
def test_what_was_none_or_is_long_ago_does_not_count(site: Site, more: dict[str, Any]) -> None:
    add(site, 3)
    add(site, 9, **more)
    assert found(site.database) == []


def test_only_seen_cases_are_counted(site: Site) -> None:
    add(site, 4)
    add(site, 6, "FL-0511")
    west = site.database.asked_by(Asker("li", Limits(grids=("310112123A",))))
    assert found(west) == [("FL-0317", 5)]
    assert found(site.database.asked_by(Asker("li", Limits()))) == []


def test_the_page_and_the_json_say_the_same(site: Site) -> None:
    reader, (person, _) = site.program("read"), site.person("leader")
    assert reader.get("/api/v1/hotspots").json()["items"] == []
    assert "没有反复发生" in person.get("/hotspots").text
    add(site, 4)
    (one,) = reader.get("/api/v1/hotspots").json()["items"]
    assert (one["place"], one["cases"], one["lead"]) == ("FL-0317", 5, "property-jinyuan")
    page = read(person.get("/hotspots").text)
    row = page.one("table", id="hotspots").one("tbody").one("tr")
    links = [link.attributes["href"] for link in row.all("a")]
    assert links == ["/cases?status=all&place=FL-0317", f"/cases/{one['last_no']}"]
    assert "5" in row.text
    assert "车牌" in page.text
    assert "/hotspots" in person.get("/kpi").text
    assert person.get(links[0]).status_code == 200


def test_no_million_is_read_through(site: Site) -> None:
    for n in range(60):
        add(site, 100, f"OLD-{n}", filed_at=NOW - (40 + n) * DAY)
    add(site, 4)
    database, asked = site.database, list[tuple[str, Any]]()
    if not database.is_sqlite:
        with database.engine.connect() as connection, connection.begin():
            connection.execute(text("ANALYZE"))

    def hear(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if "FROM cases" in statement:
            asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", hear)
    assert found(database) == [("FL-0317", 5)]
    event.remove(database.engine, "before_cursor_execute", hear)
    ((statement, values),) = asked
    how = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"{how} {statement}", values).all())
    assert "Seq Scan on cases" not in plan, plan
    assert "SCAN cases" not in plan, plan
    assert "ix_cases_filed_at_id" in plan, plan
