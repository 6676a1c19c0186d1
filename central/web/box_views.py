"""What the page of devices may see. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from central.web.sound import Level


@dataclass(frozen=True, slots=True)
class ConditionView:
    """A device condition that is raised now."""

    condition: str
    subject: str
    since: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class StreamView:
    """How one stream does; `drop_share` is drops over frames read, 0-1."""

    name: str
    up: bool
    analysed_fps: float
    drop_share: float
    last_frame_at: datetime | None
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class BoxView:
    """A box on the devices page."""

    site: str
    box: str
    online: bool
    last_seen: datetime | None
    version: str
    model: str
    config_digest: str
    outbox_depth: int
    outbox_oldest_s: float
    disk_free_bytes: int
    streams: tuple[StreamView, ...] = field(default=())
    conditions: tuple[ConditionView, ...] = field(default=())
    missing: int = 0
    overdue: int = 0
    overdue_ranges: tuple[str, ...] = ()

    @property
    def on_the_way(self) -> int:
        """Missing events that are not overdue yet."""
        return self.missing - self.overdue

    @property
    def lamp(self) -> str:
        """`offline`, `degraded` or `online`, the worst that is true."""
        if not self.online:
            return "offline"
        down = any(not stream.up for stream in self.streams)
        return "degraded" if down or self.conditions or self.overdue else "online"

    @property
    def hears(self) -> bool:
        """Whether the level of any stream is known."""
        return any(stream.level for stream in self.streams)

    @property
    def streams_up(self) -> int:
        """How many streams deliver."""
        return sum(stream.up for stream in self.streams)
