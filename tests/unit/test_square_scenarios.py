"""The scenario suite of the square (reference sound G7): every outcome right, with its reason."""

import math
from dataclasses import replace

import pytest

from edge.scenes.dance_words import REASON_WORDS
from edge.sound import gain_watch
from edge.sound.frames import Invalid
from edge.sound.tags import Scores
from tests.dances import (
    ADVISORY,
    BEFORE,
    BUS,
    EVENING,
    EXPIRED,
    LADDER,
    NOTHING,
    SPEECH,
    UNCALIBRATED,
    Piece,
    Stage,
    dance,
    play,
    quiet,
    square,
)

RAIN, WIND, THUNDER = Scores(0.5, rain=0.5), Scores(0.5, wind=0.5), Scores(thunder=0.5)
TV = Scores(music=0.4, speech=0.2)
WHIP = Scores(whip=0.6)
DROWNED = Scores(music=0.2, vehicle=0.8)


def every(period_s: int, seconds: int, piece: Piece, other: Piece) -> list[Piece]:
    """`other` for some seconds of every period, `piece` for the rest, five minutes long."""
    rest = replace(piece, seconds=period_s - seconds)
    return [rest, replace(other, seconds=seconds)] * (300 // period_s)


SILENT = dance(3, db=None)
HORN = dance(8, invalid=Invalid.PLAYBACK)

SCENARIOS = {
    # name: (pieces, outcome and reason after 200 s, everything that is told)
    "a dance too loud": ([BEFORE, dance(300)], "exceeds", "level", LADDER),
    "a dance within the limit": ([BEFORE, dance(300, 63)], "within", "within_limit", []),
    "a bus passes": ([BEFORE, Piece(60), Piece(30, 82, BUS)], "within", "no_music", []),
    "a bus passes a soft dance": (
        [BEFORE, dance(70, 60), dance(12, 82, scores=DROWNED), dance(200, 60)],
        "not_evaluable",
        "other_source",
        [],
    ),
    "a speech rally": ([BEFORE, dance(300, 78, 60, scores=SPEECH)], "within", "no_music", []),
    "tai-chi without music": (
        [BEFORE, dance(300, 55, 30, scores=NOTHING)],
        "within",
        "no_music",
        [],
    ),
    "a shop's loudspeaker": ([BEFORE, dance(300, 74, 2)], "advisory", "too_few_people", ADVISORY),
    "perhaps a group": (
        [BEFORE, dance(300, 74, 5, possible=12)],
        "advisory",
        "people_unsure",
        ADVISORY,
    ),
    "a television, soft": ([BEFORE, dance(300, 60, 0, scores=TV)], "within", "within_limit", []),
    "a television that talks": (
        [BEFORE, *every(20, 12, dance(1, 70, 0, scores=TV), dance(1, 70, 0, scores=SPEECH))],
        "within",
        "little_music",
        [],
    ),
    "rain": ([BEFORE, dance(300, 70, 0, scores=RAIN)], "not_evaluable", "rain", []),
    "wind": ([BEFORE, dance(300, 70, 9, scores=WIND)], "not_evaluable", "wind", []),
    "distant fireworks": (
        [BEFORE, *every(10, 1, quiet(1), quiet(1, db=85, scores=Scores(thunder=0.3)))],
        "within",
        "no_music",
        [],
    ),
    "near fireworks": (
        [BEFORE, dance(300, 85, 20, scores=THUNDER)],
        "not_evaluable",
        "thunder",
        [],
    ),
    "another square, soft here": ([BEFORE, dance(300, 63, 30)], "within", "within_limit", []),
    "another square, loud here": (
        [BEFORE, dance(300, 70, 3)],
        "advisory",
        "too_few_people",
        ADVISORY,
    ),
    "a dead microphone": (
        [BEFORE, dance(300, -30, invalid=Invalid.DEAD | Invalid.UNDER_RANGE)],
        "not_evaluable",
        "microphone_dead",
        [],
    ),
    "an unplugged microphone": ([BEFORE, dance(300, None)], "not_evaluable", "no_sound", []),
    "clipping": (
        [BEFORE, dance(300, 113, invalid=Invalid.CLIPPING)],
        "not_evaluable",
        "clipping",
        [],
    ),
    "gain control": (
        [BEFORE, dance(300, invalid=Invalid.GAIN_CONTROL)],
        "not_evaluable",
        "gain_control",
        [],
    ),
    "our own loudspeaker all the time": (
        [BEFORE, dance(300, invalid=Invalid.PLAYBACK)],
        "not_evaluable",
        "own_loudspeaker",
        [],
    ),
    "our own reminder plays": ([BEFORE, dance(40), HORN, dance(252)], "exceeds", "level", LADDER),
    "drop-outs of 3 s now and then": (
        [BEFORE, *every(30, 3, dance(1), SILENT)],
        "exceeds",
        "level",
        LADDER,
    ),
    "drop-outs of 3 s all the time": (
        [BEFORE, *every(8, 3, dance(1), SILENT)],
        "not_evaluable",
        "gap",
        [],
    ),
    "a loud street": (
        [quiet(120, db=64), dance(300, 66.9)],
        "not_evaluable",
        "background_close",
        [],
    ),
    "a street that explains the excess": (
        [quiet(120, db=62), dance(300, 66)],
        "within",
        "within_limit",
        [],
    ),
    "music from the first second": ([dance(420)], "not_evaluable", "background_unknown", []),
    "over the limit by less than the margin": (
        [BEFORE, dance(300, 66)],
        "not_evaluable",
        "uncertainty",
        [],
    ),
    "a television, loud": (
        [BEFORE, dance(300, 72, 1, scores=TV)],
        "advisory",
        "too_few_people",
        ADVISORY,
    ),
    "a whip": (
        [BEFORE, *every(4, 1, quiet(1, people=3), quiet(1, db=90, people=3, scores=WHIP))],
        "within",
        "no_music",
        [],
    ),
    "fireworks over a dance": (
        [BEFORE, *every(20, 2, dance(1), dance(1, 90, scores=Scores(0.3, thunder=0.3)))],
        "exceeds",
        "level",
        LADDER,
    ),
    "rain over a dance": (
        [BEFORE, dance(50), dance(250, 76, scores=RAIN)],
        "not_evaluable",
        "rain",
        LADDER[:3],
    ),
    "two teams in turn": (
        [BEFORE, dance(90, 74, 15), quiet(20), dance(190, 71, 30)],
        "exceeds",
        "level",
        LADDER,
    ),
    "bass of a passing car": (
        [BEFORE, dance(8, 80, 0), quiet(100)],
        "within",
        "no_music",
        [],
    ),
    "too soft for the microphone": (
        [quiet(120, db=30), dance(300, 33, invalid=Invalid.UNDER_RANGE)],
        "not_evaluable",
        "under_range",
        [],
    ),
    "no camera": ([BEFORE, dance(300, people=None)], "advisory", "no_camera", ADVISORY),
    "the camera fails in between": (
        [BEFORE, dance(50), dance(250, people=None)],
        "advisory",
        "no_camera",
        LADDER[:3],
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    pieces, outcome, reason, told = SCENARIOS[name]
    evening = play(pieces)
    verdict = evening.at(200).now
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert evening.steps == told
    assert len({report.incident_id for report in evening.reports}) <= 1


NIGHT = Stage(start=EVENING.replace(hour=22, minute=30))
CURFEW_BEGINS = Stage(start=EVENING.replace(hour=21, minute=56, second=50))
CURFEW_STEPS = [*LADDER[:3], ("confirmed", "curfew")]
UNTAGGED = replace(dance(300), tagged=False)

STAGED = {
    # name: (pieces, where and when, outcome and reason after 200 s, everything that is told)
    "curfew, audible": ([BEFORE, dance(300, 60)], NIGHT, "exceeds", "curfew", CURFEW_STEPS),
    "curfew, below every limit of the day": (
        [quiet(120, db=38), dance(300, 45)],
        NIGHT,
        "exceeds",
        "curfew",
        CURFEW_STEPS,
    ),
    "curfew, hardly audible": (
        [BEFORE, dance(300, 54)],
        NIGHT,
        "not_evaluable",
        "background_close",
        [],
    ),
    "curfew, a speech rally": (
        [BEFORE, dance(300, 78, 60, scores=SPEECH)],
        NIGHT,
        "within",
        "no_music",
        [],
    ),
    "the curfew begins": (
        [BEFORE, dance(400, 60)],
        CURFEW_BEGINS,
        "not_evaluable",
        "rule_began",
        CURFEW_STEPS,
    ),
    "the clock is set to the curfew": (
        [BEFORE, dance(400, 60)],
        Stage(clock=lambda s: s if s < 190 else s + 3 * 3600),
        "not_evaluable",
        "rule_began",
        CURFEW_STEPS,
    ),
    "the clock jumps over the curfew and back": (
        [BEFORE, dance(300, 60)],
        Stage(clock=lambda s: s + 3 * 3600 if 150 <= s < 155 else s),
        "within",
        "within_limit",
        [],
    ),
    "an uncalibrated microphone": (
        [BEFORE, dance(300)],
        Stage(meter=UNCALIBRATED),
        "advisory",
        "uncalibrated",
        LADDER[:2],
    ),
    "an expired calibration": (
        [BEFORE, dance(300)],
        Stage(meter=EXPIRED),
        "advisory",
        "calibration_expired",
        LADDER[:2],
    ),
    "no rule on this day": (
        [BEFORE, dance(300, 90)],
        Stage(
            params=square(rules=[{"days": "sat", "from": "06:00", "to": "22:00", "curfew": True}])
        ),
        "within",
        "no_rule",
        [],
    ),
    "a tagger that gives no answer": (
        [BEFORE, UNTAGGED],
        Stage(),
        "not_evaluable",
        "not_tagged",
        [],
    ),
}


@pytest.mark.parametrize("name", STAGED)
def test_scenario_at_another_place_or_time(name: str) -> None:
    pieces, stage, outcome, reason, told = STAGED[name]
    evening = play(pieces, stage)
    verdict = evening.at(200).now
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert evening.steps == told
    assert len({report.incident_id for report in evening.reports}) <= 1


def test_two_squares_at_once_hear_each_other_and_only_the_loud_one_files() -> None:
    """Each microphone hears the other square 12 dB down: 74 here is 62 there, beside its own 63."""
    there_db = 10 * math.log10(10**6.2 + 10**6.3)
    here = play([BEFORE, dance(300, 74, 20)])
    there = play([BEFORE, dance(300, there_db, 12)])
    assert here.steps == LADDER
    assert there.steps == []
    verdict = there.at(200).now
    assert (verdict.outcome, verdict.reason) == ("not_evaluable", "uncertainty")


def test_gain_control_is_suspected_after_a_day_that_is_equally_loud(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gain_watch, "HOUR_S", 30.0)
    day = [quiet(24 * 30 + 1, db=66), dance(100, 70)]
    assert play(day).steps == []
    judged = play(day).at(24 * 30 + 60).now
    assert (judged.outcome, judged.reason) == ("not_evaluable", "gain_control")


def test_every_reason_has_its_scenario() -> None:
    """`no_level` is left out: it guards against a second of music without energy."""
    reasons = {reason for _, _, reason, _ in SCENARIOS.values()}
    reasons |= {reason for _, _, _, reason, _ in STAGED.values()}
    assert reasons == set(REASON_WORDS) - {"no_level"}
