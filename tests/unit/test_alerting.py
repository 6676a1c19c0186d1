"""What goes out while a permit, maintenance, shadow mode or the schedule keeps alerts back."""

import functools
import itertools
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from edge.alerting import Alerting, Look
from edge.force import Rules, Span, Thresholds, Window, in_force
from edge.incident import Incident, Report
from edge.reopen import Reopener
from edge.scenes.base import Reading
from tests.factories import fire_lane

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 24, 8, tzinfo=SHANGHAI)
OWN = Thresholds(20, 60)
CLEAR_AFTER_S, ONGOING_EVERY_S = 10, 100
OCCUPIED, BLOCKED, CLEAR, BLIND = "occupied", "blocked", "clear", "unobserved"


@functools.cache
def params_with(thresholds):
    return fire_lane(
        warn_after_s=thresholds.warn_after_s,
        file_after_s=thresholds.file_after_s,
        clear_after_s=CLEAR_AFTER_S,
        ongoing_every_s=ONGOING_EVERY_S,
    )


class Place:
    """A zone with its incident and its alerting, fed as the pipeline would feed it."""

    def __init__(self, rules):
        self.rules = rules
        self.incident = Incident(params_with(rules.own), longest_step_s=3.5)
        self.alerting = Alerting()
        self.ids = (f"id-{n}" for n in itertools.count(1))
        self.reports, self.marked = [], []
        self.begun = None

    def see(self, state, ts, wall=None):
        """One look at `ts` seconds; `wall` defaults to START + ts."""
        force = in_force(self.rules, wall or START + timedelta(seconds=ts), SHANGHAI)
        severity = BLOCKED if state == BLOCKED else OCCUPIED
        state = OCCUPIED if state == BLOCKED else state
        if self.begun is None and state == OCCUPIED:
            self.begun = ts
        self.begun = None if state == CLEAR else self.begun
        since_ts = self.begun if state == OCCUPIED else None
        reading = Reading(state, since_ts=since_ts, severity=severity)
        birth = partial(Reopener("FL-1", 0).birth, alike=False, new_id=lambda: next(self.ids))
        reports = self.incident.update(reading, ts, force.thresholds, birth)
        self.reports += reports
        present = self.incident.present(reading, ts)
        look = Look(ts, force, self.incident.since_ts, present)
        marked = self.alerting.update(reports, look)
        self.marked += marked
        return marked


def play(spans, rules=None, step_s=1.0, place=None, start_s=0.0):
    """The place after spans of (state, seconds)."""
    place = place or Place(rules or Rules(OWN))
    ts = start_s
    for state, seconds in spans:
        until = ts + seconds
        while ts < until:
            place.see(state, ts)
            ts += step_s
    return place


def told(place, *modes):
    return [
        (m.mode, m.report.stage, m.report.dwell_s)
        for m in place.marked
        if not modes or m.mode in modes
    ]


def during(start_s, end_s, id=""):
    return Span(START + timedelta(seconds=start_s), START + timedelta(seconds=end_s), id)


def permit(start_s, end_s, own=OWN):
    return Rules(own, permits=(during(start_s, end_s, "WK-12"),))


def test_without_reasons_to_keep_quiet_everything_goes_out_as_it_is():
    place = play([(OCCUPIED, 200), (CLEAR, 20)])
    assert [m.report for m in place.marked] == place.reports
    assert {m.mode for m in place.marked} == {"live"}
    assert [m.reached for m in place.marked] == ["warned", "confirmed", "confirmed", "confirmed"]
    assert {m.suppressed_s for m in place.marked} == {0}


def test_a_permitted_stay_leaves_one_marked_trace_and_alerts_nobody():
    place = play([(OCCUPIED, 500), (CLEAR, 20)], permit(-100, 1000))
    assert told(place) == [
        ("permitted", "warned", 20),
        ("permitted", "confirmed", 60),
        ("permitted", "cleared", 500),
    ]
    last = place.marked[-1]
    assert {m.report.incident_id for m in place.marked} == {"id-1"}
    assert [m.report.rev for m in place.marked] == [1, 2, 3]
    assert (last.suppressed_s, last.suppressed_by) == (500, "permit:WK-12")


def test_a_permit_that_ends_under_the_vehicle_alerts_at_once_with_the_full_dwell():
    place = play([(OCCUPIED, 450), (CLEAR, 20)], permit(-100, 400))
    assert told(place, "live") == [
        ("live", "warned", 400),
        ("live", "confirmed", 400),
        ("live", "cleared", 450),
    ]
    filed = place.marked[3]
    assert (filed.suppressed_s, filed.suppressed_by) == (400, "permit:WK-12")
    assert [m.report.rev for m in place.marked] == [1, 2, 3, 4, 5]


def test_a_permit_that_ends_between_warning_and_case():
    place = play([(OCCUPIED, 100)], permit(-100, 30))
    assert told(place) == [
        ("permitted", "warned", 20),
        ("live", "warned", 30),
        ("live", "confirmed", 60),
    ]
    assert place.marked[-1].suppressed_s == 30


def test_a_permit_that_ends_in_the_moment_of_filing_warns_first():
    place = play([(OCCUPIED, 70)], permit(-100, 60))
    assert told(place) == [
        ("permitted", "warned", 20),
        ("live", "warned", 60),
        ("live", "confirmed", 60),
    ]


def test_a_permit_that_ends_while_nobody_sees_alerts_when_the_vehicle_is_seen_there():
    place = play([(OCCUPIED, 100), (BLIND, 300), (OCCUPIED, 5)], permit(-100, 200))
    assert told(place, "live") == [("live", "warned", 400), ("live", "confirmed", 400)]


def test_a_permit_that_ends_while_nobody_sees_alerts_nobody_if_the_lane_is_clear_then():
    place = play([(OCCUPIED, 100), (BLIND, 300), (CLEAR, 20)], permit(-100, 200))
    assert told(place)[-1] == ("permitted", "cleared", 400)
    assert told(place, "live") == []


def test_a_permit_that_begins_after_the_warning_holds_the_case_back():
    place = play([(OCCUPIED, 200), (CLEAR, 20)], permit(30, 1000))
    assert told(place) == [
        ("live", "warned", 20),
        ("permitted", "warned", 30),
        ("permitted", "confirmed", 60),
        ("live", "cleared", 200),
    ]
    assert place.marked[-1].reached == "warned"  # live it was never more, so no case is due
    assert place.marked[-1].suppressed_s == 170


def test_a_permit_that_begins_after_the_case_is_marked_once_and_the_end_closes_the_case():
    place = play([(OCCUPIED, 500), (CLEAR, 20)], permit(70, 1000))
    assert told(place) == [
        ("live", "warned", 20),
        ("live", "confirmed", 60),
        ("permitted", "confirmed", 70),
        ("live", "cleared", 500),
    ]
    assert place.marked[-1].reached == "confirmed"


def test_a_permit_in_the_middle_is_told_to_nobody_twice():
    place = play([(OCCUPIED, 300), (CLEAR, 20)], permit(70, 90))
    assert told(place) == [
        ("live", "warned", 20),
        ("live", "confirmed", 60),
        ("permitted", "confirmed", 70),
        ("live", "ongoing", 160),
        ("live", "ongoing", 260),
        ("live", "cleared", 300),
    ]
    assert place.marked[-1].suppressed_s == 20


def test_a_permit_over_before_the_vehicle_came_changes_nothing():
    place = play([(CLEAR, 50), (OCCUPIED, 100), (CLEAR, 20)], permit(0, 40))
    assert {m.mode for m in place.marked} == {"live"}
    assert {(m.suppressed_s, m.suppressed_by) for m in place.marked} == {(0, "")}


def test_the_next_vehicle_owes_nothing_to_the_permit_of_the_last():
    place = play([(OCCUPIED, 50), (CLEAR, 50), (OCCUPIED, 30)], permit(0, 60))
    assert told(place) == [
        ("permitted", "warned", 20),
        ("permitted", "cleared", 50),
        ("live", "warned", 20),
    ]
    assert (place.marked[-1].suppressed_s, place.marked[-1].report.rev) == (0, 1)


def test_a_change_of_severity_is_recorded_under_a_permit_and_told_live():
    spans = [(OCCUPIED, 100), (BLOCKED, 50), (OCCUPIED, 10)]
    quiet = play(spans, permit(-1, 1000))
    severe = [(m.mode, m.report.stage, m.report.reading.severity) for m in quiet.marked[2:]]
    assert severe == [("permitted", "ongoing", "blocked"), ("permitted", "ongoing", "occupied")]
    loud = play(spans)
    assert [m.report.reading.severity for m in loud.marked[2:]] == ["blocked", "occupied"]


def test_maintenance_records_and_names_itself():
    rules = Rules(OWN, maintenance=(during(-1, 100),), permits=(during(-1, 300, "P"),))
    place = play([(OCCUPIED, 350), (CLEAR, 20)], rules)
    assert told(place) == [
        ("maintenance", "warned", 20),
        ("maintenance", "confirmed", 60),
        ("live", "warned", 300),
        ("live", "confirmed", 300),
        ("live", "cleared", 350),
    ]
    assert [m.suppressed_by for m in place.marked[1:3]] == ["maintenance", "permit:P"]
    assert place.marked[-1].suppressed_s == 300


def test_shadow_tells_what_live_would():
    spans = [(OCCUPIED, 300), (CLEAR, 30), (OCCUPIED, 40), (CLEAR, 30)]
    loud, shadow = play(spans), play(spans, Rules(OWN, shadow=True))
    assert {m.mode for m in shadow.marked} == {"shadow"}
    assert [(m.report, m.reached) for m in shadow.marked] == [
        (m.report, m.reached) for m in loud.marked
    ]


def test_shadow_that_is_switched_off_alerts_for_what_still_stands_there():
    place = play([(OCCUPIED, 100)], Rules(OWN, shadow=True))
    place.rules = Rules(OWN)
    play([(OCCUPIED, 10), (CLEAR, 20)], place=place, start_s=100.0)
    assert told(place, "live") == [
        ("live", "warned", 100),
        ("live", "confirmed", 100),
        ("live", "cleared", 110),
    ]


def weekly(start_min, end_min, warn=None, file=None):
    return Window(frozenset(range(7)), 8 * 60 + start_min, 8 * 60 + end_min, warn, file)


def test_who_stood_there_while_it_was_allowed_gets_the_full_time_from_then_on():
    place = play([(OCCUPIED, 400), (CLEAR, 20)], Rules(OWN, (weekly(5, 60),)))
    assert told(place) == [
        ("off_schedule", "warned", 20),
        ("off_schedule", "confirmed", 60),
        ("live", "warned", 320),
        ("live", "confirmed", 360),
        ("live", "cleared", 400),
    ]
    assert [m.suppressed_s for m in place.marked] == [20, 60, 300, 300, 300]
    assert not any(m.wants_pictures for m in place.marked[:2])
    assert all(m.wants_pictures for m in place.marked[2:])


def test_who_leaves_in_time_when_the_window_begins_is_recorded_only():
    spans = [(CLEAR, 290), (OCCUPIED, 25), (CLEAR, 20)]
    place = play(spans, Rules(OWN, (weekly(5, 60),)))
    assert told(place) == [("off_schedule", "warned", 20), ("off_schedule", "cleared", 25)]


def test_who_comes_while_the_rule_holds_has_the_ordinary_time():
    place = play([(CLEAR, 301), (OCCUPIED, 30)], Rules(OWN, (weekly(5, 60),)))
    assert told(place) == [("live", "warned", 20)]


def test_the_end_of_the_window_stops_alerts_and_the_clear_still_closes():
    place = play([(OCCUPIED, 500), (CLEAR, 20)], Rules(OWN, (weekly(-5, 1),)))
    assert told(place) == [
        ("live", "warned", 20),
        ("off_schedule", "confirmed", 60),
        ("live", "cleared", 500),
    ]
    assert place.marked[-1].reached == "warned"


def test_new_thresholds_apply_to_the_running_dwell():
    windows = (weekly(-60, 2, warn=100, file=1000), weekly(2, 60, warn=30, file=90))
    place = play([(OCCUPIED, 150)], Rules(OWN, windows))
    assert told(place) == [("live", "warned", 100), ("live", "confirmed", 120)]


def test_a_stage_once_told_is_not_taken_back_by_longer_thresholds():
    windows = (weekly(-60, 1, warn=10, file=1000), weekly(1, 60, warn=300, file=400))
    place = play([(OCCUPIED, 420), (CLEAR, 20)], Rules(OWN, windows))
    assert told(place) == [
        ("live", "warned", 10),
        ("live", "confirmed", 400),
        ("live", "cleared", 420),
    ]


def test_a_permit_that_ends_into_longer_thresholds_waits_for_them():
    windows = (weekly(-60, 2), weekly(2, 60, warn=100, file=200))
    rules = Rules(OWN, windows, permits=(during(-1, 120, "P"),))
    place = play([(OCCUPIED, 250)], rules)
    assert told(place, "live") == [("live", "warned", 120), ("live", "confirmed", 200)]


@pytest.mark.parametrize("down_s", [25.0, 45.0, 150.0, 399.0])
def test_a_restart_changes_nothing(down_s):
    spans = [(OCCUPIED, 500), (CLEAR, 20)]
    straight = play(spans, permit(-100, 400))
    before = play([(OCCUPIED, down_s)], permit(-100, 400))
    last_ts = down_s - 1
    fresh = Alerting()
    fresh.load(before.alerting.dump(last_ts), last_ts)
    before.alerting = fresh
    play([(OCCUPIED, 500 - down_s), (CLEAR, 20)], place=before, start_s=down_s)
    assert before.marked == straight.marked


def test_a_restart_remembers_that_the_window_began():
    rules = Rules(OWN, (weekly(5, 60),))
    place = play([(OCCUPIED, 310)], rules)
    fresh = Alerting()
    # The clock of the new process starts elsewhere: shift it and everything that is told by it.
    fresh.load(place.alerting.dump(309.0), 309.0)
    place.alerting = fresh
    play([(OCCUPIED, 100)], place=place, start_s=310.0)
    assert told(place, "live") == [("live", "warned", 320), ("live", "confirmed", 360)]


def test_time_is_kept_relative_in_a_dump():
    place = play([(OCCUPIED, 310)], Rules(OWN, (weekly(5, 60),)))
    moved = Alerting()
    moved.load(place.alerting.dump(309.0), 10_309.0)
    assert moved.dump(10_309.0) == place.alerting.dump(309.0)
    assert moved.dump(10_310.0) != place.alerting.dump(309.0)


def test_an_incident_that_goes_on_counts_its_revisions_on():
    alerting = Alerting()
    again = Report("id-9", 5, "warned", 0.0, 20.0, 20.0, False, False, Reading(OCCUPIED))
    look = Look(20.0, in_force(Rules(OWN), START, UTC), 0.0, again)
    assert [m.report.rev for m in alerting.update([again], look)] == [5]
