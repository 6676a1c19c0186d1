"""The words of the pages: complete in every language, and used as they are written."""

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import central.web
from central.appeals import rules as appeals
from central.auth.rights import USER_ROLES
from central.cases.conditions import CONDITIONS
from central.cases.states import (
    ACTIONS,
    CAMERA_MODES,
    REJECT_REASONS,
    STATES,
    TABS,
    VOID_REASONS,
    CloseReason,
)
from central.kpi.case_rates import RATES
from central.kpi.durations import STAGES
from central.tell import message as tell
from central.web.words import LANGUAGES, load_words, pick_language
from edge.dance_telling import CURVE_ROLE
from edge.events import Condition, Mode, SceneName, Stage
from edge.scenes.dance_words import OUTCOME_WORDS, REASON_WORDS, SEVERITY_WORDS
from edge.sound.ledger import REASONS

KPI_RATES = (
    *(*RATES, "alerts_per_camera_day"),
    *("contact", "contact_ever", "solved", "satisfied"),
)
WEB = Path(central.web.__file__).parent
WORDS = load_words()
ZH = WORDS["zh"].table


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_key(language: str) -> None:
    assert set(WORDS[language].table) == set(ZH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, text in WORDS[language].table.items() if not text.strip()] == []


@pytest.mark.parametrize("key", ZH)
def test_the_same_values_are_filled_in_everywhere(key: str) -> None:
    assert {_fields_of(words.table[key]) for words in WORDS.values()} == {_fields_of(ZH[key])}


def _fields_of(text: str) -> frozenset[str]:
    return frozenset(_fields(text))


def test_every_key_that_is_written_out_exists() -> None:
    sources = [*WEB.rglob("*.html"), *WEB.glob("*.py")]
    written = re.compile(r"""(?:\bt|\bwords|\bjudge)\((?:"[a-z]+", )?["']([a-z_]+\.[a-z_]+)["']""")
    used = {key for path in sources for key in written.findall(path.read_text("utf-8"))}
    assert len(used) > 60, "the pattern no longer finds the keys"
    unknown = {key for key in used - set(ZH) if not _begins_keys(key)}
    assert unknown == set()


def _begins_keys(key: str) -> bool:
    """Whether it is only the beginning that a template completes: `"cases.cleared_" ~ name`."""
    return key.endswith("_") and any(known.startswith(key) for known in ZH)


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [
        ("scene", get_args(SceneName)),
        ("stage", get_args(Stage)),
        ("role", (*get_args(Stage), "arrival", "severity", "context", CURVE_ROLE, "loudest")),
        ("mode", get_args(Mode)),
        ("course", ("occupied", "clear", "unobserved")),
        ("width", ("short", "unsure", "enough")),
        ("vehicle_kind", ("vehicle", "car", "truck", "bus")),
        ("condition", get_args(Condition)),
        ("status", STATES),
        ("tab", (*TABS, "all")),
        ("verdict", ("confirm", "reject", "handle", "undo")),
        ("action", ACTIONS),
        ("reason", REJECT_REASONS),
        ("void_reason", VOID_REASONS),
        ("close_reason", get_args(CloseReason)),
        ("camera_mode", CAMERA_MODES),
        ("user_role", USER_ROLES),
        ("refused", (*CONDITIONS, "not_allowed", "role", "note_missing", "reason_missing")),
        ("severity", ("occupied", "blocked", *SEVERITY_WORDS)),
        ("step", SEVERITY_WORDS),
        ("outcome", OUTCOME_WORDS),
        ("sound_reason", (*REASON_WORDS, *REASONS.values())),
        ("sound", ("before_onset", "same_hour", "calibrated", "uncalibrated", "expired")),
        ("sound_course", ("occupied", "clear", "unobserved")),
        ("threshold", tuple(f"{name}_s" for name in ("dissuade_after", "recheck_after", "window"))),
        ("tell_state", tell.STATES),
        ("tell_kind", tell.KINDS),
        ("appeal_kind", appeals.KINDS),
        ("appeal_action", (*appeals.ACTIONS, "added")),
        ("appeal_value", [value for values in appeals.CHOICES.values() for value in values]),
        ("kpi_rate", KPI_RATES),
        ("kpi_means", KPI_RATES),
        ("kpi_stage", [name for name, _, _ in STAGES]),
        ("appeal_status", ("open", "closed", "all")),
    ],
)
def test_every_token_of_the_wire_and_of_the_workflow_has_a_word(
    kind: str, tokens: tuple[str, ...]
) -> None:
    assert [token for token in tokens if f"{kind}.{token}" not in ZH] == []


def test_a_token_without_a_word_is_shown_as_it_is() -> None:
    assert WORDS["zh"].of("severity", "strange_one") == "strange_one"


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "chosen"),
    [
        (None, None, None, "zh"),
        (None, None, "en-GB,en;q=0.9", "en"),
        (None, None, "fr,en;q=0.4,zh;q=0.8", "zh"),
        (None, None, "fr", "zh"),
        (None, None, "en;q=nonsense, zh-CN", "zh"),
        (None, None, "zh;q=0, en;q=0.1", "en"),
        (None, "en", "zh-CN", "en"),
        ("zh", "en", "en", "zh"),
        ("xx", "yy", "en", "en"),
    ],
)
def test_language_is_asked_for_then_remembered_then_the_browsers(
    asked: str | None, cookie: str | None, accepted: str | None, chosen: str
) -> None:
    assert pick_language(asked, cookie, accepted) == chosen
