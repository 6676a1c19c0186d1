"""Key figures row by row: what is counted, what is left out and why, what naive formulas hide."""

import json
from datetime import timedelta
from fractions import Fraction

import pytest

from central.kpi.entry import Case
from central.kpi.report import Report, report
from central.kpi.rules import Period, Rules, Scope
from tests.central.logs import T0, case, minute

DAY = Period(T0 - timedelta(hours=1), T0 + timedelta(hours=23))
END = Scope(DAY, DAY.end, Rules())

GOOD = ("0 file", "1 dispatch", "3 accept", "20 handle", "21 verify")


def made(*cases: Case, scope: Scope = END) -> Report:
    return report(cases, [], scope)


def told(rate_name: str, *rows: str, as_of: float | None = None, **facts: object) -> object:
    """What one case adds to a figure: 1, 0, the reason why it is left out, or None."""
    scope = END if as_of is None else Scope(DAY, minute(as_of), Rules())
    rate = made(case("A", *rows, **facts), scope=scope).rate(rate_name)
    if not rate.marks:
        return None
    worth = rate.marks[-1]
    return worth.excluded or int(worth.worth)


ON_TIME = [
    ("in time", GOOD, 1),
    ("at the last moment", (*GOOD[:3], "120 handle", "130 verify"), 1),
    ("a minute late", (*GOOD[:3], "121 handle", "130 verify"), 0),
    ("handed in, not verified yet", GOOD[:4], 1),
    ("open and overdue", GOOD[:3], 0),
    ("nobody accepted, archived before it was due", ("0 file", "1 dispatch", "60 archive"), 0),
    ("void", ("0 file", "1 void:test"), "void"),
    ("merged", ("0 file", "1 merge"), "merged"),
    ("merged and taken out again", ("0 file", "1 merge", "2 unmerge to=filed", "9 handle"), 1),
    ("self-cleared", ("0 file", "1 dispatch", "12 self_clear"), "self_cleared"),
    ("explained", (*GOOD[:3], "30 explain"), 1),
    ("sent back and handed in late", (*GOOD[:4], "21 rework", "125 handle", "126 verify"), 0),
    ("sent back and handed in again in time", (*GOOD[:4], "21 rework", "90 handle"), 1),
    ("handed in by mistake and taken back", (*GOOD[:4], "21 undo to=accepted", "125 handle"), 0),
    ("reopened after closing", (*GOOD, "50 reopen", "300 handle", "301 verify"), 1),
    ("late, then appealed and exempted", (*GOOD[:3], "125 handle", "126 verify", "130 exempt"), 0),
    ("extended in time", (*GOOD[:3], "100 extend due=240/60", "200 handle"), 1),
    ("suspended by approval", (*GOOD[:3], "9 suspend due=180/90", "69 resume", "170 handle"), 1),
    ("tightened by a rise", (*GOOD[:3], "9 severity due=69/24", "75 handle"), 0),
    ("a deadline that moves after handling changes nothing",
     (*GOOD[:4], "21 severity due=10/9", "22 verify"), 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "expected"), ON_TIME, ids=[row[0] for row in ON_TIME])
def test_on_time(name: str, rows: tuple[str, ...], expected: object) -> None:
    assert told("on_time", *rows) == expected


def test_exempted_is_shown_beside_and_the_raw_fact_stays() -> None:
    late = (*GOOD[:3], "125 handle", "126 verify", "127 appeal", "130 exempt")
    assert told("on_time", *late) == 0
    assert told("on_time_exempted", *late) == 1
    assert told("on_time_exempted", *late[:-1]) == 0
    assert told("on_time_exempted", "0 file", "1 dispatch", "60 archive", "61 exempt to=archived_unaccepted") == 0  # noqa: E501  # fmt: skip


def test_what_is_due_in_the_period_counts_whether_it_is_closed_or_not() -> None:
    """The naive rate is over what was closed, and open overdue cases make it better."""
    cases = [case("A", *GOOD), case("B", *GOOD[:3]), case("C", *GOOD[:2])]
    closed = [one for one in cases if one.entries[-1].to_state == "closed"]
    assert len(closed) == 1  # on time: 100 % the naive way
    assert made(*cases).rate("on_time").value == "33.33"


def test_nothing_is_counted_before_it_is_due_or_handled() -> None:
    assert told("on_time", *GOOD[:3], as_of=100) is None
    assert told("on_time", *GOOD[:4], as_of=100) == 1
    assert told("on_time", *GOOD[:3], as_of=121) == 0
    assert told("on_time", "0 file due=9999/30", "1 accept") is None  # due in another period


def test_a_missing_deadline_is_not_on_time_and_alarms() -> None:
    """`due IS NULL` must never look like on time."""
    broken = case("A", "0 file due=-", "1 dispatch", "3 accept", "20 handle", "21 verify")
    found = made(broken, case("B", *GOOD))
    on_time = found.rate("on_time")
    assert (on_time.value, on_time.errors) == ("50.00", (("A", "no_deadline"),))
    assert found.errors == (("A", "no_deadline"), ("A#1", "no_deadline"))
    assert json.loads(found.to_json())["errors"] == {"A": "no_deadline", "A#1": "no_deadline"}


PAUSED = (*GOOD[:3], "9 suspend", "69 resume due=180/90")
RED = [
    ("handled before", GOOD, {"A#1": 0}),
    ("handled at the last moment", (*GOOD[:3], "30 handle"), {"A#1": 0}),
    ("handled later", (*GOOD[:3], "31 handle"), {"A#1": 1}),
    ("nobody ever came", GOOD[:2], {"A#1": 1}),
    ("the timer's row changes nothing", (*GOOD[:3], "30 red", "50 handle"), {"A#1": 1}),
    ("nor a timer's row that came too early", (*GOOD[:3], "9 red", "20 handle"), {"A#1": 0}),
    ("suspended over it", (*PAUSED, "85 handle"), {"A#1": 0}),
    ("late after a suspension", (*PAUSED, "95 handle"), {"A#1": 1}),
    ("tightened", (*GOOD[:3], "9 severity due=69/24", "25 handle"), {"A#1": 1}),
    ("sent back after it", (*GOOD[:4], "40 rework", "50 handle"), {"A#1": 1}),
    ("self-cleared before", ("0 file", "12 self_clear"), {"A#1": 0}),
    ("void", ("0 file", "60 void:test"), {}),
    ("two stages, the second red",
     (*GOOD, "50 reopen due=120/65", "70 handle"), {"A#1": 0, "A#2": 1}),
    ("two stages, the first red",
     (*GOOD[:3], "40 handle", "41 verify", "50 reopen due=120/65", "60 handle"),
     {"A#1": 1, "A#2": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "expected"), RED, ids=[row[0] for row in RED])
def test_red_lights(name: str, rows: tuple[str, ...], expected: dict[str, int]) -> None:
    assert made(case("A", *rows)).rate("red").plain()["counted"] == expected


def test_red_is_not_counted_before_it_is_due() -> None:
    assert told("red", *GOOD[:3], as_of=29) == "not_yet_due"
    assert told("red", *GOOD[:3], as_of=31) == 1


OTHERS = [
    ("filing", ("0 queue", "1 confirm to=filed"), 1),
    ("filing", ("0 queue", "1 reject:wrong_object"), 0),
    ("filing", ("0 queue",), "still_waiting"),
    ("filing", ("0 file",), 1),
    ("filing", ("0 file", "1 merge"), "merged"),
    ("finished", GOOD, 1),
    ("finished", GOOD[:4], 0),
    ("finished", (*GOOD[:3], "9 transfer"), "transferred_out"),
    ("finished", (*GOOD[:4], "21 rework", "30 transfer"), "transferred_out"),
    ("finished", (*GOOD, "50 reopen", "60 transfer"), 1),  # it had been handled here
    ("on_time", (*GOOD[:3], "9 transfer"), "transferred_out"),
    ("on_time", (*GOOD[:3], "125 transfer"), "transferred_out"),
    ("on_time", (*GOOD[:3], "9 transfer", "20 reopen", "90 handle"), 1),
    ("on_time_exempted", (*GOOD[:3], "9 transfer"), "transferred_out"),
    ("unaccepted", ("0 file", "1 dispatch", "4 return", "9 transfer"), "transferred_out"),
    ("unaccepted", (*GOOD[:3], "9 transfer"), 0),
    ("self_cleared", (*GOOD[:3], "9 transfer"), 0),
    ("finished", ("0 file", "12 self_clear"), "self_cleared"),
    ("finished", ("0 file", "60 archive"), 0),
    ("finished", (*GOOD, "50 reopen"), 0),
    ("precision", ("0 file", "1 confirm to=filed"), 1),
    ("precision", GOOD, "unreviewed"),
    ("precision", (*GOOD[:2], "2 confirm", *GOOD[2:]), 1),
    ("precision", (*GOOD, "30 void:false_positive"), 0),
    ("precision", ("0 file", "1 confirm", "2 void:false_positive"), 0),
    ("precision", ("0 file", "1 confirm", "2 void:authorised"), "permitted"),
    ("precision", ("0 file", "1 reject:wrong_zone"), 0),
    ("precision", ("0 file", "1 reject:permitted"), "permitted"),
    ("precision", ("0 file", "1 void:false_positive"), 0),
    ("precision", ("0 file", "1 void:authorised"), "permitted"),
    ("precision", ("0 file", "1 void:out_of_scope"), None),
    ("precision", ("0 file",), None),
    ("precision", ("0 file", "1 reject:other", "2 undo to=filed"), None),
    ("precision", ("0 file", "1 reject:other", "2 undo to=filed", "3 confirm to=filed"), 1),
    ("self_cleared", ("0 file", "12 self_clear"), 1),
    ("self_cleared", GOOD, 0),
    ("self_cleared", ("0 file", "9 void:test"), "void"),
    ("self_cleared", ("0 file",), None),
    ("unaccepted", GOOD, 0),
    ("unaccepted", ("0 file", "1 dispatch"), 1),
    ("unaccepted", ("0 file", "1 dispatch", "60 archive"), 1),
    ("unaccepted", ("0 file", "60 archive"), 1),
    ("unaccepted", ("0 file", "1 dispatch", "12 self_clear"), "self_cleared"),
    ("unaccepted", ("0 file", "1 dispatch", "9 handle"), 0),
    ("unaccepted", ("0 file", "1 dispatch", "4 return"), 1),
    ("unaccepted", (*GOOD[:3], "4 return"), 1),  # nobody has it any more
    ("unaccepted", (*GOOD[:3], "4 return", "5 dispatch"), 1),
    ("unaccepted", (*GOOD[:3], "4 return", "5 dispatch", "60 archive"), 1),
    ("unaccepted", (*GOOD[:3], "4 return", "5 dispatch", "6 accept"), 0),
    ("unaccepted", (*GOOD[:3], "4 return", "5 dispatch", "12 self_clear"), "self_cleared"),
    ("unaccepted", (*GOOD[:3], "60 archive"), 0),  # it was accepted: not on time, not finished
    ("on_time", (*GOOD[:3], "60 archive"), 0),
    ("unaccepted", ("0 file",), None),
    ("cleared_on_site", (*GOOD[:4], "21 verify by=system"), 1),
    ("cleared_on_site", (*GOOD[:4], "21 verify by=verifier"), 0),
    ("cleared_on_site", (*GOOD[:4], "21 explain"), None),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "rows", "expected"), OTHERS)
def test_other_figures(rate: str, rows: tuple[str, ...], expected: object) -> None:
    assert told(rate, *rows) == expected


def test_waiting_for_somebody_is_not_yet_unaccepted() -> None:
    assert told("unaccepted", "0 file", "1 dispatch", as_of=4) == "still_waiting"
    assert told("unaccepted", "0 file", "1 dispatch", as_of=6) == 1
    again = (*GOOD[:3], "4 return", "300 dispatch")
    assert told("unaccepted", *again, as_of=301) == 1  # the last moment to accept has passed


def test_reoffence_and_alerts_per_camera_day() -> None:
    cases = [
        case("A", *GOOD),
        case("B", *GOOD, reoffence_of="A"),
        case("C", *GOOD, source="appeal"),
    ]
    found = report(cases, [], END, camera_days=Fraction(20))
    assert found.rate("reoffence").value == "33.33"
    alerts = found.rate("alerts_per_camera_day")
    assert (alerts.value, alerts.unit, alerts.numerator) == ("0.10", "per_camera_day", 2)
    assert report(cases, [], END).rate("alerts_per_camera_day").value is None
