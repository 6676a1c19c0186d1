"""Shapes of the JSON API: made from the store's values, kept apart so that they can stay stable."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from central.api.moments import Rfc3339
from central.cases.states import (
    Action,
    CloseReason,
    RejectReason,
    Role,
    State,
    Status,
    Verdict,
    VoidReason,
)
from edge.events import Measures


class Shape(BaseModel):
    """Base of all answers: read from the attributes of the store's values."""

    model_config = ConfigDict(from_attributes=True)


class DeadlinesOut(Shape):
    official_at: datetime | None
    internal_at: datetime | None
    accept_at: datetime | None
    verify_at: datetime | None


class CaseOut(Shape):
    """`allowed` is what the asker may do; it is empty in lists, where nobody asks for one case.

    `event_code` is ours, `district_code` and `district_name` are the district's own of now, empty
    while nobody has mapped it. `priority` is that of its rule (0-9), one more for a re-offence.
    """

    case_no: str
    incident_id: str
    incidents: int
    scene: str
    event_code: str
    district_code: str
    district_name: str
    place: str
    place_name: str
    address: str
    site: str
    box: str
    stream: str
    stream_name: str
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
    deadlines: DeadlinesOut
    allowed: list[Action]
    version: int
    filed_at: datetime
    ended_at: datetime | None
    cleared_at: datetime | None
    merged_into: str
    reoffence_of: str
    stage: str
    severity: str
    since: datetime
    stage_at: datetime
    dwell_s: float
    observed_s: float
    already_there: bool
    restored: bool
    picture_sha256: str | None
    picture_here: bool


class CaseList(Shape):
    """Counting stops at `most` (null: nowhere): then there may be more cases than `total`."""

    items: list[CaseOut]
    total: int
    most: int | None
    page: int
    size: int


class EvidenceOut(Shape):
    """`deleted_at`: it was here, and a rule of retention has taken it away."""

    sha256: str
    role: str
    bytes: int
    taken_at: datetime
    rev: int
    here: bool
    deleted_at: datetime | None


class TimelineOut(Shape):
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
    evidence: list[EvidenceOut]


class DetailOut(Shape):
    note: str
    org: str
    assist: list[str]
    inform: list[str]
    rule: str
    until: datetime | None
    due_at: datetime | None
    priority: int
    level: int
    case_no: str
    incident: str
    incidents: list[str]
    severity: str
    pictures: list[str]
    appeals: list[str]


class LogOut(Shape):
    """One row of the log; `hash` is over the row and the hash of the row before it."""

    number: int
    at: datetime
    actor: str
    role: Role
    action: Action
    from_state: State | None
    to_state: State
    reason: str
    note: str
    detail: DetailOut
    deadlines: DeadlinesOut
    hash: str


class IncidentOut(Shape):
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


class HoldOut(Shape):
    reason: str
    at: datetime
    by: str


class CaseDetailOut(Shape):
    """`hold`: nothing of the case is deleted while it stands (legal hold)."""

    case: CaseOut
    incidents: list[IncidentOut]
    timeline: list[TimelineOut]
    log: list[LogOut]
    evidence: list[EvidenceOut]
    hold: HoldOut | None


Name = Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")]


class ActionIn(BaseModel):
    """What to do with the case; `version` is the one that was seen.

    `reason` for reject and void; `note` where a sentence is asked for; `org` and `assist` to
    dispatch, assist and return; `until` to ask for a suspension; `case_no` to merge into.
    """

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: RejectReason | VoidReason | None = None
    note: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    org: Name = ""
    assist: Annotated[list[Name], Field(max_length=10)] = []
    until: Rfc3339 | None = None
    case_no: Annotated[str, Field(max_length=20, pattern=r"^[A-Z0-9-]*$")] = ""


class QuarantinedOut(Shape):
    """`retryable`: a newer central may see it otherwise. `body` is its first 16 KiB as text."""

    number: Annotated[int, Field(validation_alias="id")]
    topic: str
    event_id: str | None
    code: str
    reason: str
    body: Annotated[str, Field(validation_alias="text")]
    body_bytes: int
    seen: int
    first_at: datetime
    last_at: datetime
    retryable: bool


class QuarantinedList(Shape):
    items: list[QuarantinedOut]
    total: int


class Retried(Shape):
    """What became of it this time; `case_no` if that filed a case."""

    verdict: str
    code: str
    reason: str
    case_no: str | None


class Stored(Shape):
    """`created` is False when the picture was here already; `referenced`: an event names it."""

    sha256: str
    created: bool
    referenced: bool


class LinkIn(BaseModel):
    """Which rendition the address opens, and for how long."""

    model_config = ConfigDict(extra="forbid")

    variant: Literal["shown", "thumbnail", "original"] = "shown"
    seconds: Annotated[int, Field(ge=1, le=300)] = 300


class Link(Shape):
    """An address on this server and when it ends."""

    url: str
    expires_at: datetime


class Problem(Shape):
    """Why something was refused; `code` is for programs."""

    code: str
    detail: str


class ChangeOut(Shape):
    """`kind` is what was done (filed, confirm, appeal_reply…), `subject` a case or appeal."""

    number: int
    kind: str
    subject: str
    at: datetime


class ChangeList(Shape):
    """`next` is what to ask for as `after` the next time."""

    items: list[ChangeOut]
    next: int
