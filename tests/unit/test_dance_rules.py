"""The block of a square in streams.yaml."""

from typing import Any

import pytest
from pydantic import ValidationError

from edge.scenes.dance_rules import Params, RuleBook, SoundRule
from edge.scenes.dance_verdict import LimitRule
from tests.dances import EVENING, square

DAY = {"days": "all", "from": "06:00", "to": "22:00", "limit_db": 65}
NIGHT = {"days": "all", "from": "22:00", "to": "06:00", "curfew": True}


def rules(*entries: dict[str, Any]) -> RuleBook:
    return RuleBook([SoundRule.model_validate(entry) for entry in entries])


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [
        (6, 0, LimitRule(65)),
        (21, 59, LimitRule(65)),
        (22, 0, LimitRule(curfew=True)),
        (0, 0, LimitRule(curfew=True)),
        (5, 59, LimitRule(curfew=True)),
    ],
)
def test_the_rule_of_the_hour(hour: int, minute: int, expected: LimitRule) -> None:
    assert rules(DAY, NIGHT).at(EVENING.replace(hour=hour, minute=minute)) == expected


def test_a_night_belongs_to_the_day_it_began_on() -> None:
    book = rules({**NIGHT, "days": "fri"})
    friday, saturday = (EVENING.replace(day=day) for day in (27, 28))
    assert book.at(friday.replace(hour=23)) == LimitRule(curfew=True)
    assert book.at(saturday.replace(hour=5)) == LimitRule(curfew=True)
    assert book.at(saturday.replace(hour=23)) is None
    assert book.at(friday.replace(hour=5)) is None


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"rules": []}, ("rules",), "at least 1 item"),
        ({"rules": [{**DAY, "curfew": True}]}, ("rules", 0), "either limit_db or curfew"),
        ({"rules": [{**NIGHT, "curfew": False}]}, ("rules", 0), "either limit_db or curfew"),
        ({"rules": [DAY, {**NIGHT, "from": "21:00"}]}, ("rules",), r"overlaps rules\[0\] on mon"),
        ({"rules": [{**DAY, "to": "06:00"}]}, ("rules", 0), "same as from"),
        ({"rules": [{**DAY, "limit_db": 6.5}]}, ("rules", 0, "limit_db"), "greater than or equal"),
        ({"rules": [{**DAY, "limit_db": "65"}]}, ("rules", 0, "limit_db"), "valid number"),
        ({"rules": [{**DAY, "days": "everyday"}]}, ("rules", 0, "days"), "use all"),
        ({"rules": [{**DAY, "limit": 65}]}, ("rules", 0, "limit"), "not permitted"),
        ({"min_people": -1}, ("min_people",), "greater than or equal to 0"),
        ({"min_people": 8.5}, ("min_people",), "integer"),
        ({"file_after_s": 300}, ("file_after_s",), "not permitted"),
        ({"polygon": [(0, 0), (1, 1)]}, ("polygon",), "at least 3"),
        ({"background_correction": "none"}, ("background_correction",), "gb_table"),
    ],
)
def test_faults_name_their_key(
    changes: dict[str, Any], key: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        square(**changes)
    assert caught.value.errors()[0]["loc"] == key


def test_every_key_is_explained() -> None:
    for model in (Params, SoundRule):
        for name, key in model.model_fields.items():
            assert key.description, name


def test_a_rule_as_people_read_it() -> None:
    texts = [rule.text() for rule in square().rules]
    assert texts == ["all 06:00-22:00 65 dB", "all 22:00-06:00 curfew"]


def test_no_dwell_alone_files() -> None:
    # Central files a `cleared` whose dwell reached `file_after_s`.
    assert "file_after_s" not in square().thresholds()
