from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.sound.attribution import Attribution, Hearing, segments
from edge.sound.tag_frontend import PatchStream
from edge.sound.tags import Scores, Tags

SOUND = np.random.default_rng(5).normal(0, 0.05, 16_000 * 3).astype(np.float32)
WHOLE = list(PatchStream().push(SOUND))
RULE = Hearing()

scores = st.one_of(st.sampled_from([0.0, 0.09, 0.18, 0.32, 0.5, 1.0]), st.floats(0, 1))
runs = st.lists(st.tuples(scores, st.integers(1, 60), st.integers(0, 50)), max_size=12)
"""Music's score, how many answers long, how many answers are missing afterwards."""


def tags_of(runs: list[tuple[float, int, int]]) -> list[Tags]:
    number, tags = 0, []
    for score, count, missing in runs:
        for _ in range(count):
            tags.append(Tags(0.48 * number, 0.975, Scores(music=score), "", 0.0))
            number += 1
        number += missing
    return tags


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=40))
def test_patches_do_not_depend_on_the_pieces_the_sound_comes_in(sizes):
    stream, found, start = PatchStream(), [], 0
    for size in [*sizes, len(SOUND)]:
        found += stream.push(SOUND[start : start + size])
        start += size
    assert [p.start for p in found] == [p.start for p in WHOLE]
    for one, other in zip(found, WHOLE, strict=True):
        assert np.array_equal(one.values, other.values)


@settings(deadline=None)
@given(runs)
def test_segments_are_in_order_apart_and_within_what_was_heard(runs):
    tags = tags_of(runs)
    found = segments(tags, RULE)
    assert all(s.start_s <= s.end_s for s in found)
    assert all(a.end_s <= b.start_s for a, b in pairwise(found))
    if found:
        assert found[0].start_s >= tags[0].ts
        assert found[-1].end_s <= tags[-1].ts + tags[-1].span_s


@settings(deadline=None)
@given(runs)
def test_no_music_without_an_answer_that_was_music(runs):
    quiet = [(min(score, 0.19), count, missing) for score, count, missing in runs]
    assert segments(tags_of(quiet), RULE) == []


@settings(deadline=None)
@given(runs, st.floats(-1e4, 1e6))
def test_the_clock_does_not_matter(runs, shift_s):
    tags = tags_of(runs)
    moved = [Tags(t.ts + shift_s, t.span_s, t.scores, t.top, t.top_score) for t in tags]
    for one, other in zip(segments(tags, RULE), segments(moved, RULE), strict=True):
        assert abs(one.start_s + shift_s - other.start_s) < 1e-3
        assert abs(one.end_s + shift_s - other.end_s) < 1e-3


@settings(deadline=None)
@given(runs)
def test_what_was_said_live_is_what_the_recording_says(runs):
    attribution, told = Attribution(RULE), []
    last = None
    for tags in tags_of(runs):
        heard = attribution.hear(tags)
        if heard.ended:
            told.append(heard.ended)
        if last and heard.music and last.start_s == heard.music.start_s:
            assert heard.music.end_s >= last.end_s
        last = heard.music
    end = attribution.finish()
    assert told + ([end] if end else []) == segments(tags_of(runs), RULE)


@settings(deadline=None)
@given(scores.filter(lambda s: s >= 0.2), st.integers(25, 200), st.integers(25, 200))
def test_steady_music_is_found_with_its_edges(score, before, during):
    tags = tags_of([(0.0, before, 0), (score, during, 0), (0.0, 40, 0)])
    (found,) = segments(tags, RULE)
    assert abs(found.start_s - 0.48 * before) <= 1.0
    assert abs(found.end_s - 0.48 * (before + during)) <= 1.0
