"""Key figures of appeals, durations, filters; what a report says and in which bytes."""

import json
from dataclasses import replace
from datetime import UTC, timedelta
from fractions import Fraction

import pytest

from central.kpi.disputes import returned
from central.kpi.entry import Case, Deadlines, read_deadlines
from central.kpi.rates import moment, number
from central.kpi.report import Report, Wanted, report
from central.kpi.rules import Period, Population, Rules, Scope
from central.kpi.story import tell
from central.routing.disputes import disputed_pairs
from tests.central.logs import T0, appeal, case, minute

DAY = Period(T0 - timedelta(hours=1), T0 + timedelta(hours=23))
END = Scope(DAY, DAY.end, Rules())

GOOD = ("0 file", "1 dispatch", "3 accept", "20 handle", "21 verify")


def made(*cases: Case, scope: Scope = END) -> Report:
    return report(cases, [], scope)


def test_appeals_keep_their_own_duties() -> None:
    appeals = [
        appeal(1, contacted_after=60),
        appeal(2, contacted_after=24 * 60 + 1),
        appeal(3),
        appeal(4, not_contacted="not_wanted"),
        appeal(5, not_contacted="no_number", contacted_after=30),  # reached in spite of it
        replace(appeal(6, contacted_after=10), contact_due_at=None),
        replace(
            appeal(7), received_at=T0 - timedelta(days=9), contact_due_at=T0 - timedelta(days=8)
        ),
    ]
    later = Scope(
        Period(DAY.begin, DAY.end + timedelta(days=2)), DAY.end + timedelta(days=2), Rules()
    )
    found = report([], appeals, later)
    contact = found.rate("contact")
    assert (contact.numerator, contact.denominator) == (2, 5)
    assert contact.exclusions == (("not_wanted", 1),)
    assert contact.errors == (("AP-00006", "no_deadline"),)
    assert found.rate("contact_ever").numerator == 4
    early = replace(later, as_of=minute(90))
    assert report([], appeals, early).rate("contact").exclusions == (
        ("not_wanted", 1),
        ("not_yet_due", 2),
    )


def test_surveys_count_answers_and_their_sample_only() -> None:
    appeals = [
        appeal(1, outcome="solved", satisfaction="satisfied"),
        appeal(2, outcome="explained", satisfaction="neutral"),
        appeal(3),
        replace(appeal(4, outcome="solved", satisfaction="satisfied"), sample="other"),
    ]
    everybody = report([], appeals, END)
    sample = report([], appeals, replace(END, population=Population("2023-q3")))
    assert (everybody.rate("solved").value, sample.rate("solved").value) == ("66.67", "50.00")
    assert sample.rate("solved").exclusions == (("no_answer", 1),)
    assert sample.rate("satisfied").value == "80.00"
    assert sample.rate("satisfied").plain()["population"] == "sampled:2023-q3"


def test_other_weights_are_another_version() -> None:
    strict = Rules("centre-2027", {"satisfied": Fraction(1), "basically": Fraction(1, 2), "neutral": Fraction(0), "dissatisfied": Fraction(0)})  # noqa: E501  # fmt: skip
    found = report([], [appeal(1, satisfaction="basically")], replace(END, rules=strict))
    assert found.rate("satisfied").value == "50.00"
    assert found.rate("satisfied").plain()["rule_version"] == "centre-2027"
    with pytest.raises(ValueError, match="neutral, dissatisfied is missing"):
        Rules("x", {"satisfied": Fraction(1), "basically": Fraction(1)})
    with pytest.raises(ValueError, match="between 0 and 1"):
        Rules("x", {**Rules().weights, "neutral": Fraction(2)})


def test_durations_are_medians_of_what_happened() -> None:
    cases = [
        case(f"C{n}", "0 file", "1 dispatch", f"{1 + n} accept", f"{10 * n} handle",
             f"{10 * n} verify",
             began_at=minute(-5))
        for n in range(1, 11)
    ]  # fmt: skip
    found = {one.name: one for one in made(*cases, case("V", "0 file", "1 void:test")).durations}
    accepted = found["dispatched_to_accepted"]
    assert (accepted.count, accepted.median_s, accepted.p90_s) == (10, 300.0, 540.0)
    assert found["detected_to_filed"].median_s == 300.0
    assert found["handled_to_closed"].median_s == 0.0
    assert made(case("O", "0 file")).durations[-1].median_s is None


def test_filters() -> None:
    cases = [
        case("A", *GOOD, grids=("G1", "T"), lead="police"),
        replace(case("B", *GOOD, grids=("G2", "T"), lead="police"), scene="square_dance"),
    ]
    assert report(cases, [], END, Wanted(grid="G1")).rate("finished").denominator == 1
    assert report(cases, [], END, Wanted(grid="T")).rate("finished").denominator == 2
    assert report(cases, [], END, Wanted(lead="police")).rate("finished").denominator == 2
    both = report(cases, [appeal(1)], END, Wanted(scene="square_dance"))
    assert both.rate("finished").denominator == 1
    assert (
        report(cases, [appeal(1)], END, Wanted(source="appeal")).rate("finished").denominator == 0
    )


def test_a_figure_says_all_that_stands_behind_it() -> None:
    found = made(case("A", *GOOD), case("B", "0 file", "12 self_clear"), case("C", *GOOD[:3]))
    assert found.rate("on_time").plain() == {
        "name": "on_time",
        "value": "50.00",
        "unit": "percent",
        "numerator": 1,
        "denominator": 2,
        "exclusions": {"self_cleared": 1},
        "errors": {},
        "weights": {},
        "population": "all",
        "rule_version": "2026-3",
        "period": [moment(DAY.begin), moment(DAY.end)],
        "as_of": "2026-11-25T13:03:10.000000+00:00",
        "counted": {"A": 1, "C": 0},
        "excluded": {"B": "self_cleared"},
    }  # fmt: skip
    assert "counted" not in found.rate("on_time").plain(with_marks=False)
    with pytest.raises(KeyError):
        found.rate("on_tiem")


def test_nothing_to_count_is_no_figure() -> None:
    assert made().rate("on_time").value is None


def test_halves_are_rounded_up_and_numbers_keep_their_worth() -> None:
    cases = [case(f"{n}", *(GOOD if n == 0 else GOOD[:2])) for n in range(800)]
    assert made(*cases).rate("finished").value == "0.13"  # 0.125 %
    assert [number(Fraction(*f)) for f in ((3, 1), (4, 5), (1, 3))] == [3, "0.8", "1/3"]


def test_a_story_reads_no_further_than_asked() -> None:
    assert tell(case("A", *GOOD), minute(10)).state == "accepted"
    assert tell(case("A", *GOOD), minute(-1)).first_at is None


def test_deadlines_of_the_log_are_read() -> None:
    text = '{"official_at":"2026-11-24T16:03:10.000000+00:00","contact_at":"later"}'
    assert read_deadlines(text) == Deadlines(official_at=minute(120).astimezone(UTC))
    with pytest.raises(ValueError, match="must be a JSON object"):
        read_deadlines("[]")


def test_impossible_periods_are_refused() -> None:
    with pytest.raises(ValueError, match="must end after"):
        Period(T0, T0)


def test_disputed_pairs_come_out_of_the_log() -> None:
    def sent_back(case_no: str) -> Case:
        made_log = case(case_no, "0 file", "1 dispatch", "4 return", grids=("G1",))
        filed, sent, back = made_log.entries
        to_police = replace(sent, detail={"org": "police"})
        proposed = replace(back, detail={"org": "enforcement"})
        return replace(made_log, entries=(filed, to_police, proposed))

    cases = [sent_back("A"), sent_back("B"), case("C", *GOOD, grids=("G1",))]
    sent = {("fire_lane", "G1"): 3}
    (pair,) = disputed_pairs(returned(cases, DAY), sent)
    assert (pair.scene, pair.grid, pair.cases, pair.dispatched) == ("fire_lane", "G1", 2, 3)
    assert pair.proposals == (("police", "enforcement", 2),)
    assert disputed_pairs(returned(cases, DAY), sent, least_cases=3) == ()


def test_the_bytes_are_canonical() -> None:
    """Sorted keys, no spaces, ASCII: whoever reads and writes them again gets the same."""
    found = made(case("甲", *GOOD), case("B", *GOOD[:3])).to_json()
    again = json.dumps(json.loads(found), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    assert found == again.encode()
    assert made(case("B", *GOOD[:3]), case("甲", *GOOD)).to_json() == found
