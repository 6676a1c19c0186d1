"""Time of a stream: jitter stays out, the clock is never left by more than a second, rates hold."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.source_time import MAX_BEHIND_S, Anchor, KeyframeGauge, Picker

delays_s = st.lists(st.floats(0, 0.4), min_size=50, max_size=300)


def arrivals(delays: list[float], step_s: float, start_ts: float) -> list[tuple[float, float]]:
    """(media time, arrival) over one TCP connection: a late packet holds up those behind it."""
    result, last = [], 0.0
    for number, delay_s in enumerate(delays):
        last = max(last, start_ts + number * step_s + delay_s)
        result.append((number * step_s, last))
    return result


def times(packets: list[tuple[float, float]]) -> list[float]:
    anchor = Anchor()
    result = []
    for media_s, arrival_ts in packets:
        anchor.observe(media_s, arrival_ts)
        result.append(anchor.ts(media_s, arrival_ts))
    return result


@given(delays_s, st.sampled_from([0.04, 0.1, 0.2]))
def test_jitter_of_the_network_does_not_enter_the_time_between_frames(
    delays: list[float], step_s: float
) -> None:
    settled = [0.0, *delays]  # once a packet has come without delay, the anchor is true
    ts = times(arrivals(settled, step_s, start_ts=1000.0))
    for number, at in enumerate(ts):
        assert at == pytest.approx(1000.0 + number * step_s, abs=0.001 * number * step_s + 1e-6)


@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(0, 30)), min_size=1, max_size=100))
def test_whatever_a_camera_claims_time_runs_forward_and_stays_near_the_clock(
    claims: list[tuple[float, float]],
) -> None:
    anchor, now_ts, last_ts = Anchor(), 500.0, float("-inf")
    for media_s, wait_s in claims:
        now_ts += wait_s
        anchor.observe(media_s, now_ts)
        ts = anchor.ts(media_s, now_ts)
        assert now_ts - MAX_BEHIND_S - 1e-6 <= ts <= now_ts
        assert ts >= last_ts
        last_ts = ts


@given(st.floats(-0.0009, 0.0009))
def test_a_camera_whose_clock_is_wrong_by_a_thousandth_is_followed_for_a_day(error: float) -> None:
    packets = [(number * (1 + error), float(number)) for number in range(0, 86400, 10)]
    for (_, arrival_ts), ts in zip(packets, times(packets), strict=True):
        assert arrival_ts - ts <= 0.05


def test_a_jump_of_media_time_sets_the_anchor_anew() -> None:
    packets = [(n / 10, n / 10) for n in range(50)]
    packets += [(1000 + n / 10, 5 + n / 10) for n in range(50)]
    packets += [(n / 10, 10 + n / 10) for n in range(50)]
    assert times(packets) == pytest.approx([arrival for _, arrival in packets], abs=0.01)


def test_a_burst_after_a_stall_ends_on_time() -> None:
    live = [(n / 10, n / 10) for n in range(50)]
    stalled = [(n / 10, 10.0) for n in range(50, 100)]
    after = [(n / 10, n / 10) for n in range(100, 150)]
    assert times(live + stalled + after)[-50:] == pytest.approx([n / 10 for n in range(100, 150)])


def test_without_media_time_it_is_the_time_of_arrival() -> None:
    assert Anchor().ts(None, 7.0) == 7.0
    assert Anchor().ts(3.0, 7.0) == 7.0


fps = st.one_of(st.sampled_from([1.0, 5.0, 10.0, 12.5, 15.0, 25.0, 29.97, 30.0]), st.floats(1, 60))


@given(fps, st.floats(0.05, 5), st.integers(2, 400))
def test_a_recording_gives_the_first_frame_at_or_after_each_multiple(
    rate: float, every_s: float, count: int
) -> None:
    ts = [number / rate for number in range(count)]
    picker = Picker(every_s, slack=0.0, origin_ts=0.0)
    picked = [at for at in ts if picker.wants(at)]
    due: list[float] = []
    multiple = 0
    for at in ts:
        if at + 1e-6 >= multiple * every_s:
            due.append(at)
            multiple = int((at + 1e-6) / every_s) + 1
    assert picked == due


@given(fps, st.floats(0.2, 5), st.lists(st.floats(-0.01, 0.01), min_size=300, max_size=300))
def test_a_camera_is_looked_at_as_often_as_wanted_at_any_rate(
    rate: float, every_s: float, jitter: list[float]
) -> None:
    ts = [100 + n / rate + jitter[n] / rate for n in range(300)]
    picker = Picker(every_s)
    picked = [at for at in ts if picker.wants(at)]
    possible = min(len(ts), (ts[-1] - ts[0]) / every_s)
    assert len(picked) >= 0.95 * possible - 2
    for earlier, later in pairwise(picked):
        assert later - earlier <= every_s * 1.1 + 1.1 / rate


@given(st.floats(0, 0.999), st.lists(st.floats(-0.005, 0.005), min_size=60, max_size=60))
def test_keyframes_that_come_just_as_often_as_wanted_are_all_taken_whatever_their_phase(
    phase_s: float, jitter: list[float]
) -> None:
    picker = Picker(1.0, origin_ts=0.0)
    taken = [picker.wants(10 + phase_s + n + jitter[n]) for n in range(60)]
    assert taken.count(False) <= 1


def gauge_after(keyframes_s: list[float], until_s: float, every_s: float) -> bool:
    gauge = KeyframeGauge(every_s)
    for tick in range(int(until_s * 10) + 1):
        gauge.observe(tick / 10, any(abs(tick / 10 - at) < 0.01 for at in keyframes_s))
    return gauge.keyframes_suffice


@pytest.mark.parametrize(
    ("keyframes_s", "until_s", "every_s", "suffice"),
    [
        ([0, 1], 1.5, 1.0, False),  # one interval is no evidence
        ([0, 1, 2], 2.5, 1.0, True),
        ([0, 1, 2], 3.5, 1.0, False),  # the next is overdue: the camera stretches its interval
        ([0, 4, 8, 12], 12, 1.0, False),
        ([0, 4, 8, 12], 12, 5.0, True),
        ([0, 1, 2, 6, 7], 7, 1.0, False),  # one interval since the long one
        ([0, 1, 2, 6, 7, 8], 8, 1.0, True),
    ],
)
def test_when_keyframes_alone_suffice(
    keyframes_s: list[float], until_s: float, every_s: float, suffice: bool
) -> None:
    assert gauge_after(keyframes_s, until_s, every_s) is suffice


def test_a_jump_of_media_time_starts_the_measuring_again() -> None:
    gauge = KeyframeGauge(1.0)
    for at in (100.0, 101.0, 102.0, 5.0):
        gauge.observe(at, is_keyframe=True)
    assert not gauge.keyframes_suffice
