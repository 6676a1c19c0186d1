"""Where a case stands: the value that its log folds into, and what one row of the log says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from central.cases.states import (
    ENDED,
    OPEN,
    Action,
    CloseReason,
    RejectReason,
    Role,
    State,
    Verdict,
    VoidReason,
)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When what is due; official and internal are never empty once a case is filed."""

    official_at: datetime | None = None
    internal_at: datetime | None = None
    accept_at: datetime | None = None
    verify_at: datetime | None = None
    levels_at: tuple[datetime, ...] = ()
    """When each level hears that nobody accepts."""

    def to_json(self) -> str:
        """Exact text for the log: moments in UTC, keys sorted, empty ones left out."""
        return _dumps(self)

    @classmethod
    def of_json(cls, text: str) -> "Deadlines":
        """The value of such a text."""
        found = json.loads(text)
        levels = tuple(_moment(at) for at in found.pop("levels_at", ()))
        return cls(**{name: _moment(at) for name, at in found.items()}, levels_at=levels)


@dataclass(frozen=True, slots=True)
class Detail:
    """What a row says beside state and reason; each action uses what it needs."""

    note: str = ""
    org: str = ""
    assist: tuple[str, ...] = ()
    inform: tuple[str, ...] = ()
    rule: str = ""
    until: datetime | None = None
    due_at: datetime | None = None
    level: int = 0
    case_no: str = ""
    incident: str = ""
    incidents: tuple[str, ...] = ()
    severity: str = ""
    limits: str = ""
    priority: int = 0
    pictures: tuple[str, ...] = ()
    appeals: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    """Of a case's first row: the grid of its place then, and those around it, inner ones first."""

    def to_json(self) -> str:
        """Exact text for the log: keys sorted, empty ones left out."""
        return _dumps(self)

    @classmethod
    def of_json(cls, text: str) -> "Detail":
        """The value of such a text."""
        found = json.loads(text)
        for name in ("until", "due_at"):
            if name in found:
                found[name] = _moment(found[name])
        for name in ("assist", "inform", "incidents", "pictures", "appeals", "grids"):
            if name in found:
                found[name] = tuple(found[name])
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a case's log, as far as the workflow is concerned."""

    at: datetime
    actor: str
    role: Role
    action: Action
    from_state: State | None
    to_state: State
    reason: str = ""
    detail: Detail = Detail()
    deadlines: Deadlines = Deadlines()


@dataclass(frozen=True, slots=True)
class Rise:
    """It got worse at `at`; `limits` are those of the rule for this severity, as text."""

    at: datetime
    severity: str
    limits: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """All that a clock may look at. Comments and edits leave no trace here.

    `severity` and `limits` are those at filing; empty limits are the scene's own. `offered_at` is
    since when somebody new is asked to accept it: a dispatch or a return, for the first two levels.
    `unowned_at` is the first of those since somebody last had it, or since the third level last
    heard: for the third level, which going back and forth does not put off.
    """

    filed_at: datetime | None = None
    waiting_since: datetime | None = None
    offered_at: datetime | None = None
    unowned_at: datetime | None = None
    accepted_at: datetime | None = None
    handled_at: datetime | None = None
    severity: str = ""
    limits: str = ""
    rises: tuple["Rise", ...] = ()
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    extensions: tuple[datetime, ...] = ()


Clock = Callable[[Times], Deadlines]
"""Deadlines from the moments of a case: pure, and the only place where they come from."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What waits for a second person's approval; it lapses with the state it was asked in."""

    what: Action
    by: str
    until: datetime | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as its log tells it.

    `version` counts what people must have seen before they act: decisions, not sensor rows.
    `before` is what `undo` goes back to, None when there is nothing to take back.
    """

    state: State | None = None
    version: int = 0
    verdict: Verdict | None = None
    reject_reason: RejectReason | None = None
    close_reason: CloseReason | None = None
    void_reason: VoidReason | None = None
    holder: str = ""
    lead: str = ""
    assists: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()
    queued_at: datetime | None = None
    ended_at: datetime | None = None
    ended_from: State | None = None
    suspended_until: datetime | None = None
    asked: Asked | None = None
    priority: int = 0
    """The highest that a rule has named; nothing lowers it."""
    level: int = 0
    returns: int = 0
    reworks: int = 0
    reopens: int = 0
    reminded: int = 0
    """The level that has heard that nobody judges or verifies it (1 to 3)."""
    red: bool = False
    overdue: bool = False
    appealed: str = ""
    appeal_refused: bool = False
    exempt: bool = False
    merged_into: str = ""
    times: Times = Times()
    deadlines: Deadlines = Deadlines()
    before: "Standing | None" = field(default=None, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN

    @property
    def has_ended(self) -> bool:
        """Whether the case is closed in any way."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the place looks like now.

    `occupied` is what the boxes said last; `sees` is False while no camera of the case can tell
    (box offline, picture dark or covered): then silence proves nothing.
    """

    occupied: bool = True
    cleared_at: datetime | None = None
    sees: bool = True


def with_times(standing: Standing, **changes: Any) -> Standing:
    """The standing with other moments."""
    return replace(standing, times=replace(standing.times, **changes))


def _dumps(value: Any) -> str:
    said = {one.name: getattr(value, one.name) for one in fields(value)}
    plain = {name: _plain(found) for name, found in said.items() if found}
    return json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
