"""Event codes: which row a scene and a severity find, and what leaves when there is none."""

import pytest

from central.routing.codes import NO_CODE, Code, Codes
from tests.central.town import EXAMPLE_TOWN

ROWS = Codes(
    (
        Code("FL01", "占用", "街面秩序", "fire_lane", "occupied", "0505", "机动车乱停放"),
        Code("FL02", "堵塞", "街面秩序", "fire_lane", "blocked"),
        Code("SQ01", "广场舞噪声", "噪声", "square_dance", "*", "9001"),
        Code("SQ09", "再犯", "噪声", "square_dance", "relapse", "9002"),
    )
)


@pytest.mark.parametrize(
    ("scene", "severity", "code", "district"),
    [
        ("fire_lane", "occupied", "FL01", "0505"),
        ("fire_lane", "blocked", "FL02", ""),
        ("fire_lane", "", "", ""),
        ("fire_lane", "*", "", ""),
        ("fire_lane", "never heard of", "", ""),
        ("square_dance", "over_limit", "SQ01", "9001"),
        ("square_dance", "relapse", "SQ09", "9002"),
        ("square_dance", "", "SQ01", "9001"),
        ("flood", "high", "", ""),
        ("", "", "", ""),
    ],
)
def test_the_most_specific_row_counts(scene: str, severity: str, code: str, district: str) -> None:
    found = ROWS.of(scene, severity)
    assert (found.id, found.district_code) == (code, district)


def test_without_rows_there_is_no_code_and_no_fault() -> None:
    assert Codes().of("fire_lane", "blocked") == NO_CODE
    assert list(Codes().rivals()) == []


@pytest.mark.parametrize(
    ("scene", "severity", "code"),
    [
        ("fire_lane", "occupied", "FL01"),
        ("fire_lane", "blocked", "FL02"),
        ("square_dance", "over_limit", "SQ01"),
        ("square_dance", "advisory", "SQ01"),
        ("facility", "intrusion", "PF03"),
        ("device", "storm", "DV01"),
    ],
)
def test_the_example_town_has_a_code_for_what_files_by_itself(
    scene: str, severity: str, code: str
) -> None:
    assert EXAMPLE_TOWN.codes.of(scene, severity).id == code


@pytest.mark.parametrize(
    ("kind", "service", "code"),
    [
        ("qr", "fire_lane", "ZX01"),
        ("qr", "other", "ZX01"),
        ("110", "square_dance", "NP01"),
        ("110", "fire_lane", "NP03"),
        ("110", "other", ""),
        ("open311", "fire_lane", ""),
    ],
)
def test_an_appeals_code_is_that_of_its_kind(kind: str, service: str, code: str) -> None:
    assert EXAMPLE_TOWN.codes.of_appeal(kind, service).id == code


def test_rivals_name_the_row_that_counts_first() -> None:
    twice = Codes((Code("B", scene="x"), Code("A", scene="x"), Code("C", scene="x", severity="y")))
    assert [(one.id, other.id) for one, other in twice.rivals()] == [("A", "B")]
    assert twice.of("x", "z").id == "A"
