"""What must hold on any evening on the square."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.scenes.dance_ladder import STEPS, evening_of
from edge.scenes.dance_verdict import Crowd, Evidence, LimitRule, Policy, judge
from edge.sound.background import Background, CorrectionMode
from edge.sound.ledger import Tally
from edge.sound.statistics import Energy
from edge.sound.tags import Scores
from tests.dances import (
    BUS,
    CALIBRATED,
    EVENING,
    MUSIC,
    NOTHING,
    SPEECH,
    Evening,
    Piece,
    Stage,
    play,
    quiet,
    square,
)

RANK = {"within": 0, "not_evaluable": 0, "advisory": 1, "exceeds": 2}
SHORT = square(
    warn_after_s=10, dissuade_after_s=10, recheck_after_s=10, window_s=20, clear_after_s=20
)
STAGE = Stage(params=SHORT)
EARLIER = quiet(45)

scores = st.sampled_from([MUSIC, MUSIC, MUSIC, NOTHING, SPEECH, BUS, Scores(music=0.4, speech=0.5)])
pieces = st.lists(
    st.builds(
        Piece,
        seconds=st.integers(1, 30),
        db=st.sampled_from([50.0, 60.0, 65.0, 66.6, 67.0, 70.0, 85.0]),
        scores=scores,
        people=st.sampled_from([0, 5, 8, 30, None]),
    ),
    min_size=1,
    max_size=6,
)
quick = settings(max_examples=20, deadline=None)


def rank(evening: Evening) -> list[int]:
    """Per second: how far it had got, see STEPS."""
    reached, ranks, reports = 0, [], list(evening.reports)
    names = {"reminded": 1, "advisory": 1, "dissuaded": 2, "rechecking": 3}
    for judged in evening.judged:
        while reports and reports[0].told_ts <= judged.ts:
            severity = reports.pop(0).severity
            if severity in ("over_limit", "curfew", "relapse"):
                reached = len(STEPS) - 1
            reached = max(reached, names.get(severity, 0))
        ranks.append(reached)
    return ranks


@quick
@given(pieces, st.floats(0, 25))
def test_louder_music_is_never_less_serious(script: list[Piece], more_db: float) -> None:
    louder = [
        Piece(p.seconds, p.db + more_db if p.db and p.scores == MUSIC else p.db, p.scores, p.people)
        for p in script
    ]
    soft, loud = play([EARLIER, *script], STAGE), play([EARLIER, *louder], STAGE)
    for before, after in zip(soft.judged, loud.judged, strict=True):
        assert RANK[after.now.outcome] >= RANK[before.now.outcome]
        assert RANK[after.window.outcome] >= RANK[before.window.outcome]
    assert all(b >= a for a, b in zip(rank(soft), rank(loud), strict=True))


@quick
@given(pieces, st.data())
def test_a_gap_never_creates_an_incident(script: list[Piece], data: st.DataObject) -> None:
    # A steady background: a gap before the music changes what the background is made of.
    seconds = [
        Piece(1, p.db if p.scores == MUSIC else 52.0, p.scores, p.people)
        for p in script
        for _ in range(p.seconds)
    ]
    begin = data.draw(st.integers(0, len(seconds) - 1))
    length = data.draw(st.integers(1, 30))
    gap = [
        Piece(1, None, p.scores, p.people) if begin <= n < begin + length else p
        for n, p in enumerate(seconds)
    ]
    whole, holed = play([EARLIER, *seconds], STAGE), play([EARLIER, *gap], STAGE)
    assert all(b <= a for a, b in zip(rank(whole), rank(holed), strict=True))


@quick
@given(pieces, st.integers(-60, 60))
def test_a_week_later_all_is_the_same(script: list[Piece], weeks: int) -> None:
    here = play([EARLIER, *script], STAGE)
    there = play([EARLIER, *script], STAGE.but(start=EVENING + timedelta(weeks=weeks)))
    assert here.reports == there.reports
    assert [j.now for j in here.judged] == [j.now for j in there.judged]


@quick
@given(st.lists(pieces, min_size=1, max_size=3))
def test_one_incident_per_evening(scripts: list[list[Piece]]) -> None:
    long = [piece for script in scripts for piece in (*script, quiet(60))]
    evening = play([EARLIER, *long], STAGE)
    assert len({r.incident_id for r in evening.reports}) <= 1
    assert [r.rev for r in evening.reports] == list(range(1, len(evening.reports) + 1))
    stages = [r.stage for r in evening.reports]
    # Nothing ends twice, and what was filed is not warned of again.
    assert all(a != b for a, b in pairwise(stages) if a == "cleared")
    if "confirmed" in stages:
        assert "warned" not in stages[stages.index("confirmed") :]


@quick
@given(pieces, st.sampled_from([0.0, 1e6, -500.0]))
def test_when_the_box_was_started_does_not_matter(script: list[Piece], start_ts: float) -> None:
    here = play([EARLIER, *script], STAGE)
    there = play([EARLIER, *script], STAGE.but(start_ts=start_ts))
    assert here.steps == there.steps


@quick
@given(pieces)
def test_every_outcome_has_its_reason(script: list[Piece]) -> None:
    for judged in play([EARLIER, *script], STAGE).judged:
        for verdict in (judged.now, judged.window):
            assert verdict.reason
            assert 0 <= verdict.music_share <= 1
            if verdict.outcome == "exceeds":
                assert verdict.people is not None
                assert verdict.people >= 8


@settings(deadline=None)
@given(st.integers(0, 24 * 60 - 1), st.integers(-3, 3))
def test_an_evening_has_one_name_in_any_week(minute: int, weeks: int) -> None:
    local = EVENING.replace(hour=0) + timedelta(minutes=minute)
    later = local + timedelta(weeks=weeks)
    assert (evening_of(local) == evening_of(later)) == (weeks == 0)


@settings(deadline=None)
@given(
    st.floats(35, 110),
    st.floats(-10, 2.99),
    st.sampled_from(["gb_table", "energy"]),
    st.sampled_from([LimitRule(limit_db=55), LimitRule(curfew=True)]),
)
def test_what_stands_out_by_less_than_3_db_never_files(
    background_db: float, above_db: float, mode: CorrectionMode, rule: LimitRule
) -> None:
    tally = Tally(60, Energy.of(background_db + above_db, 60), 0.0, {})
    evidence = Evidence(
        tally, Background(background_db, "before_onset", 60, 0), Crowd(50, 50, 1), CALIBRATED
    )
    verdict = judge(evidence, rule, Policy(8, mode))
    assert not verdict.pressing
    if verdict.outcome == "not_evaluable":
        assert verdict.reason == "background_close"
