"""The shipped command over recordings with known truth (../shared/media/truth.json)."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support import MEDIA, ROOT

START = "2026-11-24T22:00:00+08:00"
VAN = [[0.80, 0.08], [0.95, 0.08], [0.95, 0.22], [0.80, 0.22]]
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]

pytestmark = pytest.mark.media


def truth(clip):
    return next(c for c in json.loads((MEDIA / "truth.json").read_text()) if c["clip"] == clip)


def replay(folder: Path, clip: str, scene: dict, every_s: float = 1.0) -> list[dict]:
    """Events that `jinmu-edge replay` prints for the clip under one lane block."""
    block = {"scene": "fire_lane", "place": "FL-0317"} | scene
    stream = {"id": "gate-east", "name": "东门", "url": "rtsp://127.0.0.1/x", "scenes": [block]}
    config = {
        "site": "pujin",
        "box": "box-01",
        "broker": {"url": "mqtt://127.0.0.1"},
        "central": {"url": "http://127.0.0.1:8000"},
        "streams": [stream | {"analyse_every_s": every_s}],
    }
    path = folder / "streams.yaml"
    path.write_text(json.dumps(config))
    pictures = folder / "pictures"
    command = [sys.executable, "-m", "edge", "replay", path, "--stream", "gate-east"]
    command += ["--media", MEDIA / clip, "--start", START, "--evidence", pictures]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def media_s(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime.fromisoformat(START)) / timedelta(seconds=1)


@pytest.mark.parametrize("every_s", [1.0, 2.0])
def test_a_parked_car_is_one_incident_through_a_total_occlusion(tmp_path, every_s):
    facts = truth("lane_parked.mp4")
    marks = facts["marks_s"]
    events = replay(tmp_path, "lane_parked.mp4", facts["suggested"], every_s)
    assert [e["data"]["stage"] for e in events] == ["warned", "confirmed", "cleared"]
    assert len({e["data"]["incident_id"] for e in events}) == 1
    assert [e["data"]["rev"] for e in events] == [1, 2, 3]
    for event in events:
        assert media_s(event["data"]["since"]) == pytest.approx(marks["car_stops"], abs=2)
        assert not event["data"]["already_there"]
    cleared = events[-1]["data"]
    assert cleared["dwell_s"] == pytest.approx(marks["car_leaves"] - marks["car_stops"], abs=2)
    hidden_s = marks["occluder"][1] - marks["occluder"][0]
    assert cleared["observed_s"] == pytest.approx(
        cleared["dwell_s"] - hidden_s, abs=2 + 2 * every_s
    )
    assert marks["car_leaves"] < media_s(events[-1]["time"]) < facts["duration_s"]


def test_passing_cars_are_nothing(tmp_path):
    scene = {"polygon": WHOLE, "warn_after_s": 10, "file_after_s": 20, "clear_after_s": 10}
    assert replay(tmp_path, "lane_passing.mp4", scene, 0.5) == []


def test_a_van_that_was_already_there_says_so(tmp_path):
    scene = {"polygon": VAN, "warn_after_s": 10, "file_after_s": 30, "clear_after_s": 10}
    events = replay(tmp_path, "people_walking.mp4", scene)
    assert [e["data"]["stage"] for e in events] == ["warned", "confirmed"]
    assert len({e["data"]["incident_id"] for e in events}) == 1
    assert all(e["data"]["already_there"] for e in events)
    assert media_s(events[0]["data"]["since"]) == pytest.approx(0, abs=0.5)


def test_twice_the_same_apart_from_ids(tmp_path):
    facts = truth("lane_parked.mp4")
    runs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        events = replay(tmp_path / name, "lane_parked.mp4", facts["suggested"])
        for event in events:
            event["id"] = event["data"]["incident_id"] = "-"
        runs.append(json.dumps(events))
    assert runs[0] == runs[1]


def test_pictures_are_the_evidence_that_the_events_name(tmp_path):
    import hashlib

    events = replay(tmp_path, "lane_parked.mp4", truth("lane_parked.mp4")["suggested"])
    named = {e["sha256"] for event in events for e in event["data"]["evidence"]}
    files = list((tmp_path / "pictures").glob("*.jpg"))
    assert {hashlib.sha256(f.read_bytes()).hexdigest() for f in files} == named
    assert {f.name.split("-")[1] for f in files} >= {"warned", "confirmed", "cleared"}
