"""What is said of a camera when it is to be promoted is what precision is counted from."""

import pytest

from central import store
from central.cases.promotion import Record
from central.db import Database
from central.kpi.periods import scope_of
from central.sight import Asker, Limits
from tests.central.events import SHANGHAI
from tests.central.lane import Lane

PLACES = ("FL-0317", "FL-0402", "FL-0511", "LANE-4", "LANE-5")
CAMERA = "pujin/box-01/gate-east"


def five_cases(database: Database) -> tuple[Lane, list[str]]:
    """Five places that one camera sees."""
    lane, numbers = Lane(database), list[str]()
    for n, place in enumerate(PLACES, 1):
        one = Lane(database, place, lane.now, _events=100 * n)
        one.box()
        one.sees("21:58:10", "warned", n)
        number = one.sees("22:03:10", "confirmed", n, since="21:58:10")
        assert number is not None
        numbers.append(number)
        lane.now = one.now
    return lane, numbers


def record(database: Database) -> Record:
    with database.read() as session:
        (camera,) = store.list_cameras(session)
    return camera.record


@pytest.mark.parametrize("settled", [False, True])
def test_a_camera_is_judged_by_what_precision_counts_whoever_looks(
    database: Database, settled: bool
) -> None:
    lane, (true, permitted, taken_back, unreviewed, false) = five_cases(database)
    lane.does("22:05:00", "confirm", "desk", number=true)
    lane.does("22:05:10", "reject", "desk", number=permitted, reason="permitted")
    lane.does("22:05:20", "confirm", "desk", number=taken_back)
    lane.does("22:05:30", "void", "desk", number=taken_back, reason="false_positive")
    lane.does("22:05:40", "accept", number=unreviewed)
    lane.does("22:05:50", "handle", number=unreviewed)
    lane.does("22:06:00", "reject", "desk", number=false, reason="wrong_object")
    if settled:
        with lane.write() as session:
            assert store.settle_cases(session, lane.now) == len(PLACES)
    with database.read() as session:
        scope = scope_of("2026-11", SHANGHAI, lane.now)
        found = store.figures(session, scope, with_marks=not settled).rate("precision")
    assert (found.numerator, found.denominator) == (1, 3)
    assert found.exclusions == (("permitted", 1), ("unreviewed", 1))
    assert record(database) == Record(1, 2)
    limits = Limits(cameras=(CAMERA,))
    assert record(database.asked_by(Asker("li", limits))) == Record(1, 2)
    case = lane.does("22:07:00", "undo", "desk", number=false)
    assert case.verdict is None
    assert record(database) == Record(1, 1)
