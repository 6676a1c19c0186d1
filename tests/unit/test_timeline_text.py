"""Timelines in words and as a strip."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.timeline import Span
from edge.timeline_strip import CURVE_BGR, STATE_BGR, Axis, draw_timeline
from edge.timeline_text import WallTime, describe, summarise

ZONE = ZoneInfo("Asia/Shanghai")
CLOCK = WallTime(0.0, datetime(2026, 11, 24, 6, 2, 10, tzinfo=UTC), ZONE)


def spans(*rows):
    """Spans one after the other from (state, seconds)."""
    made, ts = [], 0.0
    for state, seconds in rows:
        made.append(Span(state, ts, ts + seconds, 0.2))
        ts += seconds
    return made


TABLE = [
    (
        [
            ("occupied", 500),
            ("unobserved", 8),
            ("occupied", 532),
            ("unobserved", 7),
            ("occupied", 3),
        ],
        "occupied 14:02:10-14:19:40, 98 % observed, 2 gaps ≤ 8 s",
        "占用 14:02:10-14:19:40，其中 98 % 时间可见，2 次中断，每次 ≤ 8 秒",
    ),
    (
        [("occupied", 60)],
        "occupied 14:02:10-14:03:10, 100 % observed, no gaps",
        "占用 14:02:10-14:03:10，其中 100 % 时间可见，无中断",
    ),
    (
        [("occupied", 90), ("unobserved", 9.2), ("clear", 0.5), ("occupied", 0.3), ("clear", 30)],
        "occupied 14:02:10-14:03:50, 90 % observed, 1 gap ≤ 10 s",
        "占用 14:02:10-14:03:50，其中 90 % 时间可见，1 次中断，每次 ≤ 10 秒",
    ),
    (
        [("occupied", 86400)],
        "occupied 2026-11-24 14:02:10 - 2026-11-25 14:02:10, 100 % observed, no gaps",
        "占用 2026-11-24 14:02:10 - 2026-11-25 14:02:10，其中 100 % 时间可见，无中断",
    ),
    ([("clear", 5), ("unobserved", 5)], "", ""),
    ([], "", ""),
]


@pytest.mark.parametrize(("rows", "english", "chinese"), TABLE)
def test_a_timeline_in_words(rows, english, chinese):
    assert describe(spans(*rows), CLOCK) == english
    assert describe(spans(*rows), CLOCK, "zh") == chinese


state = st.sampled_from(["occupied", "clear", "unobserved"])


@given(st.lists(st.tuples(state, st.floats(0.1, 1e5)), max_size=12))
def test_figures_add_up(rows):
    found = summarise(spans(*rows))
    if found is None:
        assert all(state != "occupied" for state, _ in rows)
        return
    assert 0 <= found.observed_share <= 1
    assert found.longest_gap_s <= found.to_ts - found.from_ts
    assert (found.gap_count == 0) == (found.observed_share == 1)


def test_states_are_told_apart_by_colour_and_by_pattern():
    picture = draw_timeline(spans(("occupied", 10), ("unobserved", 10), ("clear", 10)), (300, 60))
    parts = {
        "occupied": picture[:19, 10:90],
        "unobserved": picture[:19, 110:190],
        "clear": picture[:19, 210:290],
    }
    share = {name: (part == STATE_BGR[name]).all(axis=2).mean() for name, part in parts.items()}
    assert share["occupied"] > 0.9
    assert 0.2 < share["unobserved"] < 0.6
    assert share["clear"] == 0
    assert (picture[20:26, 210:290] == STATE_BGR["clear"]).all(axis=2).any()
    assert picture.shape == (60, 300, 3)


@pytest.mark.parametrize("coverage", [0.0, 0.3, 1.0])
def test_the_curve_is_as_high_as_the_coverage(coverage):
    picture = draw_timeline([Span("occupied", 0.0, 10.0, coverage)], (200, 66))
    rows = np.flatnonzero((picture[:, 100] == CURVE_BGR).all(axis=1))
    assert rows.mean() == pytest.approx((1 - coverage) * 48, abs=2)


def test_without_coverage_there_is_no_curve():
    picture = draw_timeline([Span("occupied", 0.0, 10.0)], (200, 66))
    assert not (picture == CURVE_BGR).all(axis=2).any()


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_an_axis_has_few_ticks_inside_of_it(from_ts, length_s):
    axis = Axis(from_ts, from_ts + length_s, 300)
    ticks = axis.ticks()
    assert len(ticks) <= 13
    assert all(from_ts <= tick <= from_ts + length_s for tick in ticks)
    assert 0 <= axis.x(from_ts) <= axis.x(from_ts + length_s) <= 299


def test_an_empty_timeline_is_empty_paper():
    assert len(np.unique(draw_timeline([], (100, 40)).reshape(-1, 3), axis=0)) == 1
