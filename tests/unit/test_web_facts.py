"""What a case's page says was measured: the width's verdict, shares of the strip, the sentence."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import central.web
from central.web.facts import SHARES, Facts, Vehicle, Width, stretches_of
from edge.events import TimelineSpan

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def span(begin_s: float, end_s: float, state: str = "occupied") -> TimelineSpan:
    times = {"from": NOON + timedelta(seconds=begin_s), "to": NOON + timedelta(seconds=end_s)}
    return TimelineSpan.model_validate({**times, "state": state})


@pytest.mark.parametrize(
    ("lo_m", "hi_m", "required_m", "verdict"),
    [
        (2.5, 3.3, 4.0, "short"),
        (3.9, 4.0, 4.0, "unsure"),
        (3.8, 4.4, 4.0, "unsure"),
        (4.0, 4.6, 4.0, "enough"),
        (2.5, 3.3, None, ""),
    ],
)
def test_the_width_is_judged_by_its_whole_band(
    lo_m: float, hi_m: float, required_m: float | None, verdict: str
) -> None:
    assert Width((lo_m + hi_m) / 2, lo_m, hi_m, required_m).verdict == verdict


def test_shares_of_the_strip_follow_the_lengths() -> None:
    found = stretches_of([span(0, 60), span(60, 68, "unobserved"), span(68, 120)])
    assert [one.parts for one in found] == [12, 2, 10]
    assert [one.length_s for one in found] == [60, 8, 52]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e3, 1e6)), max_size=24))
def test_every_stretch_is_seen_and_has_a_class(times: list[tuple[float, float]]) -> None:
    found = stretches_of([span(begin, begin + length) for begin, length in times])
    assert [one for one in found if not 1 <= one.parts <= SHARES or one.length_s < 0] == []


def test_the_style_sheet_has_a_class_for_every_share() -> None:
    css = (Path(central.web.__file__).parent / "static" / "app.css").read_text("utf-8")
    shares = {int(n): int(grow) for n, grow in re.findall(r"\.p(\d+) \{ flex-grow: (\d+);", css)}
    assert shares == {n: n for n in range(1, SHARES + 1)}


@pytest.mark.parametrize(
    ("sentence", "zh", "en"),
    [
        ((("zh", "占用"), ("en", "occupied")), "占用", "occupied"),
        ((("zh", ""), ("en", "occupied")), "occupied", "occupied"),
        ((("zh", ""), ("en", "")), "", ""),
    ],
)
def test_the_sentence_of_the_readers_language_else_the_other(
    sentence: tuple[tuple[str, str], ...], zh: str, en: str
) -> None:
    facts = Facts("i", 1, "confirmed", sentence=sentence)
    assert (facts.told_in("zh"), facts.told_in("en")) == (zh, en)


def test_how_long_a_vehicle_stood_is_known_once_it_has_left() -> None:
    assert Vehicle("car", 0.7, NOON, NOON + timedelta(minutes=4), False).stood_s == 240
    assert Vehicle("car", 0.7, NOON, None, False).stood_s is None
    assert Vehicle("car", 0.7, None, NOON, False).stood_s is None
