"""What is told, and how sending it can end. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

State = Literal["new", "addressed", "waiting", "sending", "sent", "withdrawn", "dead", "unheard"]
"""new: addressed to a party; addressed: its copies are rows of their own; waiting for its moment;
sending: handed out, and left so by a crash; sent; withdrawn: the case no longer needs it; dead:
given up, shown to people; unheard: the party has no channel."""

Kind = Literal["task", "notice", "escalation", "recall", "test"]
"""待处置: who must act; 知会: who is informed; 催办: nobody acted; 撤回: not needed now; 试发."""

APPEAL = "AP-"
"""What the number of an appeal begins with; messages are about cases or appeals."""

STATES: tuple[State, ...] = get_args(State)
KINDS: tuple[Kind, ...] = get_args(Kind)
FALLBACKS: dict[Kind, str] = {
    "task": "lead",
    "notice": "inform",
    "escalation": "escalate",
    "recall": "inform",
    "test": "lead",
}
"""The party of `channels.yaml` that hears a kind when the one it names has no channels."""


def page_of(number: str) -> str:
    """The page of what a message is about."""
    return f"/appeals/{number}" if number.startswith(APPEAL) else f"/cases/{number}"


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell a party (an organisation or a role).

    `key` names it for ever: a second one with the same key is the same message. Urgent ones
    overtake others and are never put into a digest; among their like a higher `priority` goes
    first.
    """

    key: str
    case_no: str
    kind: Kind
    party: str
    title: str
    text: str
    urgent: bool = False
    priority: int = 0
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What an adapter sends: one message or the digest of several.

    `id` stays the same when a message is sent again; `repeated` says that an earlier try may have
    arrived. `events` hold the parts for programs, `picture` a masked JPEG.
    """

    id: str
    kind: str
    recipient: str
    title: str
    text: str
    link: str
    urgent: bool
    at: datetime
    repeated: bool = False
    events: tuple[dict[str, Any], ...] = ()
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class Hearer:
    """An organisation or a person as the town lists them: (channel, recipient), and a number."""

    channels: tuple[tuple[str, str], ...]
    phone: str = field(default="", repr=False)


class NotSent(Exception):
    """It was not sent; the text is for people and holds no address, for addresses hold keys."""


class Refused(NotSent):
    """The other side will never take it as it is: a wrong key, a wrong recipient."""


class TryAgain(NotSent):
    """Not now: no answer, or a fault of the other side."""


class NoPicture(TryAgain):
    """The picture has not come; after the last try that is nothing people must look at."""


class SlowDown(NotSent):
    """Too many; the channel must be silent for `after_s` seconds. This does not count as a try."""

    def __init__(self, text: str, after_s: float) -> None:
        super().__init__(text)
        self.after_s = after_s
