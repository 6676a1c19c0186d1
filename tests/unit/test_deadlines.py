"""Deadlines of a case: severity, suspension, extension, reopening, levels."""

from datetime import UTC

import pytest

from central.clocks.deadlines import Change, Course, Due, contact_due, due
from central.clocks.limits import Limits
from central.clocks.ticking import Pause
from tests.central.clocks import CN, TOWN, at, limits

OCCUPIED = limits("2 紧急工作时", "30 分钟", "5/15/60")
BLOCKED = limits("1 紧急工作时", "15 分钟", "5/15/30")
FILED = "2026-11-24 22:03:10"


def course(*rises: tuple[str, Limits, int], **more: object) -> Course:
    changes = (Change(at(FILED), OCCUPIED, 1), *(Change(at(t), lim, r) for t, lim, r in rises))
    return Course(at(FILED), changes, **more)  # type: ignore[arg-type]


def shown(found: Due) -> tuple[str, str, str]:
    moments = (found.official_at, found.internal_at, found.accept_at)
    return tuple(f"{m.astimezone(TOWN):%d %H:%M:%S}" for m in moments)  # type: ignore[return-value]


def t(clock: str, day: int = 24) -> str:
    return f"2026-11-{day} {clock}"


COURSES = {
    "as filed (§14a)": (course(), ("25 00:03:10", "24 22:33:10", "24 22:08:10")),
    "blocked at 22:12:40 (§14a)": (
        course((t("22:12:40"), BLOCKED, 2)),
        ("24 23:12:40", "24 22:27:40", "24 22:08:10"),
    ),
    "blocked before anybody accepts": (
        course((t("22:04:10"), BLOCKED, 2)),
        ("24 23:04:10", "24 22:19:10", "24 22:08:10"),
    ),
    "blocked so late that nothing gets tighter": (
        course((t("23:30:00"), BLOCKED, 2)),
        ("25 00:03:10", "24 22:33:10", "24 22:08:10"),
    ),
    "a fall never loosens": (
        course((t("22:12:40"), BLOCKED, 2), (t("22:20:00"), OCCUPIED, 1)),
        ("24 23:12:40", "24 22:27:40", "24 22:08:10"),
    ),
    "a second rise to the same is no rise": (
        course(
            (t("22:12:40"), BLOCKED, 2), (t("22:20:00"), OCCUPIED, 1), (t("22:25:00"), BLOCKED, 2)
        ),
        ("24 23:12:40", "24 22:27:40", "24 22:08:10"),
    ),
    "a suspension pauses both, not the waiting": (
        course(pauses=(Pause(at(t("22:13:10")), at(t("22:43:10"))),)),
        ("25 00:33:10", "24 23:03:10", "24 22:08:10"),
    ),
    "a rise while suspended counts from its end": (
        course(
            (t("22:20:00"), BLOCKED, 2),
            pauses=(Pause(at(t("22:13:10")), at(t("22:43:10"))),),
        ),
        ("24 23:43:10", "24 22:58:10", "24 22:08:10"),
    ),
    "an extension adds one original limit": (
        course(extensions=(at(t("22:30:00")),)),
        ("25 02:03:10", "24 23:03:10", "24 22:08:10"),
    ),
    "what is red already stays red": (
        course(extensions=(at(t("23:00:00")),)),
        ("25 02:03:10", "24 22:33:10", "24 22:08:10"),
    ),
    "two extensions": (
        course(extensions=(at(t("22:30:00")), at(t("22:31:00")))),
        ("25 04:03:10", "24 23:33:10", "24 22:08:10"),
    ),
    "a third one moves nothing": (
        course(extensions=(at(t("22:30:00")), at(t("22:31:00")), at(t("22:32:00")))),
        ("25 04:03:10", "24 23:33:10", "24 22:08:10"),
    ),
    "one that came too late moves nothing": (
        course(extensions=(at("2026-11-25 00:03:11"),)),
        ("25 00:03:10", "24 22:33:10", "24 22:08:10"),
    ),
    "one at the last moment does": (
        course(extensions=(at("2026-11-25 00:03:10"),)),
        ("25 02:03:10", "24 22:33:10", "24 22:08:10"),
    ),
    "a fall after an extension takes nothing away": (
        course((t("22:40:00"), OCCUPIED, 0), extensions=(at(t("22:30:00")),)),
        ("25 02:03:10", "24 23:03:10", "24 22:08:10"),
    ),
    "a rise after an extension tightens": (
        course((t("22:40:00"), BLOCKED, 2), extensions=(at(t("22:30:00")),)),
        ("24 23:40:00", "24 22:55:00", "24 22:08:10"),
    ),
    "reopened: the total goes on, the stage begins anew (§14a)": (
        course((t("22:12:40"), BLOCKED, 2), waiting_since=at(t("22:52:00"))),
        ("24 23:12:40", "24 23:07:00", "24 22:57:00"),
    ),
    "dispatched again: who accepts is asked anew, nothing else": (
        course(offered_at=at(t("23:20:00"))),
        ("25 00:03:10", "24 22:33:10", "24 23:25:00"),
    ),
    "a rise after the second dispatch": (
        course((t("23:21:00"), BLOCKED, 2), offered_at=at(t("23:20:00"))),
        ("25 00:03:10", "24 22:33:10", "24 23:25:00"),
    ),
    "reopened after a second dispatch": (
        course(offered_at=at(t("22:10:00")), waiting_since=at(t("22:52:00"))),
        ("25 00:03:10", "24 23:22:00", "24 22:57:00"),
    ),
    "a rise after reopening": (
        course((t("22:53:00"), BLOCKED, 2), waiting_since=at(t("22:52:00"))),
        ("24 23:53:00", "24 23:08:00", "24 22:57:00"),
    ),
}


def test_the_third_level_counts_from_the_first_offer_that_nobody_took() -> None:
    def third(**more: object) -> str:
        return f"{due(course(**more), CN).levels_at[2].astimezone(TOWN):%H:%M:%S}"

    assert third() == third(offered_at=at(t("22:50:00"))) == "23:03:10"
    assert third(offered_at=at(t("22:50:00")), unowned_at=at(t("22:20:00"))) == "23:20:00"
    assert third(unowned_at=at(t("22:20:00")), waiting_since=at(t("22:52:00"))) == "23:52:00"


@pytest.mark.parametrize("name", COURSES)
def test_deadlines_of_a_course(name: str) -> None:
    given, expected = COURSES[name]
    assert shown(due(given, CN)) == expected


def test_verification_is_due_after_handling_and_known_before() -> None:
    assert due(course(), CN).verify_at == at("2026-11-25 00:33:10")
    assert due(course(handled_at=at(t("22:33:00"))), CN).verify_at == at(t("23:03:00"))


def test_an_appellant_is_contacted_within_a_working_day() -> None:
    assert contact_due(at("2026-09-30 17:00"), OCCUPIED, CN) == at("2026-10-08 17:00")


def levels(given: Course) -> list[str]:
    return [f"{one.astimezone(TOWN):%d %H:%M:%S}" for one in due(given, CN).levels_at]


def test_three_levels_within_the_hour() -> None:
    plain = Course(at(FILED), (Change(at(FILED), limits("2 工作日", "1 工作日"), 1),))
    assert levels(plain) == ["24 22:18:10", "24 22:33:10", "24 23:03:10"]


def test_a_rise_brings_the_levels_nearer() -> None:
    risen = course((t("22:12:40"), BLOCKED, 2))
    assert levels(risen) == ["24 22:08:10", "24 22:18:10", "24 22:42:40"]


def test_a_ladder_in_working_time() -> None:
    slow = limits("2 工作日", "1 工作日", "15/30/60 工作")
    plain = Course(at("2026-11-27 17:40"), (Change(at("2026-11-27 17:40"), slow, 1),))
    assert levels(plain) == ["27 17:55:00", "30 08:10:00", "30 08:40:00"]


def test_a_deadline_beyond_the_announced_calendar_says_so() -> None:
    changes = (Change(at("2026-12-30 09:00"), limits("5 工作日", "1 工作日"), 1),)
    assert due(Course(at("2026-12-30 09:00"), changes), CN).doubtful == (2027,)
    urgent = limits("2 紧急工作时", "30 分钟")
    night = Course(at("2026-12-31 23:30"), (Change(at("2026-12-31 23:30"), urgent, 1),))
    assert due(night, CN).doubtful == ()  # a clock that asks no calendar is never in doubt


def test_a_course_without_limits_is_refused() -> None:
    with pytest.raises(ValueError, match="changes is empty"):
        Course(at(FILED), ())


def test_deadlines_are_told_in_utc() -> None:
    assert due(course(), CN).official_at.tzinfo is UTC
