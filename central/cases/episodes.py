"""Which incidents are one case: one case per place and episode. Pure, and blind to arrival order.

Incidents are linked in pairs, each pair by itself; a case is what hangs together. A span only ever
grows as events come in, so a late event can join two episodes but never part one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

REOPEN_WINDOW = timedelta(minutes=30)
REOFFENCE_WINDOW = timedelta(hours=24)
DAY_BEGINS = timedelta(hours=4)
"""At four in the morning a new day of a place begins: what only follows starts a new case then."""

EVENING_BEGINS = timedelta(hours=6)
EVENING_SCENES = frozenset({"square_dance"})
"""Noise: one case per place and evening, whatever the pauses between the songs."""

STORM_OVER = 8
STORM_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Span:
    """An incident on its place: from its beginning to the last moment it was heard of.

    `files`: by itself it is enough for a case; else it only belongs to one (a mere warning).
    """

    incident_id: str
    since: datetime
    last_at: datetime
    files: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """How incidents of a scene are told apart in time."""

    zone: ZoneInfo
    scene: str

    def day(self, at: datetime) -> str:
        """The day of a place that a moment belongs to."""
        begins = EVENING_BEGINS if self.scene in EVENING_SCENES else DAY_BEGINS
        return (at.astimezone(self.zone).replace(tzinfo=None) - begins).strftime("%Y%m%d")


def linked(one: Span, other: Span, calendar: Calendar) -> bool:
    """Whether two incidents of one place and scene belong to one case."""
    same_day = calendar.day(one.since) == calendar.day(other.since)
    if calendar.scene in EVENING_SCENES:
        return same_day
    first, second = sorted((one, other), key=lambda span: span.since)
    gap = second.since - first.last_at
    return gap <= timedelta(0) or (same_day and gap <= REOPEN_WINDOW)


def episode_of(span: Span, others: Iterable[Span], calendar: Calendar) -> tuple[Span, ...]:
    """All incidents that hang together with `span`, itself among them, the earliest first."""
    found, rest, fresh = [span], list(others), [span]
    while fresh:
        near = [one for one in rest if any(linked(one, known, calendar) for known in fresh)]
        rest = [one for one in rest if one not in near]
        found += near
        fresh = near
    return tuple(sorted(found, key=lambda one: (one.since, one.incident_id)))


def reoffence(begins: datetime, earlier: Sequence[tuple[datetime, int]]) -> int | None:
    """Id of the case that this one repeats: the last that ended at most a day before it began.

    `earlier` are ends and ids of the place's other cases.
    """
    near = [
        (end, number) for end, number in earlier if timedelta(0) < begins - end <= REOFFENCE_WINDOW
    ]
    return max(near)[1] if near else None


def is_storm(begins: datetime, others: Iterable[datetime]) -> bool:
    """Whether an incident is one too many of its camera: more than eight began in ten minutes."""
    recent = [at for at in others if begins - STORM_WINDOW < at <= begins]
    return len(recent) >= STORM_OVER
