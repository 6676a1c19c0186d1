"""The conditions that the table names: each says whether it holds and, if not, why. Pure."""

import re
from collections.abc import Callable
from datetime import timedelta

from central.cases.moves import Situation
from central.cases.states import LEVELS

MAX_RETURNS = 2
MAX_EXTENSIONS = 2
MAX_SUSPENSION = timedelta(days=30)
REOPEN_BY_PERSON = timedelta(hours=72)

FEW_WORDS = 3
WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
"""A Chinese character, or a word of another script or number."""

Condition = Callable[[Situation], bool]


def _is_asked(what: str) -> Condition:
    return lambda c: _waits(c) and c.standing.asked is not None and c.standing.asked.what == what


def _waits(c: Situation) -> bool:
    return c.standing.asked is not None and not c.standing.asked.lapsed


def _end_ahead(c: Situation) -> bool:
    """A late approval must not begin a suspension that is over."""
    asked = c.standing.asked
    return asked is not None and asked.until is not None and c.move.at < asked.until


def _second_person(c: Situation) -> bool:
    by = c.standing.asked.by if c.standing.asked else c.standing.appealed
    return by != c.move.actor


def _own_org(c: Situation) -> bool:
    """The case is its lead's: who assists helps, and does not take it over.

    An administrator and the desk are not asked. Neither is a handler without an organisation, as
    long as the lead is only a name: in a town that keeps no organisations nobody has one.
    """
    if c.move.role != "handler" or not c.standing.lead:
        return True
    if not c.move.org:
        return c.standing.lead not in c.move.orgs
    return c.move.org == c.standing.lead


def _not_lead(c: Situation) -> bool:
    """Nobody strikes out their own organisation's work."""
    return not c.move.org or c.move.org != c.standing.lead


def _known_org(c: Situation) -> bool:
    """Nobody accepts what was given to a name that the town does not know."""
    named = {c.move.detail.org, *c.move.detail.assist, *c.move.detail.inform} - {""}
    return not c.move.orgs or named <= c.move.orgs


def _seen_occupied(c: Situation) -> bool:
    return c.sensor.occupied and c.sensor.sees


def _shown_done(c: Situation) -> bool:
    """A photo, a few words, or the place seen free: an empty hand-in says nothing."""
    seen_free = not c.sensor.occupied and c.sensor.cleared_at is not None
    return seen_free or bool(c.move.detail.pictures) or _said_done(c)


def _said_done(c: Situation) -> bool:
    return len(WORD.findall(c.move.detail.note)) >= FEW_WORDS


def _end_date(c: Situation) -> bool:
    until = c.move.detail.until
    return until is not None and c.move.at < until <= c.move.at + MAX_SUSPENSION


def _is_overdue(c: Situation) -> bool:
    """No deadline counts as passed: an empty one must never look like "on time".

    What has ended is judged by its end, whenever somebody asks.
    """
    official_at = c.standing.deadlines.official_at
    ended_at = c.standing.times.handled_at or c.standing.ended_at or c.move.at
    return official_at is None or ended_at > official_at


def _reopenable(c: Situation) -> bool:
    """A sensor's window is looked after by the episode; people have three days."""
    if c.move.role == "system":
        return True
    return c.standing.ended_at is not None and c.move.at <= c.standing.ended_at + REOPEN_BY_PERSON


def _something_to_undo(c: Situation) -> bool:
    return c.standing.before is not None


CONDITIONS: dict[str, tuple[str, Condition]] = {
    "unjudged": ("somebody has judged it already", lambda c: c.standing.verdict is None),
    "names_org": ("say which organisation (org)", lambda c: bool(c.move.detail.org)),
    "known_org": ("the town has no such organisation", _known_org),
    "names_case": ("say which case stays (case_no)", lambda c: bool(c.move.detail.case_no)),
    "own_org": ("it is another organisation's case", _own_org),
    "not_lead": ("the organisation whose case it is may not strike it out", _not_lead),
    "may_return": (
        f"it was returned {MAX_RETURNS} times: the dispatcher's word is binding now",
        lambda c: c.standing.returns < MAX_RETURNS,
    ),
    "next_level": (
        "that level has been told",
        lambda c: c.standing.level < c.move.detail.level <= LEVELS,
    ),
    "not_overdue": ("it is overdue", lambda c: not _is_overdue(c)),
    "few_extensions": (
        f"it was extended {MAX_EXTENSIONS} times",
        lambda c: len(c.standing.times.extensions) < MAX_EXTENSIONS,
    ),
    "asked_extend": ("nobody has asked for it", _is_asked("ask_extend")),
    "asked_suspend": ("nobody has asked for it", _is_asked("ask_suspend")),
    "asked_anything": ("nobody has asked for it", _waits),
    "end_ahead": ("the end that was asked for has passed", _end_ahead),
    "second_person": ("who asked may not approve", _second_person),
    "end_date": (f"give an end (until) within {MAX_SUSPENSION.days} days", _end_date),
    "shown_done": ("say what was done (note), or show it (photo)", _shown_done),
    "said_done": ("nobody had accepted it: say who did what (note)", _said_done),
    "seen_occupied": ("no camera says that it is still occupied", _seen_occupied),
    "still_occupied": (
        "a camera sees the place occupied: the sensor is heard before a person",
        lambda c: not _seen_occupied(c),
    ),
    "is_clear": (
        "the place is not known to be free",
        lambda c: not c.sensor.occupied and c.sensor.cleared_at is not None,
    ),
    "by_person": ("a person decides", lambda c: c.move.role != "system"),
    "survivor_open": ("the case it went into is closed", lambda c: c.move.survivor_open),
    "was_owned": ("nobody had it", lambda c: bool(c.standing.holder)),
    "was_returned": ("nobody had sent it back", lambda c: c.standing.ended_from == "returned"),
    "was_dispatched": ("it was never dispatched", lambda c: bool(c.standing.lead)),
    "reopenable": ("the time for opening it again is over", _reopenable),
    "was_overdue": ("it was on time", lambda c: _is_overdue(c)),
    "not_appealed": ("it was appealed against once", lambda c: not c.standing.appealed),
    "appeal_waits": (
        "there is no appeal",
        lambda c: (
            bool(c.standing.appealed) and not c.standing.exempt and not c.standing.appeal_refused
        ),
    ),
    "something_to_undo": ("there is no verdict to take back", _something_to_undo),
    "not_reminded": (
        "they were reminded",
        lambda c: c.standing.reminded < c.move.detail.level <= LEVELS,
    ),
    "not_red": ("it is red already", lambda c: not c.standing.red),
    "not_yet_overdue": ("it is overdue already", lambda c: not c.standing.overdue),
}
"""Name -> what is said when it does not hold, and the test."""


def failing(needs: tuple[str, ...], situation: Situation) -> str | None:
    """Name of the first condition that does not hold."""
    return next((name for name in needs if not CONDITIONS[name][1](situation)), None)
