"""What may happen to a case and what it then is: decided by the table, recomputed by a fold. Pure.

`decide` judges a wish and gives the row for the log; `apply` is what a row does to a standing, and
`fold` is all rows of a case after each other. A row that stands in the log is not judged again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from central.cases.conditions import CONDITIONS, failing
from central.cases.effects import EFFECTS, JUDGING
from central.cases.moves import Move, Refused, Situation, Tell
from central.cases.standing import Clock, Deadlines, Entry, Standing
from central.cases.states import (
    ENDED,
    REJECT_REASONS,
    UNACCEPTED,
    VOID_REASONS,
    Action,
    Role,
    State,
)
from central.cases.table import BY_STATE_AND_ACTION, TABLE, Rule

Post = Literal["dispatcher", "duty_leader", "leader"]
"""派遣席, 城运值班长, 分管领导: three parties of `channels.yaml`, each hears by itself."""
ESCALATED_TO: dict[int, Post] = {1: "dispatcher", 2: "duty_leader", 3: "leader"}
SENSOR_ACTIONS: frozenset[Action] = frozenset({"joined", "cleared", "occupied", "severity"})
QUIET: frozenset[Action] = SENSOR_ACTIONS | {"comment", "escalate", "remind", "red", "overdue"}
"""What leaves an open page of the case valid: nobody decided anything."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A wish that was granted: the row for the log, the case after it, who has to hear of it."""

    entry: Entry
    standing: Standing
    tells: tuple[Tell, ...]
    rule: Rule


def decide(situation: Situation, clock: Clock) -> Outcome:
    """The outcome of a move; raises Refused for everything that the table does not hold."""
    standing, move = situation.standing, situation.move
    rule = check(situation)
    target = _target(standing, rule)
    entry = Entry(
        at=move.at,
        actor=move.actor,
        role=move.role,
        action=move.action,
        from_state=standing.state,
        to_state=target,
        reason=move.reason,
        detail=move.detail,
    )
    after = apply(standing, entry)
    deadlines = clock(after.times) if after.times.filed_at is not None else Deadlines()
    entry = replace(entry, deadlines=deadlines)
    after = replace(after, deadlines=deadlines)
    return Outcome(entry, after, _tells(rule, after, move), rule)


def check(situation: Situation) -> Rule:
    """The row of the table that grants a wish; raises Refused when there is none."""
    rule = _rule_for(situation)
    _check_reason(rule, situation.move)
    return rule


def apply(standing: Standing, entry: Entry) -> Standing:
    """The standing after a row of the log."""
    effect = EFFECTS.get(entry.action)
    after = effect(standing, entry) if effect else standing
    decided = entry.action not in QUIET
    after = replace(
        after,
        state=entry.to_state,
        deadlines=entry.deadlines,
        version=standing.version + decided,
    )
    if after.asked is not None and entry.to_state != entry.from_state:
        after = replace(after, asked=replace(after.asked, lapsed=True))
    if entry.to_state in ENDED and entry.from_state not in ENDED:
        after = replace(after, ended_at=entry.at, ended_from=entry.from_state)
    if entry.action in JUDGING and (entry.role != "system" or entry.action == "merge"):
        return replace(after, before=replace(standing, before=None))
    return replace(after, before=None) if decided else after


def fold(entries: Iterable[Entry]) -> Standing:
    """The case as all rows of its log tell it, oldest first."""
    standing = Standing()
    for entry in entries:
        standing = apply(standing, entry)
    return standing


def allowed(situation: Situation) -> tuple[Action, ...]:
    """Actions that the situation's actor may take now, for buttons.

    What they must say with it (an organisation, a date, a reason) is not asked for yet.
    """
    standing, move = situation.standing, situation.move
    found: dict[Action, None] = {}
    for rule in TABLE:
        if standing.state not in rule.sources or move.role not in rule.roles:
            continue
        needs = tuple(name for name in rule.needs if name not in SAID_WITH_IT)
        if failing(needs, situation) is None and _chosen(rule, situation):
            found[rule.action] = None
    return tuple(found)


def must_say(state: State, role: Role) -> bool:
    """Whether who hands in has to write what was done, whatever a photo or a sensor shows."""
    rules = BY_STATE_AND_ACTION.get((state, "handle"), ())
    mine = next((rule for rule in rules if role in rule.roles), None)
    return mine is not None and "said_done" in mine.needs


SAID_WITH_IT = frozenset(
    {
        "names_org",
        "known_org",
        "names_case",
        "end_date",
        "next_level",
        "not_reminded",
        "shown_done",
        "said_done",
    }
)


def _chosen(rule: Rule, situation: Situation) -> bool:
    return not rule.when or failing((rule.when,), situation) is None


def _rule_for(situation: Situation) -> Rule:
    standing, move = situation.standing, situation.move
    rules = BY_STATE_AND_ACTION.get((standing.state, move.action), ())
    if not rules:
        state = standing.state or "not there yet"
        text = f"'{move.action}' is not possible while the case is '{state}'"
        raise Refused("not_allowed", text)
    mine = [rule for rule in rules if move.role in rule.roles]
    if not mine:
        raise Refused("role", f"a {move.role} may not '{move.action}' a case that is so")
    fitting = [rule for rule in mine if _chosen(rule, situation)]
    if not fitting:
        raise Refused(mine[0].when, CONDITIONS[mine[0].when][0])
    fault = failing(fitting[0].needs, situation)
    if fault is not None:
        raise Refused(fault, CONDITIONS[fault][0])
    return fitting[0]


def _check_reason(rule: Rule, move: Move) -> None:
    if rule.reason == "text" and move.role != "system" and not move.detail.note.strip():
        raise Refused("note_missing", f"'{move.action}' needs a sentence that says why (note)")
    codes: tuple[str, ...] = {"reject": REJECT_REASONS, "void": VOID_REASONS}.get(rule.reason, ())
    if codes and move.reason not in codes:
        raise Refused("reason_missing", f"'{move.action}' needs a reason: {', '.join(codes)}")
    if not codes and move.reason and move.role != "system":
        raise Refused("reason_not_allowed", f"'{move.action}' takes no reason")


def _target(standing: Standing, rule: Rule) -> State:
    if rule.target == "before":
        assert standing.before is not None, "a condition has looked"
        assert standing.before.state is not None
        return standing.before.state
    target = rule.target or standing.state
    assert target is not None, "a rule for a case that is not there names its state"
    return target


def _tells(rule: Rule, after: Standing, move: Move) -> tuple[Tell, ...]:
    """Who hears of it: the lead of what is theirs, the next level of what nobody takes.

    A case that had closed by itself was recalled for all: when it comes back, all hear of it.
    """
    return tuple(one for kind in rule.tells for one in _addressed(kind, after, move))


def _all_round(kind: str, after: Standing, move: Move) -> tuple[Tell, ...]:
    """The lead, and those beside it as far as they have to hear of it too."""
    said = move.detail
    if kind == "dispatched":
        return (Tell(kind, org=said.org), *_beside(said.assist, said.inform))
    if kind == "severity":
        if after.close_reason == "self_cleared":
            return ()  # whoever is concerned hears of it when it is opened again
        worse = Tell(kind, org=after.lead, role="handler", priority="urgent")
        return (worse, *_beside(said.assist, said.inform))
    if after.state == "returned":
        return (Tell(kind, role="dispatcher"),)  # its lead has said that it is not theirs
    if after.state not in UNACCEPTED:
        return (Tell(kind, org=after.lead, role="" if after.lead else "handler"),)
    back = Tell(kind, org=after.lead, role="" if after.lead else "dispatcher")
    return (back, *_beside(after.assists, after.informed))


def _beside(assist: tuple[str, ...], inform: tuple[str, ...]) -> tuple[Tell, ...]:
    """Those beside the lead: who has to help, who has to know."""
    helping = tuple(Tell("assist", org=org) for org in assist)
    return (*helping, *(Tell("informed", org=org) for org in inform if org not in assist))


def _addressed(kind: str, after: Standing, move: Move) -> tuple[Tell, ...]:
    roles: dict[str, Role] = {
        "queued": "desk",
        "returned": "dispatcher",
        "asked": "leader",
        "archived": "leader",
        "overdue": "leader",
    }
    match kind:
        case "escalated":
            return (Tell(kind, role=ESCALATED_TO[move.detail.level], priority="urgent"),)
        case "reminded" if move.detail.level > 1:
            return (Tell("unattended", role=ESCALATED_TO[move.detail.level], priority="urgent"),)
        case "reminded":
            return (Tell(kind, role="desk" if after.state == "pending_file" else "verifier"),)
        case "filed":
            return ()  # whoever is told hears of it when it is dispatched to them
        case "assist":
            return (Tell(kind, org=move.detail.org),)
        case "dispatched" | "severity" | "reopened":
            return _all_round(kind, after, move)
        case _ if kind in roles:
            return (Tell(kind, role=roles[kind]),)
        case _:
            return (Tell(kind, org=after.lead, role="" if after.lead else "handler"),)
