"""Shapes of boxes and cameras."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from central.api.schemas import Shape
from central.cases.states import CameraMode


class CameraOut(Shape):
    """How far a camera is trusted; `proposed` is the mode it has earned by its verdicts."""

    site: str
    box: str
    stream: str
    name: str
    mode: CameraMode
    confirmed: int
    false: int
    precision: float | None
    precision_lower: float
    proposed: CameraMode | None


class CameraIn(BaseModel):
    """The mode a camera shall have from now on."""

    model_config = ConfigDict(extra="forbid")

    mode: CameraMode


class ConditionOut(Shape):
    stream: str
    condition: str
    state: str
    since: datetime
    time: datetime
    detail: str


class LedgerOut(Shape):
    epoch: str
    hwm: int
    missing: list[tuple[int, int]]
    overdue: list[tuple[int, int]]


class BoxOut(Shape):
    site: str
    box: str
    online: bool
    first_seen_at: datetime
    last_seen_at: datetime
    state_at: datetime | None
    state: dict[str, Any]
    conditions: list[ConditionOut]
    ledgers: list[LedgerOut]
