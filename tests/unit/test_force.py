"""Which rule holds when: first and last seconds, midnight, days, DST, what excuses most."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.force import Force, Rules, Span, Thresholds, Window, in_force, minute_of_week, mode_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
OWN = Thresholds(60, 300)
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
DAILY = frozenset(range(7))


def weekly(days, start, end, warn=None, file=None):
    def minutes(text):
        return int(text[:2]) * 60 + int(text[3:])

    return Window(frozenset(days), minutes(start), minutes(end), warn, file)


def at(text, zone=SHANGHAI, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def on(window, wall, zone=SHANGHAI):
    return in_force(Rules(OWN, (window,)), wall, zone).suppress == ""


# 2026-11-23 is a Monday, 2024-02-29 a Thursday, 2026-12-31 a Thursday.
WINDOWS = [
    (weekly(DAILY, "08:00", "18:00"), "2026-11-24T07:59:59.999999", False),
    (weekly(DAILY, "08:00", "18:00"), "2026-11-24T08:00:00", True),
    (weekly(DAILY, "08:00", "18:00"), "2026-11-24T17:59:59.999999", True),
    (weekly(DAILY, "08:00", "18:00"), "2026-11-24T18:00:00", False),
    (weekly(DAILY, "00:00", "24:00"), "2026-11-24T00:00:00", True),
    (weekly(DAILY, "00:00", "24:00"), "2026-11-24T23:59:59.999999", True),
    (weekly([MON], "00:00", "24:00"), "2026-11-22T23:59:59.999999", False),
    (weekly([MON], "00:00", "24:00"), "2026-11-23T00:00:00", True),
    (weekly([MON], "00:00", "24:00"), "2026-11-23T23:59:59.999999", True),
    (weekly([MON], "00:00", "24:00"), "2026-11-24T00:00:00", False),
    (weekly([FRI], "22:00", "06:00"), "2026-11-27T21:59:59", False),
    (weekly([FRI], "22:00", "06:00"), "2026-11-27T22:00:00", True),
    (weekly([FRI], "22:00", "06:00"), "2026-11-28T00:00:00", True),
    (weekly([FRI], "22:00", "06:00"), "2026-11-28T05:59:59.999999", True),
    (weekly([FRI], "22:00", "06:00"), "2026-11-28T06:00:00", False),
    (weekly([FRI], "22:00", "06:00"), "2026-11-28T23:00:00", False),
    (weekly([SAT], "22:00", "06:00"), "2026-11-28T05:00:00", False),
    (weekly([SUN], "22:00", "06:00"), "2026-11-23T01:00:00", True),
    (weekly([SUN], "22:00", "06:00"), "2026-11-24T01:00:00", False),
    (weekly([TUE], "22:00", "00:00"), "2026-11-24T23:59:59.999999", True),
    (weekly([TUE], "22:00", "00:00"), "2026-11-25T00:00:00", False),
    (weekly([THU], "08:00", "18:00"), "2024-02-29T12:00:00", True),
    (weekly([FRI], "08:00", "18:00"), "2024-03-01T12:00:00", True),
    (weekly([THU], "22:00", "06:00"), "2024-03-01T05:59:59", True),
    (weekly([THU], "22:00", "06:00"), "2027-01-01T00:00:00", True),
    (weekly([SAT], "22:00", "06:00"), "2026-11-01T00:00:00", True),
]


@pytest.mark.parametrize(("window", "text", "expected"), WINDOWS)
def test_windows_of_the_week(window, text, expected):
    assert on(window, at(text)) is expected
    assert on(window, at(text).astimezone(UTC)) is expected


# Berlin 2026: 02:00 → 03:00 on Sunday 29 March, 03:00 → 02:00 on Sunday 25 October.
CHANGES = [
    (weekly(DAILY, "02:00", "03:00"), "2026-03-29T00:59:59.999999+00:00", False),
    (weekly(DAILY, "02:00", "03:00"), "2026-03-29T01:00:00+00:00", False),  # the hour is skipped
    (weekly(DAILY, "02:30", "06:00"), "2026-03-29T00:59:59+00:00", False),
    (weekly(DAILY, "02:30", "06:00"), "2026-03-29T01:00:00+00:00", True),
    (weekly([SAT], "22:00", "06:00"), "2026-03-29T03:59:59+00:00", True),
    (weekly([SAT], "22:00", "06:00"), "2026-03-29T04:00:00+00:00", False),
    (weekly(DAILY, "02:00", "03:00"), "2026-10-25T00:00:00+00:00", True),
    (weekly(DAILY, "02:00", "03:00"), "2026-10-25T00:59:59+00:00", True),
    (weekly(DAILY, "02:00", "03:00"), "2026-10-25T01:00:00+00:00", True),  # the same hour again
    (weekly(DAILY, "02:00", "03:00"), "2026-10-25T01:59:59.999999+00:00", True),
    (weekly(DAILY, "02:00", "03:00"), "2026-10-25T02:00:00+00:00", False),
    (weekly([SAT], "22:00", "06:00"), "2026-10-25T04:59:59+00:00", True),
    (weekly([SAT], "22:00", "06:00"), "2026-10-25T05:00:00+00:00", False),
]


@pytest.mark.parametrize(("window", "text", "expected"), CHANGES)
def test_the_wall_clock_decides_when_summer_time_changes(window, text, expected):
    assert on(window, datetime.fromisoformat(text), BERLIN) is expected


def test_both_readings_of_a_repeated_hour_are_judged_alike():
    half = weekly(DAILY, "02:00", "02:30")
    for minute in range(60):
        text = f"2026-10-25T02:{minute:02}:00"
        first, second = at(text, BERLIN, fold=0), at(text, BERLIN, fold=1)
        assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
        assert on(half, first, BERLIN) is on(half, second, BERLIN) is (minute < 30)


def test_windows_follow_the_site_and_not_the_offset_of_the_moment():
    wall = datetime.fromisoformat("2026-11-24T20:00:00+00:00")  # 04:00 on the 25th in Shanghai
    assert on(weekly([WED], "04:00", "05:00"), wall, SHANGHAI)
    assert on(weekly([TUE], "21:00", "22:00"), wall, BERLIN)


def test_a_window_brings_its_thresholds_and_the_zone_fills_what_it_leaves_out():
    rules = Rules(
        OWN,
        (
            weekly(DAILY, "07:00", "09:00", warn=10, file=30),
            weekly(DAILY, "09:00", "12:00", warn=20),
            weekly(DAILY, "12:00", "13:00"),
        ),
    )
    found = [in_force(rules, at(f"2026-11-24T{hour}:30:00"), SHANGHAI) for hour in ("08", 10, 12)]
    assert found == [Force(Thresholds(10, 30)), Force(Thresholds(20, 300)), Force(OWN)]


def test_without_a_schedule_the_rule_always_holds():
    assert in_force(Rules(OWN), at("2026-11-24T03:00:00"), SHANGHAI) == Force(OWN, "")


NOON = at("2026-11-24T12:00:00")
HOUR = timedelta(hours=1)
AROUND = Span(NOON - HOUR, NOON + HOUR)
OFF = weekly(DAILY, "13:00", "14:00")
PERMIT = Span(NOON, NOON + HOUR, "P-1")

REASONS = [
    (Rules(OWN, shadow=True), "shadow", "shadow"),
    (Rules(OWN, permits=(PERMIT,)), "permit:P-1", "permitted"),
    (Rules(OWN, permits=(PERMIT,), shadow=True), "permit:P-1", "permitted"),
    (Rules(OWN, permits=(PERMIT,), maintenance=(AROUND,)), "maintenance", "maintenance"),
    (Rules(OWN, (OFF,), (PERMIT,), (AROUND,), True), "off_schedule", "off_schedule"),
]


@pytest.mark.parametrize(("rules", "suppress", "mode"), REASONS)
def test_the_reason_that_excuses_most_is_named(rules, suppress, mode):
    force = in_force(rules, NOON, SHANGHAI)
    assert (force.suppress, force.mode) == (suppress, mode)


def test_a_permit_holds_its_first_moment_and_not_its_last():
    rules = Rules(OWN, permits=(PERMIT,))
    tick = timedelta(microseconds=1)
    moments = (NOON - tick, NOON, NOON + HOUR - tick, NOON + HOUR)
    found = [in_force(rules, moment, SHANGHAI).suppress for moment in moments]
    assert found == ["", "permit:P-1", "permit:P-1", ""]


def test_of_several_permits_the_longest_is_named_in_any_order():
    long = Span(NOON - HOUR, NOON + 2 * HOUR, "P-0")
    for permits in ((PERMIT, long), (long, PERMIT)):
        assert in_force(Rules(OWN, permits=permits), NOON, SHANGHAI).suppress == "permit:P-0"


def test_a_permit_over_the_leap_day_and_the_end_of_the_year():
    leap = Span(at("2024-02-28T00:00:00"), at("2024-03-01T00:00:00"), "L")
    year = Span(at("2026-12-31T22:00:00"), at("2027-01-01T02:00:00"), "Y")
    rules = Rules(OWN, permits=(leap, year))
    for text, expected in [
        ("2024-02-29T23:59:59.999999", "permit:L"),
        ("2024-03-01T00:00:00", ""),
        ("2026-12-31T23:59:59", "permit:Y"),
        ("2027-01-01T00:00:00", "permit:Y"),
        ("2027-01-01T02:00:00", ""),
    ]:
        assert in_force(rules, at(text), SHANGHAI).suppress == expected, text


def test_a_moment_without_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        in_force(Rules(OWN), datetime(2026, 11, 24), SHANGHAI)  # noqa: DTZ001


def test_an_unknown_reason_is_no_mode():
    with pytest.raises(KeyError):
        mode_of("holiday")


@pytest.mark.parametrize(
    ("one", "other", "minute"),
    [
        (weekly([MON], "08:00", "10:00"), weekly([MON], "10:00", "12:00"), None),
        (weekly([MON], "08:00", "10:01"), weekly([MON], "10:00", "12:00"), 600),
        (weekly([MON], "00:00", "24:00"), weekly([TUE], "00:00", "24:00"), None),
        (weekly([FRI], "22:00", "06:00"), weekly([SAT], "05:59", "07:00"), 5 * 1440 + 359),
        (weekly([SUN], "22:00", "06:00"), weekly([MON], "06:00", "07:00"), None),
        (weekly([SUN], "22:00", "06:00"), weekly([MON], "00:00", "01:00"), 0),
        (weekly(DAILY, "00:00", "24:00"), weekly([SUN], "12:00", "13:00"), 6 * 1440 + 720),
    ],
)
def test_what_two_windows_share(one, other, minute):
    assert one.common_minute(other) == other.common_minute(one) == minute


def test_minutes_of_the_week():
    assert minute_of_week(datetime(2026, 11, 23)) == 0  # noqa: DTZ001
    assert minute_of_week(datetime(2026, 11, 29, 23, 59, 59)) == 7 * 1440 - 1  # noqa: DTZ001
