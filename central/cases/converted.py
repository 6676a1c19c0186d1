"""A log of the first version (filed, confirmed_true, false_alarm, handled) in today's words. Pure.

Used once, by the migration that brings such a log over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from central.cases.limits import clock_of, rank_of
from central.cases.standing import Detail, Entry, Standing
from central.cases.states import Action, Role, State
from central.cases.workflow import apply
from central.clocks.calendar import Calendar

STATES: dict[str, State] = {
    "filed": "filed",
    "confirmed_true": "filed",
    "false_alarm": "void",
    "handled": "handled",
}
ACTIONS: dict[str, Action] = {
    "filed": "file",
    "confirm": "confirm",
    "reject": "reject",
    "handle": "handle",
    "undo": "undo",
    "cleared": "cleared",
    "reopened": "occupied",
    "resumed": "occupied",
}
OVER = "judged as handled before there was a verification"


@dataclass(frozen=True, slots=True)
class OldRow:
    """A row of the old log."""

    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str
    reason: str | None
    note: str


@dataclass(frozen=True, slots=True)
class OldCase:
    """What the log itself did not say."""

    scene: str
    incident: str
    severity: str


def converted(
    case: OldCase, rows: Iterable[OldRow], calendar: Calendar
) -> tuple[tuple[Entry, ...], Standing]:
    """The rows of today and the case after them; what once ended as handled is closed."""
    clock = clock_of(case.scene, calendar)
    standing = Standing()
    entries: list[Entry] = []
    for entry in _entries(case, list(rows)):
        after = apply(standing, entry)
        deadlines = clock(after.times)
        entries.append(replace(entry, deadlines=deadlines))
        standing = replace(after, deadlines=deadlines)
    return tuple(entries), standing


def _entries(case: OldCase, rows: list[OldRow]) -> Iterator[Entry]:
    state: State = "filed"
    for row in rows:
        action = ACTIONS[row.action]
        incident = case.incident if action in ("cleared", "occupied") else ""
        state = STATES[row.to_state]
        yield Entry(
            at=row.at,
            actor=row.actor,
            role=_role(row.actor),
            action=action,
            from_state=None if row.from_state is None else STATES[row.from_state],
            to_state=state,
            reason=row.reason or "",
            detail=Detail(note=row.note, incident=incident),
        )
        if action == "file":
            yield from _first_facts(case, row.at)
    if state == "handled":
        said = Detail(note=OVER)
        yield Entry(rows[-1].at, "system", "system", "verify", "handled", "closed", detail=said)


def _first_facts(case: OldCase, at: datetime) -> Iterator[Entry]:
    facts: list[tuple[str, str]] = [("joined", "")]
    if rank_of(case.severity) > 1:
        facts.append(("severity", case.severity))
    for action, severity in facts:
        detail = Detail(incident=case.incident, severity=severity)
        named = cast(Action, action)
        yield Entry(at, "system", "system", named, "filed", "filed", detail=detail)


def _role(actor: str) -> Role:
    return "system" if actor == "system" else "desk"
