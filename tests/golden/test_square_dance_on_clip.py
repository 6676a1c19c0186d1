"""The evening on the square from samples to the case: one incident, from the music."""

import itertools
from dataclasses import dataclass
from datetime import timedelta

import av
import numpy as np
import pytest

from edge.scenes.dance_ladder import DanceReport, Ladder
from edge.scenes.dance_rules import Params
from edge.scenes.dance_verdict import Meter as MeterWorth
from edge.scenes.dance_view import SoundView
from edge.scenes.dance_words import SEVERITY_WORDS, summary
from edge.scenes.gathering import Look
from edge.scenes.square_dance import SquareDance
from edge.sound.attribution import Attribution, Heard, Hearing
from edge.sound.curve import Curve, Mark
from edge.sound.frames import SecondFrame
from edge.sound.level import Meter, MeterSetup
from edge.sound.measure import ChainDesign
from edge.sound.plot import draw
from edge.sound.tags import Tags
from tests.dances import CALIBRATED, EVENING, EXPIRED, square
from tests.support import MEDIA
from tests.taggers import real_tagger

pytestmark = [pytest.mark.media, pytest.mark.tagger]

CLIP = "plaza_evening.flac"
RATE_HZ = 16_000
MUSIC_S = (60.0, 260.0)


@dataclass(frozen=True)
class Second:
    """What one second of the clip gave."""

    number: int
    frames: tuple[SecondFrame, ...]
    heard: tuple[tuple[Tags, Heard], ...]


@pytest.fixture(scope="module")
def seconds() -> list[Second]:
    if not (MEDIA / CLIP).exists():
        pytest.skip(f"{MEDIA / CLIP} is not there")
    with av.open(str(MEDIA / CLIP)) as container:
        sound = np.concatenate([b.to_ndarray().reshape(-1) for b in container.decode(audio=0)])
    meter = Meter(ChainDesign.at(RATE_HZ), MeterSetup(114.0))
    stream, attribution = real_tagger().stream(), Attribution(Hearing())
    found = []
    for start in range(0, len(sound), RATE_HZ):
        block, ts = sound[start : start + RATE_HZ], start / RATE_HZ
        tags = stream.push((block / 32768).astype(np.float32), ts)
        heard = tuple((one, attribution.hear(one)) for one in tags)
        found.append(Second(start // RATE_HZ, tuple(meter.push(block, ts)), heard))
    return found


@dataclass(frozen=True)
class Outcome:
    """Reports, and the curve as it was at the case or at the end."""

    reports: list[DanceReport]
    curve: Curve

    @property
    def steps(self) -> list[tuple[str, str]]:
        return [(report.stage, report.severity) for report in self.reports]


def judge(
    seconds: list[Second],
    people: int | None = 20,
    meter: MeterWorth = CALIBRATED,
    params: Params | None = None,
) -> Outcome:
    """The clip with as many people in the zone while the music plays."""
    params = params or square()
    scene, ladder = SquareDance(params), Ladder(params)
    ids = (f"id-{n}" for n in itertools.count(1))
    reports: list[DanceReport] = []
    for second in seconds:
        ts = second.number + 1.0
        here = 0 if people is None or not MUSIC_S[0] <= second.number < MUSIC_S[1] else people
        look = None if people is None else Look(ts, here, here)
        wall = EVENING + timedelta(seconds=ts)
        judged = scene.update(SoundView(ts, wall, meter, second.frames, second.heard, look))
        for report in ladder.update(judged, lambda: next(ids)):
            scene.history.add_mark(Mark(ts, SEVERITY_WORDS[report.severity]))
            reports.append(report)
    return Outcome(reports, scene.curve(judged, ts))


def test_one_incident_from_the_music_and_it_files(seconds: list[Second]) -> None:
    outcome = judge(seconds)
    assert outcome.steps == [
        ("warned", "reminded"),
        ("warned", "dissuaded"),
        ("warned", "rechecking"),
        ("confirmed", "over_limit"),
        ("cleared", "over"),
    ]
    assert len({report.incident_id for report in outcome.reports}) == 1
    assert all(r.since_ts == pytest.approx(MUSIC_S[0], abs=10) for r in outcome.reports)
    end = outcome.reports[-1]
    assert end.since_ts + end.dwell_s == pytest.approx(MUSIC_S[1], abs=10)
    case = outcome.reports[3].verdict
    assert case.background_db == pytest.approx(52, abs=0.2)
    assert case.people == 20
    assert case.laeq_db is not None
    assert case.uncertainty_db is not None
    assert case.laeq_db - case.uncertainty_db > 65


def test_neither_speech_nor_the_vehicle_says_anything(seconds: list[Second]) -> None:
    strict = square(min_people=0, rules=[{"from": "00:00", "to": "24:00", "curfew": True}])
    assert judge([*seconds[:55], *seconds[280:]], params=strict).reports == []


@pytest.mark.parametrize(("people", "reason"), [(None, "no_camera"), (3, "too_few_people")])
def test_without_dancers_in_the_picture_a_person_has_to_look(
    seconds: list[Second], people: int | None, reason: str
) -> None:
    outcome = judge(seconds, people)
    assert outcome.steps == [("warned", "advisory"), ("cleared", "advisory")]
    assert outcome.reports[0].reason == reason


@pytest.mark.parametrize(("people", "files"), [(8, True), (7, False)])
def test_the_minimum_of_people(seconds: list[Second], people: int, files: bool) -> None:
    outcome = judge(seconds, people)
    assert any(report.stage == "confirmed" for report in outcome.reports) == files


def test_an_expired_calibration_never_files_on_level(seconds: list[Second]) -> None:
    outcome = judge(seconds, meter=EXPIRED)
    assert outcome.steps == [
        ("warned", "reminded"),
        ("warned", "dissuaded"),
        ("cleared", "heeded"),
    ]
    assert {report.reason for report in outcome.reports[:2]} == {"calibration_expired"}


def test_below_a_higher_limit_nothing_is_broken(seconds: list[Second]) -> None:
    rules = [{"from": "00:00", "to": "24:00", "limit_db": 85}]
    assert judge(seconds, params=square(rules=rules)).reports == []


def test_the_picture_shows_what_was_measured(seconds: list[Second]) -> None:
    outcome = judge(seconds)
    curve = outcome.curve
    assert len(curve.levels) == len(seconds)
    music = [point.ts for point in curve.levels if point.music]
    assert music[0] == pytest.approx(MUSIC_S[0], abs=10)
    assert music[-1] == pytest.approx(MUSIC_S[1], abs=10)
    assert [mark.text for mark in curve.marks] == ["提醒", "劝导", "复查", "立案", "结束"]
    picture = draw(curve, "SQ-02", summary(outcome.reports[3].verdict))
    assert picture.shape == (720, 1280, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
