"""What a case does goes into the outbox and the feed, in the transaction of its transition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from central.case_tables import CaseTable
from central.cases.moves import Tell
from central.cases.standing import Deadlines, Standing
from central.cases.states import ENDED, OPEN, Action, Role, State
from central.cases.workflow import Outcome
from central.store.changes import record_change
from central.tell import outbox
from central.tell.about import Call, Facts, message_about
from central.tell.message import Message
from central.town.keeping import load_codes, load_town

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOWN_LESS = (Tell("filed", role="dispatcher"), Tell("informed", role="inform"))
"""Who hears of a case that no rule gives to anybody: who dispatches, and who is informed."""
OVER: dict[Action, str] = {
    "self_clear": "现场已恢复, 无需处置",
    "reject": "经核实为误报, 无需处置",
    "void": "案件作废, 无需处置",
    "merge": "已并入案件 {case_no}, 按该案处置",
    "dispatch": "已改派, 无需处置",
    "handle": "受理席已登记处置完毕, 无需前往",
}
"""Why nobody needs to go any more, for those who were told."""
CALLED_BACK: frozenset[Action] = frozenset({"undo", "unmerge"})
"""What may bring back a case whose messages were recalled."""

_SAID = "tells"


NO_DEADLINES = Deadlines()


@dataclass(frozen=True, slots=True)
class Due:
    """Until when something has to be done, and how high it has been carried."""

    deadlines: Deadlines = NO_DEADLINES
    level: int = 0


NOTHING_DUE = Due()


def tell(
    session: Session, case: CaseTable, number: int, outcome: Outcome, tells: Sequence[Tell]
) -> None:
    """Put row `number` of a case's log into the feed, and into the outbox who must hear of it.

    A case that is handled or over keeps nothing unsent of what came before.
    """
    entry, after = outcome.entry, outcome.standing.state
    record_change(session, entry.action, case.case_no, entry.at)
    if after != entry.from_state and (after in ENDED or after == "handled"):
        outbox.withdraw(session, case.case_no, entry.action, entry.at)
    if entry.action in CALLED_BACK and after in OPEN and outbox.was_recalled(session, case.case_no):
        tells = (*tells, _again(outcome.standing))
    step = f"{entry.action}-{number}"
    for one in tells:
        _note(session, case, one)
        if one.kind == "recalled":
            why = OVER[entry.action].format(case_no=entry.detail.case_no)
            outbox.recall(session, case.case_no, step, why, entry.at)
        else:
            due = outcome.standing.deadlines
            message = _message(session, case, one, step, Due(due, entry.detail.level))
            outbox.tell(session, [message], entry.at)


def _again(standing: Standing) -> Tell:
    """Whose a case is that was called off and is there once more."""
    waits_for: dict[State | None, Role] = {
        "pending_file": "desk",
        "returned": "dispatcher",
        "handled": "verifier",
    }
    role = waits_for.get(standing.state)
    if role is None and standing.lead:
        return Tell("again", org=standing.lead)
    return Tell("again", role=role or "dispatcher")


def tell_the_dispatcher(session: Session, case: CaseTable, number: int, now: datetime) -> None:
    """A case was filed that no rule gives to anybody: people have to give it."""
    for one in TOWN_LESS:
        _note(session, case, one)
        outbox.tell(session, [_message(session, case, one, f"filed-{number}")], now)


def told(session: Session) -> tuple[Tell, ...]:
    """What was handed to the outbox in this session, for tests."""
    return tuple(session.info.get(_SAID, ()))


def _message(
    session: Session, case: CaseTable, one: Tell, step: str, due: Due = NOTHING_DUE
) -> Message:
    """With the town in force now; one that is sent again stays as it is."""
    code = load_codes(session).of(case.scene, case.severity)
    place = load_town(session).places.get(case.place)
    facts = Facts(
        case_no=case.case_no,
        scene=case.scene,
        place=case.place,
        severity=case.severity,
        priority=case.priority,
        since=case.since.astimezone(SHANGHAI),
        place_name=place.name if place else "",
        address=place.address if place else "",
        accept_at=_local(due.deadlines.accept_at),
        official_at=_local(due.deadlines.official_at),
        **code.told(),
    )
    urgent = one.priority == "urgent"
    return message_about(
        facts, Call(one.kind, one.org or one.role or "lead", step, due.level, urgent)
    )


def _local(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(SHANGHAI)


def _note(session: Session, case: CaseTable, one: Tell) -> None:
    said: list[Tell] = session.info.setdefault(_SAID, [])
    said.append(replace(one, case_no=case.case_no))
