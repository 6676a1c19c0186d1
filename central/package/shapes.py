"""What stands in the manifest of an evidence package; what nobody knows is null."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from central.cases.states import Action, CloseReason, Role, State, VoidReason
from edge.events import Measures


class Part(BaseModel):
    """Base of all parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DeadlinesPart(Part):
    """When what was due."""

    official_at: datetime | None
    internal_at: datetime | None
    accept_at: datetime | None
    verify_at: datetime | None


class CasePart(Part):
    """The case as it stands; codes are those of the town of now."""

    case_no: str
    scene: str
    event_code: str | None
    district_code: str | None
    district_name: str | None
    severity: str
    state: State
    close_reason: CloseReason | None
    void_reason: VoidReason | None
    lead: str | None
    occurred_at: datetime
    filed_at: datetime
    cleared_at: datetime | None
    ended_at: datetime | None
    deadlines: DeadlinesPart
    merged_into: str | None
    reoffence_of: str | None


class PointPart(Part):
    """A point on the ground in degrees."""

    longitude: float
    latitude: float
    crs: Literal["WGS-84"] = "WGS-84"


class PlacePart(Part):
    """The asset: name, address and point of the town's version that routed it, else of now.

    `grids` are those of its first row in the log, inner ones first.
    """

    id: str
    name: str | None
    address: str | None
    point: PointPart | None
    grids: tuple[str, ...]
    town_version: int | None


class RulePart(Part):
    """The rule that gave it to its lead; `log_row` is the row that says so."""

    id: str
    grid_version: int | None
    log_row: int


class SealPart(Part):
    """The box's signature: over `prev` and the body, good for the key named (`edge.seal`)."""

    key_id: str
    public_key: str | None
    prev: str
    link: str
    signature: str


class ClockPart(Part):
    """What the box knew of its own clock."""

    synchronised: bool
    offset_ms: float | None


class ModelPart(Part):
    """A detector, by name and hash."""

    name: str
    sha256: str


class EventPart(Part):
    """One stage of an incident as its box told it, with the rule that was in force there."""

    event_id: str
    epoch: str
    seq: int
    rev: int
    stage: str
    severity: str
    mode: str
    time: datetime
    received_at: datetime
    dwell_s: float
    observed_s: float
    reason: str | None
    rule_digest: str
    thresholds: dict[str, float]
    model: ModelPart
    clock: ClockPart
    measures: Measures
    body_sha256: str
    seal: SealPart | None


class PicturePart(Part):
    """A picture named by an event; `masked_sha256` is its copy with faces and plates covered."""

    sha256: str
    role: str
    rev: int
    bytes: int
    taken_at: datetime
    here: bool
    deleted_at: datetime | None
    masked_sha256: str | None


class DevicePart(Part):
    """The box as it told of itself last, at `told_at`: not what it was when it told the incident.

    What no box tells is null: number in GB/T 28181, firmware of the camera.
    """

    told_at: datetime | None
    software_version: str | None
    config_digest: str | None
    model: ModelPart | None
    gb28181_id: None = None
    camera_firmware: None = None


class GapPart(Part):
    """Numbers of one outbox file that never came, between the incident's first and last event."""

    epoch: str
    first_seq: int
    last_seq: int
    missing: tuple[tuple[int, int], ...]


class IncidentPart(Part):
    """One camera's occupation of the place."""

    incident_id: str
    site: str
    box: str
    stream: str
    stream_name: str | None
    place: str
    severity: str
    stage: str
    first_seen: datetime
    last_seen: datetime
    dwell_s: float
    observed_s: float
    already_there: bool
    restored: bool
    device: DevicePart | None
    gaps: tuple[GapPart, ...]
    events: tuple[EventPart, ...]
    pictures: tuple[PicturePart, ...]


class PhotoPart(Part):
    """A photo of what was done; `at` is when it was handed in."""

    sha256: str
    bytes: int
    at: datetime
    by: str
    here: bool
    deleted_at: datetime | None


class HoldPart(Part):
    """A legal hold: nothing of the case is deleted while it stands."""

    reason: str
    by: str
    at: datetime


class RetentionPart(Part):
    """Until when pictures are kept; null: for ever, or as long as the case stands as it does."""

    raw_until: datetime | None
    masked_until: datetime | None
    legal_hold: HoldPart | None


class ReviewPart(Part):
    """The desk's verdict in force (行政处罚法 41: without one it is no penalty evidence)."""

    verdict: Literal["confirm", "reject"]
    by: str
    at: datetime
    reason: str | None


class LogPart(Part):
    """A row of the log; `hash` is over all of it and `previous` (`central.cases.chain`).

    `detail` and `deadlines` are the exact texts that were hashed; null where a detail names what
    the asker may not see.
    """

    number: int
    at: datetime
    actor: str
    role: Role
    action: Action
    from_state: State | None
    to_state: State
    reason: str
    detail: str | None
    deadlines: str
    previous: str
    hash: str


class ViewPart(Part):
    """A row of the audit log: who looked at what of this case."""

    audit_row: int
    at: datetime
    actor: str
    action: str
    subject: str
    variant: str | None


class FilePart(Part):
    """A file beside the manifest; `of` is the picture or event body that it shows."""

    name: str
    sha256: str
    bytes: int
    kind: Literal["event", "masked", "original", "photo"]
    of: str


class Package(Part):
    """The manifest; `views` are the newest of `views_total`; `files` are those of its ZIP."""

    format: Literal["jinmu.package.v1"] = "jinmu.package.v1"
    made_at: datetime
    made_by: str
    case: CasePart
    place: PlacePart
    rule: RulePart | None
    incidents: tuple[IncidentPart, ...]
    photos: tuple[PhotoPart, ...]
    review: ReviewPart | None
    log: tuple[LogPart, ...]
    log_head: str
    views: tuple[ViewPart, ...]
    views_total: int
    retention: RetentionPart
    files: tuple[FilePart, ...] = ()
    manifest_sha256: str = ""
