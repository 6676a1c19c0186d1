"""Values of the store about boxes and what they sent."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """The newest word on one condition of one stream."""

    site: str
    box: str
    stream: str
    condition: str
    state: str
    since: datetime
    time: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What one outbox file still owes: `missing` are inclusive ranges of `seq`.

    `overdue` are those of them that are not on their way any more.
    """

    epoch: str
    hwm: int
    missing: tuple[tuple[int, int], ...]
    overdue: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A box as it was last heard; `state` is its last `edge.events.BoxState` as JSON."""

    site: str
    box: str
    online: bool
    first_seen_at: datetime
    last_seen_at: datetime
    state_at: datetime | None
    state: dict[str, Any]
    conditions: tuple[DeviceCondition, ...]
    ledgers: tuple[Gap, ...]


RETRYABLE = frozenset({"poison", "malformed", "malformed_state", "out_of_range"})
"""Refusals that may have been central's fault. Who sent it is not: that stays refused."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that could not be filed; `seen` counts repetitions."""

    id: int
    topic: str
    event_id: str | None
    code: str
    reason: str
    body: bytes = field(repr=False)
    body_bytes: int
    seen: int
    first_at: datetime
    last_at: datetime

    @property
    def text(self) -> str:
        """The message for people; bytes that are no text become marks."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def retryable(self) -> bool:
        """Whether a newer central may see it otherwise."""
        return self.code in RETRYABLE and len(self.body) == self.body_bytes
