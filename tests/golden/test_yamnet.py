"""YAMNet as it is taken at set-up: cells of the reference, and the sample evening on the square."""

import time

import av
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edge.sound.attribution import Attribution, Hearing, Segment, music_seconds, segments
from edge.sound.tag_frontend import Mono, PatchStream, log_mel, mel_magnitudes
from edge.sound.tagger import OnnxTagger
from edge.sound.tags import Tags
from tests.support import MEDIA, ROOT
from tests.taggers import real_tagger

pytestmark = pytest.mark.tagger

RATE_HZ = 16_000
EVENING = MEDIA / "plaza_evening.flac"
MUSIC_S, SPEECH_S, VEHICLE_S = (60.0, 260.0), (300.0, 340.0), (370.0, 378.0)


def tone(hz: float, peak: float, seconds: float) -> Mono:
    time_s = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
    return (peak * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def noise(exponent: float, level_db: float, seconds: float, seed: int = 1) -> Mono:
    """Noise whose amplitude falls with frequency to the power of `exponent` (0.5: pink)."""
    count = round(RATE_HZ * seconds)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 1.0)
    return at_level(np.fft.irfft(spectrum * hz**-exponent, count), level_db)


def tune(seconds: float) -> Mono:
    """Plucked notes and a kick drum at 120 BPM, 30 dB above pink noise as a recording has it."""
    chords = (220.0, 277.18, 329.63, 440.0, 246.94, 293.66, 369.99, 493.88)
    sound = np.zeros(round(RATE_HZ * seconds))
    for number in range(int(seconds * 4)):
        begin = number * RATE_HZ // 4
        time_s = np.arange(min(RATE_HZ, len(sound) - begin)) / RATE_HZ
        hz = chords[number % len(chords)]
        note = sum(np.sin(2 * np.pi * hz * part * time_s) / part for part in range(1, 7))
        sound[begin : begin + len(time_s)] += note * np.exp(-4 * time_s)
        if number % 2 == 0:
            kick = 2 * np.sin(2 * np.pi * 60 * time_s) * np.exp(-20 * time_s)
            sound[begin : begin + len(time_s)] += kick
    return at_level(sound, -25) + noise(0.5, -55, seconds)


def cracks(seconds: int) -> Mono:
    """Short bursts of noise, one a second."""
    time_s = np.arange(RATE_HZ) / RATE_HZ
    crack = np.random.default_rng(3).normal(size=RATE_HZ) * np.exp(-60 * time_s)
    return np.tile(at_level(crack, -30), seconds) + noise(0.5, -60, seconds)


def at_level(samples: np.ndarray, level_db: float) -> Mono:
    scale = 10 ** (level_db / 20) / np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return (samples * scale).astype(np.float32)


def tagged(tagger: OnnxTagger, samples: Mono, ts: float = 0.0) -> list[Tags]:
    return tagger.stream().push(samples, ts)


def mean(tags: list[Tags], group: str) -> float:
    return float(np.mean([getattr(one.scores, group) for one in tags]))


def best(tagger: OnnxTagger, samples: Mono) -> tuple[str, float]:
    """The first class of the published front-end's first patch, level untouched."""
    score = tagger.classes(log_mel(mel_magnitudes(samples[:15_600])))
    return tagger.manifest.classes[int(score.argmax())], float(score.max())


@pytest.fixture(scope="module")
def yamnet() -> OnnxTagger:
    """The tagger itself."""
    return real_tagger()


@pytest.fixture(scope="module")
def evening() -> Mono:
    """The sample evening, 420 s."""
    if not EVENING.exists():
        pytest.skip(f"{EVENING} is not there")
    with av.open(str(EVENING)) as container:
        pieces = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    return np.concatenate(pieces).astype(np.float32) / 32768


@pytest.fixture(scope="module")
def evening_tags(yamnet: OnnxTagger, evening: Mono) -> list[Tags]:
    """Its tags."""
    return tagged(yamnet, evening)


def test_cells_of_the_reference(yamnet: OnnxTagger):
    assert best(yamnet, np.zeros(15_600, np.float32)) == ("Silence", pytest.approx(0.99, abs=0.01))
    name, score = best(yamnet, tone(1000, 0.5, 1))
    assert name in {"Beep, bleep", "Sine wave"}
    assert score > 0.8
    name, score = best(yamnet, noise(0, -26, 1))
    assert name in {"Noise", "White noise", "Pink noise"}
    assert score > 0.8


def test_the_manifest_says_what_the_graph_says(yamnet: OnnxTagger):
    manifest = yamnet.manifest
    graph = onnx.load(ROOT / "models" / manifest.file, load_external_data=False).graph
    number = {
        one.name: numpy_helper.to_array(one) for one in graph.initializer if not one.external_data
    }
    for name, spec in ((manifest.input.name, manifest.input), ("class_scores", manifest.output)):
        code = spec.quantised
        assert code is not None
        assert code.scale == pytest.approx(float(number[f"{name}_scale"]), rel=1e-7)
        assert code.zero_point == int(number[f"{name}_zero_point"])
    assert len(manifest.classes) == 521
    places = {"Speech": 0, "Music": 132, "Wind": 277, "Rain": 283, "Whip": 466, "Silence": 494}
    assert {name: manifest.classes.index(name) for name in places} == places


def test_a_tune_with_a_beat_is_music(yamnet: OnnxTagger):
    assert mean(tagged(yamnet, tune(10)), "music") > 0.8


@pytest.mark.parametrize(
    ("sound", "group", "score"),
    [
        (tune(4), "music", 0.962),
        (noise(0.5, -30, 4), "noise", 0.720),
        (tune(4) + noise(0.5, -25, 4), "music", 0.797),
    ],
    ids=["a tune", "pink noise", "both"],
)
def test_scores_are_those_of_every_machine(
    yamnet: OnnxTagger, sound: Mono, group: str, score: float
):
    # The float path; one of seven answers may fall to the other side of a step of the output.
    assert mean(tagged(yamnet, sound), group) == pytest.approx(score, abs=0.03)


@pytest.mark.parametrize("level_db", [-60, -50, -40, -15])
def test_music_is_music_at_any_level(yamnet: OnnxTagger, level_db: int):
    loud = tagged(yamnet, at_level(tune(10), -25))
    # As a sound card gives it: in 16 bits.
    steps = np.rint(at_level(tune(10), level_db) * 32768)
    other = tagged(yamnet, (np.clip(steps, -32768, 32767) / 32768).astype(np.float32))
    assert mean(other, "music") == pytest.approx(mean(loud, "music"), abs=0.02)


@pytest.mark.parametrize(
    ("sound", "why"),
    [
        (np.zeros(RATE_HZ * 12, np.float32), "digital silence"),
        (np.full(RATE_HZ * 12, 0.1, np.float32), "a dead microphone with an offset"),
        (np.rint(noise(0, -92, 12) * 32768).astype(np.float32) / 32768, "the last bit"),
        (noise(0.5, -50, 12), "pink noise"),
        (noise(1.5, -30, 12), "wind"),
        (tone(10, 0.05, 12) + tone(17, 0.05, 12) + tone(27, 0.03, 12), "rumble"),
        (tone(50, 0.001, 12) + tone(150, 0.0003, 12), "mains hum"),
        (sum(tone(50 * n, 0.02, 12) for n in range(1, 9)) + noise(0.5, -50, 12), "a loud hum"),
        (tone(420, 0.05, 12) + tone(520, 0.05, 12), "a car horn"),
        (cracks(12), "cracks of a whip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_music(yamnet: OnnxTagger, sound: Mono, why: str):
    assert segments(tagged(yamnet, sound), Hearing()) == [], why


def test_wind_is_heard_as_wind_though_most_of_it_is_below_the_cut(yamnet: OnnxTagger):
    attribution = Attribution(Hearing())
    heard = [attribution.hear(tags) for tags in tagged(yamnet, noise(1.5, -30, 20))]
    assert heard[-1].mean.wind >= 0.4
    assert heard[-1].spoiled


def test_one_answer_whatever_pieces_the_sound_comes_in(yamnet: OnnxTagger):
    samples = tune(4)
    whole = tagged(yamnet, samples)
    for piece in (160, 1024, 4801):
        stream, found = yamnet.stream(), []
        for start in range(0, len(samples), piece):
            found += stream.push(samples[start : start + piece], start / RATE_HZ)
        assert found == whole


@pytest.mark.media
def test_the_music_of_the_evening_is_found_and_nothing_else(evening_tags: list[Tags]):
    (music,) = segments(evening_tags, Hearing())
    assert music.start_s == pytest.approx(MUSIC_S[0], abs=2)
    assert music.end_s == pytest.approx(MUSIC_S[1], abs=2)
    seconds = music_seconds(range(420), [music])
    assert len(seconds) == pytest.approx(200, abs=3)


@pytest.mark.media
@pytest.mark.parametrize(
    ("span_s", "group", "at_least", "music_below"),
    [(MUSIC_S, "music", 0.8, 1.1), (SPEECH_S, "speech", 0.7, 0.05), (VEHICLE_S, "wind", 0.0, 0.05)],
)
def test_what_is_heard_when(
    evening_tags: list[Tags],
    span_s: tuple[float, float],
    group: str,
    at_least: float,
    music_below: float,
):
    inside = [t for t in evening_tags if span_s[0] < t.ts and t.ts + t.span_s < span_s[1]]
    assert mean(inside, group) >= at_least
    assert max(t.scores.music for t in inside) < music_below


@pytest.mark.media
@pytest.mark.parametrize(
    ("exponent", "snr_db", "recall"),
    [(0.5, 10, 0.95), (0.5, 5, 0.85), (1.0, 5, 0.95), (None, 5, 0.95)],
)
def test_music_is_found_in_noise_and_in_speech(
    yamnet: OnnxTagger, evening: Mono, exponent: float | None, snr_db: float, recall: float
):
    music = evening[RATE_HZ * 62 : RATE_HZ * 258]
    speech = evening[RATE_HZ * 302 : RATE_HZ * 338]
    seconds = len(music) / RATE_HZ
    bed = np.resize(speech, len(music)) if exponent is None else noise(exponent, -20, seconds)
    level_db = 20 * np.log10(np.sqrt(np.mean(np.square(music, dtype=np.float64))))
    rule = Hearing()
    attribution = Attribution(rule)
    heard = [attribution.hear(t) for t in tagged(yamnet, music + at_level(bed, level_db - snr_db))]
    found = [rule.heard_as_music(h.mean) >= rule.on for h in heard if h.known]
    assert np.mean(found) >= recall


@pytest.mark.media
def test_a_drop_out_of_three_seconds_does_not_split_the_music(yamnet: OnnxTagger, evening: Mono):
    stream = yamnet.stream()
    tags = stream.push(evening[RATE_HZ * 50 : RATE_HZ * 90], 50.0)
    tags += stream.push(evening[RATE_HZ * 93 : RATE_HZ * 130], 93.0)
    assert not any(t.ts < 93 and t.ts + t.span_s > 90 for t in tags)
    (music,) = segments(tags, Hearing())
    assert music == Segment(pytest.approx(60, abs=2), pytest.approx(130, abs=2))


def test_the_front_end_costs_less_than_the_model(yamnet: OnnxTagger):
    samples = noise(0.5, -30, 30)
    began = time.process_time()
    patches = list(PatchStream().push(samples))
    between = time.process_time()
    for patch in patches:
        yamnet.classes(patch.values)
    done = time.process_time()
    assert between - began < 0.5 * (done - between)
