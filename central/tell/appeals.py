"""The messages about an appeal: never what somebody wrote, nor who they are. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from central.tell.about import SCENES
from central.tell.message import Kind, Message

KINDS = {
    "12345": "12345 热线",
    "110": "110 非警务",
    "qr": "扫码",
    "walk_in": "来访",
    "open311": "其他系统",
}
What = Literal["added", "contact_overdue"]
SAYS: dict[What, tuple[Kind, str, str, tuple[str, ...]]] = {
    "added": ("task", "新诉求", "请先行联系, 截止 {due}", ("desk",)),
    "contact_overdue": (
        "escalation",
        "先行联系超时",
        "尚未先行联系, {due} 已到期, 请督办",
        ("desk", "leader"),
    ),
}
"""What is asked, as which kind of message, and who hears it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message says of an appeal; `contact_due_at` is shown in its own zone."""

    appeal_no: str
    kind: str
    service_code: str
    contact_due_at: datetime


def messages_about(facts: Facts, what: What) -> tuple[Message, ...]:
    """One message per party; the same again has the same key."""
    kind, head, ask, parties = SAYS[what]
    scene, source = SCENES.get(facts.service_code, "其他"), KINDS.get(facts.kind, facts.kind)
    asked = ask.format(due=f"{facts.contact_due_at:%m-%d %H:%M}")
    data = {
        "step": what,
        "what": f"appeal_{what}",
        "appeal_no": facts.appeal_no,
        "source": facts.kind,
        "service_code": facts.service_code,
        "contact_due_at": facts.contact_due_at.isoformat(),
    }
    return tuple(
        Message(
            key=f"{facts.appeal_no}/{what}/{party}",
            case_no=facts.appeal_no,
            kind=kind,
            party=party,
            title=f"【{head}】{source} {scene}",
            text=f"诉求 {facts.appeal_no}\n{asked}",
            data=data,
        )
        for party in parties
    )
