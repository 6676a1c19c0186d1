"""Severity: blocked only with certainty, released by the estimate, no flapping, no lost time."""

import json

import pytest

from edge.events import Interval
from edge.severity import SeverityFilter, severity


def width(est: float, half: float = 0.3) -> Interval:
    return Interval(est=est, lo=est - half, hi=est + half)


BELOW, BETWEEN, OPEN = width(3.0), width(3.9), width(4.1)


def run(state: SeverityFilter, widths: list[Interval | None], every_s: float = 10.0) -> list[str]:
    return [state.update(w, i * every_s) for i, w in enumerate(widths)]


@pytest.mark.parametrize(
    ("clear_width", "expected"),
    [
        (None, "occupied"),
        (width(3.69), "blocked"),
        (width(3.7), "occupied"),
        (width(3.9), "occupied"),
        (width(6.0), "occupied"),
    ],
)
def test_the_upper_end_decides_at_one_moment(clear_width, expected) -> None:
    assert severity(clear_width, 4.0) == expected


def test_blocked_needs_two_minutes_below() -> None:
    said = run(SeverityFilter(4.0), [BELOW] * 14)
    assert said == ["occupied"] * 12 + ["blocked"] * 2


def test_doubt_and_blindness_stop_the_clock_but_do_not_reset_it() -> None:
    state = SeverityFilter(4.0)
    run(state, [BELOW] * 7)
    assert state.update(None, 70) == "occupied"
    assert state.update(BELOW, 1_000) == "occupied"
    assert state.update(BETWEEN, 1_010) == "occupied"
    assert state.update(BELOW, 1_020) == "occupied"
    assert state.update(BELOW, 1_070) == "occupied"
    assert state.update(BELOW, 1_080) == "blocked"


def test_a_lane_that_was_open_starts_anew() -> None:
    said = run(SeverityFilter(4.0), [BELOW] * 12 + [OPEN] * 4 + [BELOW] * 12)
    assert "blocked" not in said


def test_a_short_glimpse_of_an_open_lane_changes_nothing() -> None:
    said = run(SeverityFilter(4.0), [BELOW] * 13 + [OPEN] * 3 + [BELOW, OPEN, OPEN])
    assert said[12:] == ["blocked"] * 7


def test_released_when_the_estimate_says_so_long_enough() -> None:
    said = run(SeverityFilter(4.0), [BELOW] * 13 + [OPEN] * 4 + [BETWEEN])
    assert said[12:] == ["blocked"] * 4 + ["occupied"] * 2


def test_no_flapping_at_the_limit() -> None:
    said = run(SeverityFilter(4.0), [BELOW, BETWEEN] * 200)
    assert said == ["occupied"] * 400
    said = run(SeverityFilter(4.0), [BELOW] * 13 + [BETWEEN, OPEN] * 200)
    assert said[12:] == ["blocked"] * 401


def test_continues_after_a_restart_without_counting_the_time_away() -> None:
    before = SeverityFilter(4.0)
    run(before, [BELOW] * 8)
    after = SeverityFilter(4.0)
    after.load(json.loads(json.dumps(before.dump())))
    assert after.update(BELOW, 5_000) == "occupied"
    assert after.update(BELOW, 5_040) == "occupied"
    assert after.update(BELOW, 5_050) == "blocked"
    restored = SeverityFilter(4.0)
    restored.load(after.dump())
    assert restored.severity == "blocked"


def test_a_foreign_dump_is_refused() -> None:
    with pytest.raises(ValueError, match="no such severity"):
        SeverityFilter(4.0).load({"severity": "fine", "below_s": 0, "open_s": 0})


@pytest.mark.parametrize("every_s", [0.2, 1.0, 5.0])
def test_the_rate_of_observations_does_not_matter(every_s) -> None:
    state = SeverityFilter(4.0)
    said = run(state, [BELOW] * int(150 / every_s), every_s)
    assert said.index("blocked") * every_s == pytest.approx(120, abs=every_s)
