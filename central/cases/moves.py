"""What somebody wants to do with a case, and the refusal with its reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from central.cases.standing import Detail, Entry, Sensor, Standing
from central.cases.states import Action, Role

NOTHING_MORE = Detail()

Priority = Literal["normal", "urgent"]


class Refused(Exception):
    """The action is not allowed here; `code` is for programs, the text for people.

    `version_conflict` also tells the row of the log that was faster (`by`).
    """

    def __init__(self, code: str, text: str, *, by: Entry | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.by = by


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody's wish: `org` is the actor's organisation, empty when that is not kept.

    `survivor_open` matters to `unmerge` alone: whether the case that this one went into is open.
    `orgs` are the organisations of the town; a town without any takes every name.
    """

    action: Action
    actor: str
    role: Role
    at: datetime
    reason: str = ""
    detail: Detail = NOTHING_MORE
    org: str = ""
    survivor_open: bool = True
    orgs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """A wish in its place: the case as it stands, what is wanted, what the sensors say."""

    standing: Standing
    move: Move
    sensor: Sensor


@dataclass(frozen=True, slots=True)
class Tell:
    """Somebody has to hear of it: an organisation, a role, or (both empty) whoever watches."""

    kind: str
    case_no: str = ""
    org: str = ""
    role: str = ""
    priority: Priority = "normal"
