"""Generated scenarios: the same under the same seed, a truth that holds together, a fair scorer."""

import json
import os
import subprocess
from uuid import UUID

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.events import Clock, IncidentData, Model, Rule
from scripts.scenarios.drive import Message, Played, frame_times
from scripts.scenarios.kinds import KINDS, NUISANCE, OCCUPIED, named, names
from scripts.scenarios.levels import DrawnCamera, observe
from scripts.scenarios.report import document
from scripts.scenarios.score import gather, judge, must_be_told
from scripts.scenarios.stats import bootstrap, mean, p95, wilson
from scripts.scenarios.truth import occupations
from scripts.scenarios.world import Feed, Scenario, Thing
from tests.support import ROOT

LANE = ((0.1, 0.3), (0.9, 0.3), (0.9, 0.95), (0.1, 0.95))
PLACE = (0.3, 0.5, 0.5, 0.8)
BOARD = (0.25, 0.4, 0.55, 0.85)
RULE = {"warn_after_s": 20.0, "file_after_s": 60.0, "clear_after_s": 15.0}
OCCUPATIONS = {"same_place": 2, "swapped": 2, "short_stops": 3} | dict.fromkeys(
    set(NUISANCE) - {"short_stops"}, 0
)


def scenario(*things: Thing, feed: Feed | None = None) -> Scenario:
    """150 s, one picture a second, of these things in this order."""
    return Scenario("plain", 0, 7, 150.0, LANE, RULE, things, feed=feed or Feed())


def car(begin_s: float, end_s: float) -> Thing:
    """A car that appears, stands and disappears."""
    return Thing("vehicle", "car", 1, ((begin_s, PLACE), (end_s, PLACE)), ((begin_s, end_s),))


def incident(
    number: int, since_s: float, *told: tuple[str, float], there: bool = False
) -> list[Message]:
    """Messages of one incident: (stage, dwell) one after the other."""
    messages = []
    for rev, (stage, dwell_s) in enumerate(told, start=1):
        data = IncidentData(
            incident_id=str(UUID(int=(7 << 76) | (8 << 60) | number)),
            rev=rev,
            scene="fire_lane",
            stage=stage,  # type: ignore[arg-type]
            severity="occupied",
            since="2026-11-24T13:59:00Z",  # type: ignore[arg-type]
            dwell_s=dwell_s,
            observed_s=dwell_s,
            already_there=there,
            rule=Rule(digest="x", thresholds={}),
            model=Model(name="x", sha256="0" * 64),
            clock=Clock(synchronised=True),
        )
        messages.append(Message(since_s + dwell_s, since_s, data))
    return messages


ONE = [car(20, 90)]
GOOD = incident(1, 21, ("warned", 20), ("confirmed", 60), ("cleared", 68))

CASES = {
    "right": (ONE, GOOD, {"due": 1, "found": 1, "right": 1, "reported": 1}),
    "missed": (ONE, [], {"due": 1}),
    "false": ([], GOOD, {"reported": 1, "false": 1}),
    "elsewhen": (
        ONE,
        incident(1, 110, ("warned", 20)),
        {"due": 1, "reported": 1, "false": 1},
    ),
    "again": (
        ONE,
        incident(1, 20, ("warned", 20), ("cleared", 30)) + incident(2, 60, ("warned", 20)),
        {"due": 1, "found": 1, "right": 1, "reported": 2, "duplicates": 1, "false_clears": 1}
        | {"stuck": 1},
    ),
    "over too early": (
        ONE,
        incident(1, 20, ("warned", 20), ("cleared", 40)),
        {"due": 1, "found": 1, "right": 1, "reported": 1, "false_clears": 1},
    ),
    "never over": (
        [car(20, 60)],
        incident(1, 20, ("warned", 20)),
        {"due": 1, "found": 1, "right": 1, "reported": 1, "stuck": 1},
    ),
    "first sight": (
        [car(0, 150)],
        incident(1, 0, ("warned", 20), there=False),
        {"due": 1, "found": 1, "right": 1, "reported": 1, "wrong_first": 1},
    ),
    "too short to be told": (
        [car(20, 30)],
        incident(1, 20, ("warned", 20)),
        {"reported": 1, "false": 1},
    ),
    "neither must nor must not": (
        [car(20, 41)],
        [],
        {},
    ),
    "stages out of order": (
        ONE,
        incident(1, 21, ("confirmed", 60), ("cleared", 68)),
        {"due": 1, "found": 1, "right": 1, "reported": 1, "broken": 1},
    ),
}

COUNTS = ("due", "found", "reported", "right", "false", "duplicates", "false_clears", "stuck")
COUNTS += ("wrong_first", "broken", "device")


@pytest.mark.parametrize("case", CASES)
def test_the_scorer_counts(case):
    things, messages, wanted = CASES[case]
    score = judge(scenario(*things), Played(messages=messages))
    assert {name: getattr(score, name) for name in COUNTS if getattr(score, name)} == wanted


def test_dwell_error_is_signed_and_that_of_the_first_incident():
    score = judge(scenario(*ONE), Played(messages=GOOD))
    assert score.dwell_error_s == [pytest.approx(-2.0)]


def test_nobody_can_say_when_it_left_behind_a_board():
    board = Thing("board", "board", 2, ((80, BOARD), (110, BOARD)))
    truth = occupations(scenario(car(20, 90), board))[0]
    assert truth.end == (pytest.approx(80, abs=0.3), pytest.approx(110, abs=0.3))
    assert truth.unseen_s == pytest.approx(10, abs=0.3)
    assert truth.dwell_error_s(20, 75.0, cleared=True) == 0
    assert truth.dwell_error_s(20, 50.0, cleared=True) == pytest.approx(-10, abs=0.3)
    assert truth.dwell_error_s(20, 95.0, cleared=True) == pytest.approx(5, abs=0.3)


def test_one_after_the_other_is_one_occupation_until_the_lane_was_clear():
    assert len(occupations(scenario(car(20, 50), car(60, 100)))) == 1
    assert len(occupations(scenario(car(20, 50), car(70, 100)))) == 2


def test_an_outage_is_unseen_time_and_has_no_pictures():
    lost = scenario(car(20, 90), feed=Feed(outages=((40, 60),)))
    truth = occupations(lost)[0]
    assert truth.unseen_s == pytest.approx(20, abs=0.5)
    assert truth.begin == (20, 20)
    assert not [t for t in frame_times(lost) if 40 <= t <= 60]
    assert len(frame_times(lost)) == pytest.approx(130, abs=2)


@pytest.mark.parametrize("kind", KINDS)
def test_truth_of_generated_scenarios_holds_together(kind):
    for name in names(6, [kind]):
        made = named(name, 11)
        truths = occupations(made)
        assert len(truths) == OCCUPATIONS.get(kind, 1), name
        for truth in truths:
            assert 0 <= truth.begin[0] <= truth.begin[1] <= truth.end[1] <= made.duration_s
            assert truth.already_there == (kind == "already_there")
            assert all(truth.begin[0] <= a < b <= truth.end[1] + 0.3 for a, b in truth.seen)
        told = [must_be_told(t, made.rule["warn_after_s"], 3 + 3 / made.feed.fps) for t in truths]
        assert all(told) if kind in OCCUPIED else not any(told), name


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_name_and_a_seed_are_a_scenario(kind, index, seed):
    name = f"{kind}-{index:04}"
    made = named(name, seed)
    assert made == named(name, seed)
    assert made.name == name
    assert made != named(name, seed + 1)
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in made.polygon)


@pytest.mark.parametrize("name", ["plain", "nothing-0001", "plain-x"])
def test_a_name_that_is_none(name):
    with pytest.raises(ValueError, match="no such scenario"):
        named(name, 1)


def test_played_twice_gives_the_same_numbers_byte_for_byte():
    runs = []
    for _ in range(2):
        scores = [observe(name, 3).score for name in ("restart-0000", "ghosts-0002")]
        runs.append(json.dumps(document("observation", 3, scores)))
    assert runs[0] == runs[1]


def test_pictures_and_detections_agree_on_where_the_car_is():
    made = named("plain-0000", 1)
    thing = next(t for t in made.things if t.stands)
    camera = DrawnCamera(made)
    camera.picture(0.0)
    assert not len(camera.detector.detect(camera.picture(1.0)))
    at_s = thing.stands[0][0] + 1
    seen = camera.detector.detect(camera.picture(at_s))
    assert seen.kind[0] == "vehicle"
    assert seen.box_rel[0] == pytest.approx(thing.box(at_s), abs=0.05)


def test_no_signal_in_an_outage_is_no_false_health_event():
    lost = scenario(car(20, 80), feed=Feed(outages=((40.0, 60.0),)))
    played = Played(device=[(46.0, "no_signal"), (90.0, "no_signal"), (50.0, "blurred")])
    assert judge(lost, played).device == 2


def test_gathering_keeps_the_order_of_births():
    messages = incident(2, 10, ("warned", 20)) + incident(1, 90, ("warned", 20))
    assert [i.last.since_s for i in gather(messages)] == [10, 90]


# Values of Wilson's interval as tabled by Newcombe (1998), method 3.
@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson(hits, total, low, high):
    assert wilson(hits, total) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_bootstrap_is_the_same_every_time_and_surrounds_the_mean():
    values = [0.0, 1.0, 2.0, 3.0, 10.0]
    low, high = bootstrap(values, mean)
    assert low < 3.2 < high
    assert (low, high) == bootstrap(values, mean)
    assert bootstrap([-2.0] * 5, p95) == (2.0, 2.0)
    assert bootstrap([], p95) == (0.0, 0.0)


def test_the_command_writes_figures_and_a_timeline(tmp_path):
    figures, plot = tmp_path / "out.json", tmp_path / "out.png"
    command = [ROOT / "scripts" / "eval_scenes", "--only", "passing-0001", "--seed", "5"]
    done = subprocess.run(
        [*command, "--json", figures, "--plot", plot],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "recall" in done.stdout
    written = json.loads(figures.read_text())[0]
    assert written["all"]["scenarios"] == 1
    assert written["scenarios"][0]["name"] == "passing-0001"
    assert cv2.imread(str(plot)).shape[1] == 1400
