"""Time bands, and the most specific rule."""

from datetime import date

import pytest

from central.routing.bands import on_duty, read_band, read_bands
from central.routing.rules import Asked, matching, read_refs, rivals
from tests.central.clocks import CN, at
from tests.central.town import NOW, rule

BANDS = [
    ("全天", "2026-11-24 03:00", True),
    ("工作时间", "2026-11-24 09:00", True),
    ("工作时间", "2026-11-24 12:30", True),  # noon is duty, though no working time
    ("工作时间", "2026-11-24 18:00", False),
    ("工作时间", "2026-11-28 09:00", False),
    ("工作时间", "2026-10-10 09:00", True),  # a make-up Saturday
    ("工作时间", "2026-10-05 09:00", False),  # a Monday in the holidays
    ("非工作时间", "2026-10-05 09:00", True),
    ("off", "2026-11-24 07:59", True),
    ("22:00-06:00", "2026-11-24 23:00", True),
    ("22:00-06:00", "2026-11-25 05:59", True),
    ("22:00-06:00", "2026-11-25 06:00", False),
    ("fri,sat 22:00-02:00", "2026-11-29 01:00", True),  # Saturday's evening
    ("fri,sat 22:00-02:00", "2026-11-30 01:00", False),
    ("周一-周五 08:00-20:00", "2026-11-27 19:59", True),
    ("周一-周五 08:00-20:00", "2026-11-28 10:00", False),
    ("sat-mon 08:00-24:00", "2026-11-30 23:59", True),
    ("00:00-00:00", "2026-11-24 12:00", True),
]


@pytest.mark.parametrize(("band", "moment", "covered"), BANDS)
def test_bands(band: str, moment: str, covered: bool) -> None:
    assert read_band(band).covers(at(moment), CN) is covered


@pytest.mark.parametrize(
    "text", ["night", "25:00-06:00", "8-12", "funday 08:00-12:00", "周八 8:00-9:00"]
)
def test_wrong_bands_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        read_band(text)


def test_bands_are_shown_as_they_are_read() -> None:
    for text in ("全天", "工作时间", "22:00-06:00", "fri,sat 22:00-02:00"):
        assert str(read_band(text)) == text
        assert read_band(str(read_band(text))) == read_band(text)
    assert len(read_bands("mon-fri 08:00-20:00；sat 09:00-12:00")) == 2
    assert on_duty(at("2026-11-24 12:30"), CN)


RULES = (
    rule("all", "*", "*", "全天"),
    rule("street", "*", "street", "全天"),
    rule("street-work", "*", "street", "工作时间"),
    rule("street-night", "*", "street", "22:00-06:00"),
    rule("blocked", "blocked", "*", "全天"),
    rule("blocked-street", "blocked", "street", "全天"),
    rule("old", "*", "rural", "全天", valid_to=date(2026, 10, 31)),
    rule("new", "*", "rural", "全天", valid_from=date(2026, 11, 1)),
)
SPECIFIC = [
    ("occupied", "estate", "2026-11-24 09:00", "all"),
    ("occupied", "street", "2026-11-24 09:00", "street-work"),
    ("occupied", "street", "2026-11-24 20:00", "street"),
    ("occupied", "street", "2026-11-24 23:00", "street-night"),
    ("blocked", "estate", "2026-11-24 09:00", "blocked"),
    ("blocked", "street", "2026-11-24 09:00", "blocked-street"),
    ("occupied", "rural", "2026-10-31 23:59", "old"),
    ("occupied", "rural", "2026-11-01 00:00", "new"),
    ("unheard_of", "park", "2026-11-24 09:00", "all"),
]


@pytest.mark.parametrize(("severity", "area", "moment", "expected"), SPECIFIC)
def test_the_most_specific_rule(severity: str, area: str, moment: str, expected: str) -> None:
    asked = Asked("fire_lane", severity, area, at(moment))  # type: ignore[arg-type]
    for rules in (RULES, RULES[::-1]):
        found = matching(rules, asked, CN)
        assert found is not None
        assert found.id == expected


def test_no_rule_is_none() -> None:
    assert matching(RULES, Asked("facility", "intrusion", "park", NOW), CN) is None


def test_rules_that_fit_equally_are_found() -> None:
    assert rivals(RULES) == ()
    double = (*RULES, rule("night-2", "*", "street", "05:00-07:00"), rule("again", "*", "*", ""))
    assert rivals(double) == (("all", "again"), ("street-night", "night-2"))
    apart = rule("evening", "*", "street", "20:00-22:00")
    assert rivals((*RULES, apart)) == ()


def test_unknown_relations_are_refused() -> None:
    with pytest.raises(ValueError, match="use @property"):
        read_refs("@landlord")
