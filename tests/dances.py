"""Evenings on a square, told in pieces, and what the scene makes of them."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from edge.scenes.dance_ladder import DanceReport, Judged, Ladder
from edge.scenes.dance_rules import Params
from edge.scenes.dance_verdict import Meter
from edge.scenes.dance_view import SoundView
from edge.scenes.gathering import Look
from edge.scenes.square_dance import SquareDance
from edge.sound.attribution import Attribution, Hearing
from edge.sound.calibration import Standing
from edge.sound.frames import Invalid, SecondFrame
from edge.sound.tags import Scores, Tags

SHANGHAI = timezone(timedelta(hours=8))
EVENING = datetime(2026, 11, 24, 19, 0, tzinfo=SHANGHAI)
STEP_S, SPAN_S = 0.48, 0.975

MUSIC = Scores(music=0.9)
SPEECH = Scores(speech=0.95)
BUS = Scores(vehicle=0.8)
NOTHING = Scores()

CALIBRATED = Meter(Standing("calibrated"))
EXPIRED = Meter(Standing("expired", "expired on 2026-11-01"))
UNCALIBRATED = Meter(Standing("uncalibrated", "never calibrated"))

REMINDED, DISSUADED, RECHECKING, FILED = LADDER = [
    ("warned", "reminded"),
    ("warned", "dissuaded"),
    ("warned", "rechecking"),
    ("confirmed", "over_limit"),
]
ADVISORY = [("warned", "advisory")]


@dataclass(frozen=True)
class Piece:
    """Some seconds of one kind; `db` None: no sound arrives; `people` None: no picture does.

    Without `tagged` the tagger gives no answer.
    """

    seconds: int
    db: float | None = 52.0
    scores: Scores = NOTHING
    people: int | None = 0
    invalid: Invalid = Invalid.NONE
    possible: int | None = None
    tagged: bool = True


def dance(seconds: int, db: float | None = 74.0, people: int | None = 20, **more: Any) -> Piece:
    """Music with people in the zone."""
    return Piece(seconds, db, more.pop("scores", MUSIC), people, **more)


def quiet(seconds: int, **more: Any) -> Piece:
    """The square as it is."""
    return Piece(seconds, **more)


BEFORE = quiet(120)


def square(**changes: Any) -> Params:
    """A square with short times: reminder at 20 s, dissuasion 40, re-check 60, case 120."""
    block: dict[str, Any] = {
        "scene": "square_dance",
        "place": "SQ-02",
        "polygon": [(0, 0.4), (1, 0.4), (1, 1), (0, 1)],
        "rules": [
            {"days": "all", "from": "06:00", "to": "22:00", "limit_db": 65},
            {"days": "all", "from": "22:00", "to": "06:00", "curfew": True},
        ],
        "min_people": 8,
        "warn_after_s": 20,
        "dissuade_after_s": 20,
        "recheck_after_s": 20,
        "window_s": 60,
        "clear_after_s": 60,
        "background_min_s": 30,
    }
    return Params.model_validate(block | changes)


@dataclass
class Evening:
    """What came out: reports and the judgement of every second."""

    reports: list[DanceReport] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Stage and severity of every report."""
        return [(r.stage, r.severity) for r in self.reports]

    @property
    def filed(self) -> bool:
        return any(r.stage == "confirmed" for r in self.reports)

    def at(self, second: int) -> Judged:
        return self.judged[second]


@dataclass(frozen=True)
class Stage:
    """Where and when the evening is played; `clock` gives the wall time of a second."""

    params: Params = field(default_factory=square)
    meter: Meter = CALIBRATED
    start: datetime = EVENING
    start_ts: float = 0.0
    clock: Callable[[int], float] = float

    def but(self, **changes: Any) -> "Stage":
        return replace(self, **changes)


def play(pieces: Iterable[Piece], stage: Stage | None = None) -> Evening:
    """Let the scene and its ladder hear and see the pieces, one view a second."""
    stage = stage or Stage()
    return continued(stage, SquareDance(stage.params), Ladder(stage.params), list(pieces))


def continued(stage: Stage, scene: SquareDance, ladder: Ladder, pieces: Sequence[Piece]) -> Evening:
    """The same with a scene and a ladder that may have a past."""
    attribution, evening = Attribution(Hearing()), Evening()
    ids = (f"id-{n}" for n in itertools.count(1))
    script = [piece for piece in pieces for _ in range(piece.seconds)]
    answer = 0
    for second, piece in enumerate(script):
        tags: list[Tags] = []
        while answer * STEP_S + SPAN_S <= second + 1:
            about = script[int(answer * STEP_S + SPAN_S / 2)]
            if about.db is not None and about.tagged:
                tags.append(Tags(stage.start_ts + answer * STEP_S, SPAN_S, about.scores, "", 0.0))
            answer += 1
        ts = stage.start_ts + second
        view = SoundView(
            ts + 1,
            stage.start + timedelta(seconds=stage.clock(second)),
            stage.meter,
            seconds=() if piece.db is None else (frame(ts, piece.db, piece.invalid),),
            heard=tuple((one, attribution.hear(one)) for one in tags),
            people=None if piece.people is None else look(ts + 1, piece),
        )
        judged = scene.update(view)
        evening.judged.append(judged)
        evening.reports += ladder.update(judged, lambda: next(ids))
    return evening


def look(ts: float, piece: Piece) -> Look:
    people = piece.people or 0
    return Look(ts, people, people if piece.possible is None else piece.possible)


def frame(ts: float, db: float, invalid: Invalid = Invalid.NONE) -> SecondFrame:
    """A second whose levels are all alike."""
    return SecondFrame(
        ts=ts,
        measured_s=1.0,
        laeq_db=db,
        lceq_db=db + 5,
        lafmax_db=db + 1,
        lafmin_db=db - 1,
        lasmax_db=db,
        lcpeak_db=db + 12,
        laf_db=(db,) * 10,
        bands_db=(),
        beyond_db=0.0,
        clipped_share=0.0,
        invalid=invalid,
    )
