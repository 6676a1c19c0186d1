from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_incident import run

spans = st.lists(
    st.tuples(st.sampled_from(["occupied", "clear", "unobserved"]), st.integers(1, 90)),
    max_size=12,
)


@given(spans)
def test_every_incident_has_one_warning_then_at_most_one_filing_then_at_most_one_end(pieces):
    lives: dict[str, list[str]] = {}
    for report in run(pieces):
        assert report.rev == len(lives.setdefault(report.incident_id, [])) + 1
        lives[report.incident_id].append(report.stage)
    for stages in lives.values():
        told = [stage for stage in stages if stage != "ongoing"]
        assert told in (
            ["warned"],
            ["warned", "confirmed"],
            ["warned", "cleared"],
            ["warned", "confirmed", "cleared"],
        )


@given(spans)
def test_observed_time_is_never_more_than_dwell(pieces):
    assert all(0 <= r.observed_s <= r.dwell_s for r in run(pieces))


@given(spans, st.sampled_from([0.25, 0.5]))
def test_looking_more_often_does_not_change_what_is_told(pieces, step_s):
    def told(reports):
        return [(r.incident_id, r.stage) for r in reports if r.stage != "ongoing"]

    coarse, fine = told(run(pieces)), told(run(pieces, step_s=step_s))
    # A span that ends between two looks may reach a threshold in the finer run only, and only
    # as the last thing told of a life.
    assert [t for t in coarse if t in fine] == coarse


@given(spans.map(lambda pieces: [p for p in pieces if p[0] != "clear"]))
def test_without_a_clear_view_nothing_is_cleared(pieces):
    assert all(r.stage != "cleared" for r in run(pieces))
