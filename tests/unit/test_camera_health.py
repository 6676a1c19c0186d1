"""Camera health over a real street: every fault is told in time, every nuisance is not."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.camera_health import CameraHealth, HealthChange
from edge.picture import luma
from scripts.scenarios.kinds import named
from scripts.scenarios.levels import DrawnCamera
from tests import cameras
from tests.cameras import Camera, Grey, box_blur, decoded, encoded, noisy
from tests.support import MEDIA, ROOT

RATES = [0.5, 1.0, 4.0]
BEGINS_S, LASTS_S, CALM_S = 42.0, 30.0, 25.0
Change = tuple[str, str]


@pytest.fixture(scope="module")
def street() -> list[Grey]:
    return cameras.street()


@pytest.fixture(scope="module")
def empty(street: list[Grey]) -> Grey:
    """The street without people."""
    return np.median(np.stack(street[::6]), axis=0).astype(np.uint8)


def watch(
    picture_at: Callable[[float], Grey | None],
    until_s: float,
    per_s: float,
    health: CameraHealth | None = None,
    from_s: float = 0.0,
) -> list[tuple[float, HealthChange]]:
    """Changes told, each with the time of the picture it was told at."""
    health = health or CameraHealth()
    told = []
    for number in range(int((until_s - from_s) * per_s)):
        ts = from_s + number / per_s + 0.07
        told += [(ts, change) for change in health.update(picture_at(ts), ts)]
    return told


def of_size(street: list[Grey], per_s: float) -> list[Grey]:
    """At one rate the pictures are large; at the others small, or the tests take minutes."""
    return [picture[::2, ::2] for picture in street] if per_s != 1 else street


def unsharp(picture: Grey, side: int) -> np.ndarray:
    """Out of focus by a box of `side` pixels of 768."""
    return box_blur(picture, side * picture.shape[1] // 768 | 1)


def names(told: list[tuple[float, HealthChange]]) -> list[Change]:
    return [(change.condition, change.state) for _, change in told]


def shifted(picture: Grey, dx: int, dy: int) -> Grey:
    """The camera turned: content moves right and down (pixels of 768), the edge is filled up."""
    height, width = picture.shape
    dx, dy = dx * width // 768, dy * width // 768
    wide = np.pad(picture, ((64, 64), (128, 128)), "edge")
    return wide[64 - dy : 64 - dy + height, 128 - dx : 128 - dx + width]


def _grid(picture: Grey) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    return rows / picture.shape[0], cols / picture.shape[1]


def _board(picture: Grey, ts: float) -> Grey:
    return noisy(np.full(picture.shape, 110.0), 1.5, ts)


def _hand(picture: Grey, ts: float) -> Grey:
    return noisy(unsharp(picture, 151) * 0.4 + 30, 2.0, ts)


def _lens_cap(picture: Grey, ts: float) -> Grey:
    return noisy(np.full(picture.shape, 3.0), 1.5, ts)


def _mostly_covered(picture: Grey, ts: float) -> Grey:
    return np.where(_grid(picture)[1] < 0.9, _board(picture, ts), picture).astype(np.uint8)


FAULTS: dict[str, tuple[cameras.Look, set[str], float]] = {
    "board": (_board, {"covered"}, 10),
    "hand": (_hand, {"covered"}, 10),
    "nine tenths covered": (_mostly_covered, {"covered"}, 10),
    "lens cap by day": (_lens_cap, {"covered", "dark"}, 10),
    "lights out": (lambda p, ts: noisy(p * 0.06, 1.5, ts), {"dark"}, 10),
    "sun": (lambda p, ts: np.clip(p * 5.0 + 120, 0, 255).astype(np.uint8), {"overexposed"}, 10),
    "out of focus": (lambda p, ts: noisy(unsharp(p, 9), 1.5, ts), {"blurred"}, 10),
    "far out of focus": (lambda p, ts: noisy(unsharp(p, 35), 1.5, ts), {"blurred"}, 10),
    "turned a little": (lambda p, ts: shifted(p, 24, 0), {"moved"}, 20),
    "turned": (lambda p, ts: shifted(p, 40, 15), {"moved"}, 20),
    "turned far": (lambda p, ts: shifted(p, -110, 50), {"moved"}, 20),
    "another view": (lambda p, ts: p[:, ::-1], {"moved"}, 20),
}


@pytest.mark.parametrize("per_s", RATES)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_raised_in_time_and_cleared_when_it_is_over(fault, per_s, street):
    look, conditions, limit_s = FAULTS[fault]
    camera = Camera(of_size(street, per_s))
    ends_s = BEGINS_S + LASTS_S

    def picture_at(ts: float) -> Grey:
        live = camera.at(ts)
        return look(live, ts) if BEGINS_S <= ts < ends_s else live

    told = watch(picture_at, ends_s + CALM_S, per_s)
    raised = {c.condition: ts for ts, c in told if c.state == "raised"}
    cleared = {c.condition: ts for ts, c in told if c.state == "cleared"}
    assert raised.keys() == cleared.keys() == conditions
    assert len(told) == 2 * len(conditions)
    assert all(BEGINS_S <= ts <= BEGINS_S + limit_s for ts in raised.values())
    assert all(ends_s < ts <= ends_s + 20 for ts in cleared.values())
    assert all(c.since_ts <= ts for ts, c in told)


def test_the_shift_is_told_in_pixels(street):
    camera = Camera(street)
    told = watch(lambda ts: shifted(camera.at(ts), 40 * (ts > 42), 15 * (ts > 42)), 65, 1.0)
    assert [change.detail for _, change in told] == ["shifted by +39, +14 pixels"]


def _night(picture: Grey, ts: float) -> Grey:
    return noisy(picture * 0.25 + 8, 3.0, ts)


def _headlights(picture: Grey, ts: float) -> Grey:
    rows, cols = _grid(picture)
    glare = np.exp(-(((cols - ts % 6 / 6) / 0.15) ** 2 + ((rows - 0.7) / 0.2) ** 2) / 2)
    return noisy(picture * 0.25 + 8 + 200 * glare, 3.0, ts)


def _rain(picture: Grey, ts: float) -> Grey:
    rng = np.random.default_rng(int(ts * 1000))
    wet = picture.astype(np.float32) * 0.8 + 20
    height, width = picture.shape
    for x, y in zip(
        rng.integers(0, width - 4, 700), rng.integers(0, height - 40, 700), strict=True
    ):
        wet[y : y + 30, x + np.arange(30)[: height - y] // 12] += 40
    return noisy(wet, 3.0, ts)


def _infrared(picture: Grey, ts: float) -> Grey:
    """Colours look otherwise and the lamp falls off to the edges; back by day every 45 s."""
    if ts % 90 < 45:
        return picture
    rows, cols = _grid(picture)
    lamp = 1 - 0.6 * np.hypot(cols - 0.5, rows - 0.5)
    return noisy((50 + 70 * np.sin(picture / 255 * 5.5)) * lamp, 4.0, ts)


def _inverted_infrared(picture: Grey, ts: float) -> Grey:
    return noisy((255.0 - picture) * 0.4 + 10, 4.0, ts) if ts % 90 >= 45 else picture


def _shake(picture: Grey, ts: float) -> Grey:
    rng = np.random.default_rng(int(ts * 1000))
    return shifted(picture, *(int(v) for v in rng.integers(-4, 5, 2)))


def _bus(picture: Grey, ts: float, share: float = 0.5) -> Grey:
    if not 45 <= ts < 65:
        return picture
    rows, cols = _grid(picture)
    side = 60 + 120 * ((cols * 12).astype(int) % 2) * (rows < 0.45)
    return np.where((cols < share) & (rows > 0.12), side, picture).astype(np.uint8)


def _cloud_shadow(picture: Grey, ts: float) -> Grey:
    return np.where(_grid(picture)[1] < ts / 25 % 2, picture * 0.5, picture).astype(np.uint8)


NUISANCES: dict[str, cameras.Look] = {
    "nothing": lambda p, ts: p,
    "rain": _rain,
    "night": _night,
    "headlights": _headlights,
    "infrared": _infrared,
    "inverted infrared": _inverted_infrared,
    "shaking pole": _shake,
    "shaking pole at night": lambda p, ts: _night(_shake(p, ts), ts),
    "bus": _bus,
    "bus that fills it": lambda p, ts: _bus(p, ts, 0.8),
    "clouds": lambda p, ts: np.clip(p * (0.75 + 0.35 * np.sin(ts / 7)), 0, 255).astype(np.uint8),
    "cloud shadow": _cloud_shadow,
    "fog": lambda p, ts: noisy(p * 0.3 + 120, 1.5, ts) if ts > 40 else p,
}


@pytest.mark.parametrize("per_s", RATES)
@pytest.mark.parametrize("nuisance", NUISANCES)
def test_nothing_is_told_of_what_is_no_fault(nuisance, per_s, street):
    camera, look = Camera(of_size(street, per_s)), NUISANCES[nuisance]
    until_s = 140 if per_s < 4 else 80
    assert watch(lambda ts: look(camera.at(ts), ts), until_s, per_s) == []


@pytest.mark.parametrize(("level", "offset"), [(0.25, 8), (1.0, 0)])
def test_a_quiet_scene_that_shows_nothing_but_its_noise_is_not_frozen(level, offset, empty):
    """At constant quality the encoder skips the noise between keyframes: they repeat exactly."""
    part = empty[96:480, 128:640] * level + offset
    rng = np.random.default_rng(3)
    live = encoded([noisy(part, 0.5, float(rng.random())) for _ in range(700)], crf="30")
    for per_s in RATES:
        assert watch(lambda ts: live[int(ts * 10)], 69, per_s) == []


@pytest.mark.parametrize("quality", [{"crf": "23"}, {"crf": "30"}, {"b": "1500k"}])
@pytest.mark.parametrize("night", [False, True])
def test_a_held_picture_is_frozen_even_when_it_is_encoded_anew(quality, night, street):
    part = street[10][96:480, 128:640]
    held = encoded([(part * 0.25 + 8).astype(np.uint8) if night else part] * 620, **quality)
    for per_s in (0.2, *RATES):
        told = watch(lambda ts: held[int(ts * 10)], 61, per_s)
        assert names(told) == [("frozen", "raised")]
        assert 50 <= told[0][0] <= 60
        assert told[0][1].since_ts < 1


def test_a_smooth_place_at_night_is_not_blurred_by_what_its_first_picture_did_not_tell():
    """Of the first picture nobody knows what is noise: taken for detail, all others lack it."""
    camera = DrawnCamera(named("empty_night-0000", 1))
    told = watch(lambda ts: luma(camera.picture(ts)), 40.0, 1.0)
    assert names(told) == []


@pytest.mark.parametrize("name", ["nudge-0002", "nudge-0029"])
def test_a_parked_vehicle_that_moves_on_does_not_move_the_camera(name):
    """It is the strongest structure of a smooth street, but most of the view stays in place."""
    camera = DrawnCamera(named(name, 1))
    told = watch(lambda ts: luma(camera.picture(ts)), 130.0, 1.0)
    assert names(told) == []


@pytest.mark.parametrize("name", ["empty_day-0003", "empty_day-0007"])
def test_smooth_ground_under_clouds_and_shadow_is_neither_moved_nor_blurred(name):
    """Dark, hardly an edge stands out of the noise: what is found then is chance, not the view."""
    camera = DrawnCamera(named(name, 1))
    told = watch(lambda ts: luma(camera.picture(ts)), 125.0, 2.0)
    assert names(told) == []


@pytest.mark.parametrize("name", ["clouds-0002", "empty_day-0000", "empty_night-0001", "rain-0001"])
def test_a_cover_before_smooth_ground_is_told_and_its_end_too(name):
    """There is little structure to lose, and the noise of the cover leaves traces of some."""
    camera = DrawnCamera(named(name, 5))
    dice = np.random.default_rng(5)

    def seen(ts: float) -> Grey:
        picture = luma(camera.picture(ts))
        if not 60 <= ts < 90:
            return picture
        return np.clip(dice.normal(110, 2, picture.shape), 0, 255).astype(np.uint8)

    told = watch(seen, 120.0, 2.0)
    assert names(told) == [("covered", "raised"), ("covered", "cleared")]
    assert told[0][0] <= 70
    assert 90 < told[1][0] <= 110


@pytest.mark.parametrize("per_s", RATES)
def test_frozen_until_it_changes_again(per_s, street):
    camera, held = Camera(street), Camera(street).at(30.0)
    told = watch(lambda ts: held if 30 <= ts < 100 else camera.at(ts), 125, per_s)
    assert names(told) == [("frozen", "raised"), ("frozen", "cleared")]
    assert 80 < told[0][0] <= 90
    assert 100 < told[1][0] <= 110


@pytest.mark.parametrize("per_s", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("loop_s", [2, 5, 10])
def test_the_same_sequence_again_and_again_is_frozen(loop_s, per_s, street):
    camera = Camera(street)
    loop = [camera.at(number / 2) for number in range(loop_s * 2)]
    told = watch(lambda ts: loop[int(ts * 2) % len(loop)], 80, per_s)
    assert names(told) == [("frozen", "raised")]
    assert told[0][0] <= 60


def test_the_same_people_again_with_other_noise_are_not_frozen(street):
    """What tells a loop is the noise: here the street repeats every 10 s, the sensor does not."""
    camera = Camera(street[:20])
    assert watch(camera.at, 120, 1.0) == []


def test_a_clock_that_runs_on_does_not_hide_a_frozen_picture(street):
    def picture_at(ts: float) -> Grey:
        picture = street[0].copy()
        picture[:40, :300] = int(ts) * 37 % 256
        return picture

    assert names(watch(picture_at, 61, 1.0)) == [("frozen", "raised")]


def test_black_is_dark_and_never_frozen():
    assert names(watch(lambda ts: np.zeros((576, 768), np.uint8), 90, 1.0)) == [("dark", "raised")]


@pytest.mark.parametrize("per_s", RATES)
def test_no_signal_within_ten_seconds_and_back(per_s, street):
    camera = Camera(street)
    told = watch(lambda ts: None if 30 <= ts < 60 else camera.at(ts), 75, per_s)
    assert names(told) == [("no_signal", "raised"), ("no_signal", "cleared")]
    assert 34 <= told[0][0] <= 40
    assert 28 <= told[0][1].since_ts < 30
    assert told[1][0] <= 65


def test_a_short_gap_is_no_fault_and_the_reason_is_told(street):
    camera, health = Camera(street), CameraHealth()
    assert watch(lambda ts: None if 30 <= ts < 34 else camera.at(ts), 50, 1.0, health) == []
    assert health.suspended == ""
    assert health.update(None, 51.0, "refused") == []
    (change,) = health.update(None, 60.0, "refused")
    assert (change.condition, change.detail) == ("no_signal", "refused")
    assert health.suspended == "no signal"


def test_a_camera_turned_while_the_box_was_off_is_noticed(street):
    camera, before = Camera(street), CameraHealth()
    watch(camera.at, 60, 1.0, before)
    blob = before.dump(60.0)
    same, turned = CameraHealth(), CameraHealth()
    same.load(blob, 1000.0 - 600.0)
    turned.load(blob, 1000.0 - 600.0)
    assert watch(camera.at, 1040, 1.0, same, 1000) == []
    told = watch(lambda ts: shifted(camera.at(ts), 60, 0), 1040, 1.0, turned, 1000)
    assert names(told) == [("moved", "raised")]
    assert told[0][0] <= 1020
    assert turned.suspended == "camera moved"


def test_what_is_raised_survives_a_restart_and_is_told_once(street):
    camera, before, after = Camera(street), CameraHealth(), CameraHealth()
    watch(lambda ts: shifted(camera.at(ts), 60 * (ts > 42), 0), 70, 1.0, before)
    after.load(before.dump(70.0), 70.0)
    assert after.suspended == "camera moved"
    assert after.dump(70.0) == before.dump(70.0)
    assert watch(lambda ts: shifted(camera.at(ts), 60, 0), 100, 1.0, after, 70) == []
    assert names(watch(camera.at, 130, 1.0, after, 100)) == [("moved", "cleared")]


def test_an_accepted_move_is_learned_anew(street):
    camera, health = Camera(street), CameraHealth()

    def turned(ts: float) -> Grey:
        return shifted(camera.at(ts), 60, 0)

    watch(lambda ts: turned(ts) if ts > 42 else camera.at(ts), 70, 1.0, health)
    health.relearn()
    assert names(watch(turned, 120, 1.0, health, 70)) == [("moved", "cleared")]
    assert health.suspended == ""
    assert names(watch(camera.at, 150, 1.0, health, 120)) == [("moved", "raised")]


@pytest.mark.parametrize(
    "blob", [b"", b"[]", b"{}", b'{"raised": {}, "references": [{}]}', b"\xff"]
)
def test_anything_but_a_dump_is_refused(blob):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own errors are ValueErrors too
        CameraHealth().load(blob, 0.0)


def test_a_dump_is_small_and_json(street):
    health = CameraHealth()
    watch(Camera(street).at, 60, 1.0, health)
    assert json.loads(health.dump(60.0))["version"] == 1
    assert len(health.dump(60.0)) < 32_000


def test_the_size_of_the_picture_may_change(street):
    camera = Camera(street)
    assert watch(lambda ts: camera.at(ts)[:: 1 + (ts > 40), :: 1 + (ts > 40)], 80, 1.0) == []


@dataclass(frozen=True)
class Episode:
    """A fault that lasts for a time."""

    fault: str
    begins_s: int
    lasts_s: int


EPISODES = st.lists(
    st.builds(
        Episode,
        st.sampled_from(["board", "lights out", "sun", "out of focus", "turned", "no signal"]),
        st.integers(0, 10),
        st.integers(25, 40),
    ),
    min_size=1,
    max_size=2,
)


def _told_of(episodes: list[Episode], per_s: float, small: list[Grey]) -> list[Change]:
    """Changes of a series of episodes with calm between them, on a picture of half the size."""
    spans, ts = [], 45.0
    for episode in episodes:
        ts += episode.begins_s
        spans.append((ts, ts + episode.lasts_s, episode.fault))
        ts += episode.lasts_s + 35
    camera = Camera(small)

    def picture_at(now: float) -> Grey | None:
        fault = next((f for first, last, f in spans if first <= now < last), None)
        if fault == "no signal":
            return None
        return FAULTS[fault][0](camera.at(now), now) if fault else camera.at(now)

    return names(watch(picture_at, ts, per_s))


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(episodes=EPISODES)
def test_the_rate_of_pictures_does_not_change_what_is_told(episodes, street):
    small = [picture[::2, ::2] for picture in street]
    told = _told_of(episodes, 1.0, small)
    assert _told_of(episodes, 0.5, small) == _told_of(episodes, 2.0, small) == told


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["live", "board", "lights out", "turned", "held", "nothing"]),
            st.integers(1, 30),
            st.sampled_from([0.3, 1.0, 5.0]),
        ),
        max_size=8,
    )
)
def test_no_change_is_told_twice_and_nothing_is_cleared_that_was_not_raised(steps, street):
    tiny = [picture[::3, ::3] for picture in street]
    camera, health, ts, raised = Camera(tiny), CameraHealth(), 0.0, set[str]()
    for kind, count, step_s in steps:
        for _ in range(count):
            ts += step_s
            live = camera.at(ts)
            picture = {"held": tiny[0], "nothing": None, "live": live}.get(kind, live)
            if kind in FAULTS:
                picture = FAULTS[kind][0](live, ts)
            for change in health.update(picture, ts):
                assert (change.condition in raised) == (change.state == "cleared")
                assert change.since_ts <= ts
                raised ^= {change.condition}
            assert set(health.raised) == raised
            assert bool(health.suspended) == bool(raised)


@pytest.mark.media
@pytest.mark.parametrize("per_s", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("clip", ["lane_parked", "lane_passing", "people_walking"])
def test_nothing_is_told_over_the_real_clips(clip, per_s):
    path = MEDIA / f"{clip}.mp4"
    if not path.exists():
        pytest.skip(f"needs {path}")
    health, next_ts, told = CameraHealth(), 0.0, []
    for ts, picture in decoded(str(path)):
        if ts >= next_ts:
            next_ts += 1 / per_s
            told += health.update(picture, ts)
    assert told == []


def test_nothing_is_told_over_the_sample_camera():
    health = CameraHealth()
    for ts, picture in decoded(str(ROOT / "samples" / "street.mp4"), 2):
        assert health.update(picture, ts) == []
