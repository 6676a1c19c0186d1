"""Back within the window: the same incident; else a new one."""

import itertools

import pytest

from edge.reopen import Birth, Ended, Reopener

CLEARED = Ended("id-1", rev=4, reopened=0, ended_ts=1000.0)
AGAIN = Birth("id-1", rev=4, reopened=1)
NEW = Birth("new", rev=0, reopened=0)


def new_id():
    return "new"


@pytest.mark.parametrize(
    ("within_s", "since_ts", "alike", "expected"),
    [
        (1800, 1000.0, True, AGAIN),
        (1800, 2800.0, True, AGAIN),
        (1800, 2800.1, True, NEW),
        (1800, 1500.0, False, NEW),
        (1800, 990.0, True, AGAIN),  # it was there again before it was known to be gone
        (0, 1000.0, True, NEW),
        (1, 1001.0, True, AGAIN),
    ],
)
def test_who_goes_on(within_s, since_ts, alike, expected):
    reopener = Reopener("FL-1", within_s)
    reopener.ended(CLEARED)
    assert reopener.birth(since_ts, alike, new_id) == expected


def test_the_first_of_all_is_new():
    assert Reopener("FL-1", 1800).birth(5.0, True, new_id) == NEW


def test_an_incident_goes_on_only_once_per_end():
    reopener = Reopener("FL-1", 1800)
    reopener.ended(CLEARED)
    assert reopener.birth(1100.0, True, new_id) == AGAIN
    assert reopener.birth(1200.0, True, new_id) == NEW


def test_another_vehicle_in_between_takes_the_place():
    ids = (f"id-{n}" for n in itertools.count(2))
    reopener = Reopener("FL-1", 1800)
    reopener.ended(CLEARED)
    other = reopener.birth(1100.0, False, lambda: next(ids))
    reopener.ended(Ended(other.incident_id, 3, other.reopened, 1300.0))
    assert reopener.birth(1400.0, False, lambda: next(ids)) == Birth("id-3")


def test_it_counts_how_often_and_the_window_starts_anew_each_time():
    reopener = Reopener("FL-1", 1800)
    last, ts = CLEARED, 1000.0
    for count in range(1, 5):
        reopener.ended(last)
        ts += 1800
        born = reopener.birth(ts, True, new_id)
        assert born == Birth("id-1", 4 * count, count)
        last = Ended(born.incident_id, born.rev + 4, born.reopened, ts)


def test_no_id_is_spent_on_an_incident_that_goes_on():
    reopener = Reopener("FL-1", 1800)
    reopener.ended(CLEARED)
    reopener.birth(1100.0, True, lambda: pytest.fail("an id was made"))


@pytest.mark.parametrize(("since_ts", "expected"), [(52_000.0, AGAIN), (52_001.0, NEW)])
def test_a_restart_with_another_clock_keeps_the_window(since_ts, expected):
    before = Reopener("FL-1", 1800)
    before.ended(CLEARED)
    after = Reopener("FL-1", 1800)
    # 1300 s there is 50 500 s here: 300 s of the window are over.
    after.load(before.dump(1300.0), 50_500.0)
    assert after.birth(since_ts, True, new_id) == expected


def test_what_another_place_left_behind_is_ignored():
    before, after = Reopener("FL-1", 1800), Reopener("FL-2", 1800)
    before.ended(CLEARED)
    after.load(before.dump(1000.0), 1000.0)
    assert after.birth(1001.0, True, new_id) == NEW


def test_nothing_to_remember_is_remembered():
    before, after = Reopener("FL-1", 1800), Reopener("FL-1", 1800)
    after.ended(CLEARED)
    after.load(before.dump(5.0), 5.0)
    assert after.birth(1001.0, True, new_id) == NEW
