"""What may be done with an appeal, and what it becomes. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

Kind = Literal["12345", "110", "qr", "walk_in", "open311"]
"""市民热线, 110 非警务分流, 扫码, 来访, 其他系统."""
Action = Literal[
    "contact", "not_contacted", "reply", "outcome", "satisfaction", "link", "unlink", "comment"
]
"""先行联系, 未能联系, 答复, 办理结果, 满意度, 关联案件, 取消关联, 补充."""
NotContacted = Literal["anonymous", "no_number", "no_answer", "not_wanted"]
"""匿名, 无号码或空号, 未接通, 要求不联系: the enumerated exclusions of 先行联系率."""
Outcome = Literal["solved", "explained", "unsolved"]
"""实际解决, 解释说明, 未解决."""
Grade = Literal["satisfied", "basically", "neutral", "dissatisfied"]
"""满意, 基本满意, 一般, 不满意."""
Status = Literal["open", "closed"]

KINDS: tuple[Kind, ...] = get_args(Kind)
ACTIONS: tuple[Action, ...] = get_args(Action)
NOT_CONTACTED: tuple[NotContacted, ...] = get_args(NotContacted)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
GRADES: tuple[Grade, ...] = get_args(Grade)
CHOICES: dict[Action, tuple[str, ...]] = {
    "not_contacted": NOT_CONTACTED,
    "outcome": OUTCOMES,
    "satisfaction": GRADES,
}
"""Actions that need one of these values."""
CHOOSING: frozenset[Action] = frozenset({*CHOICES, "link"})
"""Actions whose value the log keeps apart from what else was said."""
PLAIN: frozenset[Action] = frozenset({"contact", "unlink"})
"""Actions that need no value."""


class Refused(Exception):
    """The action is not possible here; `code` is for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an appeal stands; every duty keeps the moment it was first met."""

    contacted_at: datetime | None = None
    not_contacted: str | None = None
    reply: str = ""
    replied_at: datetime | None = None
    outcome: str | None = None
    outcome_at: datetime | None = None
    satisfaction: str | None = None
    satisfaction_at: datetime | None = None
    sample: str | None = None
    case_no: str | None = None

    @property
    def status(self) -> Status:
        """Closed once it is known how it ended."""
        return "open" if self.outcome is None else "closed"


def allowed(standing: Standing) -> tuple[Action, ...]:
    """Actions that `act` would accept now."""
    return tuple(action for action in ACTIONS if _missing(standing, action) is None)


def act(standing: Standing, action: Action, value: str, at: datetime) -> Standing:
    """Standing after the action; `value` is its text or choice. Raises Refused.

    A duty that was met stays met at its moment: a second contact or reply does not make it later.
    """
    _check(standing, action, value)
    match action:
        case "contact":
            first = standing.contacted_at or at
            return replace(standing, contacted_at=first, not_contacted=None)
        case "not_contacted":
            return replace(standing, not_contacted=value)
        case "reply":
            return replace(standing, reply=value, replied_at=standing.replied_at or at)
        case "outcome":
            return replace(standing, outcome=value, outcome_at=standing.outcome_at or at)
        case "satisfaction":
            return replace(standing, satisfaction=value, satisfaction_at=at)
        case "link":
            return replace(standing, case_no=value)
        case "unlink":
            return replace(standing, case_no=None)
        case "comment":
            return standing


def sampled(standing: Standing, action: Action, sample: str) -> Standing:
    """The standing as asked in a survey; once asked stays asked. Raises Refused."""
    if not sample:
        return standing
    if action != "satisfaction":
        raise Refused("not_allowed", "a survey (sample) is named with the satisfaction")
    return replace(standing, sample=sample)


def _check(standing: Standing, action: Action, value: str) -> None:
    """Raises Refused for what is not possible now or lacks its value."""
    missing = _missing(standing, action)
    if missing is not None:
        raise Refused("not_allowed", missing)
    choices = CHOICES.get(action)
    if choices is not None and value not in choices:
        raise Refused("value_missing", f"'{action}' needs one of {', '.join(choices)}")
    if choices is None and action not in PLAIN and not value.strip():
        raise Refused("value_missing", f"'{action}' needs a text")


def _missing(standing: Standing, action: Action) -> str | None:
    """What must be done before, None when nothing."""
    if action == "not_contacted" and standing.contacted_at is not None:
        return "they have been contacted"
    if action == "outcome" and standing.replied_at is None:
        return "an outcome comes after the reply"
    if action == "satisfaction" and standing.outcome is None:
        return "people are asked how satisfied they are after the outcome"
    if action == "unlink" and standing.case_no is None:
        return "it belongs to no case"
    return None
