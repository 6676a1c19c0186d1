"""What key figures are counted from: rows of the log, what is fixed about a case, appeals. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Source = Literal["sensor", "appeal", "desk", "system"]
"""传感自动, 诉求, 人工录入, 系统 (设备)."""

NotContacted = Literal["anonymous", "no_number", "no_answer", "not_wanted"]
"""匿名, 无号码或空号, 未接通, 要求不联系."""

Outcome = Literal["solved", "explained", "unsolved"]
"""实际解决, 解释说明, 未解决."""

Grade = Literal["satisfied", "basically", "neutral", "dissatisfied"]
"""满意, 基本满意, 一般, 不满意."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What was due when the row was written; None where the row says nothing."""

    official_at: datetime | None = None
    internal_at: datetime | None = None
    accept_at: datetime | None = None
    verify_at: datetime | None = None


NO_DEADLINES = Deadlines()
_NAMES = ("official_at", "internal_at", "accept_at", "verify_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log: who did what when, and the deadlines after it."""

    case_no: str
    at: datetime
    actor: str
    role: str
    action: str
    from_state: str | None
    to_state: str
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    deadlines: Deadlines = NO_DEADLINES


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its rows tell it, in the order in which they were written.

    `grids` are that of its place and those around it, inner ones first, as the first row kept
    them; `lead` is whom the last of the rows gave it to.
    """

    case_no: str
    scene: str
    entries: tuple[Entry, ...]
    place: str = ""
    grids: tuple[str, ...] = ()
    lead: str = ""
    camera: str = ""
    source: Source = "sensor"
    began_at: datetime | None = None
    reoffence_of: str = ""

    @property
    def grid(self) -> str:
        """The innermost grid; empty for none."""
        return next(iter(self.grids), "")


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal with its duties as they stand; `sample` is the survey that asked them."""

    appeal_no: str
    received_at: datetime
    contact_due_at: datetime | None
    contacted_at: datetime | None = None
    not_contacted: NotContacted | None = None
    outcome: Outcome | None = None
    satisfaction: Grade | None = None
    sample: str = ""
    case_no: str = ""
    scene: str = ""
    grids: tuple[str, ...] = ()
    lead: str = ""


def read_deadlines(text: str) -> Deadlines:
    """The value of a log row's JSON: RFC 3339 moments by name; raises ValueError."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("deadlines must be a JSON object")
    return Deadlines(**{n: datetime.fromisoformat(found[n]) for n in _NAMES if found.get(n)})
