"""How values look, which picture is shown, what a log means: the pure part of the pages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.cases.standing import Deadlines, Detail
from central.cases.states import Action, State
from central.store import LogEntry, Person
from central.web import glass
from central.web.door import HOME, local_path
from central.web.records import told, verdict_of
from central.web.verdicts import VerdictForm, filter_of, read_request
from central.web.viewer import Picture, viewer_of
from central.web.views import Filter
from central.web.words import load_words

ZH, EN = load_words()["zh"], load_words()["en"]
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length_s", "zh", "en"),
    [
        (0, "0 秒", "0 s"),
        (-3, "0 秒", "0 s"),
        (59.4, "59 秒", "59 s"),
        (59.6, "1分00秒", "1 min 00 s"),
        (300, "5分00秒", "5 min 00 s"),
        (3599.9, "1小时00分", "1 h 00 min"),
        (3900, "1小时05分", "1 h 05 min"),
        (90000, "1天1小时", "1 d 1 h"),
    ],
)
def test_duration(length_s: float, zh: str, en: str) -> None:
    assert glass.duration_text(length_s, ZH) == zh
    assert glass.duration_text(length_s, EN) == en


@pytest.mark.parametrize(
    ("age_s", "text"),
    [(-5, "0 秒前"), (12, "12 秒前"), (61, "1 分前"), (7300, "2 小时前"), (200000, "2 天前")],
)
def test_age(age_s: int, text: str) -> None:
    assert glass.ago_text(NOON - timedelta(seconds=age_s), NOON, ZH) == text


def test_times_are_those_of_shanghai() -> None:
    assert glass.clock_text(NOON) == "2026-11-24 12:00:00"
    assert glass.short_clock_text(NOON, NOON) == "12:00:00"
    # 23:30 in Shanghai is still the day before for somebody who looks an hour later.
    late = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
    assert glass.short_clock_text(late, late + timedelta(hours=1)) == "11-23 23:30"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (81234, "79.3 KB"), (42 * 2**30, "42.0 GB"), (2**41, "2.0 TB")],
)
def test_bytes(count: int, text: str) -> None:
    assert glass.bytes_text(count) == text


def _picture(role: str, second: int, present: bool = True, name: str = "") -> Picture:
    return Picture(name or f"{role}{second}", role, NOON + timedelta(seconds=second), 1, present)


WARNED, CONFIRMED, CLEARED = (
    _picture("warned", 60),
    _picture("confirmed", 300),
    _picture("cleared", 700),
)
ORIGINAL = _picture("confirmed_original", 300)


def test_the_confirming_picture_is_shown_first_and_originals_stay_out_of_the_strip() -> None:
    viewer = viewer_of((CLEARED, ORIGINAL, CONFIRMED, WARNED), "", False)
    assert viewer.strip == (WARNED, CONFIRMED, CLEARED)
    assert viewer.shown == CONFIRMED
    assert viewer.twin == ORIGINAL


def test_the_original_is_shown_on_request_only_where_there_is_one() -> None:
    pictures = (WARNED, CONFIRMED, ORIGINAL)
    assert viewer_of(pictures, CONFIRMED.sha256, True).shown == ORIGINAL
    without = viewer_of(pictures, WARNED.sha256, True)
    assert (without.shown, without.original) == (WARNED, False)


def test_a_picture_that_is_here_comes_before_a_better_one_that_is_not() -> None:
    late = _picture("confirmed", 300, present=False)
    assert viewer_of((WARNED, late), "", False).shown == WARNED
    assert viewer_of((WARNED, late), late.sha256, False).shown == late


def test_an_original_alone_is_shown_itself() -> None:
    viewer = viewer_of((ORIGINAL,), "", False)
    assert (viewer.strip, viewer.shown, viewer.twin) == ((ORIGINAL,), ORIGINAL, None)


def test_no_picture_is_a_state_of_its_own() -> None:
    assert viewer_of((), "anything", True).shown is None


@given(
    st.lists(
        st.builds(
            _picture,
            st.sampled_from(
                ["warned", "confirmed", "confirmed_original", "confirmed_masked", "odd"]
            ),
            st.integers(0, 900),
            st.booleans(),
        ),
        max_size=8,
        unique_by=lambda picture: picture.sha256,
    ),
    st.text(max_size=8),
    st.booleans(),
)
def test_whatever_is_asked_for_the_viewer_shows_one_of_the_pictures(
    pictures: list[Picture], selected: str, original: bool
) -> None:
    viewer = viewer_of(tuple(pictures), selected, original)
    assert (viewer.shown in pictures) if pictures else viewer.shown is None
    assert viewer.original == (viewer.shown is not None and viewer.shown == viewer.twin)


def _log(*acts: tuple[str, Action, State]) -> list[LogEntry]:
    return [
        LogEntry(
            number=i,
            at=NOON + timedelta(seconds=i),
            actor=who,
            role="desk",
            action=act,
            from_state=None,
            to_state=to,
            reason="",
            detail=Detail(),
            deadlines=Deadlines(),
            hash="",
        )
        for i, (who, act, to) in enumerate(acts)
    ]


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([("system", "file", "filed")], None),
        ([("a", "confirm", "filed")], ("confirm", "a")),
        ([("a", "reject", "void"), ("b", "undo", "filed")], None),
        (
            [("a", "confirm", "filed"), ("b", "handle", "handled")],
            ("handle", "b"),
        ),
        (
            [
                ("a", "confirm", "filed"),
                ("b", "handle", "handled"),
                ("b", "undo", "filed"),
            ],
            ("confirm", "a"),
        ),
        (
            [("a", "confirm", "filed"), ("system", "cleared", "filed")],
            ("confirm", "a"),
        ),
    ],
)
def test_the_verdict_in_force_is_the_last_one_not_taken_back(
    acts: list[tuple[str, Action, State]], expected: tuple[str, str] | None
) -> None:
    verdict = verdict_of(_log(*acts))
    assert (None if verdict is None else (verdict.action, verdict.by)) == expected


@pytest.mark.parametrize(
    ("path", "goes_to"),
    [
        ("/cases?status=all", "/cases?status=all"),
        ("/boxes", "/boxes"),
        ("//evil.example", HOME),
        ("/\\evil.example", HOME),
        ("/a\\b", HOME),
        ("https://evil.example", HOME),
        ("javascript:alert(1)", HOME),
        ("/a\nSet-Cookie: x", HOME),
        ("", HOME),
    ],
)
def test_login_never_leads_to_another_site(path: str, goes_to: str) -> None:
    assert local_path(path) == goes_to


def _form(**fields: str) -> VerdictForm:
    return VerdictForm(**({"action": "confirm", "version": "3"} | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"action": ""},
        {"action": "destroy"},
        {"version": ""},
        {"version": "-1"},
        {"version": "٣"},
        {"version": "9" * 40},
        {"version": "1e3"},
        {"action": "reject", "reason": "because"},
    ],
)
def test_a_form_with_a_strange_field_is_no_request(fields: dict[str, str]) -> None:
    assert read_request(Person("a", "desk"), _form(**fields)) is None


def test_a_sound_form_is_a_request() -> None:
    request = read_request(Person("a", "desk"), _form(action="reject", reason="wrong_zone"))
    assert request is not None
    assert (request.action, request.version, request.reason) == ("reject", 3, "wrong_zone")


@given(st.text(max_size=60))
def test_whatever_a_form_carries_along_becomes_a_filter(query: str) -> None:
    assert isinstance(filter_of(query), Filter)


def test_a_filter_survives_its_own_address() -> None:
    wanted = Filter("all", "fire_lane", "FL-0317", "box-01", "no")
    query = "&".join(f"{name}={value}" for name, value in wanted.query().items())
    assert filter_of(query) == wanted


def test_masked_copies_are_for_going_out_and_stay_out_of_the_strip() -> None:
    masked = _picture("confirmed_masked", 300)
    viewer = viewer_of((masked, ORIGINAL, CONFIRMED, WARNED), "", False)
    assert viewer.strip == (WARNED, CONFIRMED)
    assert (viewer.shown, viewer.twin) == (CONFIRMED, ORIGINAL)
    assert viewer_of((masked, ORIGINAL), "", False).strip == (ORIGINAL,)


def test_a_masked_copy_alone_is_shown_under_its_role() -> None:
    masked = _picture("confirmed_masked", 300)
    viewer = viewer_of((masked,), "", True)
    assert (viewer.strip, viewer.shown, viewer.twin) == ((masked,), masked, None)
    assert masked.base_role == "confirmed"


@pytest.mark.parametrize(
    ("number", "most", "text"),
    [(0, None, "0"), (1000, None, "1000"), (999, 1000, "999"), (1000, 1000, "1000+")],
)
def test_a_number_says_when_counting_stopped(number: int, most: int | None, text: str) -> None:
    assert told(number, most) == text
