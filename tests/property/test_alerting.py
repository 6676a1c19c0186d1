"""Suppressed or not: nothing is lost, nothing is alerted twice, shadow mirrors live."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.force import Rules, Span
from tests.unit.test_alerting import OWN, START, Place, play, weekly

LONG = settings(deadline=None, max_examples=50)  # each is minutes of looks, one per second

states = st.sampled_from(["occupied", "occupied", "blocked", "clear", "unobserved"])
stories = st.lists(st.tuples(states, st.integers(1, 90)), min_size=1, max_size=10)
moments = st.integers(-50, 500)


@st.composite
def spans(draw, prefix):
    found = draw(st.lists(st.tuples(moments, st.integers(1, 300)), max_size=3))
    return tuple(
        Span(
            START + timedelta(seconds=start),
            START + timedelta(seconds=start + length),
            f"{prefix}-{number}",
        )
        for number, (start, length) in enumerate(found)
    )


@st.composite
def windows(draw):
    edges = sorted(draw(st.lists(st.integers(-2, 10), max_size=4, unique=True)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    warn = st.sampled_from([None, 5, 20, 50])
    return tuple(weekly(start, end, draw(warn), draw(st.just(60))) for start, end in pairs)


rules = st.builds(Rules, st.just(OWN), windows(), spans("P"), spans("M"), st.booleans())


def lives(marked):
    found = {}
    for item in marked:
        found.setdefault(item.report.incident_id, []).append(item)
    return found


@LONG
@given(stories, rules)
def test_every_stage_and_every_end_goes_out_in_the_moment_it_is_decided(story, given_rules):
    place = Place(given_rules)
    seen = 0
    ts = 0.0
    for state, seconds in story:
        for _ in range(seconds):
            marked = place.see(state, ts)
            out = [(m.report.incident_id, m.report.stage, m.report.dwell_s) for m in marked]
            for report in place.reports[seen:]:
                if report.stage != "ongoing":
                    key = (report.incident_id, report.stage, report.dwell_s)
                    assert key in out
            seen = len(place.reports)
            ts += 1.0


@LONG
@given(stories, rules)
def test_revisions_count_and_an_incident_begins_with_a_warning(story, given_rules):
    for life in lives(play(story, given_rules).marked).values():
        assert [m.report.rev for m in life] == list(range(1, len(life) + 1))
        assert life[0].report.stage == "warned"
        assert [m.report.stage for m in life].count("cleared") <= 1


@LONG
@given(stories, rules)
def test_what_is_told_live_is_an_ordinary_life_by_itself(story, given_rules):
    for life in lives(play(story, given_rules).marked).values():
        stages = [m.report.stage for m in life if m.mode in ("live", "shadow")]
        told = [stage for stage in stages if stage != "ongoing"]
        assert told in (
            [],
            ["warned"],
            ["warned", "confirmed"],
            ["warned", "cleared"],
            ["warned", "confirmed", "cleared"],
        )
        assert "ongoing" not in stages or "confirmed" in told


@LONG
@given(stories, rules)
def test_nobody_is_alerted_while_it_is_suppressed(story, given_rules):
    place = Place(given_rules)
    ts = 0.0
    for state, seconds in story:
        for _ in range(seconds):
            for marked in place.see(state, ts):
                if place.alerting._before not in ("", "shadow"):
                    assert marked.mode not in ("live", "shadow") or marked.report.stage == "cleared"
            ts += 1.0


@LONG
@given(stories, rules)
def test_suppressed_time_is_part_of_the_dwell_and_only_there_when_something_suppressed(
    story, given_rules
):
    marked = play(story, given_rules).marked
    for item in marked:
        assert 0 <= item.suppressed_s <= item.report.dwell_s
        assert item.suppressed_by or item.suppressed_s == 0
    if not (given_rules.windows or given_rules.permits or given_rules.maintenance):
        assert all(item.suppressed_s == 0 for item in marked)


@LONG
@given(stories, rules)
def test_shadow_mirrors_live(story, given_rules):
    loud = play(story, replace(given_rules, shadow=False)).marked
    shadow = play(story, replace(given_rules, shadow=True)).marked
    mirrored = [replace(m, mode="shadow") if m.mode == "live" else m for m in loud]
    assert mirrored == shadow


@LONG
@given(stories)
def test_a_permit_for_ever_records_each_warned_stay_exactly_once(story):
    for_ever = (Span(START - timedelta(days=1), START + timedelta(days=1), "P"),)
    loud, quiet = play(story), play(story, Rules(OWN, permits=for_ever))

    def kept(marked):
        return [
            (m.report.incident_id, m.report.stage, m.report.dwell_s)
            for m in marked
            if m.report.stage != "ongoing"
        ]

    assert kept(quiet.marked) == kept(loud.marked)
    assert {m.mode for m in quiet.marked} <= {"permitted"}


@LONG
@given(stories, rules, st.integers(1, 400))
def test_a_restart_at_any_moment_changes_nothing(story, given_rules, down):
    straight = play(story, given_rules)
    place = Place(given_rules)
    ts = 0.0
    for state, seconds in story:
        for _ in range(seconds):
            if ts == down:
                blob = place.alerting.dump(ts - 1)
                place.alerting = type(place.alerting)()
                place.alerting.load(blob, ts - 1)
            place.see(state, ts)
            ts += 1.0
    assert place.marked == straight.marked
