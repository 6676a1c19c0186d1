"""Lists of cases: exact totals from the tally, pages from both ends, dates, texts."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from central import store
from central.case_tables import CaseTallyTable
from central.cases.states import STATES, TABS
from central.db import Database
from central.store import CaseFilter, Page
from central.store.lists import COUNTED_IN_TABS
from central.town.importing import Author, make_example
from tests.central.events import NOW, SHANGHAI, incident_event, taken
from tests.central.lane import Lane


def street(database: Database, count: int) -> Lane:
    """Cases in several states: one handled, one rejected, one self-cleared, the rest open."""
    lane = Lane(database)
    lane.box()
    with lane.write() as session:
        for n in range(1, count + 1):
            store.merge(session, taken(incident_event(number=n, incident=n)), NOW, SHANGHAI)
    lane.until("22:04:00")
    first, second, *_ = [case.case_no for case in lane.cases()]
    lane.does("22:06:00", "accept", number=first)
    lane.does("22:07:00", "handle", number=first)
    lane.does("22:08:00", "reject", "desk", reason="wrong_object", number=second)
    return lane


def tally(database: Database) -> dict[tuple[str, str, bool, bool], int]:
    """What the rows of the tally add up to."""
    found: Counter[tuple[str, str, bool, bool]] = Counter()
    with database.read() as session:
        for row in session.scalars(select(CaseTallyTable)):
            found[row.scene, row.state, row.judged, row.cleared] += row.number
    return {key: number for key, number in found.items() if number}


def test_the_tally_is_what_counting_gives_folded_or_not(database: Database) -> None:
    street(database, 6)
    with database.read() as session:
        counted = store.tally_of_cases(session)
    assert len(counted) >= 3
    assert tally(database) == counted
    with database.write() as session:
        store.fold_tally(session)
    assert tally(database) == counted
    with database.read() as session:
        assert len(session.scalars(select(CaseTallyTable)).all()) == len(counted)


def test_totals_are_those_of_the_cases_listed(database: Database) -> None:
    street(database, 6)
    asked = [CaseFilter(), CaseFilter(scene="fire_lane"), CaseFilter(scene="device")]
    asked += [CaseFilter(tab=tab) for tab in TABS]
    asked += [CaseFilter(state=state) for state in STATES]
    asked += [CaseFilter(status="open"), CaseFilter(status="closed"), CaseFilter(cleared=False)]
    asked += [CaseFilter(cleared=True), CaseFilter(tab="review", place="FL-0317")]
    asked += [CaseFilter(box="box-01"), CaseFilter(box="x"), CaseFilter(box="box-01", red=False)]
    asked += [CaseFilter(red=True), CaseFilter(red=False), CaseFilter(overdue=True)]
    asked += [CaseFilter(lead="", tab="working"), CaseFilter(lead="nobody"), CaseFilter(grid="x")]
    with database.read() as session:
        for wanted in asked:
            found = store.list_cases(session, wanted, Page(1, 200))
            assert found.total == len(found.items), wanted
        counts = store.count_cases(session)
        by_place = store.count_cases(session, CaseFilter(q="FL-"))
        some = store.count_matching(session, CaseFilter(q="FL-"), most=4)
    assert counts.all == 6
    assert by_place == replace(counts, most=COUNTED_IN_TABS)
    assert some == 4


def test_cases_of_a_lead_of_a_grid_and_those_that_are_late(database: Database) -> None:
    with database.write() as session:
        make_example(session, Author("test", NOW))
    west, east = Lane(database), Lane(database, place="FL-0511")
    west.box()
    for number, lane in enumerate((west, east), 1):
        lane._events = number * 100
        lane.sees("21:58:10", "warned", number, camera=f"gate-{number}")
        lane.sees("22:03:10", "confirmed", number, since="21:58:10", camera=f"gate-{number}")
    west.does("22:04:00", "accept", number=west.cases()[-1].case_no)
    west.until("22:40:00")

    def places(**wanted: Any) -> list[str]:
        with database.read() as session:
            found = store.list_cases(session, CaseFilter(**wanted), Page())
        assert found.total == len(found.items)
        return sorted(case.place for case in found.items)

    assert places(lead="property-jinyuan") == ["FL-0317"]
    assert places(grid="310112123B") == ["FL-0511"]
    called = {case.place: (case.place_name, case.address) for case in west.cases()}
    assert called["FL-0511"] == ("江龙小区西门消防通道", "江龙小区西门")
    assert places(grid="310112123") == ["FL-0317", "FL-0511"]
    assert places(red=True) == ["FL-0317", "FL-0511"]
    assert places(red=False) == places(overdue=True) == []
    west.until("23:59:00")
    west.until("23:59:59")
    assert places(overdue=True, lead="property-jinyuan") == []


def test_pages_are_the_same_from_either_end(database: Database) -> None:
    street(database, 7)
    with database.read() as session:
        whole = [case.case_no for case in store.list_cases(session, CaseFilter(), Page()).items]
        for size in (1, 2, 3, 5):
            pages = [
                case.case_no
                for number in range(1, 9)
                for case in store.list_cases(session, CaseFilter(), Page(number, size)).items
            ]
            assert pages == whole, size


def test_dates_and_beginnings_of_numbers_and_places(database: Database) -> None:
    street(database, 5)
    later = NOW + timedelta(seconds=1)
    table = [
        (CaseFilter(filed_from=NOW), 5),
        (CaseFilter(filed_from=later), 0),
        (CaseFilter(filed_before=NOW), 0),
        (CaseFilter(filed_before=later), 5),
        (CaseFilter(q="FL-20261124-0003"), 1),
        (CaseFilter(q="FL-20261124"), 5),
        (CaseFilter(q="FL-0319"), 1),
        (CaseFilter(q="FL-03"), 5),
        (CaseFilter(q="0319"), 0),
        (CaseFilter(q="%"), 0),
    ]
    with database.read() as session:
        for wanted, number in table:
            found = store.list_cases(session, wanted, Page())
            assert (found.total, len(found.items)) == (number, number), wanted
