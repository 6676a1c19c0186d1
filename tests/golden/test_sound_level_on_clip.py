"""Levels of the evening on the square against the truth computed from its 48 kHz original."""

import csv
import json

import av
import numpy as np
import pytest

from edge.sound.filters import Floats
from edge.sound.frames import SecondFrame, laeq_db
from edge.sound.level import Meter, MeterSetup
from edge.sound.measure import ChainDesign
from edge.sound.weighting import F1_HZ, F2_HZ, F3_HZ, F4_HZ
from tests.support import MEDIA

CLIP = "plaza_evening.flac"
RATE_HZ = 16_000
FULL_SCALE_DB = 114.0


def measured(estimate_beyond: bool = True) -> list[SecondFrame]:
    if not (MEDIA / CLIP).exists():
        pytest.skip(f"{MEDIA / CLIP} is not there")
    meter = Meter(
        ChainDesign.at(RATE_HZ), MeterSetup(FULL_SCALE_DB, estimate_beyond=estimate_beyond)
    )
    frames: list[SecondFrame] = []
    with av.open(str(MEDIA / CLIP)) as container:
        assert container.streams.audio[0].rate == RATE_HZ
        for block in container.decode(audio=0):
            frames += meter.push(block.to_ndarray().reshape(-1), float(block.time))
    return frames + meter.finish()


def truth_db() -> Floats:
    with (MEDIA / "plaza_evening_laeq1s.csv").open() as file:
        return np.array([float(row["laeq_1s_db"]) for row in csv.DictReader(file)])


def clip() -> Floats:
    with av.open(str(MEDIA / CLIP)) as container:
        blocks = [block.to_ndarray().reshape(-1) for block in container.decode(audio=0)]
    return np.concatenate(blocks) / 32768


def by_definition_db(sound: Floats) -> Floats:
    """LAeq of every second as IEC 61672-1 defines it, by none of our filters.

    The whole clip through the analogue response (poles of Annex E) in one transform, then the mean
    square of each second.
    """
    padded = np.concatenate([sound, np.zeros(2 * RATE_HZ)])
    response = analogue_a(np.fft.rfftfreq(len(padded), 1 / RATE_HZ))
    weighted = np.fft.irfft(np.fft.rfft(padded) * response, len(padded))[: len(sound)]
    return 10 * np.log10(np.mean(weighted.reshape(-1, RATE_HZ) ** 2, axis=1)) + FULL_SCALE_DB


def by_lone_seconds_db(sound: Floats) -> Floats:
    """The same from the spectrum of each second by itself, as the truth was made."""
    spectrum = np.abs(np.fft.rfft(sound.reshape(-1, RATE_HZ), axis=1)) ** 2
    spectrum[:, 1:-1] *= 2
    gain = np.abs(analogue_a(np.fft.rfftfreq(RATE_HZ, 1 / RATE_HZ))) ** 2
    return 10 * np.log10((spectrum * gain).sum(axis=1) / RATE_HZ**2) + FULL_SCALE_DB


def analogue_a(hz: Floats) -> np.ndarray:
    def response(s: np.ndarray) -> np.ndarray:
        high = s**4 / ((s + F1_HZ) ** 2 * (s + F2_HZ) * (s + F3_HZ))
        return high * F4_HZ**2 / (s + F4_HZ) ** 2

    return response(1j * hz) / np.abs(response(np.array(1000j)))


def repaired_truth_db(sound: Floats) -> Floats:
    """The truth without what its method adds or takes away at the borders of seconds.

    A spectrum takes its second to be periodic: where the sound at its end and at its beginning do
    not fit together, the seam is counted as sound (76 s: a bass note, +0.35 dB), and what a
    weighting still rings from the second before is left out (340 s: speech of 79 dB cut off in the
    middle of a word, -1.5 dB). What lies above 8 kHz, which the truth alone knows, stays as it is.
    """
    seam = 10 ** (by_definition_db(sound) / 10) - 10 ** (by_lone_seconds_db(sound) / 10)
    return 10 * np.log10(10 ** (truth_db() / 10) + seam)


@pytest.mark.media
def test_every_second_against_the_truth() -> None:
    frames = measured()
    truth = truth_db()
    assert [f.ts for f in frames] == pytest.approx(list(range(420)))
    assert all(f.valid for f in frames)
    assert (truth > 45).all()
    laeq = np.array([f.laeq_db for f in frames])
    error = laeq - repaired_truth_db(clip())
    assert np.abs(error).max() <= 0.3
    assert np.sqrt(np.mean(error**2)) <= 0.1
    # The truth as it is: two seconds whose borders it does not see as a meter does.
    assert set(np.flatnonzero(np.abs(laeq - truth) > 0.3)) == {76, 340}


@pytest.mark.media
def test_every_second_against_the_definition() -> None:
    """What the clip itself holds, below 8 kHz, is measured to a hundredth."""
    laeq = np.array([f.laeq_db for f in measured(estimate_beyond=False)])
    assert np.abs(laeq - by_definition_db(clip())).max() <= 0.02


@pytest.mark.media
def test_only_two_seconds_of_the_truth_have_a_seam() -> None:
    """Why the truth is repaired, with neither our filters nor our meter in the sum."""
    sound = clip()
    seam_db = by_lone_seconds_db(sound) - by_definition_db(sound)
    assert set(np.flatnonzero(np.abs(seam_db) > 0.25)) == {76, 340}
    assert seam_db[76] == pytest.approx(0.35, abs=0.02)
    assert seam_db[340] == pytest.approx(-1.53, abs=0.02)


@pytest.mark.media
def test_every_segment_against_the_truth() -> None:
    frames = measured()
    clips = json.loads((MEDIA / "truth.json").read_text())
    segments = next(c for c in clips if c["clip"] == CLIP)["segments"]
    for segment in segments:
        found = laeq_db(frames[segment["from_s"] : segment["to_s"]])
        assert found == pytest.approx(segment["laeq_db"], abs=0.15), segment["what"]


@pytest.mark.media
def test_without_the_estimate_the_band_above_nyquist_is_missing() -> None:
    """Why the estimate exists: 0.65 dB of the background lie above the clip's band."""
    frames = measured(estimate_beyond=False)
    error = np.array([f.laeq_db for f in frames]) - truth_db()
    assert np.mean(error[:60]) == pytest.approx(-0.65, abs=0.02)
    assert all(f.beyond_db == 0 for f in frames)
