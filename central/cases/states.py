"""The words of the case workflow: states, roles, actions, reasons."""

from typing import Literal, get_args

State = Literal[
    "candidate",
    "pending_file",
    "filed",
    "dispatched",
    "accepted",
    "returned",
    "suspended",
    "handled",
    "closed",
    "void",
    "merged",
    "archived_unaccepted",
]
"""预警, 待立案, 已立案, 待接单, 处置中, 退单, 挂账, 待核查, 结案, 作废, 并案, 未接单归档.

A candidate is an incident that has only been warned of: it has no case number and no case row.
"""

Role = Literal[
    "observer", "desk", "dispatcher", "handler", "verifier", "leader", "administrator", "system"
]
"""观察, 受理席, 派遣席, 主责处置, 核查, 分管领导, 管理员; `system` is rules, sensors and timers."""

Action = Literal[
    "queue",
    "file",
    "confirm",
    "reject",
    "void",
    "undo",
    "dispatch",
    "accept",
    "return",
    "assist",
    "ask_extend",
    "extend",
    "ask_suspend",
    "suspend",
    "refuse",
    "resume",
    "handle",
    "verify",
    "rework",
    "explain",
    "transfer",
    "self_clear",
    "merge",
    "unmerge",
    "reopen",
    "archive",
    "appeal",
    "exempt",
    "comment",
    "escalate",
    "remind",
    "red",
    "overdue",
    "joined",
    "cleared",
    "occupied",
    "severity",
]
"""What may be done to a case; the last eight rows of the table are told by timers and sensors."""

CloseReason = Literal["handled", "self_cleared", "explained", "transferred_out"]
VoidReason = Literal["false_positive", "authorised", "out_of_scope", "duplicate", "test"]
Verdict = Literal["true", "false"]
"""The desk's word on the evidence: 属实, 误报. It is what precision is counted from."""

RejectReason = Literal[
    "wrong_object", "wrong_zone", "too_early", "hidden_or_night", "permitted", "other"
]
"""Why a false alarm: 1 识别错, 2 区域错, 3 时间未到, 4 遮挡/夜间, 5 允许的作业, 6 其他."""

CameraMode = Literal["shadow", "confirm", "auto"]
"""试运行: recorded only; 人工确认: waits for the desk; 自动立案."""

Status = Literal["open", "closed"]
Tab = Literal["review", "working", "handled", "done", "void"]
"""Lists of people: 待研判 (nobody judged the evidence), 处置中, 待核查, 已结案, 作废."""

LEVELS = 3
"""Of people above who hear of what nobody takes on: `levels_at` has a moment for each."""

STATES: tuple[State, ...] = get_args(State)
TABS: tuple[Tab, ...] = get_args(Tab)
ROLES: tuple[Role, ...] = get_args(Role)
ACTIONS: tuple[Action, ...] = get_args(Action)
REJECT_REASONS: tuple[RejectReason, ...] = get_args(RejectReason)
VOID_REASONS: tuple[VoidReason, ...] = get_args(VoidReason)
CAMERA_MODES: tuple[CameraMode, ...] = get_args(CameraMode)

OPEN: frozenset[State] = frozenset(
    {"pending_file", "filed", "dispatched", "accepted", "returned", "suspended", "handled"}
)
UNACCEPTED: frozenset[State] = frozenset({"filed", "dispatched", "returned"})
"""A number is given and nobody owns it yet."""

ENDED: frozenset[State] = frozenset({"closed", "void", "merged", "archived_unaccepted"})

TAB_STATES: dict[Tab, frozenset[State]] = {
    "review": OPEN | {"closed"},
    "working": frozenset({"filed", "dispatched", "accepted", "returned", "suspended"}),
    "handled": frozenset({"handled"}),
    "done": frozenset({"closed", "archived_unaccepted"}),
    "void": frozenset({"void"}),
}
"""A case may stand in two lists: it is judged and worked on by different people at once."""


def status_of(state: State) -> Status:
    """Open or closed, as other systems ask."""
    return "open" if state in OPEN or state == "candidate" else "closed"
