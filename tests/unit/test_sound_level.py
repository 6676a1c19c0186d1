"""The level meter as an instrument: bursts, decay, linearity, bands, gaps, flags."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.sound.bands import plan_bands, rumble_db
from edge.sound.filters import Cascade, Detector
from edge.sound.frames import Invalid, SecondFrame, laeq_db, valid_share
from edge.sound.level import Meter, MeterSetup
from edge.sound.measure import FAST_S, SLOW_S, ChainDesign
from edge.sound.statistics import decibels

FULL_DB = 114.0
Floats = NDArray[np.float64]

# Duration in ms; LAFmax, LASmax and LAE minus the steady level: IEC 61672-1:2013 Table 4.
BURSTS = [
    (1000, 0.0, -2.0, 0.0),
    (500, -0.1, -4.1, -3.0),
    (200, -1.0, -7.4, -7.0),
    (100, -2.6, -10.2, -10.0),
    (50, -4.8, -13.1, -13.0),
    (20, -8.3, -17.0, -17.0),
    (10, -11.1, -20.0, -20.0),
    (5, -14.1, -23.0, -23.0),
    (2, -18.0, -27.0, -27.0),
    (1, -21.0, None, -30.0),
    (0.5, -24.0, None, -33.0),
    (0.25, -27.0, None, -36.0),
]


def tone(rate_hz: int, frequency_hz: float, seconds: float, dbfs: float) -> Floats:
    """A sine whose rms is `dbfs` re full scale."""
    amplitude = np.sqrt(2) * 10 ** (dbfs / 20)
    return amplitude * np.sin(
        2 * np.pi * frequency_hz * np.arange(round(seconds * rate_hz)) / rate_hz
    )


def approx_db(level: float) -> object:
    return pytest.approx(level, abs=0.1)


def measure(sound: Floats, rate_hz: int, **setup: float) -> list[SecondFrame]:
    meter = Meter(ChainDesign.at(rate_hz), MeterSetup(FULL_DB, **setup))
    return meter.push(sound, 0.0) + meter.finish()


@pytest.mark.parametrize("rate_hz", [16000, 48000])
@pytest.mark.parametrize(("burst_ms", "fast", "slow", "exposure"), BURSTS)
def test_tone_bursts_of_the_detectors(
    rate_hz: int, burst_ms: float, fast: float, slow: float | None, exposure: float
) -> None:
    burst = tone(rate_hz, 4000, burst_ms / 1000, -20) ** 2
    squared = np.concatenate([burst, np.zeros(rate_hz)])
    steady = 10 ** (-20 / 10)
    assert decibels(Detector(FAST_S, rate_hz).run(squared).max() / steady) == approx_db(fast)
    if slow is not None:
        assert decibels(Detector(SLOW_S, rate_hz).run(squared).max() / steady) == approx_db(slow)
    assert decibels(float(burst.sum()) / rate_hz / steady) == approx_db(exposure)


@pytest.mark.parametrize("rate_hz", [16000, 48000])
@pytest.mark.parametrize(("burst_ms", "fast", "slow", "exposure"), BURSTS)
def test_tone_bursts_of_the_whole_meter(
    rate_hz: int, burst_ms: float, fast: float, slow: float | None, exposure: float
) -> None:
    burst = tone(rate_hz, 4000, burst_ms / 1000, -20)
    sound = np.concatenate([np.zeros(rate_hz + rate_hz // 5), burst, np.zeros(2 * rate_hz)])
    frames = measure(sound, rate_hz, estimate_beyond=False)
    steady_db = measure(tone(rate_hz, 4000, 3, -20), rate_hz, estimate_beyond=False)[1].laeq_db
    total = laeq_db(frames)
    assert total is not None
    lae_db = total + 10 * np.log10(len(sound) / rate_hz)
    # One or two periods of 4 kHz are a wide spectrum, of which A weighting takes 0.1 to 0.2 dB.
    slack_db = 0.1 if burst_ms >= 1 else 0.25
    assert max(f.lafmax_db for f in frames) - steady_db == pytest.approx(fast, abs=slack_db)
    if slow is not None:
        assert max(f.lasmax_db for f in frames) - steady_db == pytest.approx(slow, abs=slack_db)
    assert lae_db - steady_db == pytest.approx(exposure, abs=slack_db)


@pytest.mark.parametrize(("seconds", "field", "wanted"), [(0.5, "fast", 34.74), (4, "slow", 4.343)])
def test_decay_rates(seconds: float, field: str, wanted: float) -> None:
    rate_hz = 16000
    sound = np.concatenate([tone(rate_hz, 4000, 6, -10), np.zeros(8 * rate_hz)])
    frames = measure(sound, rate_hz)
    if field == "fast":
        laf = [level for f in frames for level in f.laf_db]
        rate = (laf[62] - laf[62 + round(seconds * 10)]) / seconds
    else:
        slow = [f.lasmax_db for f in frames]
        rate = (slow[7] - slow[7 + round(seconds)]) / seconds
    assert rate == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 32000, 44100, 48000])
def test_all_indications_agree_at_1_khz(rate_hz: int) -> None:
    frame = measure(tone(rate_hz, 1000, 10, -20), rate_hz)[-1]
    for level in (frame.laeq_db, frame.lceq_db, frame.lafmax_db, frame.lafmin_db, frame.lasmax_db):
        assert level == pytest.approx(FULL_DB - 20, abs=0.01)


def test_linearity_over_the_range() -> None:
    for level in range(-90, 0, 5):
        frame = measure(tone(48000, 1000, 2, float(level)), 48000)[1]
        assert frame.laeq_db - FULL_DB == pytest.approx(level, abs=0.001)


def test_int16_is_the_same_sound() -> None:
    sound = tone(16000, 1000, 2, -30)
    whole = (sound * 32768).round().astype(np.int16)
    meter = Meter(ChainDesign.at(16000), MeterSetup(FULL_DB))
    assert meter.push(whole, 0.0)[1].laeq_db == pytest.approx(FULL_DB - 30, abs=0.01)


@pytest.mark.parametrize(("hz", "cycles", "wanted"), [(500, 0.5, 2.4), (8000, 1, 3.4)])
def test_c_peak(hz: float, cycles: float, wanted: float) -> None:
    """IEC 61672-1 Table 5; class 1 allows 1.0 dB at 500 Hz and 2.0 dB at 8 kHz."""
    rate_hz = 48000
    pulse = np.concatenate([np.zeros(4800), tone(rate_hz, hz, cycles / hz, -20), np.zeros(48000)])
    steady_db = measure(tone(rate_hz, hz, 2, -20), rate_hz)[1].lceq_db
    peak_db = max(f.lcpeak_db for f in measure(pulse, rate_hz))
    assert peak_db - steady_db == pytest.approx(wanted, abs=1.0)


# How far down a tone is in a band whose centre is away by a ratio: IEC 61260-1 class 1.
MASK_RATIO = (1.12202, 1.29437, 1.88173, 3.05365, 5.39195)
MASK_DB = (2.0, 17.5, 42.0, 61.0, 70.0)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_a_tone_is_heard_in_its_own_band(rate_hz: int) -> None:
    centres = plan_bands(rate_hz).centre_hz
    assert centres[0] == pytest.approx(25.1189, abs=1e-3)
    assert centres[-1] * 10**0.05 < rate_hz / 2
    for index, centre in enumerate(centres):
        bands = np.array(measure(tone(rate_hz, centre, 4, -20), rate_hz)[-1].bands_db)
        down_db = FULL_DB - 20 - bands
        assert down_db[index] == pytest.approx(0, abs=0.1)
        away = 10 ** (np.abs(np.arange(len(centres)) - index) / 10)
        others = away > 1
        least_db = np.interp(np.log10(away), np.log10(MASK_RATIO), MASK_DB)
        assert np.all(down_db[others] >= least_db[others]), (centre, down_db.round(1))


@pytest.mark.parametrize(("rate_hz", "seconds"), [(8000, 200), (48000, 20)])
def test_bands_of_white_noise_add_up(rate_hz: int, seconds: int) -> None:
    noise = np.random.default_rng(3).normal(0, 0.02, seconds * rate_hz)
    frames = measure(noise, rate_hz)[2:]
    bands = 10 * np.log10(np.mean([10 ** (np.array(f.bands_db) / 10) for f in frames], axis=0))
    centres = np.array(plan_bands(rate_hz).centre_hz)
    density_db = FULL_DB + 20 * np.log10(0.02) - 10 * np.log10(rate_hz / 2)
    width_hz = centres * (10**0.05 - 10**-0.05)
    chance_db = 4.34 / np.sqrt(width_hz * (seconds - 2))
    missed = bands - density_db - 10 * np.log10(width_hz)
    assert np.all(np.abs(missed) < 0.1 + 3 * chance_db)


def test_rumble_is_what_lies_below_63_hz() -> None:
    low = measure(tone(16000, 31.6, 4, -20), 16000)[-1]
    high = measure(tone(16000, 200, 4, -20), 16000)[-1]
    assert rumble_db(low.bands_db) == pytest.approx(FULL_DB - 20, abs=0.2)
    assert rumble_db(high.bands_db) < FULL_DB - 20 - 55


def test_a_gap_is_a_gap() -> None:
    rate_hz = 16000
    meter = Meter(ChainDesign.at(rate_hz), MeterSetup(FULL_DB))
    sound = tone(rate_hz, 1000, 1.5, -40)
    frames = meter.push(sound, 100.0)
    frames += meter.push(sound, 104.75)
    frames += meter.finish()
    assert [f.ts for f in frames] == pytest.approx([100.0, 101.0, 104.0, 105.0, 106.0])
    assert [f.measured_s for f in frames] == pytest.approx([1.0, 0.5, 0.25, 1.0, 0.25])
    assert [f.valid for f in frames] == [True, False, False, True, False]
    for frame in frames:
        assert frame.laeq_db == pytest.approx(FULL_DB - 40, abs=0.05)
        assert frame.lafmin_db == pytest.approx(FULL_DB - 40, abs=0.1)
    assert valid_share(frames, 7.0) == pytest.approx(2 / 7)


def test_a_lost_packet_does_not_lower_the_level() -> None:
    rate_hz = 16000
    noise = np.random.default_rng(4).normal(0, 0.01, 4 * rate_hz)
    whole = measure(noise, rate_hz)
    meter = Meter(ChainDesign.at(rate_hz), MeterSetup(FULL_DB))
    frames = []
    for start in range(0, len(noise), 320):
        if start != 24000:
            frames += meter.push(noise[start : start + 320], start / rate_hz)
    assert frames[1].measured_s == pytest.approx(0.98)
    assert frames[1].valid
    for broken, unbroken in zip(frames, whole, strict=True):
        assert broken.laeq_db == pytest.approx(unbroken.laeq_db, abs=0.1)
        assert broken.lafmin_db == pytest.approx(unbroken.lafmin_db, abs=1.0)


def test_drift_between_the_clocks_is_followed() -> None:
    rate_hz, block = 16000, 1600
    sound = tone(rate_hz, 1000, 60, -30)
    for drift in (1 - 5e-4, 1 + 5e-4):
        meter = Meter(ChainDesign.at(rate_hz), MeterSetup(FULL_DB))
        frames = []
        for start in range(0, len(sound), block):
            frames += meter.push(sound[start : start + block], start / rate_hz * drift)
        assert all(f.valid for f in frames)
        assert frames[-1].ts == pytest.approx((len(frames) - 1), abs=0.05)


def test_media_time_that_jumps_back_begins_anew() -> None:
    meter = Meter(ChainDesign.at(16000), MeterSetup(FULL_DB))
    sound = tone(16000, 1000, 1.5, -30)
    frames = meter.push(sound, 500.0) + meter.push(sound, 3.0) + meter.finish()
    assert [f.ts for f in frames] == pytest.approx([500.0, 501.0, 3.0, 4.0])


def test_not_a_number_is_lost_and_does_not_poison_what_follows() -> None:
    meter = Meter(ChainDesign.at(16000), MeterSetup(FULL_DB))
    sound = tone(16000, 1000, 1, -30)
    broken = sound[:1600].copy()
    broken[7] = np.nan
    frames = meter.push(sound, 0.0) + meter.push(broken, 1.0)
    frames += meter.push(sound[1600:], 1.1) + meter.push(sound, 2.0)
    assert [f.measured_s for f in frames] == pytest.approx([1.0, 0.9, 1.0])
    assert Invalid.GAP in frames[1].invalid
    assert frames[2].laeq_db == pytest.approx(FULL_DB - 30, abs=0.01)


@pytest.mark.parametrize("silence", [0.0, 0.3, -1.0 / 65536])
def test_a_dead_microphone_never_reads_loud(silence: float) -> None:
    frames = measure(np.full(5 * 16000, silence), 16000)
    assert len(frames) == 5
    for frame in frames:
        assert Invalid.DEAD in frame.invalid
        assert Invalid.UNDER_RANGE in frame.invalid
        assert frame.lafmax_db < 0
        assert np.isfinite([frame.laeq_db, frame.lceq_db, *frame.bands_db, *frame.laf_db]).all()


def test_clipping_is_said() -> None:
    clipped = np.clip(tone(16000, 440, 3, 3), -1, 1)
    assert all(Invalid.CLIPPING in f.invalid for f in measure(clipped, 16000))
    g711 = np.clip(tone(16000, 440, 3, 3), -0.9805, 0.9805)
    assert all(Invalid.CLIPPING in f.invalid for f in measure(g711, 16000))
    assert all(f.valid for f in measure(tone(16000, 440, 3, -4), 16000))


def test_what_the_caller_notes_marks_the_seconds_it_touches() -> None:
    meter = Meter(ChainDesign.at(16000), MeterSetup(FULL_DB))
    sound = tone(16000, 1000, 0.5, -30)
    noted = [Invalid.NONE, Invalid.PLAYBACK, Invalid.NONE, Invalid.CALIBRATION_EXPIRED]
    frames = [f for i, why in enumerate(noted) for f in meter.push(sound, i / 2, why)]
    assert [f.invalid for f in frames] == [Invalid.PLAYBACK, Invalid.CALIBRATION_EXPIRED]
    assert frames[0].doubted(Invalid.WIND).invalid == Invalid.PLAYBACK | Invalid.WIND


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 100), np.float32), np.zeros(10, np.int32), np.zeros(10, np.uint8)]
)
def test_other_samples_are_refused(samples: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="is wanted"):
        Meter(ChainDesign.at(16000), MeterSetup(FULL_DB)).push(samples, 0.0)


@pytest.mark.parametrize("rate_hz", [16000, 22050, 32000])
def test_the_band_beyond_is_near_nothing_for_tones(rate_hz: int) -> None:
    for centre in plan_bands(rate_hz).centre_hz:
        assert measure(tone(rate_hz, centre, 2, -20), rate_hz)[1].beyond_db < 0.05


def test_the_band_beyond_of_pink_noise() -> None:
    """Pink noise at 48 kHz, and the same brought down to 16 kHz behind a usual filter."""
    soxr = pytest.importorskip("soxr")
    white = np.random.default_rng(5).normal(size=20 * 48000)
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    pink = np.fft.irfft(spectrum)
    pink *= 0.02 / pink.std()
    low = soxr.resample(pink, 48000, 16000)
    whole, extended = laeq_db(measure(pink, 48000)[1:]), laeq_db(measure(low, 16000)[1:])
    bare = laeq_db(measure(low, 16000, estimate_beyond=False)[1:])
    assert whole is not None
    assert extended is not None
    assert bare is not None
    assert whole - bare > 0.5
    assert extended == pytest.approx(whole, abs=0.2)


def test_an_offset_of_the_sound_card_adds_nothing() -> None:
    sound = tone(16000, 1000, 3, -60)
    for clean, shifted in zip(measure(sound, 16000), measure(sound + 0.1, 16000), strict=True):
        assert shifted.laeq_db == pytest.approx(clean.laeq_db, abs=0.01)


def test_filters_do_not_care_for_empty_blocks() -> None:
    cascade = Cascade(ChainDesign.at(8000).a)
    assert cascade.run(np.zeros(0)).shape == (0,)
