"""The clock of the week: whole weeks change nothing, nor does the order of the windows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.force import WEEK_MIN, Rules, Span, Thresholds, Window, in_force

ZONES = st.sampled_from(
    [ZoneInfo(n) for n in ("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe", "UTC")]
)
OWN = Thresholds(60, 300)
clock = st.integers(0, 1439)
days = st.frozensets(st.integers(0, 6), min_size=1)
# Clock readings of the site; 2000 and later, when Shanghai had no summer time.
readings = st.datetimes(datetime(2000, 1, 3), datetime(2060, 1, 1))  # noqa: DTZ001


@st.composite
def window(draw):
    start, end = draw(clock), draw(clock)
    assume(start != end)
    return Window(draw(days), start, end, draw(st.sampled_from([None, 10])))


@st.composite
def schedules(draw):
    kept: list[Window] = []
    for candidate in draw(st.lists(window(), max_size=5)):
        if all(candidate.common_minute(other) is None for other in kept):
            kept.append(candidate)
    return tuple(kept)


def force(windows, local, zone):
    return in_force(Rules(OWN, windows), local.replace(tzinfo=zone).astimezone(UTC), zone)


def exists(local, zone):
    """Whether a clock of the zone ever shows it."""
    there = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None) == local


@given(schedules(), readings, st.integers(-500, 500), ZONES)
def test_a_shift_by_whole_weeks_of_the_wall_clock_changes_nothing(windows, local, weeks, zone):
    later = local + timedelta(weeks=weeks)
    assume(exists(local, zone) and exists(later, zone))
    assert force(windows, local, zone) == force(windows, later, zone)


@given(schedules(), readings, ZONES, st.randoms())
def test_the_order_of_windows_does_not_matter(windows, local, zone, chance):
    shuffled = list(windows)
    chance.shuffle(shuffled)
    assert force(windows, local, zone) == force(tuple(shuffled), local, zone)


@given(window(), st.integers(0, WEEK_MIN - 1))
def test_a_window_and_what_it_leaves_out_make_up_the_week(inside, minute):
    outside = Window(inside.days, inside.end_min, inside.start_min)
    if len(inside.days) == 7:
        assert inside.holds(minute) is not outside.holds(minute)
    assert inside.length_min + outside.length_min == 1440


@settings(deadline=None, max_examples=30)
@given(window(), window())
def test_overlap_is_what_counting_every_minute_finds(one, other):
    both = [m for m in range(WEEK_MIN) if one.holds(m) and other.holds(m)]
    assert (one.common_minute(other) is None) is not bool(both)
    assert one.common_minute(other) in (both or [None])


@given(window(), readings, ZONES)
def test_the_clock_on_the_wall_is_all_that_counts(week_window, local, zone):
    assume(exists(local, zone))
    minute = local.weekday() * 1440 + local.hour * 60 + local.minute
    on = force((week_window,), local, zone).suppress == ""
    assert on is week_window.holds(minute)


instants = st.datetimes(datetime(2024, 2, 27), datetime(2024, 3, 3)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)


@st.composite
def permits(draw):
    found = []
    for number in range(draw(st.integers(0, 4))):
        start, end = sorted((draw(instants), draw(instants)))
        found.append(Span(start, end, f"P-{number}"))
    return tuple(found)


@given(permits(), instants, ZONES, st.randoms())
def test_permits_are_instants_the_same_in_every_zone_and_order(found, wall, zone, chance):
    shuffled = list(found)
    chance.shuffle(shuffled)
    suppress = in_force(Rules(OWN, permits=found), wall, zone).suppress
    other = in_force(Rules(OWN, permits=tuple(shuffled)), wall.astimezone(zone), UTC).suppress
    assert suppress == other
    assert bool(suppress) is any(permit.start <= wall < permit.end for permit in found)
