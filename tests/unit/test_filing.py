"""When an incident becomes a case."""

from datetime import UTC, datetime

import pytest

from central.filing import case_no, files_case, local_day, prefix_of
from tests.central.events import SHANGHAI, incident_event


@pytest.mark.parametrize(
    ("stage", "rev", "dwell_s", "files"),
    [
        ("warned", 1, 60.0, False),
        ("warned", 1, 9000.0, False),  # only the box decides that a warning became more
        ("confirmed", 2, 300.0, True),
        ("confirmed", 2, 10.0, True),  # thresholds of the box count, not ours
        ("ongoing", 3, 360.0, True),  # overtook its `confirmed`
        ("cleared", 2, 120.0, False),  # left after warning
        ("cleared", 2, 900.0, False),  # blind while the threshold passed: never confirmed
        ("cleared", 3, 299.9, False),
        ("cleared", 3, 300.0, True),  # overtook its `confirmed`
        ("cleared", 9, 4000.0, True),
    ],
)
def test_an_event_files_a_case_at_confirmed_or_later(
    stage: str, rev: int, dwell_s: float, files: bool
) -> None:
    event = incident_event(stage, rev, dwell_s=dwell_s)
    assert files_case(event.data) is files


def test_a_clear_without_a_threshold_files_nothing() -> None:
    rule = {"digest": "d", "thresholds": {}}
    assert not files_case(incident_event("cleared", 5, dwell_s=9000.0, rule=rule).data)


def test_the_number_holds_scene_local_day_and_serial() -> None:
    night = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # half past midnight in Shanghai
    assert local_day(night, SHANGHAI) == "20261125"
    assert case_no(prefix_of("fire_lane"), "20261124", 7) == "FL-20261124-0007"
    assert case_no(prefix_of("square_dance"), "20261124", 12345) == "SQ-20261124-12345"
    assert prefix_of("facility") == "PF"
    assert prefix_of("something_new") == "XX"


@pytest.mark.parametrize("mode", ["shadow", "permitted", "maintenance", "off_schedule"])
@pytest.mark.parametrize("stage", ["warned", "confirmed", "ongoing", "cleared"])
def test_what_was_not_told_live_files_nothing(mode: str, stage: str) -> None:
    data = incident_event(stage, 5, dwell_s=9000.0, mode=mode, reached="confirmed").data
    assert not files_case(data)


SOUND = {
    "step": "filed",
    "outcome": "exceeds",
    "reason": "level",
    "basis": "level",
    "window_s": 300.0,
    "music_share": 0.9,
    "usable_share": 1.0,
    "calibration": {"state": "calibrated"},
}
UNSCALED = {"calibration": {"state": "uncalibrated"}}
EXPIRED = {"calibration": {"state": "expired"}}
ADVISORY = {"outcome": "advisory", "reason": "no_camera"}
NOBODY_CAN_SAY = {"outcome": "not_evaluable", "reason": "background_close"}
CURFEW = {"basis": "curfew", "reason": "curfew"}


@pytest.mark.parametrize(
    ("stage", "reached", "sound", "files"),
    [
        ("warned", "warned", {}, False),  # the steps before the case
        ("confirmed", "confirmed", {}, True),
        ("confirmed", "confirmed", CURFEW, True),
        ("confirmed", "confirmed", CURFEW | UNSCALED, True),  # audible needs no scale
        ("confirmed", "confirmed", UNSCALED, False),
        ("confirmed", "confirmed", EXPIRED, False),
        ("confirmed", "confirmed", ADVISORY, False),
        ("confirmed", None, ADVISORY, False),
        ("ongoing", "confirmed", NOBODY_CAN_SAY, False),
        ("ongoing", "confirmed", {}, True),  # overtook its `confirmed`
        ("cleared", "confirmed", {"outcome": "within", "reason": "no_music"}, True),  # as well
        ("cleared", "warned", {"outcome": "within", "reason": "no_music"}, False),
    ],
)
def test_of_a_square_only_proven_sound_files(
    stage: str, reached: str | None, sound: dict[str, object], files: bool
) -> None:
    data = incident_event(
        stage,
        5,
        dwell_s=9000.0,
        scene="square_dance",
        reached=reached,
        measures={"sound": SOUND | sound},
        rule={"digest": "d", "thresholds": {}},
    ).data
    assert files_case(data) is files


def test_a_live_clear_files_only_what_had_been_confirmed_live() -> None:
    held_back = incident_event("cleared", 5, dwell_s=9000.0, reached="warned").data
    overtook = incident_event("cleared", 5, dwell_s=10.0, reached="confirmed").data
    assert not files_case(held_back)
    assert files_case(overtook)
