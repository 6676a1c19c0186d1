"""The pages of key figures: what a figure is of, to what it is narrowed, and what stands behind."""

from pathlib import Path

import pytest

from central import store
from central.db import Database
from central.kpi.periods import scope_of
from central.kpi.report import Wanted
from central.town.importing import Author, make_example
from central.web.kpi import part_of
from tests.central.events import SHANGHAI, incident_event
from tests.central.lane import Lane
from tests.central.site import open_site
from tests.e2e.html import read

MONTH = "2026-11"
DISTRICT, EAST = "310112123A", "310112123B"


def test_a_figure_says_what_it_is_of_and_opens_to_its_cases(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        with site.database.write() as session:
            make_example(session, Author("test", site.clock()))
        (case_no,) = site.file(incident_event())
        appeal = {"kind": "walk_in", "text": "too loud", "service_code": "square_dance"}
        made = site.program("operate").post("/api/v1/appeals", json=appeal).json()["appeal_no"]
        site.clock.forward(minutes=1)
        person, _ = site.person("leader")
        page = read(person.get(f"/kpi?period={MONTH}").text)
        assert "全部案件和诉求，未抽样" in page.one(id="population").text
        assert "满意 1 · 基本满意 0.8" in page.one(id="rate-satisfied").text
        link = page.one(id="rate-filing").one("a").attributes["href"]
        rows = read(person.get(link).text).one(id="counted")
        assert [one.attributes["href"] for one in rows.all("a")] == [f"/cases/{case_no}"]
        solved = read(person.get("/kpi/solved").text)
        assert solved.one(id="counted").one("a").attributes["href"] == f"/appeals/{made}"
        assert "未回答" in solved.one(id="counted").text
        for grid, value in ((DISTRICT, "100.00 %"), (EAST, "–")):
            narrowed = read(person.get("/kpi", params={"grid": grid}).text)
            assert value in narrowed.one(id="rate-filing").text, grid
            json_link = next(a for a in narrowed.all("a") if a.text == "JSON").attributes["href"]
            assert f"grid={grid}" in json_link
        assert person.get("/kpi/filing?part=x&page=x&grid=!&source=y").status_code == 200
        assert person.get("/kpi/filing?page=7&part=met").status_code == 200
        assert person.get("/kpi/nothing").status_code == 404


@pytest.mark.parametrize("settled", [False, True])
def test_what_a_figure_opens_to_is_what_it_counts(database: Database, settled: bool) -> None:
    """For every figure: as many marks in each part as the figure says, settled or not."""
    lane = Lane(database)
    lane.box()
    with lane.write() as session:
        make_example(session, Author("test", lane.now))
    for n, place in enumerate((lane.place, "FL-0402", "LANE-3"), 1):
        one = Lane(database, place, lane.now, _events=100 * n)
        one.sees("21:58:10", "warned", n, camera=f"gate-{n}")
        one.sees("22:03:10", "confirmed", n, since="21:58:10", camera=f"gate-{n}")
        lane.now = one.now
    first, second, _ = (case.case_no for case in lane.cases())
    lane.does("22:05:00", "reject", "desk", number=first, reason="wrong_object")
    lane.does("22:06:00", "accept", number=second)
    lane.until("23:30:00")
    if settled:
        with lane.write() as session:
            assert store.settle_cases(session, lane.now) == 3
    scope = scope_of(MONTH, SHANGHAI, lane.now)
    for wanted in (Wanted(), Wanted(grid=DISTRICT), Wanted(lead="enforcement")):
        with lane.database.read() as session:
            for rate in store.figures(session, scope, wanted).rates:
                found, marks = store.open_rate(session, scope, wanted, rate.name)
                assert found.value == rate.value
                parts = [part_of(one) for one in marks]
                assert sum(one.worth for one in marks) == rate.numerator
                assert parts.count("left_out") == sum(n for _, n in rate.exclusions)
                keys = sorted(one.key.partition("#")[0] for one in marks)
                assert keys == sorted(one.key.partition("#")[0] for one in rate.marks), rate.name
