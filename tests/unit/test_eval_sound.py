"""The sounds that hearing is measured with, and the script that does it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scripts.sounds.levels import error_of, made_errors
from scripts.sounds.made import LEVEL_DB, NO_MUSIC, Sound, coloured, mixed, music
from scripts.sounds.recorded import BadFolder, folder
from tests.support import ROOT
from tests.taggers import real_tagger


def chance(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def level_db(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64))))


@pytest.mark.parametrize("name", ["music", *NO_MUSIC])
def test_made_sounds_are_the_same_under_the_same_seed(name: str) -> None:
    make = music if name == "music" else NO_MUSIC[name]
    one, same, other = make(chance(1), 2), make(chance(1), 2), make(chance(2), 2)
    assert one.dtype == np.float32
    assert one.shape == (32_000,)
    assert np.isfinite(one).all()
    assert level_db(one) == pytest.approx(LEVEL_DB, abs=0.01)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("snr_db", [10, 5, 0])
def test_mixtures_have_the_stated_ratio(snr_db: float) -> None:
    sound, noise = coloured(chance(1), 4, 0.0), coloured(chance(2), 4, 0.0)
    both = mixed(sound, noise, snr_db).astype(np.float64)
    share = float(both @ sound / np.linalg.norm(both) / np.linalg.norm(sound))
    assert share**2 == pytest.approx(1 / (1 + 10 ** (-snr_db / 10)), abs=0.02)


def test_errors_of_levels_are_counted() -> None:
    one = error_of("x", np.array([50.0, 60.4, 70.0]), np.array([50.0, 60.0, 70.2]))
    assert (one.seconds, one.within_goal) == (3, 2)
    assert one.mean_db == pytest.approx(0.067)
    assert one.worst_db == pytest.approx(0.4)


def test_noise_of_the_whole_band_is_measured_at_48_khz_and_at_16_khz() -> None:
    errors = {one.what: one for one in made_errors(1)}
    assert errors["traffic-like noise at 48000 Hz"].worst_db <= 0.02
    assert errors["traffic-like noise at 16000 Hz"].worst_db <= 0.3


def test_folders_without_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder, match="no recording of ten seconds"):
        folder(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"RIFF nonsense")
    with pytest.raises(BadFolder, match=r"a\.wav: cannot be read"):
        folder(tmp_path)


@pytest.mark.tagger
def test_the_script_hears_music_and_nothing_else(tmp_path: Path) -> None:
    real_tagger()
    out = tmp_path / "sound.json"
    command = [sys.executable, str(ROOT / "scripts/eval_sound"), "--pieces", "1"]
    command += ["--media", str(tmp_path), "--json", str(out)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert all(count["heard"] == 1 for count in found["found"] if count["snr_db"] != 0)
    everything = found["false"][-1]
    assert everything["what"] == "all that is no music"
    assert everything["heard"] == 0
    assert all(row.keys() == {"what", "figure", "how"} for row in found["rows"])


@pytest.mark.parametrize("script", ["eval_sound", "bench_sound"])
def test_help_has_examples(script: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), "--help"]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0
    assert f"scripts/{script} --figures" in done.stdout
