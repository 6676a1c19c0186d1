"""What of an external meter's messages is believed, and of which time it is."""

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.sound.frames import Invalid
from edge.sound.meter_frame import MAX_BYTES, Gate, Moment, Wanted
from tests.dances import EVENING

GOOD = {"weighting": "A", "interval_s": 1.0, "class": 1, "serial": "00312", "leq_db": 63.2}


def message(**changes: Any) -> bytes:
    """A good frame but for the changes; None leaves a key out."""
    return json.dumps({k: v for k, v in (GOOD | changes).items() if v is not None}).encode()


def moment(ts: float) -> Moment:
    return Moment(ts, EVENING + timedelta(seconds=ts))


def stamp(second: float) -> str:
    return (EVENING + timedelta(seconds=second)).isoformat()


def reasons(payload: bytes, **wanted: Any) -> list[str]:
    """Why a message was refused; the gate has counted the same."""
    gate = Gate(Wanted(**wanted))
    frames, refusals = gate.take(payload, moment(100.0))
    assert not (frames and refusals)
    assert gate.accepted == len(frames)
    assert sum(gate.refused.values()) == len(refusals)
    return [refusal.reason for refusal in refusals]


def test_a_frame_that_says_everything_is_believed() -> None:
    more = {"lmax_db": 66.0, "lmin_db": 60.5, "lceq_db": 70.0, "lcpeak_db": 85.0, "battery": 93}
    (frame,), refusals = Gate(Wanted("00312", 1)).take(message(**more), moment(100.0))
    assert refusals == []
    assert (frame.ts, frame.measured_s, frame.laeq_db) == (99.0, 1.0, 63.2)
    assert (frame.lafmax_db, frame.lafmin_db, frame.lceq_db) == (66.0, 60.5, 70.0)
    assert frame.valid


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weighting": None}, "no_weighting"),
        ({"weighting": "C"}, "weighting"),
        ({"interval_s": None}, "no_interval"),
        ({"interval_s": 0.125}, "interval"),
        ({"interval_s": 60.0}, "interval"),
        ({"class": None}, "no_class"),
        ({"class": 0}, "class"),
        ({"class": 3}, "class"),
        ({"serial": None}, "no_serial"),
        ({"serial": ""}, "malformed"),
        ({"leq_db": None}, "no_leq"),
        ({"leq_db": None, "level": 63.2}, "no_leq"),
        ({"leq_db": "63.2"}, "malformed"),
        ({"leq_db": float("nan")}, "malformed"),
        ({"leq_db": 900}, "malformed"),
        ({"class": True}, "malformed"),
        ({"at": "2026-11-24T19:00:00"}, "malformed"),
    ],
)
def test_a_frame_that_does_not_is_refused_and_counted(changes: dict[str, Any], reason: str) -> None:
    assert reasons(message(**changes)) == [reason]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"63.2", "malformed"),
        (b"null", "malformed"),
        (b"\xff\x00", "not_json"),
        (b"[" * 50_000, "not_json"),
        (b" " * (MAX_BYTES + 1), "size"),
        (b"[" + b"1," * 700 + b"1]", "size"),
    ],
)
def test_what_is_no_frame_at_all(payload: bytes, reason: str) -> None:
    assert reasons(payload) == [reason]


def test_another_instrument_than_the_configured_one() -> None:
    assert reasons(message(serial="7"), serial="00312") == ["serial"]
    assert reasons(message(**{"class": 2}), accuracy_class=1) == ["class"]
    assert reasons(message(), accuracy_class=2) == []
    assert reasons(message(), stamped=True) == ["no_at"]


@pytest.mark.parametrize(
    ("changes", "invalid"),
    [
        ({"overload": True}, Invalid.CLIPPING),
        ({"under_range": True}, Invalid.UNDER_RANGE),
        ({"calibrated_until": stamp(50)}, Invalid.CALIBRATION_EXPIRED),
        ({"calibrated_until": stamp(150)}, Invalid.NONE),
    ],
)
def test_what_the_meter_says_against_itself(changes: dict[str, Any], invalid: Invalid) -> None:
    (frame,), _ = Gate(Wanted()).take(message(**changes), moment(100.0))
    assert frame.invalid == invalid


def test_arrivals_that_jitter_are_seconds_that_follow_each_other() -> None:
    gate = Gate(Wanted())
    arrivals = [100 + n + (0.3 if n % 3 else 0.0) for n in range(60)]
    starts = [gate.take(message(), moment(ts))[0][0].ts for ts in arrivals]
    steps = [b - a for a, b in pairwise(starts)]
    assert all(1.0 <= step < 1.05 for step in steps)


def test_a_gap_stays_a_gap() -> None:
    gate = Gate(Wanted())
    starts = [gate.take(message(), moment(ts))[0][0].ts for ts in (100.0, 101.0, 111.0, 112.0)]
    assert starts == pytest.approx([99, 100, 110, 111], abs=0.01)


def test_a_stamped_frame_counts_once_however_often_it_is_given() -> None:
    gate = Gate(Wanted(stamped=True))
    assert len(gate.take(message(at=stamp(0)), moment(100.0))[0]) == 1
    frames, refusals = gate.take(message(at=stamp(0)), moment(100.5))
    assert (frames, refusals, gate.refused) == ([], [], {})
    several = [GOOD | {"at": stamp(n)} for n in range(4)]
    frames, _ = gate.take(json.dumps(several).encode(), moment(103.0))
    assert [f.ts for f in frames] == pytest.approx([100, 101, 102], abs=0.01)


def test_more_frames_than_seconds_are_not_believed() -> None:
    gate = Gate(Wanted())
    frames = [frame for n in range(500) for frame in gate.take(message(), moment(5 + n / 50))[0]]
    assert 9 <= len(frames) <= 12
    assert gate.refused == {"too_many": 500 - len(frames)}


@pytest.mark.parametrize("jump_s", [-7200, -30, 30, 7200])
def test_a_meter_whose_clock_is_set_goes_on(jump_s: int) -> None:
    gate = Gate(Wanted(stamped=True))
    starts = []
    for n in range(20):
        at = stamp(n + (jump_s if n >= 10 else 0))
        starts += [frame.ts for frame in gate.take(message(at=at), moment(100.0 + n))[0]]
    assert starts == pytest.approx([99.0 + n for n in range(20)], abs=0.05)


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_a_meter_whose_clock_drifts_is_followed(drift: float) -> None:
    gate = Gate(Wanted())
    frames = []
    for n in range(3600):
        frames += gate.take(message(at=stamp(n * (1 + drift))), moment(100.0 + n))[0]
    assert len(frames) == 3600
    assert frames[-1].ts == pytest.approx(99.0 + 3599, abs=0.05)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(-2, 2) | st.none()), max_size=30))
def test_no_second_overlaps_another_and_none_is_of_the_future(
    arrivals: list[tuple[float, float | None]],
) -> None:
    gate, now_ts, before = Gate(Wanted()), 1000.0, float("-inf")
    for n, (later_s, off_s) in enumerate(arrivals):
        now_ts += later_s
        at = None if off_s is None else stamp(n + off_s)
        for frame in gate.take(message(at=at), moment(now_ts))[0]:
            assert frame.ts >= before + 1.0 - 1e-6
            assert frame.ts + 1.0 <= now_ts + 1.0 + 1e-6
            before = frame.ts


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda x: st.lists(x, max_size=4) | st.dictionaries(st.sampled_from([*GOOD, "at", "x"]), x),
    ).map(lambda x: json.dumps(x).encode())
)
def test_nothing_that_comes_breaks_the_gate(payload: bytes) -> None:
    gate = Gate(Wanted())
    frames, refusals = gate.take(payload, moment(5.0))
    assert frames == []
    assert all(refusal.reason in gate.refused for refusal in refusals)
