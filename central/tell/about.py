"""The messages about a case: who must act first, who is informed second. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from central.tell.message import Kind, Message
from central.tell.texts import one_line

SCENES = {
    "fire_lane": "消防通道",
    "square_dance": "广场噪声",
    "facility": "体育设施",
    "device": "设备",
}
SEVERITIES = {
    "occupied": "占用",
    "blocked": "堵塞",
    "over_limit": "超限",
    "curfew": "禁时",
    "relapse": "复发",
    "advisory": "待人工核实",
    "intrusion": "闯入",
    "storm": "频繁报警",
    "fault": "故障",
}
ASKS: dict[str, tuple[Kind, str]] = {
    "filed": ("task", "请派遣处置"),
    "queued": ("task", "请研判是否立案"),
    "dispatched": ("task", "请到场处置"),
    "assist": ("task", "请协助处置"),
    "informed": ("notice", "已通知主责处置, 请督促"),
    "severity": ("task", "程度加重, 请尽快处置"),
    "returned": ("task", "主责退单, 请重新派遣"),
    "asked": ("task", "有申请待审批"),
    "resumed": ("task", "挂账结束, 请继续处置"),
    "rework": ("task", "核查未通过, 请继续处置"),
    "reopened": ("task", "再次占用, 案件重开, 请到场处置"),
    "again": ("task", "前次撤回取消, 案件仍需处置"),
    "extended": ("notice", "延期已批准"),
    "suspended": ("notice", "挂账已批准"),
    "refused": ("notice", "申请未获批准"),
    "archived": ("notice", "未接单归档"),
    "escalated": ("escalation", "{level} 级催办: 仍无人接单"),
    "reminded": ("escalation", "待办超时未处理, 请尽快处理"),
    "unattended": ("escalation", "{level} 级催办: 仍待研判或核查"),
    "overdue": ("escalation", "已超时限, 请督办"),
}
"""What each turn of a case asks of its hearer, and as which kind of message."""
URGENT = frozenset({"blocked"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message says of a case; moments are shown in their own zone.

    The codes are for programs: ours, the district's own and what that one is called.
    """

    case_no: str
    scene: str
    place: str
    severity: str
    since: datetime
    place_name: str = ""
    address: str = ""
    accept_at: datetime | None = None
    official_at: datetime | None = None
    priority: int = 0
    event_code: str = ""
    district_code: str = ""
    district_name: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of whom: `what` is one of `ASKS`; `step` ("dispatch-2") makes keys unique."""

    what: str
    party: str
    step: str
    level: int = 0
    urgent: bool = False


def message_about(facts: Facts, call: Call) -> Message:
    """The message of a call; it is urgent by itself or by what the case is about."""
    kind, ask = ASKS[call.what]
    scene = SCENES.get(facts.scene, facts.scene)
    severity = SEVERITIES.get(facts.severity, facts.severity)
    grave = facts.severity in URGENT
    place = f"{facts.place_name} ({facts.place})" if facts.place_name else facts.place
    head = f"【{severity}{'·紧急' if grave else ''}】{scene} {place}"
    lines = (
        f"案件 {facts.case_no}",
        *((f"地址 {facts.address}",) if facts.address else ()),
        f"自 {facts.since:%m-%d %H:%M} 起",
        *((f"优先级 {facts.priority}",) if facts.priority else ()),
        *_dues(facts, call),
        ask.format(level=call.level),
    )
    return Message(
        key=f"{facts.case_no}/{call.step}/{call.what}/{call.party}",
        case_no=facts.case_no,
        kind=kind,
        party=call.party,
        title=one_line(head),
        text="\n".join(map(one_line, lines)),
        urgent=grave or call.urgent,
        priority=facts.priority,
        data={
            "step": call.step,
            "what": call.what,
            "scene": facts.scene,
            "place": facts.place,
            "place_name": facts.place_name,
            "address": facts.address,
            "severity": facts.severity,
            "priority": facts.priority,
            "official_at": facts.official_at.isoformat() if facts.official_at else "",
            "event_code": facts.event_code,
            "district_code": facts.district_code,
            "district_name": facts.district_name,
        },
    )


def _dues(facts: Facts, call: Call) -> Iterator[str]:
    """Until when; who has just been sent is told until when they must say that they go."""
    if call.what == "dispatched" and facts.accept_at is not None:
        yield f"请于 {facts.accept_at:%H:%M} 前接单"
    if facts.official_at is not None and ASKS[call.what][0] != "notice":
        yield f"处置时限 {facts.official_at:%m-%d %H:%M}"
