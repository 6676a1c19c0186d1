"""Ten seconds of answers become music or not, and when it began and ended."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.sound.attribution import (
    Attribution,
    Heard,
    Hearing,
    Segment,
    music_seconds,
    segments,
)
from edge.sound.frames import Invalid
from edge.sound.tags import Scores, Tags

STEP_S, SPAN_S = 0.48, 0.975
RULE = Hearing()


def heard(*pieces: tuple[float, float | None], group: str = "music", ts: float = 0.0) -> list[Tags]:
    """Tags of one score after the other: (seconds, score); None is a gap."""
    tags, until_s = [], ts
    for span_s, score in pieces:
        until_s += span_s
        while ts < until_s:
            if score is not None:
                tags.append(Tags(ts, SPAN_S, Scores(**{group: score}), "", 0.0))
            ts += STEP_S
    return tags


def follow(tags: list[Tags]) -> list[Heard]:
    attribution = Attribution(RULE)
    return [attribution.hear(one) for one in tags]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param([(60, 0.0)], [], id="nothing"),
        pytest.param([(60, 0.19)], [], id="never quite music"),
        pytest.param([(20, 0.0), (60, 1.0), (30, 0.0)], [(20, 80)], id="plain music"),
        pytest.param([(20, 0.0), (60, 0.32), (30, 0.0)], [(20, 80)], id="faint music"),
        pytest.param([(60, 1.0)], [(0, 60)], id="music all the time"),
        pytest.param([(20, 0.0), (0.9, 1.0), (30, 0.0)], [], id="a shout of a second"),
        pytest.param(
            [(20, 0.0), (30, 1.0), (6, 0.0), (30, 1.0), (20, 0.0)], [(20, 86)], id="between tunes"
        ),
        pytest.param(
            [(20, 0.0), (30, 1.0), (25, 0.0), (30, 1.0), (20, 0.0)],
            [(20, 50), (75, 105)],
            id="two sessions",
        ),
        pytest.param(
            [(20, 0.0), (30, 0.4), (60, 0.15), (30, 0.0)], [(20, 110)], id="sinks but plays on"
        ),
        pytest.param(
            [(30, 1.0), (3, None), (30, 1.0), (20, 0.0)], [(0, 63)], id="a drop-out of 3 s"
        ),
        pytest.param(
            [(30, 1.0), (40, None), (30, 1.0), (20, 0.0)],
            [(0, 30), (70, 100)],
            id="what nobody heard was not music",
        ),
        pytest.param([(30, 1.0), (3, None), (30, 0.0)], [(0, 30)], id="ends in a drop-out"),
        pytest.param([(4, 1.0)], [], id="too little heard to say"),
    ],
)
def test_segments(pieces: list[tuple[float, float | None]], expected: list[tuple[float, float]]):
    found = segments(heard(*pieces), RULE)
    assert len(found) == len(expected)
    for segment, (start_s, end_s) in zip(found, expected, strict=True):
        assert segment.start_s == pytest.approx(start_s, abs=1.0)
        assert segment.end_s == pytest.approx(end_s, abs=1.0)


def test_music_is_known_within_seconds_and_its_end_within_the_window():
    verdicts = follow(heard((20, 0.0), (60, 1.0), (30, 0.0)))
    first = next(v for v in verdicts if v.music)
    last = next(v for v in verdicts if v.ended)
    assert first.ts == pytest.approx(22.0, abs=0.7)
    assert 80 + RULE.window_s * 0.8 < last.ts <= 80 + RULE.window_s
    assert last.music is None
    assert last.ended is not None
    assert last.ended.end_s == pytest.approx(80, abs=1)


def test_the_running_segment_reaches_only_to_where_music_was_heard():
    verdicts = follow(heard((20, 0.0), (60, 1.0), (8, 0.0)))
    assert verdicts[-1].music is not None
    assert verdicts[-1].music.end_s == pytest.approx(80, abs=1)


def test_nothing_is_known_before_half_a_window_was_heard():
    known = [v.known for v in follow(heard((20, 0.5)))]
    assert known == [False] * 10 + [True] * (len(known) - 10)


@pytest.mark.parametrize(
    ("group", "score", "spoiled"),
    [
        ("wind", 0.25, Invalid.WIND),
        ("rain", 0.25, Invalid.RAIN),
        ("thunder", 0.25, Invalid.THUNDER),
        ("wind", 0.15, Invalid.NONE),
        ("vehicle", 0.9, Invalid.NONE),
        ("speech", 0.9, Invalid.NONE),
        ("whip", 0.9, Invalid.NONE),
        ("music", 0.9, Invalid.NONE),
    ],
)
def test_weather_spoils_a_measurement(group: str, score: float, spoiled: Invalid):
    last = follow(heard((12, score), group=group))[-1]
    assert last.spoiled == spoiled
    assert getattr(last.mean, group) == pytest.approx(score)


def test_a_clap_of_thunder_spoils_the_seconds_around_it_and_no_more():
    verdicts = follow(heard((20, 0.0), (4, 0.9), (30, 0.0), group="thunder"))
    spoiled = [v.ts for v in verdicts if v.spoiled]
    assert 20 < spoiled[0] < 24
    assert spoiled[-1] < 24 + RULE.window_s


def test_the_seconds_of_the_music():
    music = [Segment(59.8, 62.4), Segment(70.0, 71.0)]
    ts = [58.0, 59.0, 60.0, 61.0, 62.0, 63.0, 70.0, 71.0]
    assert music_seconds(ts, music) == [60.0, 61.0, 70.0]
    assert music_seconds(iter(ts), iter(music)) == [60.0, 61.0, 70.0]
    assert music_seconds(ts, []) == []


def test_time_does_not_go_back():
    attribution = Attribution(RULE)
    attribution.hear(Tags(10.0, SPAN_S, Scores(), "", 0.0))
    with pytest.raises(ValueError, match="come after"):
        attribution.hear(Tags(10.0, SPAN_S, Scores(), "", 0.0))


def test_finishing_ends_the_music_once():
    attribution = Attribution(RULE)
    for tags in heard((20, 1.0)):
        attribution.hear(tags)
    assert attribution.finish() is not None
    assert attribution.finish() is None


@pytest.mark.parametrize(
    "wrong",
    [{"on": 0.05}, {"off": 0.0}, {"on": 1.5}, {"known_share": 0}, {"step_s": 0}, {"window_s": 0.1}],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=r"_s is|on are"):
        Hearing(**wrong)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_noise_asks_less_of_music_and_is_none_by_itself(music: float, noise: float) -> None:
    rule = Hearing()
    heard = rule.heard_as_music(Scores(music=music, noise=noise))
    assert min(1.0, music) <= heard <= min(1.0, 3.4 * music + 1e-9)
    assert rule.heard_as_music(Scores(music=0.0, noise=noise)) == 0


def test_music_that_noise_explains_away_is_found() -> None:
    masked = Scores(music=0.08, noise=0.4)
    found = segments([Tags(0.48 * n, SPAN_S, masked, "", 0.0) for n in range(60)], Hearing())
    assert len(found) == 1
    faint = Scores(music=0.08)
    assert segments([Tags(0.48 * n, SPAN_S, faint, "", 0.0) for n in range(60)], Hearing()) == []
