"""Key figures of what really happened: from the log in the database, by API and on the page."""

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import func, select

from central import store, upgrade
from central.case_tables import CaseFactsTable, CaseTable
from central.db import WRITE, Database
from central.kpi.periods import period_of, scope_of
from central.kpi.report import Report, Wanted
from central.store.routes import grid_of
from central.town.importing import Author, make_example
from tests.central.events import NOW, SHANGHAI, incident_event, taken
from tests.central.lane import Lane, at
from tests.central.site import open_site
from tests.e2e.html import read

MONTH = "2026-11"


@pytest.fixture
def lane(database: Database) -> Lane:
    made = Lane(database)
    made.box()
    with made.write() as session:
        make_example(session, Author("test", made.now))
    return made


def figures(lane: Lane, clock: str, **wanted: str) -> Report:
    """The figures of the month with the log until a moment of the evening."""
    with lane.database.read() as session:
        return store.figures(session, scope_of(MONTH, SHANGHAI, at(clock)), Wanted(**wanted))


def counts(found: Report, name: str) -> tuple[int, int]:
    rate = found.rate(name)
    return int(rate.numerator), int(rate.denominator)


def accept_one(lane: Lane) -> None:
    """Warned, filed, accepted."""
    lane.sees("21:58:10", "warned")
    lane.sees("22:03:10", "confirmed", since="21:58:10")
    lane.does("22:06:00", "accept", org="property-jinyuan")


def handle_it(lane: Lane) -> None:
    """Too late for the red light, in time for the city, and seen to be clear."""
    lane.sees("22:50:00", "cleared", since="21:58:10")
    lane.does("22:51:00", "handle", org="property-jinyuan")
    lane.until("22:53:00")


def test_an_evening_gives_the_figures_that_a_person_would_count(lane: Lane) -> None:
    accept_one(lane)
    handle_it(lane)
    found = figures(lane, "23:00:00")
    assert found.errors == ()
    assert counts(found, "filing") == (1, 1)
    assert counts(found, "on_time") == (1, 1)
    assert counts(found, "red") == (1, 1)
    assert counts(found, "unaccepted") == (0, 1)
    assert counts(found, "cleared_on_site") == (1, 1)
    took = {one.name: one.median_s for one in found.durations}
    assert took["detected_to_filed"] == 300.0
    assert took["dispatched_to_accepted"] == 170.0
    with lane.database.read() as session:
        grid = grid_of(session, lane.place)
    assert grid
    for wanted in ({"scene": "fire_lane"}, {"lead": "property-jinyuan"}, {"grid": grid}):
        assert counts(figures(lane, "23:00:00", **wanted), "filing") == (1, 1), wanted
    assert counts(figures(lane, "23:00:00", scene="square_dance"), "filing") == (0, 0)


def test_what_happens_later_changes_nothing_of_an_earlier_look(lane: Lane) -> None:
    """The same log until the same moment gives the same bytes."""
    accept_one(lane)
    early = figures(lane, "22:10:00").to_json()
    handle_it(lane)
    assert figures(lane, "22:10:00").to_json() == early
    assert figures(lane, "23:00:00").to_json() != early


def test_nobody_accepting_is_seen_and_a_storm_is_no_alert(lane: Lane) -> None:
    with lane.write() as session:
        for n in range(12):
            since = NOW + timedelta(seconds=30 * n)
            event = incident_event(number=n + 1, incident=n + 1, camera="gate-east", since=since)
            store.merge(session, taken(event), NOW, SHANGHAI)
    found = figures(lane, "23:59:59")
    alerts, unaccepted = found.rate("alerts_per_camera_day"), found.rate("unaccepted")
    assert 0 < alerts.numerator < 12
    assert {mark.key[:2] for mark in alerts.marks} == {"FL"}
    assert alerts.denominator > 0
    assert unaccepted.numerator == unaccepted.denominator > 0
    assert counts(figures(lane, "23:59:59", source="system"), "filing") == (1, 1)


def test_a_period_before_or_after_has_nothing_of_it(lane: Lane) -> None:
    accept_one(lane)
    handle_it(lane)
    later = at("23:00:00") + timedelta(days=40)
    with lane.database.read() as session:
        for month in ("2026-10", "2026-12"):
            found = store.figures(session, scope_of(month, SHANGHAI, later))
            assert {int(rate.numerator) for rate in found.rates} == {0}, month


def quick(lane: Lane, month: str, **wanted: str) -> tuple[bytes, bytes]:
    """The figures with ended cases only counted, and those told from the log."""
    scope = scope_of(month, SHANGHAI, lane.now)
    with lane.database.read() as session:
        found = [
            store.figures(session, scope, Wanted(**wanted), with_marks=with_marks)
            for with_marks in (False, True)
        ]
    return found[0].to_json(with_marks=False), found[1].to_json(with_marks=False)


def settled(lane: Lane) -> int:
    """Let the ticker's work be done; how many cases are settled."""
    with lane.write() as session:
        store.settle_cases(session, lane.now)
    with lane.database.read() as session:
        assert not store.any_to_settle(session, lane.now)
        return session.scalar(select(func.count(CaseFactsTable.case_id))) or 0


def same(lane: Lane) -> None:
    """Figures with cases that are only counted are those told from the log, for any wish."""
    with lane.database.read() as session:
        grid = grid_of(session, lane.place)
    for month in ("2026-10", MONTH, "2026-12", "2026"):
        wishes = ({"scene": "fire_lane"}, {"lead": "nobody"}, {"source": "system"}, {"grid": grid})
        for wanted in ({}, *wishes):
            counted, told = quick(lane, month, **wanted)
            assert counted == told, (month, wanted)


def test_settled_cases_are_counted_as_their_logs_tell(lane: Lane) -> None:
    """Open or ended, touched again or not, in the month and beside it."""
    accept_one(lane)
    assert settled(lane) == 1
    same(lane)
    handle_it(lane)
    other = Lane(lane.database, "FL-0402", lane.now, _events=100)
    other.sees("22:54:00", "warned", 2, camera="gate-2")
    other.sees("22:59:00", "confirmed", 2, since="22:54:00", camera="gate-2")
    lane.now = other.now
    assert settled(lane) == 2
    same(lane)
    first = next(case.case_no for case in lane.cases() if case.place == lane.place)
    lane.does("23:05:00", "reopen", "desk", number=first)
    facts = select(CaseTable.case_no).join(CaseFactsTable, CaseFactsTable.case_id == CaseTable.id)
    with lane.database.read() as session:
        assert first not in session.scalars(facts).all()
    same(lane)


def test_figures_survive_every_step_to_an_older_version_and_back(lane: Lane) -> None:
    accept_one(lane)
    handle_it(lane)
    other = Lane(lane.database, "FL-0402", lane.now, _events=100)
    other.sees("22:54:00", "warned", 2, camera="gate-2")
    other.sees("22:59:00", "confirmed", 2, since="22:54:00", camera="gate-2")
    lane.now = other.now
    assert settled(lane) == 2
    before = quick(lane, MONTH)
    for revision in ("0010", "0009", "0008", "0007", "0006"):
        writing = lane.database.engine.connect().execution_options(**{WRITE: True})
        with writing as connection, connection.begin():
            command.downgrade(upgrade._config(connection), revision)
        upgrade.upgrade(lane.database)
        assert quick(lane, MONTH) == before, revision
        assert settled(lane) == 2
        assert quick(lane, MONTH) == before, revision
        with lane.database.read() as session:
            assert store.count_cases(session).all == 2


def test_a_deadline_that_passes_is_counted_at_once_and_told_anew(lane: Lane) -> None:
    """No row is written when the city's deadline passes before the timer: the figures know it."""
    accept_one(lane)
    assert settled(lane) == 1
    due_at = lane.cases()[0].deadlines.official_at
    assert due_at is not None
    for beside_s in (-1, 0, 1):
        lane.now = due_at + timedelta(seconds=beside_s)
        same(lane)
    with lane.database.read() as session:
        assert store.any_to_settle(session, lane.now)
    assert settled(lane) == 1
    same(lane)


def test_figures_by_api_and_on_the_page(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        (case_no,) = site.file(incident_event())
        program = site.program("read")
        query = {"period": MONTH, "counted": "true"}
        answer = program.get("/api/v1/kpi", params=query)
        assert answer.status_code == 200
        rates = {one["name"]: one for one in answer.json()["rates"]}
        assert rates["filing"]["counted"] == {case_no: 1}
        assert answer.content == program.get("/api/v1/kpi?counted=true").content
        assert program.get("/api/v1/kpi?period=2025").json()["errors"] == {}
        appeal = {"kind": "walk_in", "text": "too loud", "service_code": "square_dance"}
        made = site.program("operate").post("/api/v1/appeals", json=appeal).json()["appeal_no"]
        site.clock.forward(days=3)
        answer = program.get("/api/v1/kpi", params=query)
        rates = {one["name"]: one for one in answer.json()["rates"]}
        assert rates["contact"]["counted"] == {made: 0}
        moments = ("as_of=2026-11-24T00:00:00", "as_of=2026-11-24", "as_of=0.5")
        for wrong in ("period=2026-13", "period=x", "other=1", *moments):
            assert program.get(f"/api/v1/kpi?{wrong}").status_code == 422, wrong
        person, _ = site.person("leader")
        page = read(person.get(f"/kpi?period={MONTH}").text)
        assert "100.00 %" in page.one(id="rate-filing").text
        assert "–" in read(person.get("/kpi?period=2026-10").text).one(id="rate-filing").text


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
    ],
)
def test_a_period_is_of_the_calendar_of_the_place(name: str, begin: str, end: str) -> None:
    period = period_of(name, SHANGHAI)
    assert (f"{period.begin:%Y-%m-%d}", f"{period.end:%Y-%m-%d}") == (begin, end)
    assert period.begin.utcoffset() == timedelta(hours=8)
