"""The demo's second camera, replayed: its sound is a dance for the tagger and climbs to a case."""

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.config_file import load
from scripts.stage.joined import joined
from scripts.stage.streams import Ports, configuration
from tests.support import ROOT
from tests.taggers import real_tagger

DEFAULTS = Namespace(polygon=None, url=None, warn_after=5.0, file_after=15.0)
PORTS = Ports(camera=8554, square=8555, broker=1883, web=8000)


def write(folder: Path, heard: bool) -> Path:
    """The demo's streams.yaml, but with fewer looks: the test is to be quick."""
    path = folder / "streams.yaml"
    text = json.dumps(configuration(DEFAULTS, PORTS, heard))
    path.write_text(text.replace('"watch_picture"', '"analyse_every_s": 3, "watch_picture"'))
    return path


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEMO_CAMERA_URL", "DEMO_SQUARE_URL"):
        monkeypatch.setenv(name, "rtsp://127.0.0.1/x")
    monkeypatch.setenv("DEMO_BOX_TOKEN", "t")


def test_without_a_tagger_the_demo_has_its_first_camera(tmp_path: Path) -> None:
    streams = [stream.id for stream in load(write(tmp_path, heard=False)).streams]
    assert streams == ["gate-east"]


@pytest.mark.tagger
def test_the_square_climbs_to_a_case_within_the_minute(tmp_path: Path) -> None:
    real_tagger()
    media = joined(
        ROOT / "samples" / "street.mp4", ROOT / "samples" / "square.m4a", tmp_path / "camera.mp4"
    )
    start = SystemClock().wall().isoformat()  # its calibration is of yesterday
    command = [sys.executable, "-m", "edge", "replay", write(tmp_path, heard=True)]
    done = subprocess.run(
        [*command, "--stream", "plaza", "--media", media, "--start", start],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line)["data"] for line in done.stdout.splitlines()]
    assert [(data["stage"], data["severity"]) for data in told] == [
        ("warned", "reminded"),
        ("warned", "dissuaded"),
        ("warned", "rechecking"),
        ("confirmed", "over_limit"),
    ]
    sound = told[-1]["measures"]["sound"]
    assert told[-1]["reached"] == "confirmed"
    assert (sound["outcome"], sound["basis"]) == ("exceeds", "level")
    assert sound["laeq_db"] == pytest.approx(73.6, abs=0.5)
    assert sound["background_db"] == pytest.approx(51.3, abs=0.5)
    assert sound["music_share"] >= 0.9
    assert sound["people"] >= sound["min_people"]
