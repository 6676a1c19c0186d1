"""What the store gives to pages and programs: plain frozen values, no ORM objects."""

from dataclasses import dataclass, field
from datetime import datetime

from central.cases.standing import Deadlines, Detail
from central.cases.states import (
    Action,
    CloseReason,
    RejectReason,
    Role,
    State,
    Status,
    Tab,
    Verdict,
    VoidReason,
)
from edge.events import Measures, Timeline

NOTHING_MORE = Detail()


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list; None means any. A grid holds those inside of it."""

    status: Status | None = None
    tab: Tab | None = None
    state: State | None = None
    scene: str | None = None
    place: str | None = None
    box: str | None = None
    cleared: bool | None = None
    filed_from: datetime | None = None
    filed_before: datetime | None = None
    lead: str | None = None
    grid: str | None = None
    red: bool | None = None
    overdue: bool | None = None
    priority: int | None = None
    """At least this one."""
    q: str = ""
    """What the number or the place of a case begins with."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: `number` counts from 1."""

    number: int = 1
    size: int = 50

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Case:
    """A case with what its incidents say now; the measures are those of its first incident.

    `picture_sha256` is the picture to show first (role "confirmed" before others); `picture_here`
    is False while it is still on its way ("evidence pending"). `stream_name` is what people call
    the camera, empty until its box has told. Codes, name and address of the place are those of the
    town of now, empty where it has none. `allowed` is known of a single case only: it depends on
    who asks.
    """

    case_no: str
    incident_id: str
    incidents: int
    scene: str
    place: str
    state: State
    status: Status
    verdict: Verdict | None
    reason: RejectReason | None
    close_reason: CloseReason | None
    void_reason: VoidReason | None
    lead: str
    holder: str
    priority: int
    level: int
    reopens: int
    reworks: int
    red: bool
    overdue: bool
    deadlines: Deadlines
    version: int
    filed_at: datetime
    ended_at: datetime | None
    cleared_at: datetime | None
    severity: str
    since: datetime
    stage_at: datetime
    place_name: str = ""
    address: str = ""
    site: str = ""
    box: str = ""
    stream: str = ""
    stage: str = ""
    dwell_s: float = 0.0
    observed_s: float = 0.0
    already_there: bool = False
    restored: bool = False
    picture_sha256: str | None = None
    picture_here: bool = False
    stream_name: str = ""
    merged_into: str = ""
    reoffence_of: str = ""
    event_code: str = ""
    district_code: str = ""
    district_name: str = ""
    allowed: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of cases, newest first; `total` counts all that match, up to `most` (None: all)."""

    items: tuple[Case, ...]
    total: int
    page: Page
    most: int | None = None


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """A picture named by an event; `here` once its file has arrived, until it is deleted."""

    sha256: str
    role: str
    bytes: int
    taken_at: datetime
    rev: int
    here: bool
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of an incident, in the order of `rev`, whenever it arrived.

    `course` is the occupation's spans up to this event, as the box tells them.
    """

    event_id: str
    rev: int
    stage: str
    severity: str
    time: datetime
    received_at: datetime
    dwell_s: float
    observed_s: float
    reason: str
    measures: Measures
    thresholds: dict[str, float]
    model: str
    clock_synchronised: bool
    evidence: tuple[EvidenceItem, ...]
    mode: str = "live"
    reopened: int = 0
    suppressed_s: float = 0.0
    suppressed_by: str = ""
    course: Timeline = field(default_factory=Timeline)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of a case's log; `reason` is a code, `detail` what else was said."""

    number: int
    at: datetime
    actor: str
    role: Role
    action: Action
    from_state: State | None
    to_state: State
    reason: str
    detail: Detail
    deadlines: Deadlines
    hash: str

    @property
    def note(self) -> str:
        """What was said in words."""
        return self.detail.note


@dataclass(frozen=True, slots=True)
class Hold:
    """Why, since when and by whom everything of a case is kept (legal hold)."""

    reason: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """Everything of one case; the timeline is that of its first incident.

    `lead_name` is what the organisation that has the case is called.
    """

    case: Case
    timeline: tuple[TimelineEvent, ...]
    log: tuple[LogEntry, ...]
    evidence: tuple[EvidenceItem, ...]
    incidents: tuple["Incident", ...] = ()
    lead_name: str = ""
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """How many cases stand in each list, up to `most` (None: all); one may stand in two."""

    review: int
    working: int
    handled: int
    done: int
    void: int
    all: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: their role in the workflow, and their organisation if it is known."""

    name: str = ""
    role: Role = "observer"
    org: str = ""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What somebody wants to do; `version` is the one they saw, `said` what goes with it."""

    action: Action
    actor: str
    version: int
    reason: str = ""
    note: str = ""
    address: str = ""
    role: Role = "desk"
    org: str = ""
    said: Detail = NOTHING_MORE


@dataclass(frozen=True, slots=True)
class Incident:
    """Newest revision of an incident; `case_no` is None while it is only a warning.

    `live`: it may lead to a case. Else its box only records it (shadow, a permit, maintenance, out
    of hours), or `braked`: its camera storms.
    """

    incident_id: str
    rev: int
    site: str
    box: str
    stream: str
    scene: str
    place: str
    stage: str
    severity: str
    since: datetime
    stage_at: datetime
    dwell_s: float
    observed_s: float
    live: bool
    braked: bool
    case_no: str | None
