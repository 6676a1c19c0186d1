"""The front-end against the published one: the golden cells of the reference, and its level."""

import numpy as np
import pytest
from scipy import signal

from edge.sound.tag_frontend import (
    GAIN_MAX,
    PATCH_SAMPLES,
    PATCH_STEP,
    STEADY_DB,
    TARGET_RMS,
    Mono,
    PatchStream,
    Stretch,
    WaveStream,
    log_mel,
    mel_magnitudes,
    mel_weights,
    waver_db,
)

CUT = signal.butter(4, 80, "highpass", fs=16_000, output="sos")
SILENT = np.float32(np.log(0.001))


def tone(hz: float, peak: float, count: int) -> Mono:
    return (peak * np.sin(2 * np.pi * hz * np.arange(count) / 16_000)).astype(np.float32)


def noise(count: int, rms: float, seed: int = 1) -> Mono:
    return np.random.default_rng(seed).normal(0, rms, count).astype(np.float32)


def without_rumble(samples: Mono) -> Mono:
    begin = signal.sosfilt_zi(CUT) * samples[0]
    return signal.sosfilt(CUT, samples.astype(np.float64), zi=begin)[0].astype(np.float32)


def patches(samples: Mono) -> list[Stretch]:
    return list(PatchStream().push(samples))


def test_silence_is_the_logarithm_of_the_offset_in_every_cell():
    cells = log_mel(mel_magnitudes(np.zeros(PATCH_SAMPLES, np.float32)))
    assert cells.shape == (96, 64)
    assert cells.dtype == np.float32
    assert np.allclose(cells, -6.9078, atol=5e-5)


@pytest.mark.parametrize(("count", "frames"), [(400, 1), (559, 1), (560, 2), (15_600, 96)])
def test_frames_are_25_ms_every_10_ms(count: int, frames: int):
    assert mel_magnitudes(np.zeros(count, np.float32)).shape == (frames, 64)


def test_a_tone_of_1_khz_stands_where_the_published_front_end_has_it():
    mean = log_mel(mel_magnitudes(tone(1000, 0.5, PATCH_SAMPLES))).mean(axis=0)
    assert mean.argmax() == 19
    assert mean[19] == pytest.approx(4.118, abs=5e-4)


def test_weights_are_triangles_on_the_mel_scale_between_125_and_7500_hz():
    weights = mel_weights()
    hz = np.arange(257) * 31.25
    assert weights.shape == (257, 64)
    assert not weights[(hz <= 125) | (hz >= 7500)].any()
    assert np.allclose(weights[(hz > 156.25) & (hz < 7200)].sum(axis=1), 1.0, atol=1e-6)
    assert ((weights > 0).sum(axis=1) <= 2).all()


def test_mel_is_that_of_a_plain_computation_in_double_precision():
    samples = noise(PATCH_SAMPLES, 0.1)
    window = np.hanning(401)[:-1]
    frames = np.stack([samples[start : start + 400] * window for start in range(0, 15_201, 160)])
    plain = np.abs(np.fft.rfft(frames.astype(np.float64), 512)) @ mel_weights().astype(np.float64)
    assert mel_magnitudes(samples) == pytest.approx(plain, rel=1e-4, abs=1e-5)


def test_patches_overlap_by_half_and_the_first_needs_975_ms():
    assert not patches(np.zeros(PATCH_SAMPLES - 1, np.float32))
    assert [p.start for p in patches(np.zeros(PATCH_SAMPLES, np.float32))] == [0]
    starts = [p.start for p in patches(noise(16_000 * 5, 0.1))]
    assert starts == [PATCH_STEP * number for number in range(len(starts))]
    assert len(starts) == (16_000 * 5 - PATCH_SAMPLES) // PATCH_STEP + 1


def test_a_patch_is_the_published_one_of_the_levelled_sound():
    samples = noise(16_000 * 2, 0.002)
    second = patches(samples)[1]
    part = without_rumble(samples)[second.start : second.start + PATCH_SAMPLES]
    gain = TARGET_RMS / float(np.sqrt(np.mean(np.square(part, dtype=np.float64))))
    assert second.values == pytest.approx(log_mel(mel_magnitudes(part), gain), abs=1e-4)


def test_the_cut_leaves_the_lowest_band_alone():
    _, response = signal.freqz_sos(CUT, worN=[80.0, 125.0], fs=16_000)
    assert 20 * np.log10(np.abs(response)) == pytest.approx([-3.01, -0.12], abs=0.01)


@pytest.mark.parametrize("level_db", [-60, -45, -10])
def test_patches_do_not_depend_on_the_level(level_db: int):
    samples = noise(16_000 * 3, 0.05)
    quiet = samples * np.float32(10 ** ((level_db + 26.02) / 20))
    for one, other in zip(patches(samples), patches(quiet), strict=True):
        assert one.values == pytest.approx(other.values, abs=1e-3)


@pytest.mark.parametrize("offset", [0.0, 0.1, -0.5])
def test_a_dead_microphone_is_silent_whatever_its_offset(offset: float):
    for patch in patches(np.full(16_000 * 3, offset, np.float32)):
        assert np.allclose(patch.values, SILENT, atol=1e-2)


def test_the_gain_ends_at_40_db():
    samples = noise(16_000, 1e-5)
    (patch,) = patches(samples)
    limited = log_mel(mel_magnitudes(without_rumble(samples)[:PATCH_SAMPLES]), GAIN_MAX)
    assert patch.values == pytest.approx(limited, abs=1e-4)


def test_rumble_below_the_cut_does_not_push_the_rest_away():
    clean = noise(16_000 * 2, 0.001)
    rumble = tone(10, 0.3, 16_000 * 2)
    (alone, *_), (both, *_) = patches(clean), patches(clean + rumble)
    assert both.values.mean() > alone.values.mean() - 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_numbers_that_are_no_sound_cost_their_own_stretch_alone(bad: float):
    samples = noise(16_000 * 5, 0.05)
    spoiled = samples.copy()
    spoiled[30_000] = bad
    whole = {p.start: p for p in patches(samples)}
    after = patches(spoiled)
    assert all(np.isfinite(p.values).all() for p in after)
    assert not any(p.start <= 30_000 < p.start + PATCH_SAMPLES for p in after)
    assert max(p.start for p in after) > 30_000
    assert len(after) >= len(whole) - 4
    for patch in after:
        nearest = whole.get(patch.start)
        if nearest is not None and patch.start < 30_000:
            assert np.array_equal(patch.values, nearest.values)


@pytest.mark.parametrize(
    "bad", [np.zeros(10), np.zeros((10, 2), np.float32), np.zeros(10, np.int16)]
)
def test_other_shapes_and_types_are_refused(bad: np.ndarray):
    with pytest.raises(ValueError, match="not float32"):
        patches(bad)


def test_a_model_with_its_own_front_end_gets_levelled_samples():
    samples = noise(8_000 * 3, 0.001)
    stretches = list(WaveStream(8_000, 8_000, 4_000).push(samples))
    assert [s.start for s in stretches] == [0, 4_000, 8_000, 12_000, 16_000]
    for stretch in stretches:
        assert stretch.values.shape == (8_000,)
        assert stretch.values.dtype == np.float32
        assert np.sqrt(np.mean(stretch.values**2)) == pytest.approx(TARGET_RMS, rel=1e-4)


def test_the_caller_may_use_its_memory_again():
    samples = noise(16_000 * 2, 0.05)
    stream, memory, found = PatchStream(), np.zeros(1_000, np.float32), []
    for start in range(0, len(samples), 1_000):
        memory[:] = samples[start : start + 1_000]
        found += stream.push(memory)
    assert [p.start for p in found] == [p.start for p in patches(samples)]
    for one, other in zip(found, patches(samples), strict=True):
        assert np.array_equal(one.values, other.values)


def test_a_tone_does_not_waver_and_a_rhythm_does() -> None:
    (hum, *_) = patches(tone(100, 0.1, 16_000) + tone(300, 0.1, 16_000))
    assert waver_db(hum.values) < STEADY_DB
    (beats, *_) = patches(
        tone(300, 0.1, 16_000) * np.float32(1 + 0.1 * np.sin(np.arange(16_000) / 800))
    )
    assert waver_db(beats.values) > 0.3
    (rush, *_) = patches(noise(16_000, 0.01))
    assert waver_db(rush.values) > STEADY_DB
