"""What holds for key figures of any log: same bytes, nothing outside of its bounds."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from central.kpi.entry import Case
from central.kpi.report import Beside, Wanted, report, report_beside
from central.kpi.rules import Period, Rules, Scope
from central.kpi.settled import settle, sums_of
from tests.central.logs import STATES, T0, case

SCOPE = Scope(
    Period(T0 - timedelta(hours=1), T0 + timedelta(hours=5)), T0 + timedelta(hours=5), Rules()
)
ACTIONS = [*STATES, "confirm", "undo", "red", "comment", "severity", "exempt", "escalate"]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any rows in the order of their moments, sensible or not: figures must not fall over."""
    name = f"C-{draw(st.integers(0, 10**6)):07d}"
    minutes = sorted(draw(st.lists(st.integers(0, 400), min_size=1, max_size=8)))
    rows = [f"{at} {draw(st.sampled_from(ACTIONS))}" for at in minutes]
    if draw(st.booleans()):
        rows[-1] += f" due={draw(st.sampled_from(['-', '60/10', '300/200']))}"
    return case(name, *rows)


logs = st.lists(cases(), max_size=6, unique_by=lambda c: c.case_no)


@settings(max_examples=80)
@given(logs, st.randoms(use_true_random=False))
def test_the_same_log_gives_the_same_bytes(found: list[Case], random: object) -> None:
    before = report(found, [], SCOPE, camera_days=Fraction(20)).to_json()
    random.shuffle(found)  # type: ignore[attr-defined]
    assert report(found, [], SCOPE, camera_days=Fraction(20)).to_json() == before


@settings(max_examples=80)
@given(logs)
def test_every_figure_is_between_nothing_and_all(found: list[Case]) -> None:
    for rate in report(found, [], SCOPE).rates:
        assert 0 <= rate.numerator <= (rate.denominator if rate.unit == "percent" else len(found))
        counted = sum(1 for one in rate.marks if not one.excluded)
        assert counted + sum(count for _, count in rate.exclusions) == len(rate.marks)


@settings(max_examples=80)
@given(logs)
def test_a_comment_changes_no_figure(found: list[Case]) -> None:
    """A comment at the end of each log, with the deadlines as they were."""
    talked = []
    for one in found:
        last = one.entries[-1]
        more = type(last)(last.case_no, last.at, "li", "desk", "comment", last.to_state, last.to_state, "x", {}, last.deadlines)  # noqa: E501  # fmt: skip
        talked.append(Case(one.case_no, one.scene, (*one.entries, more)))
    assert report(talked, [], SCOPE).to_json() == report(found, [], SCOPE).to_json()


@settings(max_examples=300)
@given(logs, st.integers(-2, 8), st.integers(1, 8), st.integers(0, 480), st.integers(-1, 480))
def test_a_case_that_is_only_counted_adds_what_its_log_tells(
    found: list[Case], begin_h: int, length_h: int, told_min: int, later_min: int
) -> None:
    """In any period that holds all of it, for as long as its facts are valid."""
    begin, told_at = T0 + timedelta(hours=begin_h), T0 + timedelta(minutes=told_min)
    period = Period(begin, begin + timedelta(hours=length_h))
    scope = Scope(period, told_at + timedelta(minutes=later_min), Rules())
    told, counted = [], []
    for one in found:
        settled = settle(one, told_at)
        if (
            settled is not None
            and period.begin <= settled.low
            and settled.high < period.end
            and settled.from_at <= scope.as_of
            and (settled.until is None or scope.as_of < settled.until)
        ):
            counted.append(settled)
        else:
            told.append(one)
    columns = zip(*(one.lengths_s for one in counted), strict=True)
    lengths = [[x for x in column if x is not None] for column in columns]
    beside = Beside(Fraction(20), sums_of((one.kind, 1) for one in counted), lengths)
    quick = report_beside(told, [], scope, Wanted(), beside).to_json(with_marks=False)
    slow = report(found, [], scope, camera_days=Fraction(20)).to_json(with_marks=False)
    assert quick == slow


@settings(max_examples=150)
@given(cases(), st.integers(0, 480), st.integers(0, 480))
def test_facts_that_have_run_out_can_be_told_anew(one: Case, told: int, later: int) -> None:
    """At every moment after the last row there are facts that are valid then, but at a deadline."""
    first = settle(one, T0 + timedelta(minutes=told))
    if first is None:
        return
    now = max(first.from_at, T0 + timedelta(minutes=told + later))
    again = first if first.until is None or now < first.until else settle(one, now)
    assert again is not None
    assert again.from_at <= now
    assert again.until is None or now <= again.until


@settings(max_examples=80)
@given(cases(), st.integers(0, 400))
def test_a_settled_case_without_moments_in_a_period_adds_nothing(one: Case, minute: int) -> None:
    end = T0 + timedelta(hours=99)
    settled = settle(one, end)
    scope = Scope(Period(T0 + timedelta(minutes=minute), end), end, Rules())
    if settled is not None and settled.high < scope.period.begin:
        empty = report([], [], scope).to_json(with_marks=False)
        assert report([one], [], scope).to_json(with_marks=False) == empty
