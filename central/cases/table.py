"""The workflow as one table: state × action × role → state, conditions, clocks, who is told.

Numbers are the rows of the study (§9); letters are our additions. What is not here is refused.

Two of them let the desk hand in: 14 for what somebody has accepted, 14b for what nobody has. The
study knows neither; the main line's page of review has one key for them (已处置), for what the desk
saw settled by telephone. 14b asks for words (who did what) even where the place is seen free: what
only went away closes by itself (17) and is nobody's work. The case then counts as accepted by the
desk at that moment, its lead is called off, and it is verified like any other.

An explanation (16b) ends a case as little as a verification while a camera sees the place occupied:
a closed case must not stand on a place that is not free. What was no offence is struck out (19),
what somebody else must end is transferred (16c), what cannot be ended is archived by name (22).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from central.cases.states import ENDED, OPEN, Action, Role, State

Before = Literal["before"]
Target = State | None | Before
"""None: the state stays. `before`: what stood there before, known from the log."""

Ask = Literal["", "reject", "void", "text"]
"""Which reason must be given: none, one of the reject or void reasons, a sentence."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row; `needs` are names of conditions in `central.cases.conditions`.

    `when` tells rows of one state and action apart: the first that holds is taken.
    """

    number: str
    action: Action
    sources: frozenset[State | None]
    target: Target
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    when: str = ""
    reason: Ask = ""
    clocks: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()


SYSTEM: frozenset[Role] = frozenset({"system"})
DESK: frozenset[Role] = frozenset({"desk", "administrator"})
DISPATCH: frozenset[Role] = frozenset({"dispatcher", "administrator"})
HANDLER: frozenset[Role] = frozenset({"handler", "administrator"})
VERIFIER: frozenset[Role] = frozenset({"verifier", "administrator"})
LEADER: frozenset[Role] = frozenset({"leader"})
EVERYBODY: frozenset[Role] = frozenset(
    {"desk", "dispatcher", "handler", "verifier", "leader", "administrator"}
)
NUMBERED: frozenset[State | None] = OPEN | ENDED
RUNNING: frozenset[State | None] = OPEN - {"suspended", "pending_file"}
STARTED = ("official", "internal", "accept")


def _from(*states: State | None) -> frozenset[State | None]:
    return frozenset(states)


def _rule(  # noqa: PLR0913 one parameter per column
    number: str,
    action: Action,
    sources: Iterable[State | None],
    target: Target,
    roles: frozenset[Role],
    *needs: str,
    when: str = "",
    reason: Ask = "",
    clocks: tuple[str, ...] = (),
    tells: tuple[str, ...] = (),
) -> Rule:
    return Rule(
        number, action, frozenset(sources), target, roles, needs, when, reason, clocks, tells
    )


NEW = _from(None)
FRESH = _from("filed", "dispatched", "accepted", "returned", "suspended", "closed")
WAITING = _from("filed", "dispatched", "returned")
UNDOABLE: frozenset[State | None] = NUMBERED - {"merged"}

# fmt: off
TABLE: tuple[Rule, ...] = (
    _rule("3", "file", NEW, "filed", SYSTEM | DESK, clocks=STARTED, tells=("filed",)),
    _rule("3a", "file", _from("pending_file"), "filed", SYSTEM, clocks=STARTED, tells=("filed",)),
    _rule("4", "queue", NEW, "pending_file", SYSTEM | DESK, clocks=("file",), tells=("queued",)),
    _rule("5", "confirm", _from("pending_file"), "filed", DESK, clocks=STARTED, tells=("filed",)),
    _rule("5a", "reject", _from("pending_file"), "void", DESK, reason="reject"),
    _rule("5b", "confirm", FRESH, None, DESK, "unjudged"),
    _rule("6", "dispatch", _from("filed"), "dispatched", SYSTEM | DISPATCH, "names_org",
          "known_org", tells=("dispatched",)),
    _rule("6a", "dispatch", _from("dispatched"), "dispatched", DISPATCH, "names_org",
          "known_org", tells=("recalled", "dispatched")),
    _rule("7", "accept", _from("filed", "dispatched"), "accepted", HANDLER, "own_org",
          clocks=("accept",)),
    _rule("8", "return", _from("dispatched", "accepted"), "returned", HANDLER, "own_org",
          "may_return", "known_org", reason="text", tells=("returned",)),
    _rule("9", "dispatch", _from("returned"), "dispatched", DISPATCH, "names_org",
          "known_org", tells=("dispatched",)),
    _rule("10", "escalate", WAITING, None, SYSTEM, "next_level", tells=("escalated",)),
    _rule("11", "assist", _from("accepted"), None, HANDLER | DISPATCH, "own_org",
          "names_org", "known_org", tells=("assist",)),
    _rule("12a", "ask_extend", _from("accepted"), None, HANDLER, "own_org", "not_overdue",
          "few_extensions", reason="text", tells=("asked",)),
    _rule("12", "extend", _from("accepted"), None, LEADER, "asked_extend", "second_person",
          "not_overdue", "few_extensions", clocks=("official", "internal"), tells=("extended",)),
    _rule("13a", "ask_suspend", _from("accepted"), None, HANDLER | DISPATCH, "own_org", "end_date",
          reason="text", tells=("asked",)),
    _rule("13", "suspend", _from("accepted"), "suspended", LEADER, "asked_suspend", "second_person",
          "end_ahead", clocks=("official", "internal"), tells=("suspended",)),
    _rule("13c", "refuse", _from("accepted"), None, LEADER, "asked_anything", "second_person",
          reason="text", tells=("refused",)),
    _rule("13b", "resume", _from("suspended"), "accepted", SYSTEM | LEADER | DISPATCH,
          clocks=("official", "internal"), tells=("resumed",)),
    _rule("14", "handle", _from("accepted"), "handled", HANDLER | DESK, "own_org",
          "shown_done", clocks=("verify",)),
    _rule("14a", "handle", _from("filed", "dispatched"), "handled", HANDLER, "own_org",
          "shown_done", clocks=("accept", "verify")),
    _rule("14b", "handle", _from("filed", "dispatched"), "handled", DESK, "said_done",
          clocks=("accept", "verify"), tells=("recalled",)),
    _rule("15", "rework", _from("handled"), "accepted", SYSTEM, "seen_occupied",
          tells=("rework",)),
    _rule("15a", "rework", _from("handled"), "accepted", VERIFIER, when="by_person", reason="text",
          tells=("rework",)),
    _rule("16", "verify", _from("handled"), "closed", SYSTEM, "is_clear"),
    _rule("16a", "verify", _from("handled"), "closed", VERIFIER, "still_occupied",
          when="by_person"),
    _rule("16b", "explain", _from("accepted", "handled"), "closed", VERIFIER | LEADER,
          "still_occupied", reason="text"),
    _rule("16c", "transfer", _from("accepted", "returned"), "closed", LEADER, reason="text"),
    _rule("17", "self_clear", WAITING, "closed", SYSTEM, "is_clear", tells=("recalled",)),
    _rule("18", "cleared", NUMBERED, None, SYSTEM),
    _rule("18a", "occupied", NUMBERED, None, SYSTEM),
    _rule("18b", "joined", NUMBERED, None, SYSTEM),
    _rule("18c", "severity", NUMBERED, None, SYSTEM, clocks=("official", "internal"),
          tells=("severity",)),
    _rule("19", "void", OPEN, "void", DESK | LEADER, "not_lead", reason="void",
          tells=("recalled",)),
    _rule("19a", "reject", FRESH, "void", DESK, "unjudged", "not_lead", reason="reject",
          tells=("recalled",)),
    _rule("20", "merge", OPEN, "merged", SYSTEM | DESK | DISPATCH, "names_case",
          tells=("recalled",)),
    _rule("20a", "unmerge", _from("merged"), "before", DESK | DISPATCH, "survivor_open"),
    _rule("21", "reopen", _from("closed"), "accepted", SYSTEM | DESK | VERIFIER, "reopenable",
          when="was_owned", tells=("reopened",)),
    _rule("21c", "reopen", _from("closed"), "returned", SYSTEM | DESK | VERIFIER, "reopenable",
          when="was_returned", clocks=("accept",), tells=("reopened",)),
    _rule("21a", "reopen", _from("closed"), "dispatched", SYSTEM | DESK | VERIFIER, "reopenable",
          when="was_dispatched", clocks=("accept",), tells=("reopened",)),
    _rule("21b", "reopen", _from("closed"), "filed", SYSTEM | DESK | VERIFIER, "reopenable",
          clocks=("accept",), tells=("reopened",)),
    _rule("22", "archive", OPEN, "archived_unaccepted", LEADER, reason="text", tells=("archived",)),
    _rule("23", "appeal", _from("closed"), None, HANDLER, "own_org", "was_overdue", "not_appealed",
          reason="text", tells=("asked",)),
    _rule("23a", "exempt", _from("closed"), None, LEADER, "appeal_waits", "second_person",
          reason="text"),
    _rule("23b", "refuse", _from("closed"), None, LEADER, "appeal_waits", "second_person",
          reason="text", tells=("refused",)),
    _rule("a", "undo", UNDOABLE, "before", DESK | HANDLER, "something_to_undo", "own_org"),
    _rule("b", "comment", NUMBERED, None, EVERYBODY, reason="text"),
    _rule("c", "remind", _from("pending_file", "handled"), None, SYSTEM, "not_reminded",
          tells=("reminded",)),
    _rule("d", "red", RUNNING - {"handled"}, None, SYSTEM, "not_red"),
    _rule("e", "overdue", RUNNING - {"handled"}, None, SYSTEM, "not_yet_overdue",
          tells=("overdue",)),
)
# fmt: on


def _indexed() -> dict[tuple[State | None, Action], tuple[Rule, ...]]:
    found: dict[tuple[State | None, Action], tuple[Rule, ...]] = {}
    for rule in TABLE:
        for state in rule.sources:
            found[state, rule.action] = (*found.get((state, rule.action), ()), rule)
    return found


BY_STATE_AND_ACTION = _indexed()
