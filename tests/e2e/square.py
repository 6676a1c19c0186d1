"""A square with music for the tests of the pages: measures, steps and state as a box tells them."""

from datetime import datetime, timedelta
from typing import Any

from edge.events import BoxState, SoundState, StreamState
from tests.e2e.street import Occupation, Street, healthy

CALIBRATED = {
    "state": "calibrated",
    "accuracy_class": 2,
    "calibrated_at": "2026-11-01T00:00:00+08:00",
    "expires_at": "2027-11-01T00:00:00+08:00",
    "drift_db": 0.1,
    "serial": "MP201-7",
}
SOUND: dict[str, Any] = {
    "step": "filed",
    "outcome": "exceeds",
    "reason": "level",
    "basis": "level",
    "window_s": 300.0,
    "laeq_db": 73.6,
    "limit_db": 65.0,
    "background_db": 51.3,
    "background_method": "before_onset",
    "corrected_db": 73.4,
    "uncertainty_db": 1.5,
    "music_share": 0.93,
    "usable_share": 0.97,
    "people": 12.0,
    "min_people": 8,
    "rule": "all 06:00-22:00 65 dB",
    "calibration": CALIBRATED,
    "zh": "超标: 音乐声级超过限值 · 音乐 LAeq 73.6 dB",
    "en": "too loud: level · music LAeq 73.6 dB",
}
THRESHOLDS = {"limit_db": 65.0, "warn_after_s": 60.0, "window_s": 300.0, "min_people": 8.0}


def dance(number: int = 1, severity: str = "over_limit", **sound: Any) -> Occupation:
    """Music on a square, as the report of one step tells it; `sound` changes the measures."""
    measures = {"sound": SOUND | sound}
    return Occupation(
        number,
        own_place="SQ-02",
        camera="plaza",
        severity=severity,
        scene="square_dance",
        model="yamnet",
        measures=measures,
        thresholds=THRESHOLDS,
        more={"reached": "confirmed" if measures["sound"]["step"] == "filed" else "warned"},
    )


def climb(street: Street, pictures: dict[str, bytes] | None = None) -> str:
    """Every step from the reminder to the case; the case's number."""
    for rev, step in enumerate(("reminded", "dissuaded", "rechecking"), 1):
        assert street.tell(dance(severity=step, step=step), "warned", rev, 60.0 * rev).kind
    verdict = street.tell(dance(), "confirmed", 4, 480.0, pictures)
    assert verdict.case_no is not None, verdict
    return verdict.case_no


def hearing(now: datetime, **changes: Any) -> BoxState:
    """State of a box that hears the square; `changes` are those of the sound."""
    values: dict[str, Any] = {
        "at": now - timedelta(seconds=1),
        "laeq_1s_db": 74.4,
        "laeq_10s_db": 73.2,
        "top": "Music",
        "top_score": 0.95,
        "music": 0.95,
        "valid": True,
        "calibrated": True,
    }
    sound = SoundState(**values | changes)
    stream = StreamState(id="plaza", name="浦锦广场", up=True, last_frame_at=now, sound=sound)
    return healthy(now, streams=[stream])
