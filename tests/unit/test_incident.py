import itertools

import pytest

from edge.force import Thresholds
from edge.incident import Incident
from edge.reopen import Birth
from edge.scenes.base import Reading
from tests.factories import fire_lane

OWN = Thresholds(20, 60)
OCCUPIED, CLEAR, BLIND = "occupied", "clear", "unobserved"


def run(spans, step_s=1.0, incident=None, start=0.0, **changes):
    """Reports of an incident fed with spans of (state, seconds)."""
    incident = incident or Incident(fire_lane(**changes), longest_step_s=3.5)
    ids = (f"id-{n}" for n in itertools.count(1))
    reports, ts, begun = [], start, None
    for state, seconds in spans:
        begun = ts if state == OCCUPIED and begun is None else begun
        until = ts + seconds
        while ts < until:
            since = begun if state == OCCUPIED else None
            reports += incident.update(
                Reading(state, since_ts=since),
                ts,
                incident._params.own_thresholds,
                lambda _: Birth(next(ids)),
            )
            ts += step_s
        if state == CLEAR:
            begun = None
    return reports


def stages(reports):
    return [(r.stage, r.incident_id, r.rev) for r in reports]


def test_a_full_life():
    reports = run([(CLEAR, 5), (OCCUPIED, 100), (CLEAR, 20)])
    assert stages(reports) == [
        ("warned", "id-1", 1),
        ("confirmed", "id-1", 2),
        ("cleared", "id-1", 3),
    ]
    assert [r.dwell_s for r in reports] == [20, 60, 100]
    assert reports[-1].observed_s == pytest.approx(99)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(OCCUPIED, 19), (CLEAR, 60)], []),  # drove on before the warning
        ([(OCCUPIED, 30), (CLEAR, 60)], ["warned", "cleared"]),  # left after the warning
        (
            [(OCCUPIED, 40), (CLEAR, 5), (OCCUPIED, 40), (CLEAR, 20)],
            ["warned", "confirmed", "cleared"],
        ),
        ([(OCCUPIED, 30), (BLIND, 3600)], ["warned"]),  # a blind camera never clears
        ([(OCCUPIED, 10), (BLIND, 100)], []),  # nor does it warn
        ([(OCCUPIED, 30), (BLIND, 60), (OCCUPIED, 5)], ["warned", "confirmed"]),  # dwell goes on
        ([(OCCUPIED, 30), (BLIND, 200), (OCCUPIED, 5)], ["warned"]),  # too little of it was seen
        (
            [(OCCUPIED, 70), (CLEAR, 15), (OCCUPIED, 70), (CLEAR, 15)],
            ["warned", "confirmed", "cleared"] * 2,
        ),
    ],
)
def test_stages(spans, expected):
    assert [r.stage for r in run(spans)] == expected


def test_blind_time_is_dwell_but_not_observed():
    cleared = run([(OCCUPIED, 40), (BLIND, 30), (OCCUPIED, 40), (CLEAR, 20)])[-1]
    assert cleared.dwell_s == 110
    assert cleared.observed_s == pytest.approx(78)


def test_ongoing_is_told_every_so_often():
    reports = run([(OCCUPIED, 200)], ongoing_every_s=50)
    assert [(r.stage, r.dwell_s) for r in reports[2:]] == [("ongoing", 110), ("ongoing", 160)]


def test_a_change_of_severity_is_told_at_once():
    incident = Incident(fire_lane(), 3.5)
    for ts in range(61):
        incident.update(Reading("occupied", since_ts=0.0), float(ts), OWN, lambda _: Birth("id-1"))
    (report,) = incident.update(
        Reading("occupied", since_ts=0.0, severity="blocked"), 61.0, OWN, lambda _: Birth("id-2")
    )
    assert (report.stage, report.reading.severity) == ("ongoing", "blocked")


def test_a_restart_continues_the_same_incident():
    params = fire_lane()
    before = Incident(params, 3.5)
    run([(OCCUPIED, 30)], incident=before)
    after = Incident(params, 3.5)
    # Another monotonic clock: 1000 s there is 30 s here, and the box was away for 15 s.
    after.load(before.dump(30.0), 1000.0 - 15.0)
    (report,) = after.update(
        Reading("occupied", since_ts=1000.0), 1000.0 + 15.0, OWN, lambda _: Birth("other")
    )
    assert (report.stage, report.incident_id, report.rev) == ("confirmed", "id-1", 2)
    assert report.dwell_s == pytest.approx(60)
    assert report.restored


def test_warning_and_filing_at_once_when_it_was_there_for_long():
    incident = Incident(fire_lane(), 3.5)
    reports = incident.update(Reading("occupied", since_ts=0.0), 90.0, OWN, lambda _: Birth("id-1"))
    assert [r.stage for r in reports] == ["warned", "confirmed"]
