"""The values behind the evidence picture, and the picture."""

import numpy as np
import pytest

from edge.scenes.dance_ladder import Ladder
from edge.scenes.dance_verdict import Verdict
from edge.scenes.dance_words import OUTCOME_WORDS, REASON_WORDS, summary
from edge.scenes.square_dance import SquareDance
from edge.sound.curve import FLAG_WORDS, KEPT_S, Curve, LevelPoint, Mark, RulePoint, thinned
from edge.sound.frames import Invalid
from edge.sound.ledger import REASONS
from edge.sound.plot import BACKGROUND, CURFEW, LIMIT, MUSIC, PEOPLE, VOID, draw
from tests.dances import BEFORE, EVENING, Piece, Stage, continued, dance, quiet

AT_CURFEW = Stage(start=EVENING.replace(hour=21, minute=56))
SCRIPT = [
    BEFORE,
    dance(60, 70),
    dance(20, 70, invalid=Invalid.CLIPPING),
    dance(100, 70),
    quiet(60, people=None),
]


def curve_of(pieces: list[Piece], span_s: float) -> Curve:
    scene = SquareDance(AT_CURFEW.params)
    evening = continued(AT_CURFEW, scene, Ladder(AT_CURFEW.params), pieces)
    scene.history.add_mark(Mark(evening.judged[200].ts, "提醒"))
    return scene.curve(evening.judged[-1], span_s)


def colours(image: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(int(v) for v in colour) for colour in np.unique(image.reshape(-1, 3), axis=0)}


def test_every_second_keeps_its_level_owner_and_flag() -> None:
    curve = curve_of(SCRIPT, 360)
    assert len(curve.levels) == 360
    assert {p.ts for p in curve.levels if p.music} == {float(s) for s in range(120, 300)}
    assert [p.ts for p in curve.levels if p.void == "clipping"] == list(range(180, 200))
    assert curve.background_db == pytest.approx(52)
    assert curve.rules == (RulePoint(1.0, 65), RulePoint(241.0, None, curfew=True))
    assert [p.ts for p in curve.people][-1] == 300
    assert curve.marks == (Mark(201.0, "提醒"),)
    assert curve.wall_at(240) == EVENING.replace(hour=21, minute=59, second=59)


def test_only_what_lies_in_the_span_is_given() -> None:
    curve = curve_of(SCRIPT, 100)
    assert len(curve.levels) == 100
    assert not curve.marks
    # The rule that held at the beginning is known though it began before.
    assert curve.rules[0] == RulePoint(1.0, 65)


def test_memory_is_bounded_by_an_hour() -> None:
    curve = curve_of([quiet(int(KEPT_S) + 400)], 2 * KEPT_S)
    assert len(curve.levels) == KEPT_S + 1
    assert curve.tags[0].ts >= curve.tags[-1].ts - KEPT_S


def test_the_loudest_second_survives_thinning() -> None:
    points = [LevelPoint(float(s), 90.0 if s == 77 else 50.0, 0, False, "") for s in range(100)]
    assert [p.ts for p in thinned(points, 10) if p.laeq_db == 90] == [77]
    assert len(thinned(points, 10)) == 10


def test_the_picture_has_everything_in_it() -> None:
    image = draw(curve_of(SCRIPT, 360), "SQ-02 浦锦广场", "超标")
    assert (image.shape, image.dtype) == ((720, 1280, 3), np.uint8)
    assert {MUSIC, LIMIT, BACKGROUND, VOID, CURFEW, PEOPLE} <= colours(image)


def test_an_empty_curve_can_be_drawn_and_one_without_time_cannot() -> None:
    empty = Curve(0.0, 60.0, EVENING)
    assert draw(empty, "", "").shape == (720, 1280, 3)
    with pytest.raises(ValueError, match="same moment"):
        draw(Curve(5.0, 5.0, EVENING), "", "")


def test_every_flag_has_its_word() -> None:
    assert set(FLAG_WORDS) == set(REASONS.values())
    assert set(OUTCOME_WORDS) == {"exceeds", "within", "not_evaluable", "advisory"}


def test_the_numbers_of_a_verdict_in_one_line() -> None:
    verdict = Verdict("exceeds", "level", "level", 74.04, 65, 52, 74.04, 1.5, 0.98, 1, 20)
    assert summary(verdict) == (
        "超标: 音乐声级超过限值 · 音乐 LAeq 74.0 dB · 背景 52.0 · 修正后 74.0 ± 1.5 · 限值 65 · "
        "音乐占比 98% · 20 人"
    )
    assert "指示值" in summary(
        Verdict("not_evaluable", "uncalibrated", laeq_db=74, calibrated=False)
    )
    assert REASON_WORDS["gap"] in summary(Verdict("not_evaluable", "gap"))
