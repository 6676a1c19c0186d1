"""The shipped command over the evening on the square (../shared/media/truth.json)."""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.evenings import SOUND, evening_with_people, sound_of_evening
from tests.support import MEDIA, ROOT
from tests.taggers import real_tagger

pytestmark = [pytest.mark.media, pytest.mark.tagger]

START = "2026-11-24T19:00:00+08:00"
MUSIC_S = (60.0, 260.0)
RULES = [{"days": "all", "from": "06:00", "to": "22:00", "limit_db": 65}]
CURFEW = [{"days": "all", "from": "00:00", "to": "24:00", "curfew": True}]
SHORT = {
    "scene": "square_dance",
    "rules": RULES,
    "warn_after_s": 10,
    "dissuade_after_s": 10,
    "recheck_after_s": 10,
    "window_s": 30,
    "clear_after_s": 30,
    "background_min_s": 30,
}
CUT_S = 150
"""Long enough for the case, too short for its end."""


@dataclass(frozen=True)
class Replayed:
    """What the command printed and where it put the pictures."""

    events: list[dict[str, Any]]
    pictures: Path

    def at(self, place: str) -> list[dict[str, Any]]:
        return [event["data"] for event in self.events if event["subject"] == place]

    def steps(self, place: str) -> list[tuple[str, str, str]]:
        """Stage, severity and the stage that files, of every event of a place."""
        return [(d["stage"], d["severity"], d["reached"]) for d in self.at(place)]


def replay(folder: Path, media: Path, start: str, *squares: dict[str, Any]) -> Replayed:
    folder.mkdir(exist_ok=True)
    sound = {"from": "stream", "level_at_full_scale_db": 114.0, "calibrated_at": "2026-11-01"}
    stream = {"id": "plaza", "name": "广场", "url": "rtsp://127.0.0.1/x", "analyse_every_s": 2.0}
    config = {
        "site": "pujin",
        "box": "box-01",
        "broker": {"url": "mqtt://127.0.0.1"},
        "central": {"url": "http://127.0.0.1:8000"},
        "streams": [stream | {"sound": sound, "scenes": [SHORT | square for square in squares]}],
    }
    path = folder / "streams.yaml"
    path.write_text(json.dumps(config))
    command = [sys.executable, "-m", "edge", "replay", path, "--stream", "plaza"]
    command += ["--media", media, "--start", start, "--evidence", folder / "pictures"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return Replayed(events, folder / "pictures")


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    if not (MEDIA / SOUND).exists():
        pytest.skip(f"{MEDIA / SOUND} is not there")
    real_tagger()


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The whole evening, heard without a camera under four rules."""
    return replay(
        tmp_path_factory.mktemp("evening"),
        MEDIA / SOUND,
        START,
        {"place": "SOUND-ALONE", "min_people": 0},
        {"place": "PEOPLE", "min_people": 8},
        {"place": "HIGH-LIMIT", "min_people": 0, "rules": [RULES[0] | {"limit_db": 85}]},
        {"place": "CURFEW", "min_people": 0, "rules": CURFEW},
    )


def media_s(text: str) -> float:
    return (datetime.fromisoformat(text) - datetime.fromisoformat(START)) / timedelta(seconds=1)


@pytest.mark.parametrize(("place", "case"), [("SOUND-ALONE", "over_limit"), ("CURFEW", "curfew")])
def test_one_incident_from_the_music_and_from_nothing_else(
    evening: Replayed, place: str, case: str
) -> None:
    assert evening.steps(place) == [
        ("warned", "reminded", "warned"),
        ("warned", "dissuaded", "warned"),
        ("warned", "rechecking", "warned"),
        ("confirmed", case, "confirmed"),
        ("cleared", "over", "confirmed"),
    ]
    told = evening.at(place)
    assert len({data["incident_id"] for data in told}) == 1
    assert [data["rev"] for data in told] == [1, 2, 3, 4, 5]
    for data in told:
        assert media_s(data["since"]) == pytest.approx(MUSIC_S[0], abs=10)
        assert data["mode"] == "live"
        assert not data["already_there"]
        assert "file_after_s" not in data["rule"]["thresholds"]
        assert data["model"]["name"] == "yamnet"
    end = told[-1]
    assert media_s(end["since"]) + end["dwell_s"] == pytest.approx(MUSIC_S[1], abs=10)


def test_the_case_carries_what_was_measured(evening: Replayed) -> None:
    sound = evening.at("SOUND-ALONE")[3]["measures"]["sound"]
    assert (sound["outcome"], sound["basis"], sound["step"]) == ("exceeds", "level", "filed")
    assert sound["window_s"] == SHORT["window_s"]
    assert sound["background_db"] == pytest.approx(52.0, abs=0.2)
    assert sound["background_method"] == "before_onset"
    assert sound["laeq_db"] - sound["uncertainty_db"] > sound["limit_db"] == 65
    assert sound["music_share"] > 0.9
    assert sound["usable_share"] == 1.0
    assert sound["rule"] == "all 06:00-22:00 65 dB"
    assert sound["calibration"]["state"] == "calibrated"
    assert sound["calibration"]["calibrated_at"] == "2026-11-01T00:00:00+08:00"
    assert sound["zh"].startswith("超标: 音乐声级超过限值")
    assert "people" not in sound


def test_without_a_camera_a_person_has_to_look_and_nothing_files(evening: Replayed) -> None:
    assert evening.steps("PEOPLE") == [
        ("warned", "advisory", "warned"),
        ("cleared", "advisory", "warned"),
    ]
    sound = evening.at("PEOPLE")[0]["measures"]["sound"]
    assert (sound["outcome"], sound["reason"]) == ("advisory", "no_camera")


def test_music_below_the_limit_is_nothing(evening: Replayed) -> None:
    assert evening.steps("HIGH-LIMIT") == []


def test_the_evidence_is_a_curve_and_no_sound(evening: Replayed) -> None:
    named = {ref["sha256"]: ref["role"] for e in evening.events for ref in e["data"]["evidence"]}
    assert set(named.values()) == {"level_curve"}
    files = list(evening.pictures.iterdir())
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in files} == set(named)
    assert {file.suffix for file in files} == {".jpg"}


def test_twice_the_same_apart_from_ids(tmp_path: Path) -> None:
    media = sound_of_evening(tmp_path / "cut.flac", 95)
    runs = []
    for name in ("one", "two"):
        told = replay(tmp_path / name, media, START, {"place": "SQ-02", "min_people": 0})
        for event in told.events:
            event["id"] = event["data"]["incident_id"] = "-"
        assert [data["severity"] for data in told.at("SQ-02")][-1] == "rechecking"
        pictures = sorted(file.name for file in told.pictures.iterdir())
        runs.append((json.dumps(told.events), pictures))
    assert runs[0] == runs[1]


def test_an_expired_calibration_never_files_on_level_but_a_curfew_needs_none(
    tmp_path: Path,
) -> None:
    media = sound_of_evening(tmp_path / "cut.flac", CUT_S)
    told = replay(
        tmp_path,
        media,
        "2028-11-24T19:00:00+08:00",
        {"place": "LEVEL", "min_people": 0},
        {"place": "CURFEW", "min_people": 0, "rules": CURFEW},
    )
    device = told.events[0]
    assert (device["type"], device["data"]["condition"]) == (
        "jinmu.device.v1",
        "calibration_expired",
    )
    assert told.steps("LEVEL") == [
        ("warned", "reminded", "warned"),
        ("warned", "dissuaded", "warned"),
    ]
    sound = told.at("LEVEL")[0]["measures"]["sound"]
    assert sound["reason"] == "calibration_expired"
    assert sound["calibration"]["state"] == "expired"
    assert "指示值" in sound["zh"]
    assert told.steps("CURFEW")[-1] == ("confirmed", "curfew", "confirmed")


def test_with_enough_people_in_the_picture_it_files_and_nobody_is_known(tmp_path: Path) -> None:
    media = evening_with_people(tmp_path / "evening.mkv", CUT_S)
    whole = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    told = replay(
        tmp_path,
        media,
        START,
        {"place": "SQ-04", "min_people": 4} | whole,
        {"place": "SQ-30", "min_people": 30} | whole,
    )
    assert told.steps("SQ-04")[-1] == ("confirmed", "over_limit", "confirmed")
    assert told.steps("SQ-30") == [("warned", "advisory", "warned")]
    assert told.at("SQ-30")[0]["measures"]["sound"]["reason"] == "too_few_people"
    case = told.at("SQ-04")[-1]
    assert case["measures"]["sound"]["people"] >= 4
    roles = [ref["role"] for ref in case["evidence"]]
    assert roles == ["level_curve", "confirmed_masked", "loudest_masked"]
