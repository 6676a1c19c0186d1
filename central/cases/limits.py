"""Limits of a case: of its rule, as text in the log, else the scene's own; and its clock. Pure.

Numbers: event codes of the study (§12) and its stage limits (§4, §9).
"""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from central.cases.standing import Clock, Deadlines, Times
from central.clocks.calendar import Calendar
from central.clocks.deadlines import Change, Course, due
from central.clocks.limits import Ladder, Limit, Limits, minutes, read_ladder, read_limit
from central.clocks.ticking import Pause

FILE = timedelta(minutes=15)
"""How long a case may wait for the desk to file it."""

RANK = {
    **dict.fromkeys(("occupied", "over_limit", "advisory", "intrusion", "storm", "fault"), 1),
    **dict.fromkeys(("blocked", "curfew"), 2),
    "relapse": 3,
}
"""Which severity is worse; what is not known here, and the steps before a case, the mildest."""

MOST_PRIOR = 10
"""The highest priority: 9 of a rule, and one more for a re-offence."""

A_WORKING_DAY = Limit(Fraction(1), "working_days")
"""For calling an appellant back (study §12, ZX01): nobody is rung up at night."""


def _limits(official: int, internal: int, *ladder: int) -> Limits:
    first, second, third = ladder
    steps = Ladder((first, second, third))
    return Limits(minutes(official), minutes(internal), minutes(30), A_WORKING_DAY, steps)


DEFAULTS: dict[tuple[str, str], Limits] = {
    ("fire_lane", "occupied"): _limits(120, 30, 5, 15, 60),
    ("fire_lane", "blocked"): _limits(60, 15, 5, 15, 30),
    ("square_dance", "over_limit"): _limits(120, 20, 5, 15, 60),
    ("square_dance", "curfew"): _limits(120, 20, 5, 15, 60),
    ("square_dance", "relapse"): _limits(120, 20, 5, 15, 30),
    ("facility", "intrusion"): _limits(120, 60, 15, 30, 60),
    ("device", "storm"): _limits(1440, 720, 15, 30, 60),
    ("device", "fault"): _limits(1440, 720, 15, 30, 60),
}
"""What holds while no town with rules was imported; those of a case run day and night."""

OTHERWISE = _limits(120, 60, 15, 30, 60)


@dataclass(frozen=True, slots=True)
class Written:
    """Limits as the log keeps them: five texts, each readable by itself."""

    text: str

    def read(self) -> Limits:
        """The limits; ValueError if it is not such a text."""
        official, internal, verify, contact, ladder = self.text.split("; ")
        return Limits(
            read_limit(official),
            read_limit(internal),
            read_limit(verify),
            read_limit(contact),
            read_ladder(ladder),
        )


def written(limits: Limits) -> str:
    """The limits as text for the log, e.g. `2 紧急工作时; 30 分钟; 30 分钟; 1 工作日; 5/15/60`."""
    first, second, third = limits.ladder.minutes
    ladder = f"{first}/{second}/{third}" + (" 工作" if limits.ladder.clock == "working" else "")
    parts = (limits.official, limits.internal, limits.verify, limits.contact, ladder)
    return "; ".join(map(str, parts))


def rank_of(severity: str) -> int:
    """0 for an unknown one."""
    return RANK.get(severity, 0)


def mildest(scene: str) -> str:
    """The severity that every case of a scene has at least; empty for an unknown scene."""
    return next((severity for name, severity in DEFAULTS if name == scene), "")


def severities_of(scene: str) -> tuple[str, ...]:
    """The severities that a case of a scene can have, the mildest first; none if it is unknown."""
    return tuple(severity for name, severity in DEFAULTS if name == scene)


def limits_of(scene: str, severity: str = "", text: str = "") -> Limits:
    """Those of the text, else of scene and severity, else the mildest of the scene."""
    if text:
        return Written(text).read()
    mild = next((limits for (name, _), limits in DEFAULTS.items() if name == scene), OTHERWISE)
    return DEFAULTS.get((scene, severity), mild)


def clock_of(scene: str, calendar: Calendar) -> Clock:
    """Deadlines of a case of this scene from its moments."""
    return lambda times: _deadlines(scene, times, calendar)


def _deadlines(scene: str, times: Times, calendar: Calendar) -> Deadlines:
    if times.filed_at is None:
        return Deadlines()
    first = limits_of(scene, times.severity, times.limits)
    changes = [Change(times.filed_at, first, rank_of(times.severity))]
    for rise in times.rises:
        limits = limits_of(scene, rise.severity, rise.limits)
        changes.append(Change(rise.at, limits, rank_of(rise.severity)))
    course = Course(
        filed_at=times.filed_at,
        changes=tuple(changes),
        waiting_since=times.waiting_since,
        pauses=tuple(Pause(begin, end) for begin, end in times.pauses),
        extensions=times.extensions,
        handled_at=times.handled_at,
        offered_at=times.offered_at,
        unowned_at=times.unowned_at,
    )
    found = due(course, calendar)
    return Deadlines(
        official_at=found.official_at,
        internal_at=found.internal_at,
        accept_at=found.accept_at,
        verify_at=found.verify_at,
        levels_at=found.levels_at,
    )
