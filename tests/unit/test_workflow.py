"""The table of the workflow: every row, and that nothing else is possible."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from central.cases.moves import Refused, Situation
from central.cases.standing import Deadlines, Detail, Entry, Sensor, Standing
from central.cases.states import (
    ACTIONS,
    REJECT_REASONS,
    ROLES,
    VOID_REASONS,
    Action,
    Role,
    State,
)
from central.cases.table import TABLE
from central.cases.timers import timers
from central.cases.workflow import allowed, apply, fold, must_say
from tests.cases import CLEAR, OCCUPIED, ORG, WAYS, after, at, do, move

# Written from the study's §9 and its notes, not from the table: row, action, roles, from, to ("=":
# stays, "<": what it was before). a = administrator, d = desk, p = dispatcher, h = handler,
# v = verifier, l = leader, s = system, o = observer. Not of the study: the desk in 14, and 14b, the
# one key of the review page for what was settled before anybody had accepted it.
EXPECTED = """
3    file         sda      -                                                 filed
3a   file         s        pending_file                                      filed
4    queue        sda      -                                                 pending_file
5    confirm      da       pending_file                                      filed
5a   reject       da       pending_file                                      void
5b   confirm      da       filed dispatched accepted returned suspended closed          =
6    dispatch     spa      filed                                             dispatched
6a   dispatch     pa       dispatched                                        dispatched
7    accept       ha       filed dispatched                                  accepted
8    return       ha       dispatched accepted                               returned
9    dispatch     pa       returned                                          dispatched
10   escalate     s        filed dispatched returned                         =
11   assist       hpa      accepted                                          =
12a  ask_extend   ha       accepted                                          =
12   extend       l        accepted                                          =
13a  ask_suspend  hpa      accepted                                          =
13   suspend      l        accepted                                          suspended
13c  refuse       l        accepted                                          =
13b  resume       slpa     suspended                                         accepted
14   handle       hda      accepted                                          handled
14a  handle       ha       filed dispatched                                  handled
14b  handle       da       filed dispatched                                  handled
15   rework       s        handled                                           accepted
15a  rework       va       handled                                           accepted
16   verify       s        handled                                           closed
16a  verify       va       handled                                           closed
16b  explain      val      accepted handled                                  closed
16c  transfer     l        accepted returned                                 closed
17   self_clear   s        filed dispatched returned                         closed
18   cleared      s        *                                                 =
18a  occupied     s        *                                                 =
18b  joined       s        *                                                 =
18c  severity     s        *                                                 =
19   void         dal      open                                              void
19a  reject       da       filed dispatched accepted returned suspended closed          void
20   merge        sdpa     open                                              merged
20a  unmerge      dpa      merged                                            <
21   reopen       sdva     closed                                            dispatched
22   archive      l        open                                              archived_unaccepted
23   appeal       ha       closed                                            =
23a  exempt       l        closed                                            =
23b  refuse       l        closed                                            =
a    undo         dha      *-merged                                          <
b    comment      dphvla   *                                                 =
c    remind       s        pending_file handled                              =
d    red          s        filed dispatched accepted returned                =
e    overdue      s        filed dispatched accepted returned                =
"""
LETTERS: dict[str, Role] = {
    "a": "administrator",
    "d": "desk",
    "p": "dispatcher",
    "h": "handler",
    "v": "verifier",
    "l": "leader",
    "s": "system",
    "o": "observer",
}
OPEN = ("pending_file", "filed", "dispatched", "accepted", "returned", "suspended", "handled")
NUMBERED = (*OPEN, "closed", "void", "merged", "archived_unaccepted")
Cell = tuple[State | None, Action, Role]


def _rows() -> dict[Cell, str]:
    found: dict[Cell, str] = {}
    for line in EXPECTED.strip().splitlines():
        _, action, roles, *sources, target = line.split()
        named = {
            "*": NUMBERED,
            "open": OPEN,
            "*-merged": tuple(s for s in NUMBERED if s != "merged"),
        }
        states = named.get(sources[0], tuple(sources))
        for state, letter in itertools.product(states, roles):
            source = None if state == "-" else state
            found[source, action, LETTERS[letter]] = target  # type: ignore[index]
    return found


ROWS = _rows()


def _ready(state: State | None, action: Action) -> Standing:
    """A case in this state of which the action is not refused for what happened before."""
    standing = after(WAYS[state])
    if action in ("extend", "suspend", "refuse") and state == "accepted":
        return after(
            [("ask_suspend" if action == "suspend" else "ask_extend", "handler")], standing
        )
    if action == "appeal" and state == "closed":
        return replace(standing, deadlines=Deadlines())
    if action in ("exempt", "refuse") and state == "closed":
        return replace(standing, appealed="handler")
    if action == "undo" and state in OPEN:
        before = replace(standing, before=None)
        return replace(standing, before=before)
    return standing


@pytest.mark.parametrize("state", [None, *NUMBERED])
def test_every_cell_of_state_action_and_role(state: State | None) -> None:
    for action, role in itertools.product(ACTIONS, ROLES):
        standing = _ready(state, action)
        wish = move(
            action,
            role,
            10,
            reason={"reject": "other", "void": "test"}.get(action, ""),
            detail=replace(ORG, until=at(10) + timedelta(days=3), level=standing.level + 1),
        )
        sensor = CLEAR if action in ("verify", "explain", "self_clear") else OCCUPIED
        target = ROWS.get((state, action, role))
        if target is None:
            with pytest.raises(Refused) as refused:
                do(standing, wish, sensor)
            known = any((state, action, other) in ROWS for other in ROLES)
            assert refused.value.code == ("role" if known else "not_allowed"), (action, role)
            continue
        if target == "<" and standing.before is None:
            continue  # nothing to go back to: see the tests of undo
        outcome = do(standing, wish, sensor)
        expected = standing.state if target == "=" else target
        if target == "<":
            assert standing.before is not None
            expected = standing.before.state
        assert outcome.entry.to_state == outcome.standing.state == expected, (action, role)


def test_the_table_has_exactly_the_rows_of_the_study() -> None:
    numbers = [line.split()[0] for line in EXPECTED.strip().splitlines()]
    assert {rule.number for rule in TABLE} - {"21a", "21b", "21c"} == set(numbers)
    # 21 has four targets: back to who had it, else to where it waits for somebody


@pytest.mark.parametrize(
    ("steps", "target"),
    [
        ((("file", "system"), ("self_clear", "system")), "filed"),
        ((("file", "system"), ("dispatch", "system"), ("self_clear", "system")), "dispatched"),
        ((*WAYS["returned"], ("self_clear", "system")), "returned"),
        ((*WAYS["accepted"], ("return", "handler"), ("self_clear", "system")), "returned"),
        ((*WAYS["accepted"], ("return", "handler"), ("transfer", "leader")), "returned"),
        (
            (
                *WAYS["accepted"],
                ("return", "handler"),
                ("dispatch", "dispatcher"),
                ("self_clear", "system"),
            ),
            "dispatched",
        ),
    ],
)
def test_a_case_that_nobody_had_accepted_waits_again_after_reopening(
    steps: tuple[tuple[Action, Role], ...], target: State
) -> None:
    again = do(after(steps), move("reopen", "system", 30))
    assert (again.standing.state, again.standing.holder) == (target, "")
    (told,) = [(one.org, one.role) for one in again.tells if one.kind == "reopened"]
    assert told == (("物业", "") if target == "dispatched" else ("", "dispatcher"))
    assert again.standing.deadlines.levels_at == (at(35), at(45), at(90))


def test_a_case_that_somebody_had_goes_back_to_them_and_the_total_clock_went_on() -> None:
    handled = after(WAYS["handled"])
    closed = do(handled, move("verify", "system", 10), CLEAR).standing
    again = do(closed, move("reopen", "system", 20)).standing
    assert (again.state, again.holder, again.reopens) == ("accepted", "handler", 1)
    assert again.deadlines.official_at == handled.deadlines.official_at


def test_people_reopen_within_three_days_and_not_later() -> None:
    closed = after(WAYS["closed"])
    assert do(closed, move("reopen", "desk", 60 * 24 * 3)).standing.state == "dispatched"
    with pytest.raises(Refused, match="time for opening it again is over"):
        do(closed, move("reopen", "desk", 60 * 24 * 3 + 10))


@pytest.mark.parametrize("state", ["filed", "dispatched", "accepted", "closed"])
def test_the_desks_word_on_the_evidence_does_not_move_the_case(state: State) -> None:
    confirmed = do(after(WAYS[state]), move("confirm"))
    assert (confirmed.standing.state, confirmed.standing.verdict) == (state, "true")
    with pytest.raises(Refused, match="judged it already"):
        do(confirmed.standing, move("reject", reason="other"))


@pytest.mark.parametrize("reason", REJECT_REASONS)
def test_a_false_alarm_is_void_and_keeps_its_reason(reason: str) -> None:
    voided = do(after(WAYS["filed"]), move("reject", reason=reason)).standing
    why = "authorised" if reason == "permitted" else "false_positive"
    assert (voided.state, voided.verdict) == ("void", "false")
    assert (voided.reject_reason, voided.void_reason) == (reason, why)


def test_reasons_are_asked_for_and_not_taken_where_none_belongs() -> None:
    filed = after(WAYS["filed"])
    for action, reasons in (("reject", REJECT_REASONS), ("void", VOID_REASONS)):
        for wrong in ("", "because", *(set(REJECT_REASONS + VOID_REASONS) - set(reasons))):
            with pytest.raises(Refused, match="needs a reason") as refused:
                do(filed, move(action, reason=wrong))  # type: ignore[arg-type]
            assert refused.value.code == "reason_missing"
    with pytest.raises(Refused, match="takes no reason"):
        do(filed, move("confirm", reason="other"))
    for rule in TABLE:
        if rule.reason == "text" and "system" not in rule.roles:
            state = next(iter(sorted(rule.sources, key=str)))
            silent = move(rule.action, sorted(rule.roles)[0], 5, detail=replace(ORG, note=" "))
            with pytest.raises(Refused):
                do(_ready(state, rule.action), silent)


@pytest.mark.parametrize("action", ["confirm", "reject", "handle"])
def test_a_verdict_can_be_taken_back_once_and_everything_is_as_before(action: Action) -> None:
    filed = after(WAYS["filed"])
    reason = "other" if action == "reject" else ""
    judged = do(filed, move(action, minutes=5, reason=reason)).standing
    noticed = do(judged, move("cleared", "system", 6)).standing
    back = do(noticed, move("undo", minutes=7)).standing
    assert replace(back, version=1) == filed
    assert back.version == 3
    with pytest.raises(Refused, match="no verdict to take back"):
        do(back, move("undo", minutes=8))


def test_what_was_decided_since_ends_the_chance_to_take_back() -> None:
    confirmed = do(after(WAYS["dispatched"]), move("confirm")).standing
    accepted = do(confirmed, move("accept", "handler")).standing
    with pytest.raises(Refused, match="no verdict to take back"):
        do(accepted, move("undo"))


def test_handling_in_one_step_counts_as_taken_on_and_as_seen() -> None:
    done = do(after(WAYS["filed"]), move("handle", minutes=3)).standing
    assert (done.state, done.verdict, done.holder) == ("handled", "true", "desk")
    assert done.times.accepted_at == done.times.handled_at == at(3)
    assert done.deadlines.verify_at == at(33)


def test_a_case_is_returned_twice_and_then_the_dispatcher_decides() -> None:
    standing = after(WAYS["dispatched"])
    for _ in range(2):
        standing = do(standing, move("return", "handler")).standing
        standing = do(standing, move("dispatch", "dispatcher")).standing
    with pytest.raises(Refused, match="binding"):
        do(standing, move("return", "handler"))


def test_a_return_and_a_dispatch_ask_anew_and_no_other_clock_moves() -> None:
    dispatched = after(WAYS["dispatched"])
    standing = do(dispatched, move("accept", "handler", 2)).standing
    for action, role, minutes in (("return", "handler", 70), ("dispatch", "dispatcher", 80)):
        standing = do(standing, move(action, role, minutes)).standing  # type: ignore[arg-type]
        due = standing.deadlines
        assert standing.level == 0
        assert due.levels_at == (at(minutes + 5), at(minutes + 15), at(70 + 60))
        assert due.accept_at == due.levels_at[0]
        assert (due.official_at, due.internal_at) == (at(120), at(30))
        standing = do(standing, move("escalate", "system", minutes + 5)).standing


def test_a_dispatch_to_whom_it_lies_with_already_buys_no_time() -> None:
    escalated = do(after(WAYS["dispatched"]), move("escalate", "system", 5)).standing
    same = do(escalated, move("dispatch", "dispatcher", 10)).standing
    assert (same.level, same.deadlines) == (1, escalated.deadlines)
    other = do(escalated, move("dispatch", "dispatcher", 10, detail=replace(ORG, org="执法队")))
    assert (other.standing.level, other.standing.deadlines.accept_at) == (0, at(15))


def test_handlers_of_another_organisation_keep_their_hands_off() -> None:
    dispatched = after(WAYS["dispatched"])
    with pytest.raises(Refused, match="another organisation"):
        do(dispatched, move("accept", "handler", org="执法队"))
    assert do(dispatched, move("accept", "handler", org="物业")).standing.state == "accepted"


HANDS: tuple[tuple[State, Action], ...] = (
    ("dispatched", "accept"),
    ("dispatched", "return"),
    ("accepted", "return"),
    ("accepted", "ask_extend"),
    ("accepted", "ask_suspend"),
    ("accepted", "assist"),
    ("accepted", "handle"),
)


@pytest.mark.parametrize(("state", "action"), HANDS)
def test_who_assists_does_not_take_the_case_over(state: State, action: Action) -> None:
    assisted = replace(after(WAYS[state]), assists=("居委",))
    said = replace(ORG, until=at(60))
    with pytest.raises(Refused, match="another organisation"):
        do(assisted, move(action, "handler", detail=said, org="居委"))
    assert do(assisted, move(action, "handler", detail=said, org="物业"))


@pytest.mark.parametrize(("state", "action"), HANDS)
def test_a_handler_of_no_organisation_has_hands_where_the_lead_is_only_a_name(
    state: State, action: Action
) -> None:
    standing, said = after(WAYS[state]), replace(ORG, org="执法队", until=at(60))
    for orgs in (frozenset[str](), frozenset({"执法队"})):
        assert do(standing, move(action, "handler", orgs=orgs, detail=said))
    for role in ("administrator", "handler"):
        wish = move(action, role, orgs=TOWN, detail=said)  # type: ignore[arg-type]
        if role == "administrator":
            assert do(standing, wish)
            continue
        with pytest.raises(Refused, match="another organisation"):
            do(standing, wish)


@pytest.mark.parametrize(("action", "reason"), [("void", "test"), ("reject", "other")])
def test_nobody_strikes_out_the_case_of_their_own_organisation(action: Action, reason: str) -> None:
    dispatched = after(WAYS["dispatched"])
    for role in ("desk", "administrator", "leader"):
        if (action, role) == ("reject", "leader"):
            continue
        wish = move(action, role, reason=reason, org="物业")  # type: ignore[arg-type]
        with pytest.raises(Refused, match="may not strike it out"):
            do(dispatched, wish)
        for org in ("", "街道"):
            assert do(dispatched, replace(wish, org=org)).standing.state == "void"


TOWN = frozenset({"物业", "执法队"})


@pytest.mark.parametrize(
    ("state", "action", "role"),
    [
        ("filed", "dispatch", "dispatcher"),
        ("dispatched", "dispatch", "dispatcher"),
        ("returned", "dispatch", "dispatcher"),
        ("dispatched", "return", "handler"),
        ("accepted", "assist", "handler"),
    ],
)
def test_a_case_is_given_to_organisations_of_the_town(
    state: State, action: Action, role: Role
) -> None:
    standing = after(WAYS[state])
    for named in (replace(ORG, org="nonsense-org"), replace(ORG, assist=("nonsense-org",))):
        assert do(standing, move(action, role, 5, detail=named, org="物业")), (
            "a town without organisations"
        )
        with pytest.raises(Refused, match="no such organisation"):
            do(standing, move(action, role, 5, detail=named, org="物业", orgs=TOWN))
    known = replace(ORG, org="执法队", assist=("物业",))
    assert do(standing, move(action, role, 5, detail=known, org="物业", orgs=TOWN))


def test_two_people_suspend_and_only_for_thirty_days() -> None:
    accepted = after(WAYS["accepted"])
    for days in (-1, 31):
        until = replace(ORG, until=at(5) + timedelta(days=days))
        with pytest.raises(Refused, match="30 days"):
            do(accepted, move("ask_suspend", "handler", 5, detail=until))
    until = replace(ORG, until=at(5) + timedelta(days=2))
    asked = do(accepted, move("ask_suspend", "handler", 5, actor="li", detail=until)).standing
    with pytest.raises(Refused, match="may not approve"):
        do(asked, move("suspend", "leader", 6, actor="li"))
    with pytest.raises(Refused, match="nobody has asked"):
        do(accepted, move("suspend", "leader", 6))
    paused = do(asked, move("suspend", "leader", 10, actor="wang")).standing
    assert paused.suspended_until == at(5) + timedelta(days=2)


def _suspended(minutes: float, until: float) -> Standing:
    said = replace(ORG, until=at(until))
    asked = do(after(WAYS["accepted"]), move("ask_suspend", "handler", 5, detail=said)).standing
    return do(asked, move("suspend", "leader", minutes)).standing


@pytest.mark.parametrize("ask", ["ask_extend", "ask_suspend"])
def test_a_leader_says_no_with_a_reason_and_it_may_be_asked_for_again(ask: Action) -> None:
    said = replace(ORG, until=at(600))
    asked = do(after(WAYS["accepted"]), move(ask, "handler", 5, actor="li", detail=said)).standing
    with pytest.raises(Refused, match="needs a sentence"):
        do(asked, move("refuse", "leader", 6, detail=Detail()))
    with pytest.raises(Refused, match="may not approve"):
        do(asked, move("refuse", "leader", 6, actor="li"))
    outcome = do(asked, move("refuse", "leader", 6))
    assert [(one.kind, one.org) for one in outcome.tells] == [("refused", "物业")]
    assert outcome.standing.deadlines == asked.deadlines
    approve: Action = "extend" if ask == "ask_extend" else "suspend"
    for action in (approve, "refuse"):
        with pytest.raises(Refused, match="nobody has asked"):
            do(outcome.standing, move(action, "leader", 7))  # type: ignore[arg-type]
    assert do(outcome.standing, move(ask, "handler", 8, detail=said))


def test_a_request_lapses_when_the_state_changes() -> None:
    said = replace(ORG, until=at(600))
    standing = do(after(WAYS["accepted"]), move("ask_suspend", "handler", 5, detail=said)).standing
    for action, role in (("handle", "handler"), ("rework", "system")):
        standing = do(standing, move(action, role, 6)).standing  # type: ignore[arg-type]
    for action in ("suspend", "refuse"):
        with pytest.raises(Refused, match="nobody has asked"):
            do(standing, move(action, "leader", 7))  # type: ignore[arg-type]


def test_a_suspension_is_not_approved_after_its_end() -> None:
    said = replace(ORG, until=at(30))
    asked = do(after(WAYS["accepted"]), move("ask_suspend", "handler", 5, detail=said)).standing
    with pytest.raises(Refused, match="has passed"):
        do(asked, move("suspend", "leader", 30))
    assert do(asked, move("suspend", "leader", 29)).standing.state == "suspended"


def test_a_stale_approval_that_stands_in_an_old_log_still_folds() -> None:
    said = replace(ORG, until=at(600))
    standing = do(after(WAYS["accepted"]), move("ask_suspend", "handler", 5, detail=said)).standing
    for action, role in (("handle", "handler"), ("rework", "system")):
        standing = do(standing, move(action, role, 6)).standing  # type: ignore[arg-type]
    old = Entry(at(9), "leader", "leader", "suspend", "accepted", "suspended")
    assert apply(standing, old).suspended_until == at(600)


def test_while_it_is_suspended_its_deadlines_count_on_the_approved_end() -> None:
    due = _suspended(10, until=310).deadlines
    assert (due.official_at, due.internal_at) == (at(420), at(330))


@pytest.mark.parametrize(("resumed", "later"), [(40, 30), (310, 300), (900, 300)])
def test_who_resumes_earlier_cuts_the_pause_and_a_late_timer_lengthens_nothing(
    resumed: float, later: float
) -> None:
    going = do(_suspended(10, until=310), move("resume", "system", resumed)).standing
    assert (going.deadlines.official_at, going.deadlines.internal_at) == (
        at(120 + later),
        at(30 + later),
    )


def test_extensions_are_two_and_not_when_overdue() -> None:
    standing = after(WAYS["accepted"])
    first = standing.deadlines.official_at
    for number in (1, 2):
        standing = do(standing, move("ask_extend", "handler", 5)).standing
        standing = do(standing, move("extend", "leader", 6)).standing
        assert standing.deadlines.official_at == first + timedelta(hours=2 * number)  # type: ignore[operator]
    with pytest.raises(Refused, match="extended 2 times"):
        do(standing, move("ask_extend", "handler", 7))
    with pytest.raises(Refused, match="overdue"):
        do(after(WAYS["accepted"]), move("ask_extend", "handler", 121))


def test_severity_tightens_and_never_loosens_and_comments_touch_nothing() -> None:
    filed = after(WAYS["filed"])
    blocked = replace(ORG, severity="blocked")
    worse = do(filed, move("severity", "system", 10, detail=blocked)).standing
    assert worse.deadlines.official_at == at(70)
    assert worse.deadlines.internal_at == at(25)
    milder = replace(ORG, severity="occupied")
    assert do(worse, move("severity", "system", 20, detail=milder)).standing.deadlines == (
        worse.deadlines
    )
    late = do(filed, move("severity", "system", 90, detail=blocked)).standing
    assert late.deadlines.official_at == filed.deadlines.official_at
    commented = do(worse, move("comment", "handler", 50)).standing
    assert (commented.deadlines, commented.version) == (worse.deadlines, worse.version)


def test_who_assists_by_the_rule_of_a_worse_severity_assists() -> None:
    sent = replace(ORG, assist=("居委",), inform=("片区", "公安"))
    dispatched = do(after(WAYS["filed"]), move("dispatch", "system", detail=sent)).standing
    worse = Detail(severity="blocked", assist=("公安", "居委"), inform=("消防",))
    outcome = do(dispatched, move("severity", "system", 10, detail=worse))
    assert outcome.standing.assists == ("居委", "公安")
    assert [(one.kind, one.org) for one in outcome.tells] == [
        ("severity", "物业"), ("assist", "公安"), ("assist", "居委"), ("informed", "消防"),
    ]  # fmt: skip
    early = do(after(WAYS["filed"]), move("severity", "system", 1, detail=worse)).standing
    later = do(early, move("dispatch", "system", 2, detail=sent)).standing
    assert later.assists == ("公安", "居委")


def test_no_deadline_of_a_filed_case_is_ever_empty() -> None:
    for state in NUMBERED:
        standing = after(WAYS[state])  # type: ignore[index]
        if standing.times.filed_at is None:
            continue
        due = standing.deadlines
        assert None not in (due.official_at, due.internal_at, due.accept_at), state
    assert after(WAYS["handled"]).deadlines.verify_at is not None


def test_the_sensor_contradicts_only_while_it_sees() -> None:
    handled = after(WAYS["handled"])
    for sensor in (CLEAR, Sensor(sees=False)):
        with pytest.raises(Refused, match="no camera says"):
            do(handled, move("rework", "system"), sensor)
    again = do(handled, move("rework", "system")).standing
    assert (again.state, again.reworks, again.deadlines.verify_at) == ("accepted", 1, at(150))
    with pytest.raises(Refused, match="not known to be free"):
        do(handled, move("verify", "system"))
    with pytest.raises(Refused, match="sees the place occupied") as refused:
        do(handled, move("verify", "verifier"))
    assert refused.value.code == "still_occupied"
    for sensor in (CLEAR, Sensor(sees=False)):
        closed = do(handled, move("verify", "verifier"), sensor).standing
        assert closed.close_reason == "handled"


@pytest.mark.parametrize("state", ["accepted", "handled"])
@pytest.mark.parametrize("role", ["verifier", "leader", "administrator"])
def test_an_explanation_closes_nothing_that_a_camera_sees_occupied(
    state: State, role: Role
) -> None:
    standing, wish = after(WAYS[state]), move("explain", role)
    with pytest.raises(Refused, match="sees the place occupied") as refused:
        do(standing, wish)
    assert refused.value.code == "still_occupied"
    assert "explain" not in allowed(Situation(standing, wish, OCCUPIED))
    for sensor in (CLEAR, Sensor(sees=False)):
        assert do(standing, wish, sensor).standing.close_reason == "explained"
        with pytest.raises(Refused, match="needs a sentence"):
            do(standing, replace(wish, detail=replace(ORG, note=" ")), sensor)


@pytest.mark.parametrize("state", ["filed", "dispatched", "accepted"])
def test_a_hand_in_says_or_shows_what_was_done_unless_the_place_is_seen_free(state: State) -> None:
    standing = after(WAYS[state])
    for note in ("", "  ", "done", "ok.", "已处", "!!! ???"):
        said = replace(ORG, note=note)
        with pytest.raises(Refused, match="say what was done") as refused:
            do(standing, move("handle", "handler", detail=said))
        assert refused.value.code == "shown_done"
        shown = replace(said, pictures=("0" * 64,))
        assert do(standing, move("handle", "handler", detail=shown)).standing.state == "handled"
        assert do(standing, move("handle", "handler", detail=said), CLEAR)
    for note in ("已清理", "the car left"):
        assert do(standing, move("handle", "handler", detail=replace(ORG, note=note)))


@pytest.mark.parametrize("state", ["filed", "dispatched"])
def test_the_desk_hands_in_what_nobody_accepted_with_words_and_as_its_own(state: State) -> None:
    standing = after(WAYS[state])
    shown = replace(ORG, note="已处", pictures=("0" * 64,))
    for sensor in (OCCUPIED, CLEAR):
        with pytest.raises(Refused, match="say who did what") as refused:
            do(standing, move("handle", "desk", 9, detail=shown), sensor)
        assert refused.value.code == "said_done"
    outcome = do(standing, move("handle", "desk", 9, actor="li"))
    done = outcome.standing
    assert (done.holder, done.times.accepted_at, done.times.handled_at) == ("li", at(9), at(9))
    assert [one.kind for one in outcome.tells] == ["recalled"]
    back = do(done, move("rework", "system", 11)).standing
    assert (back.state, back.holder) == ("accepted", "li")
    assert do(after(WAYS["accepted"]), move("handle", "desk", 9, detail=shown), CLEAR)


def test_who_has_to_write_what_was_done() -> None:
    found = {(s, r) for s, r in itertools.product(OPEN, ROLES) if must_say(s, r)}  # type: ignore[arg-type]
    assert found == {("filed", "desk"), ("dispatched", "desk")}


def test_merged_goes_back_to_where_it_was() -> None:
    merged = after(WAYS["merged"])
    assert merged.merged_into == "FL-20261124-0001"
    back = do(merged, move("unmerge")).standing
    assert (back.state, back.merged_into) == ("filed", "")
    closed = replace(move("unmerge"), survivor_open=False)
    with pytest.raises(Refused, match="closed"):
        do(merged, closed)


@pytest.mark.parametrize("state", [s for s in OPEN if s not in ("accepted", "suspended")])
@pytest.mark.parametrize("heard", [0, 1, 3])
def test_what_is_parted_again_is_asked_for_again_however_often_it_was_before(
    state: State, heard: int
) -> None:
    waiting = replace(after(WAYS[state]), level=heard, reminded=heard)
    merged = do(waiting, move("merge", minutes=20)).standing
    back = do(merged, move("unmerge", minutes=200)).standing
    assert back.state == state
    assert back.deadlines.official_at == waiting.deadlines.official_at
    told = [one for one in timers(back, OCCUPIED) if one.action in ("escalate", "remind")]
    assert told, "somebody hears of it"
    if state in ("filed", "dispatched", "returned"):
        assert back.deadlines.levels_at[:2] == (at(205), at(215))
        third = at(260) if heard == 3 else waiting.deadlines.levels_at[2]
        assert back.deadlines.levels_at[2] == third, "what has not heard yet hears at once"


def test_what_somebody_had_is_theirs_again_with_its_lights_and_its_pause() -> None:
    for state, expected in (("accepted", {"red", "overdue"}), ("suspended", {"resume"})):
        standing = after(WAYS[state])  # type: ignore[index]
        merged = do(standing, move("merge", minutes=20)).standing
        assert timers(merged, OCCUPIED) == ()
        back = do(merged, move("unmerge", minutes=200)).standing
        assert {one.action for one in timers(back, OCCUPIED)} == expected
        assert back.deadlines == standing.deadlines


def test_what_was_struck_out_and_taken_back_is_not_silent_when_all_had_heard() -> None:
    heard = replace(after(WAYS["dispatched"]), level=3)
    voided = do(heard, move("reject", minutes=70, reason="other")).standing
    back = do(voided, move("undo", minutes=80)).standing
    assert (back.state, back.level) == ("dispatched", 0)
    assert back.deadlines.levels_at == (at(85), at(95), at(140))


def test_an_appeal_keeps_the_fact_and_is_decided_by_another_person() -> None:
    handled = do(after(WAYS["accepted"]), move("handle", "handler", 125)).standing
    late = do(handled, move("verify", "verifier", 130), CLEAR).standing
    appealed = do(late, move("appeal", "handler", actor="li")).standing
    with pytest.raises(Refused, match="once"):
        do(appealed, move("appeal", "handler"))
    with pytest.raises(Refused, match="may not approve"):
        do(appealed, move("exempt", "leader", actor="li"))
    assert do(appealed, move("exempt", "leader")).standing.exempt
    no = do(appealed, move("refuse", "leader", 140)).standing
    assert (no.exempt, no.state, no.appealed) == (False, "closed", "li")
    for action in ("exempt", "refuse"):
        with pytest.raises(Refused, match="there is no appeal"):
            do(no, move(action, "leader", 141))  # type: ignore[arg-type]
    with pytest.raises(Refused, match="on time"):
        do(after(WAYS["closed"]), move("appeal", "handler", 3))


def test_a_case_that_ended_in_time_stays_in_time_however_late_somebody_asks() -> None:
    for action, role, minutes, late in (
        ("explain", "verifier", 3, False),
        ("explain", "verifier", 121, True),
        ("transfer", "leader", 3, False),
        ("transfer", "leader", 121, True),
    ):
        accepted = after(WAYS["accepted"])
        closed = do(accepted, move(action, role, minutes), CLEAR).standing  # type: ignore[arg-type]
        wish = move("appeal", "handler", 180)
        if late:
            assert do(closed, wish).standing.appealed
            continue
        with pytest.raises(Refused, match="on time"):
            do(closed, wish)


def test_the_log_folds_into_the_same_case() -> None:
    standing, entries = Standing(), []
    steps: list[tuple[Action, Role]] = [*WAYS["dispatched"], ("confirm", "desk")]
    steps += [
        ("escalate", "system"),
        ("undo", "desk"),
        ("accept", "handler"),
        ("handle", "handler"),
    ]
    for number, (action, role) in enumerate(steps):
        outcome = do(standing, move(action, role, number))
        entries.append(outcome.entry)
        standing = outcome.standing
    assert fold(entries) == standing
    assert apply(fold(entries[:-1]), entries[-1]) == standing


@pytest.mark.parametrize("state", NUMBERED)
def test_buttons_are_what_would_not_be_refused(state: State) -> None:
    standing = after(WAYS[state])
    for role in ROLES:
        offered = allowed(Situation(standing, move("comment", role, 10), OCCUPIED))
        for action in ACTIONS:
            try:
                do(
                    standing,
                    move(
                        action,
                        role,
                        10,
                        reason={"reject": "other", "void": "test"}.get(action, ""),
                        detail=replace(ORG, until=at(20), level=standing.level + 1),
                    ),
                )
                possible = True
            except Refused:
                possible = False
            assert (action in offered) == possible, (role, action)


def test_details_and_deadlines_survive_as_text() -> None:
    detail = replace(ORG, until=at(3), due_at=at(4), assist=("a", "b"), incidents=("x",))
    assert Detail.of_json(detail.to_json()) == detail
    due = Deadlines(official_at=at(1), verify_at=at(2))
    assert Deadlines.of_json(due.to_json()) == due
