"""What must not change which events come out: rate, size of the frame, order of corners and
detections. Over drawn pictures and whole zones, as the pipeline uses them."""

from collections.abc import Callable
from datetime import UTC
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config import Stream
from edge.scenes.base import View
from edge.types import Detections, Image
from edge.zone import Zone
from tests.factories import LANE, PARKED, detections, fire_lane, road, view

SECOND = (0.64, 0.45, 0.8, 0.85)
BESIDE = (0.02, 0.5, 0.12, 0.7)
HIDER = (0.25, 0.3, 0.65, 0.85)
BLOCK = {"warn_after_s": 20, "file_after_s": 80, "clear_after_s": 20, "ongoing_every_s": 3_600}

CAR, OTHER = (PARKED, 0.6, "car"), (SECOND, 0.5, "truck")
DOUBLE = ((0.3, 0.4, 0.46, 0.8), 0.25, "bus")
STRANGER = (BESIDE, 0.7, "car")
Look = tuple[Image | None, Detections | None]
LOOKS: dict[str, Look] = {
    "empty": (road(), detections(STRANGER)),
    "car": (road((PARKED, 7)), detections(CAR, DOUBLE, STRANGER)),
    "missed": (road((PARKED, 7)), detections(STRANGER)),
    "both": (road((PARKED, 7), (SECOND, 8)), detections(CAR, OTHER, DOUBLE, STRANGER)),
    "hidden": (road((PARKED, 7), (HIDER, 9)), detections(STRANGER)),
    "blind": (None, None),
}
# No sum of these lies within 4 s of a threshold, so no step of 2 s can decide.
episodes = st.lists(
    st.tuples(st.sampled_from(list(LOOKS)), st.sampled_from([14, 47])), min_size=1, max_size=5
).filter(lambda script: all(a[0] != b[0] for a, b in pairwise(script)))
Told = list[tuple[int, str, int, float]]
few = settings(max_examples=5, deadline=None)


def same(look: Look) -> Look:
    return look


def told(
    script: list[tuple[str, int]],
    step_s: float = 1.0,
    change: Callable[[Look], Look] = same,
    turned: int = 0,
) -> Told:
    """Incident (0, 1 …), stage, revision and dwell of everything that is told of a script.

    20 s of the empty lane come before it, 60 s after it.
    """
    polygon = LANE[turned:] + LANE[:turned]
    params = fire_lane(polygon=polygon, **BLOCK)
    stream = Stream.model_validate(
        {
            "id": "camera",
            "name": "camera",
            "url": "rtsp://127.0.0.1/x",
            "analyse_every_s": step_s,
            "scenes": [params.model_dump()],
        }
    )
    zone, at_s, numbers, out = Zone(stream, params), 0.0, dict[str, int](), []
    for name, duration_s in [("empty", 20), *script, ("empty", 60)]:
        picture, seen = change(LOOKS[name])
        for _ in range(int(duration_s / step_s)):
            for marked in zone.decide(seen_at(at_s, picture, seen), UTC).marked:
                report = marked.report
                number = numbers.setdefault(report.incident_id, len(numbers))
                out.append((number, report.stage, report.rev, report.dwell_s))
            at_s += step_s
    return out


def seen_at(at_s: float, picture: Image | None, seen: Detections | None) -> View:
    return view(at_s, picture, seen)


def what(events: Told) -> list[tuple[int, str, int]]:
    return [event[:3] for event in events]


def as_written(script: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Durations that both 1 s and 2 s divide."""
    return [(name, duration_s + duration_s % 2) for name, duration_s in script]


@few
@given(episodes, st.sampled_from([0.5, 2.0]))
def test_half_or_double_the_rate_tells_the_same(script, step_s):
    script = as_written(script)
    usual, other = told(script), told(script, step_s)
    assert what(usual) == what(other)
    for one, two in zip(usual, other, strict=True):
        if one[1] == "cleared":
            assert abs(one[3] - two[3]) <= 2 + step_s


@few
@given(episodes, st.sampled_from([2, 3]))
def test_a_larger_frame_tells_the_same(script, times):
    def larger(look: Look) -> Look:
        picture, seen = look
        if picture is None:
            return look
        return picture.repeat(times, axis=0).repeat(times, axis=1), seen

    assert told(script) == told(script, change=larger)


@few
@given(episodes, st.integers(1, 3))
def test_with_which_corner_the_polygon_begins_is_free(script, turned):
    assert told(script) == told(script, turned=turned)


@few
@given(episodes, st.randoms(use_true_random=False))
def test_the_order_of_detections_is_free(script, chance):
    def shuffled(look: Look) -> Look:
        picture, seen = look
        if seen is None:
            return look
        order = list(range(len(seen)))
        chance.shuffle(order)
        rows = np.array(order, int)
        names = tuple(seen.name[i] for i in order)
        kinds = tuple(seen.kind[i] for i in order)
        return picture, Detections(seen.box_rel[rows], seen.score[rows], names, kinds)

    assert told(script) == told(script, change=shuffled)


@few
@given(episodes)
def test_revisions_count_and_nothing_is_cleared_that_was_not_warned_of(script):
    lives: dict[int, list[str]] = {}
    for number, stage, rev, _ in told(script):
        lives.setdefault(number, []).append(stage)
        assert rev == len(lives[number])
    for stages in lives.values():
        assert stages[0] == "warned"
        assert stages.count("warned") == 1
        assert "cleared" not in stages[:-1]


def test_the_scripts_do_tell_something():
    events = what(told([("car", 47), ("hidden", 14), ("both", 47), ("blind", 14)]))
    assert events == [(0, "warned", 1), (0, "confirmed", 2), (0, "cleared", 3)]
