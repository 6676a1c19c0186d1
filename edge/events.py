"""The wire contract between box and central: topics, events, acknowledgements, state.

The module of `edge` that `central` imports; what lane and sound have of their own stands in
`wire_lane` and `wire_sound` and is named here. Bodies are CloudEvents 1.0 JSON of at most 16 KiB.
The JSON Schema made from these models is committed (`edge/events.schema.json`) and compared in a
test: a change of the wire format is always a visible change.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter

from edge.wire import PLACE as PLACE
from edge.wire import SLUG as SLUG
from edge.wire import Epoch as Epoch
from edge.wire import EventId as EventId
from edge.wire import Fraction as Fraction
from edge.wire import Place as Place
from edge.wire import Seconds as Seconds
from edge.wire import Sha256 as Sha256
from edge.wire import Slug as Slug
from edge.wire import Wire as Wire
from edge.wire_lane import Interval as Interval
from edge.wire_lane import VehicleSeen as VehicleSeen
from edge.wire_sound import Calibration as Calibration
from edge.wire_sound import SoundMeasures as SoundMeasures
from edge.wire_sound import SoundState as SoundState

MAX_EVENT_BYTES = 16 * 1024
SceneName = Literal["fire_lane", "square_dance", "facility"]
Stage = Literal["warned", "confirmed", "ongoing", "cleared"]
Mode = Literal["live", "shadow", "permitted", "maintenance", "off_schedule"]
"""Only `live` alerts and files; everything else is recorded and shown."""
Condition = Literal[
    "no_signal",
    "frozen",
    "dark",
    "overexposed",
    "blurred",
    "covered",
    "moved",
    "mic_dead",
    "mic_clipping",
    "calibration_expired",
    "clock_unsynchronised",
    "disk_low",
]


class Measures(Wire):
    """What the scene measured at this moment."""

    coverage: Fraction | None = None
    clear_width_m: Interval | None = None
    vehicles: Annotated[list[VehicleSeen], Field(max_length=32)] = []
    two_wheelers: Annotated[int, Field(ge=0)] = 0
    sound: SoundMeasures | None = None


class TimelineSpan(Wire):
    """A stretch of the occupation in one state, and why."""

    from_: Annotated[AwareDatetime, Field(alias="from")]
    to: AwareDatetime
    state: Literal["occupied", "clear", "unobserved"]
    coverage: Fraction | None = None
    score: Fraction | None = None
    reason: Annotated[str, Field(max_length=80)] = ""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True
    )


class Timeline(Wire):
    """The occupation so far, in spans and in one line of each language."""

    spans: Annotated[list[TimelineSpan], Field(max_length=24)] = []
    zh: Annotated[str, Field(max_length=200)] = ""
    en: Annotated[str, Field(max_length=200)] = ""


class EvidenceRef(Wire):
    """A picture by content: the box uploads it by `PUT /api/v1/evidence/{sha256}`."""

    sha256: Sha256
    role: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    bytes: Annotated[int, Field(gt=0)]
    taken_at: AwareDatetime


class Rule(Wire):
    """The rule in force: digest of the scene's configuration and the thresholds that decided."""

    digest: Annotated[str, Field(max_length=64)]
    thresholds: dict[str, float]


class Model(Wire):
    """Which detector decided."""

    name: Annotated[str, Field(max_length=80)]
    sha256: Sha256


class Clock(Wire):
    """What the box knew of its own clock."""

    synchronised: bool
    offset_ms: float | None = None


class IncidentData(Wire):
    """One stage of one incident; a higher `rev` replaces a lower one."""

    incident_id: EventId
    rev: Annotated[int, Field(ge=1)]
    scene: SceneName
    stage: Stage
    severity: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    since: AwareDatetime
    dwell_s: Seconds
    observed_s: Seconds
    already_there: bool = False
    restored: bool = False
    reopened: Annotated[int, Field(ge=0)] = 0
    mode: Mode = "live"
    reached: Literal["warned", "confirmed"] | None = None
    suppressed_s: Seconds = 0.0
    suppressed_by: Annotated[str, Field(max_length=60)] = ""
    reason: Annotated[str, Field(max_length=200)] = ""
    measures: Measures = Measures()
    timeline: Timeline = Timeline()
    evidence: Annotated[list[EvidenceRef], Field(max_length=16)] = []
    rule: Rule
    model: Model
    clock: Clock


class DeviceData(Wire):
    """A condition of a camera, microphone or box that was raised or cleared."""

    condition: Condition
    state: Literal["raised", "cleared"]
    since: AwareDatetime
    detail: Annotated[str, Field(max_length=400)] = ""


class Envelope(Wire):
    """CloudEvents 1.0 attributes plus the ledger's `seq` and `epoch`.

    `source` is `/{site}/{box}/{stream}`. `seq` counts from 1 within `epoch`, the random name of
    one outbox file; both are set by the outbox, so a gap in `seq` is a loss.
    """

    specversion: Literal["1.0"] = "1.0"
    id: EventId
    source: Annotated[str, Field(pattern=r"^/[a-z0-9-]{1,40}/[a-z0-9-]{1,40}/[a-z0-9-]{1,40}$")]
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    seq: Annotated[int, Field(ge=0)] = 0
    epoch: Epoch = "00000000"

    @property
    def stream(self) -> str:
        """The stream's id, last part of `source`."""
        return self.source.rsplit("/", 1)[1]


class IncidentEvent(Envelope):
    """An incident reached a stage; `subject` is the place."""

    type: Literal["jinmu.incident.v1"] = "jinmu.incident.v1"
    subject: Place
    data: IncidentData


class DeviceEvent(Envelope):
    """A device condition changed; `subject` is the stream or box."""

    type: Literal["jinmu.device.v1"] = "jinmu.device.v1"
    subject: Place
    data: DeviceData


Event = Annotated[IncidentEvent | DeviceEvent, Field(discriminator="type")]
EVENT: TypeAdapter[IncidentEvent | DeviceEvent] = TypeAdapter(Event)


class Rejection(Wire):
    """An event that can never be filed, and why."""

    id: Annotated[str, Field(max_length=80)]
    code: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    reason: Annotated[str, Field(max_length=400)] = ""


class Ack(Wire):
    """Central's word after its commit: only this lets a box forget an event."""

    epoch: Epoch
    filed: list[str] = []
    duplicate: list[str] = []
    rejected: list[Rejection] = []
    need_evidence: list[Sha256] = []
    hwm: Annotated[int, Field(ge=0)] = 0
    missing: list[tuple[int, int]] = []


class StreamState(Wire):
    """How one stream does at the moment; `sound` only where it has some."""

    id: Slug
    name: Annotated[str, Field(max_length=80)] = ""
    up: bool
    analysed_fps: float = 0.0
    frames: int = 0
    drops: int = 0
    last_frame_at: AwareDatetime | None = None
    sound: SoundState | None = None


class BoxState(Wire):
    """Retained on `…/state`; the last will has `online` false and the same `boot_id`."""

    online: bool
    boot_id: Annotated[str, Field(max_length=40)]
    time: AwareDatetime | None = None
    version: str = ""
    streams: list[StreamState] = []
    outbox_depth: int = 0
    outbox_oldest_s: float = 0.0
    disk_free_bytes: int = 0
    model: Model | None = None
    config_digest: str = ""


def topic(site: str, box: str, leaf: Literal["event", "ack", "state", "command"]) -> str:
    """Topic of one box, e.g. `jinmu/v1/pujin/box-01/event`."""
    return f"jinmu/v1/{site}/{box}/{leaf}"


def box_of_topic(name: str) -> tuple[str, str]:
    """Site and box of a topic made by `topic`; raises ValueError for any other."""
    parts = name.split("/")
    if len(parts) != 5 or parts[:2] != ["jinmu", "v1"]:
        raise ValueError(f"not a topic of ours: {name[:80]}")
    return parts[2], parts[3]


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def parse_event(body: bytes) -> IncidentEvent | DeviceEvent:
    """Event from an untrusted MQTT payload.

    Raises ValueError (pydantic's ValidationError is one) for anything that is not exactly an
    event: too large, not UTF-8 JSON, a key twice, nested too deep, unknown keys, NaN.
    """
    if len(body) > MAX_EVENT_BYTES:
        raise ValueError(f"{len(body)} bytes, at most {MAX_EVENT_BYTES} are allowed")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique_keys)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return EVENT.validate_python(value, strict=False)


def to_json(message: Wire) -> bytes:
    """Canonical bytes of a message: UTF-8 JSON, aliases, keys in the order of the model."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()


def wire_time(wall: datetime) -> datetime:
    """The moment rounded to milliseconds, as it goes on the wire."""
    return wall.replace(microsecond=wall.microsecond // 1000 * 1000)
