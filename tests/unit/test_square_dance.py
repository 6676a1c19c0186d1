"""The ladder of the square, its rules, its calibration, its memory."""

import itertools
from datetime import timedelta

import pytest

from edge.scenes.dance_ladder import Ladder, evening_of
from edge.scenes.dance_rules import Params
from edge.scenes.dance_verdict import Meter
from edge.scenes.square_dance import SquareDance, as_reading
from edge.sound.calibration import Standing
from edge.sound.frames import Invalid
from tests.dances import (
    ADVISORY,
    BEFORE,
    DISSUADED,
    EVENING,
    EXPIRED,
    FILED,
    LADDER,
    RECHECKING,
    REMINDED,
    UNCALIBRATED,
    Stage,
    continued,
    dance,
    play,
    quiet,
    square,
)

NIGHT = EVENING.replace(hour=22, minute=30)


def test_every_rung_has_its_time_and_its_numbers() -> None:
    evening = play([BEFORE, dance(300), quiet(200)])
    assert evening.steps == [*LADDER, ("cleared", "over")]
    assert [r.dwell_s for r in evening.reports] == pytest.approx([20, 40, 60, 120, 300], abs=1)
    assert all(r.since_ts == pytest.approx(120, abs=1) for r in evening.reports)
    assert all(r.observed_s <= r.dwell_s for r in evening.reports)
    case = evening.reports[3].verdict
    assert case.laeq_db == case.corrected_db == pytest.approx(74)
    assert (case.limit_db, case.uncertainty_db, case.people) == (65, pytest.approx(1.5), 20)
    assert case.background_db == pytest.approx(52)
    assert case.music_share >= 0.95


def test_the_usual_times_take_ten_minutes() -> None:
    keys = ("scene", "place", "polygon", "rules")
    block = square().model_dump(by_alias=True, exclude_none=True, include=set(keys))
    usual = Stage(params=Params.model_validate(block))
    evening = play([BEFORE, dance(700), quiet(720)], usual)
    assert [r.dwell_s for r in evening.reports] == pytest.approx([60, 180, 300, 600, 700], abs=1)


def test_a_class_1_meter_may_decide_what_a_class_2_meter_may_not() -> None:
    close = [BEFORE, dance(300, 66)]
    assert play(close, Stage(meter=Meter(Standing("calibrated"), 1))).filed
    assert not play(close, Stage(meter=Meter(Standing("calibrated"), 2))).filed


def test_whoever_turns_it_down_has_heeded_the_reminder() -> None:
    patient = Stage(params=square(dissuade_after_s=40))
    evening = play([BEFORE, dance(35), dance(200, 60)], patient)
    assert evening.steps == [REMINDED, ("cleared", "heeded")]
    assert evening.reports[-1].reason == "within_limit"


def test_music_that_stops_and_goes_on_is_one_incident_without_an_end() -> None:
    evening = play([BEFORE, dance(180), quiet(40, people=20), dance(180)])
    assert evening.steps == LADDER


def test_a_relapse_reopens_the_incident_of_the_evening() -> None:
    evening = play([BEFORE, dance(180), quiet(200), dance(60), quiet(200)])
    assert evening.steps == [
        *LADDER,
        ("cleared", "over"),
        ("confirmed", "relapse"),
        ("cleared", "over"),
    ]
    assert [r.relapses for r in evening.reports] == [0, 0, 0, 0, 0, 1, 1]
    assert [r.rev for r in evening.reports] == list(range(1, 8))
    assert {r.incident_id for r in evening.reports} == {"id-1"}


def test_who_was_dissuaded_and_begins_again_is_rechecked_at_once() -> None:
    evening = play([BEFORE, dance(45), quiet(200), dance(150)])
    assert evening.steps == [
        REMINDED,
        DISSUADED,
        ("cleared", "heeded"),
        RECHECKING,
        ("confirmed", "relapse"),
    ]


def test_another_evening_is_another_incident() -> None:
    def clock(second: int) -> float:
        return second if second < 400 else second + 24 * 3600

    evening = play([BEFORE, dance(180), quiet(200), dance(180)], Stage(clock=clock))
    assert [r.incident_id for r in evening.reports] == ["id-1"] * 5 + ["id-2"] * 4
    assert evening.steps[5:] == LADDER


@pytest.mark.parametrize("meter", [EXPIRED, UNCALIBRATED])
@pytest.mark.parametrize("db", [70, 90, 110])
def test_without_calibration_it_dissuades_but_never_files_on_level(meter: Meter, db: float) -> None:
    evening = play([BEFORE, dance(600, db)], Stage(meter=meter))
    assert evening.steps == [REMINDED, DISSUADED]
    reason = "calibration_expired" if meter is EXPIRED else "uncalibrated"
    assert {r.reason for r in evening.reports} == {reason}
    assert not evening.reports[0].verdict.calibrated


def test_without_calibration_nothing_is_said_to_be_within_the_limit() -> None:
    verdict = play([BEFORE, dance(300, 60)], Stage(meter=UNCALIBRATED)).at(250).now
    assert (verdict.outcome, verdict.reason) == ("not_evaluable", "uncalibrated")


def test_a_calibration_that_expires_during_the_dance_stops_the_case() -> None:
    expired = dance(400, invalid=Invalid.CALIBRATION_EXPIRED)
    evening = play([BEFORE, dance(30), expired])
    assert evening.steps == [REMINDED, DISSUADED]


def test_sound_alone_files_only_where_the_place_allows_it() -> None:
    evening = play([BEFORE, dance(300, people=None)], Stage(params=square(min_people=0)))
    assert evening.steps == LADDER


def test_a_camera_that_comes_back_makes_a_case_of_the_advisory() -> None:
    evening = play([BEFORE, dance(60, people=None), dance(200)])
    assert evening.steps == [*ADVISORY, DISSUADED, RECHECKING, FILED]


def test_in_the_curfew_audible_is_too_much() -> None:
    evening = play([quiet(120, db=40), dance(300, 48)], Stage(start=NIGHT, meter=UNCALIBRATED))
    assert evening.steps == [*LADDER[:3], ("confirmed", "curfew")]
    assert evening.reports[-1].verdict.corrected_db == pytest.approx(47)


def test_in_the_curfew_what_hardly_stands_out_is_not_evaluable() -> None:
    evening = play([quiet(120, db=40), dance(300, 42.5)], Stage(start=NIGHT))
    verdict = evening.at(300).now
    assert (verdict.outcome, verdict.reason) == ("not_evaluable", "background_close")
    assert not evening.reports


def test_the_curfew_judges_no_second_before_it() -> None:
    before = Stage(start=EVENING.replace(hour=21, minute=56))
    evening = play([BEFORE, dance(400, 60)], before)
    assert evening.at(230).now.reason == "within_limit"
    assert evening.at(245).now.reason == "rule_began"
    assert evening.steps == [*LADDER[:3], ("confirmed", "curfew")]
    assert all(r.since_ts == pytest.approx(241, abs=1) for r in evening.reports)


@pytest.mark.parametrize("jump_s", [-40, -1, 1, 40])
def test_a_clock_that_is_set_at_the_curfew_makes_no_second_incident(jump_s: int) -> None:
    def clock(second: int) -> float:
        return second if second < 260 else second + jump_s

    before = Stage(start=EVENING.replace(hour=21, minute=56), clock=clock)
    evening = play([BEFORE, dance(500, 60)], before)
    assert evening.steps == [*LADDER[:3], ("confirmed", "curfew")]
    assert {r.incident_id for r in evening.reports} == {"id-1"}


def test_where_no_rule_holds_nothing_is_broken() -> None:
    rules = [{"days": "sat,sun", "from": "06:00", "to": "22:00", "limit_db": 65}]
    evening = play([BEFORE, dance(300, 100)], Stage(params=square(rules=rules)))
    assert (evening.at(300).now.reason, evening.reports) == ("no_rule", [])


def test_two_squares_judge_for_themselves() -> None:
    here = play([BEFORE, dance(300, 74, 20), quiet(100)])
    there = play([BEFORE, dance(100, 60, 25), dance(200, 72, 25), quiet(100)])
    assert here.filed
    assert there.filed
    assert there.reports[0].dwell_s > here.reports[0].dwell_s + 80


def test_a_restart_keeps_step_incident_and_background() -> None:
    stage = Stage()
    scene, ladder = SquareDance(stage.params), Ladder(stage.params)
    first = continued(stage, scene, ladder, [BEFORE, dance(70)])
    assert first.steps == LADDER[:3]
    saved = (scene.dump(190), ladder.dump(190))
    scene, ladder = SquareDance(stage.params), Ladder(stage.params)
    scene.load(saved[0], 1000 - 30)
    ladder.load(saved[1], 1000 - 30)
    later = Stage(start=EVENING + timedelta(seconds=220), start_ts=1000)
    second = continued(later, scene, ladder, [dance(120)])
    assert second.steps == [FILED]
    assert second.reports[0].incident_id == first.reports[0].incident_id
    assert second.reports[0].restored
    assert second.reports[0].rev == 4
    assert second.reports[0].verdict.background_db == pytest.approx(52)


def test_the_same_hour_of_quiet_days_is_a_background_too() -> None:
    stage = Stage()
    scene = SquareDance(stage.params)
    days = itertools.count()
    for _ in range(3):
        start = EVENING.replace(minute=10) + timedelta(days=next(days))
        ts = (start - EVENING).total_seconds()
        continued(
            stage.but(start=start, start_ts=ts), scene, Ladder(stage.params), [quiet(700, db=50)]
        )
    # The next hour closes the last one.
    start = EVENING.replace(hour=20) + timedelta(days=2)
    ts = (start - EVENING).total_seconds()
    continued(stage.but(start=start, start_ts=ts), scene, Ladder(stage.params), [quiet(60)])
    blob = scene.dump(0)
    fresh = SquareDance(stage.params)
    fresh.load(blob, 0)
    start = EVENING + timedelta(days=3)
    ladder = Ladder(stage.params)
    evening = continued(stage.but(start=start), fresh, ladder, [dance(300)])
    assert evening.filed
    assert fresh.background is not None
    assert fresh.background.method == "same_hour"
    assert fresh.background.level_db == pytest.approx(50)
    late = SquareDance(stage.params)
    late.load(blob, 0)
    start = EVENING + timedelta(days=30)
    aged = continued(stage.but(start=start), late, Ladder(stage.params), [dance(300)])
    assert aged.at(250).now.reason == "background_unknown"


def test_as_any_other_scene_says_it() -> None:
    evening = play([BEFORE, dance(100), dance(60, None)])
    states = [as_reading(evening.at(s)).state for s in (100, 200, 270)]
    assert states == ["clear", "occupied", "unobserved"]
    assert as_reading(evening.at(200)).since_ts == pytest.approx(120, abs=1)


@pytest.mark.parametrize(
    ("hour", "day", "name"),
    [
        (19, 24, "2026-11-24 evening"),
        (23, 24, "2026-11-24 evening"),
        (2, 25, "2026-11-24 evening"),
        (6, 25, "2026-11-25 morning"),
        (12, 25, "2026-11-25 evening"),
    ],
)
def test_an_evening_ends_in_the_small_hours(hour: int, day: int, name: str) -> None:
    assert evening_of(EVENING.replace(day=day, hour=hour)) == name
