"""What holds for every clock: additive, monotone, never empty, never moving once passed."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from central.clocks.calendar_file import shipped
from central.clocks.deadlines import Change, Course, Due, due
from central.clocks.limits import Ladder, Limit, Limits, Unit, read_limit
from central.clocks.ticking import Pause, after, between

CN = shipped()
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
UNITS: tuple[Unit, ...] = ("urgent_minutes", "urgent_hours", "working_hours", "working_days")

moments = st.integers(0, 700 * 24 * 60).map(lambda m: BEGIN + timedelta(minutes=m))
units = st.sampled_from(UNITS)
amounts = st.integers(1, 40).map(Fraction)
limit_values = st.builds(Limit, amounts, units)


@st.composite
def pauses(draw: st.DrawFn) -> Pause:
    begin = draw(moments)
    return Pause(begin, begin + timedelta(minutes=draw(st.integers(0, 30 * 24 * 60))))


@st.composite
def all_limits(draw: st.DrawFn) -> Limits:
    one, two, three = sorted(draw(st.sets(st.integers(1, 60), min_size=3, max_size=3)))
    ladder = Ladder((one, two, three), draw(st.sampled_from(("urgent", "working"))))
    return Limits(
        draw(limit_values), draw(limit_values), draw(limit_values), draw(limit_values), ladder
    )


@st.composite
def courses(draw: st.DrawFn) -> Course:
    filed = draw(moments)
    later = moments.map(lambda m: filed + (m - BEGIN) / 20)
    rises = draw(st.lists(st.builds(Change, later, all_limits(), st.integers(0, 3)), max_size=3))
    # Who works on a case suspends and resumes it in turn: pauses do not begin before it is filed.
    apart = [Pause(filed + (p.begin - BEGIN) / 20, filed + (p.end - BEGIN) / 20) for p in draw(st.lists(pauses(), max_size=2))]  # noqa: E501  # fmt: skip
    return Course(
        filed,
        (Change(filed, draw(all_limits()), draw(st.integers(0, 2))), *rises),
        pauses=tuple(apart),
        extensions=tuple(draw(st.lists(later, max_size=3))),
    )


@settings(max_examples=50)
@given(moments, units, amounts, amounts, st.lists(pauses(), max_size=3))
def test_counting_is_additive(
    start: datetime, unit: Unit, a: Fraction, b: Fraction, gaps: list[Pause]
) -> None:
    halfway = after(start, Limit(a, unit), CN, gaps)
    assert after(halfway, Limit(b, unit), CN, gaps) == after(start, Limit(a + b, unit), CN, gaps)


@settings(max_examples=50)
@given(moments, limit_values, st.lists(pauses(), max_size=3))
def test_what_is_counted_until_the_end_is_the_limit(
    start: datetime, limit: Limit, gaps: list[Pause]
) -> None:
    end = after(start, limit, CN, gaps)
    assert between(start, end, limit.clock, CN, gaps) == limit.length(CN)


@settings(max_examples=50)
@given(moments, moments, limit_values, st.lists(pauses(), max_size=3))
def test_a_later_start_never_ends_earlier(
    one: datetime, two: datetime, limit: Limit, gaps: list[Pause]
) -> None:
    first, second = sorted((one, two))
    assert after(first, limit, CN, gaps) <= after(second, limit, CN, gaps)


@settings(max_examples=50)
@given(moments, limit_values, st.lists(pauses(), max_size=3), pauses())
def test_one_more_suspension_never_brings_the_end_nearer(
    start: datetime, limit: Limit, gaps: list[Pause], more: Pause
) -> None:
    assert after(start, limit, CN, gaps) <= after(start, limit, CN, [*gaps, more])


@settings(max_examples=50)
@given(moments, moments, moments, st.sampled_from(("urgent", "working")))
def test_time_between_adds_up(a: datetime, b: datetime, c: datetime, clock: str) -> None:
    one, two, three = sorted((a, b, c))
    first = between(one, two, clock, CN)  # type: ignore[arg-type]
    second = between(two, three, clock, CN)  # type: ignore[arg-type]
    assert first + second == between(one, three, clock, CN)  # type: ignore[arg-type]


def everything(found: Due) -> list[datetime]:
    return [
        found.official_at,
        found.internal_at,
        found.accept_at,
        found.verify_at,
        *found.levels_at,
    ]


@settings(max_examples=50)
@given(courses())
def test_no_deadline_is_empty_or_before_the_filing(course: Course) -> None:
    assert all(moment > course.filed_at for moment in everything(due(course, CN)))


@settings(max_examples=50)
@given(courses(), st.builds(Change, moments, all_limits(), st.integers(0, 3)))
def test_a_change_of_severity_never_loosens(course: Course, change: Change) -> None:
    """Whatever comes last can only bring deadlines nearer."""
    last = max([course.filed_at, *course.extensions, *(c.at for c in course.changes)])
    late = Change(max(change.at, last + timedelta(seconds=1)), change.limits, change.rank)
    before = due(course, CN)
    changed = Course(
        course.filed_at, (*course.changes, late), pauses=course.pauses, extensions=course.extensions
    )
    now = due(changed, CN)
    assert now.official_at <= before.official_at
    assert now.internal_at <= before.internal_at
    assert all(a <= b for a, b in zip(now.levels_at, before.levels_at, strict=True))


@settings(max_examples=50)
@given(courses(), st.builds(Change, moments, all_limits(), st.integers(0, 3)), pauses())
def test_what_happens_afterwards_does_not_move_a_deadline_that_has_passed(
    course: Course, change: Change, pause: Pause
) -> None:
    before = due(course, CN)
    last = max([before.official_at, before.internal_at, *course.extensions])
    begin = last + timedelta(seconds=1)
    more = Course(
        course.filed_at,
        (*course.changes, Change(begin, change.limits, 9)),
        pauses=(*course.pauses, Pause(begin, begin + (pause.end - pause.begin))),
        extensions=(*course.extensions, begin),
    )
    after_all = due(more, CN)
    assert after_all.official_at == before.official_at
    assert after_all.internal_at == before.internal_at


@settings(max_examples=50)
@given(courses(), moments)
def test_a_reopening_leaves_the_total_clock_alone(course: Course, at: datetime) -> None:
    again = Course(
        course.filed_at,
        course.changes,
        max(at, course.filed_at),
        course.pauses,
        course.extensions,
    )
    now = due(again, CN)
    assert now.official_at == due(course, CN).official_at
    assert now.accept_at > again.stage_began
    assert now.internal_at > again.stage_began


@given(st.integers(1, 3_000_000), st.sampled_from(UNITS))
def test_a_limit_is_read_as_it_is_written(thousandths: int, unit: Unit) -> None:
    limit = Limit(Fraction(thousandths, 1000), unit)
    assert read_limit(str(limit)) == limit
