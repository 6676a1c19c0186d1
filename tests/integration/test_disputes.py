"""What is returned again and again is said with the figures: scene, grid, who, and to whom."""

import json

import pytest

from central import store
from central.db import Database
from central.kpi.periods import scope_of
from central.kpi.report import Wanted
from central.routing.disputes import Disputed
from central.sight import Asker, Limits
from central.town.importing import Author, make_example
from tests.central.events import SHANGHAI
from tests.central.lane import Lane, at

NOWHERE = ("LANE-1", "LANE-2", "LANE-3")
UNIT = "310112123001001"


@pytest.fixture
def lane(database: Database) -> Lane:
    """Three cases outside of all grids and one in the town, all sent to whom the rules name."""
    made = Lane(database)
    made.box()
    with made.write() as session:
        make_example(session, Author("test", made.now))
    for n, place in enumerate((*NOWHERE, made.place), 1):
        one = Lane(database, place, made.now, _events=100 * n)
        one.sees("21:58:10", "warned", n, camera=f"gate-{n}")
        one.sees("22:03:10", "confirmed", n, since="21:58:10", camera=f"gate-{n}")
        made.now = one.now
    return made


def disputed(lane: Lane, clock: str, **wanted: str) -> tuple[Disputed, ...]:
    with lane.database.read() as session:
        scope = scope_of("2026-11", SHANGHAI, at(clock))
        return store.figures(session, scope, Wanted(**wanted)).disputed


def numbers(lane: Lane) -> dict[str, str]:
    return {case.place: case.case_no for case in lane.cases()}


def test_pairs_are_counted_from_the_log_as_it_was(lane: Lane) -> None:
    known = numbers(lane)
    lane.does("22:04:00", "return", number=known[NOWHERE[0]], note="not ours", to="police")
    lane.does("22:05:00", "return", number=known[lane.place], note="not ours", to="police")
    assert disputed(lane, "22:06:00") == ()  # once is no dispute
    lane.does("22:07:00", "return", number=known[NOWHERE[1]], note="not ours", to="police")
    (pair,) = disputed(lane, "22:08:00")
    assert (pair.scene, pair.grid, pair.cases, pair.dispatched) == ("fire_lane", "", 2, 3)
    assert pair.proposals == (("enforcement", "police", 2),)
    lane.does("22:09:00", "dispatch", "dispatcher", number=known[NOWHERE[0]], to="police")
    lane.does("22:10:00", "return", number=known[NOWHERE[0]], note="nor ours", to="enforcement")
    (later,) = disputed(lane, "22:11:00")
    assert (later.cases, later.returns, later.dispatched) == (2, 3, 3)
    assert later.proposals == (("enforcement", "police", 2), ("police", "enforcement", 1))
    assert disputed(lane, "22:08:00") == (pair,)
    assert disputed(lane, "22:11:00", lead="nobody") == (later,)  # a dispute has two sides
    assert disputed(lane, "22:11:00", grid=UNIT) == disputed(lane, "22:11:00", scene="x") == ()


def test_they_stand_in_the_json_and_only_of_what_is_seen(lane: Lane) -> None:
    known = numbers(lane)
    for place in NOWHERE[:2]:
        lane.does("22:04:00", "return", number=known[place], note="not ours", to="police")
    scope = scope_of("2026-11", SHANGHAI, lane.now)
    with lane.database.read() as session:
        found = store.figures(session, scope, with_marks=False)
    (said,) = json.loads(found.to_json(with_marks=False))["disputed"]
    assert said["proposals"] == [{"by": "enforcement", "proposed": "police", "returns": 2}]
    narrow = lane.database.asked_by(Asker("li", Limits(cameras=("pujin/box-01/gate-1",))))
    with narrow.read() as session:
        assert store.figures(session, scope).disputed == ()
