"""The working calendar: kinds of days, hours, its data file and what is wrong with one."""

from datetime import date, time, timedelta

import pytest

from central.clocks.calendar import Calendar
from central.clocks.calendar_file import read_calendar, shipped_text
from central.clocks.limits import read_limit
from central.clocks.ticking import after
from tests.central.clocks import CN, TOWN, at

DAYS = [
    ("2026-01-01", "holiday", "announced"),
    ("2026-01-04", "make_up", "announced"),
    ("2026-10-10", "make_up", "announced"),
    ("2026-11-24", "workday", "announced"),
    ("2026-11-28", "weekend", "announced"),
    ("2027-02-05", "holiday", "estimated"),
    ("2028-01-03", "workday", "unknown"),
    ("2025-12-31", "workday", "unknown"),
]


@pytest.mark.parametrize(("day", "kind", "certainty"), DAYS)
def test_kinds_of_days(day: str, kind: str, certainty: str) -> None:
    assert (CN.kind(date.fromisoformat(day)), CN.certainty(date.fromisoformat(day))) == (
        kind,
        certainty,
    )


def test_working_days_of_the_announced_year() -> None:
    """248: what the notice of 2025-11-04 leaves of 2026."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(map(CN.is_workday, days)) == 248
    assert sum(1 for d in days if CN.kind(d) == "make_up") == 6


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-11-24 08:00", True),
        ("2026-11-24 07:59:59", False),
        ("2026-11-24 12:00", False),
        ("2026-11-24 17:59:59", True),
        ("2026-11-24 18:00", False),
        ("2026-11-28 09:00", False),
        ("2026-10-10 09:00", True),
    ],
)
def test_working_moments(moment: str, working: bool) -> None:
    begin, end = next(CN.working_spans(at(moment)))
    assert (begin <= at(moment) < end) is working


def test_the_office_is_warned_in_time() -> None:
    assert CN.warnings(date(2026, 6, 1)) == ()
    (warning,) = CN.warnings(date(2026, 11, 24))
    assert "2027 is estimated" in warning
    assert "import calendar" in warning
    assert "2028 is unknown" in CN.warnings(date(2027, 12, 1))[1]


def test_other_hours_and_a_night_shift() -> None:
    own = Calendar(TOWN, CN.years, ((time(9), time(17, 30)), (time(20), time(0))))
    assert own.day_length == timedelta(hours=12.5)
    assert after(at("2026-11-24 17:00"), read_limit("1 工作时"), own) == at("2026-11-24 20:30")
    assert after(at("2026-11-24 23:30"), read_limit("1 工作时"), own) == at("2026-11-25 09:30")


@pytest.mark.parametrize(
    "hours",
    [
        (),
        ((time(12), time(8)),),
        ((time(8), time(8)),),
        ((time(8), time(12)), (time(11), time(18))),
        ((time(20), time(0)), (time(0), time(4))),
    ],
)
def test_impossible_hours_are_refused(hours: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(ValueError, match="hours"):
        Calendar(TOWN, {}, hours)


def test_a_week_without_work_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        Calendar(TOWN, {}, weekend=frozenset(range(7)))


FAULTS = [
    ('"2026-01-01", "last": "2026-01-03"', '"2026-01-03", "last": "2026-01-01"', "元旦.*last must"),
    ('"first": "2026-04-04"', '"first": "2025-04-04"', "清明节.*last must follow"),
    ('"2026-01-04", "2026-02-14"', '"2026-01-02", "2026-02-14"', "2026-01-02 is a holiday as well"),
    ('"2026-01-04", "2026-02-14"', '"2025-01-04", "2026-02-14"', "2025-01-04 is not in 2026"),
    ('"first": "2026-06-19"', '"first": "2026-05-05"', "last must follow|already"),
    ('"year": 2027', '"year": 2026', "2026 is there twice"),
    ('"Asia/Shanghai"', '"Asia/Nowhere"', "zone: 'Asia/Nowhere' is not"),
    ('"announced"', '"certain"', "years.0.certainty"),
    ('"zone"', '"zones"', "zones: Extra inputs"),
    ('"2026-01-04"', '"4 January"', "make_up_workdays"),
    ('[["08:00", "12:00"]', '[["13:00", "12:00"]', "hours: 13:00-12:00"),
]


@pytest.mark.parametrize(("old", "new", "says"), FAULTS)
def test_a_wrong_calendar_is_refused_with_its_key(old: str, new: str, says: str) -> None:
    text = shipped_text()
    assert old in text
    with pytest.raises(ValueError, match=says):
        read_calendar(text.replace(old, new, 1))
