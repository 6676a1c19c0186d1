"""What a row of the log changes in a standing, beside its state. Pure; one function per action."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from central.cases.standing import Asked, Entry, Rise, Standing, with_times
from central.cases.states import LEVELS, UNACCEPTED, Action, RejectReason, VoidReason

JUDGING: frozenset[Action] = frozenset({"confirm", "reject", "handle", "merge"})
"""What a person can take back, as long as nothing has been decided since."""

Effect = Callable[[Standing, Entry], Standing]


def _filed(standing: Standing, entry: Entry) -> Standing:
    """Whoever files a case by hand has judged it; a sensor has not."""
    detail = entry.detail
    by_person = entry.role != "system"
    judged = replace(standing, verdict="true") if by_person else standing
    return with_times(
        replace(judged, priority=max(standing.priority, detail.priority)),
        filed_at=entry.at,
        waiting_since=entry.at,
        severity=detail.severity,
        limits=detail.limits,
    )


def _queued(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, queued_at=entry.at)


def _confirmed(standing: Standing, entry: Entry) -> Standing:
    judged = replace(standing, verdict="true")
    return _filed(judged, entry) if entry.from_state == "pending_file" else judged


def _rejected(standing: Standing, entry: Entry) -> Standing:
    reason = cast(RejectReason, entry.reason)
    why: VoidReason = "authorised" if reason == "permitted" else "false_positive"
    return replace(standing, verdict="false", reject_reason=reason, void_reason=why)


def _voided(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, void_reason=cast(VoidReason, entry.reason))


def _undone(standing: Standing, entry: Entry) -> Standing:
    """What was decided goes back; what sensors and timers have said meanwhile stays."""
    before = standing.before
    assert before is not None, "the table asks for it"
    times = replace(before.times, rises=standing.times.rises)
    back = replace(
        before,
        version=standing.version,
        times=times,
        priority=standing.priority,
        level=standing.level,
        red=standing.red,
        overdue=standing.overdue,
        reminded=standing.reminded,
        before=None,
    )
    return back if before.state == entry.from_state else _asked_for_again(back, entry)


def _asked_for_again(back: Standing, entry: Entry) -> Standing:
    """It waits for people once more, and must not do so in silence.

    What was another case's for a while asks anew: nobody was to look at it. What was only taken
    back goes on as before, unless all who could hear of its waiting have heard already.
    """
    parted = entry.action == "unmerge"
    if back.state in UNACCEPTED and (parted or back.level >= LEVELS):
        return _offered(back, entry)
    return replace(back, reminded=0) if parted or back.reminded >= LEVELS else back


def _dispatched(standing: Standing, entry: Entry) -> Standing:
    """Who came in by a rise of severity before anybody was named stays."""
    detail, first = entry.detail, entry.from_state == "filed"
    given = replace(
        standing,
        lead=detail.org,
        assists=_more(standing.assists if first else (), detail.assist),
        informed=_more(standing.informed if first else (), detail.inform),
        holder="",
    )
    same = entry.from_state == "dispatched" and detail.org == standing.lead
    return given if same else _offered(given, entry)


def _accepted(standing: Standing, entry: Entry) -> Standing:
    taken = replace(standing, holder=entry.actor)
    return with_times(taken, accepted_at=standing.times.accepted_at or entry.at)


def _returned(standing: Standing, entry: Entry) -> Standing:
    back = replace(standing, returns=standing.returns + 1, holder="")
    return _offered(back, entry)


def _offered(standing: Standing, entry: Entry) -> Standing:
    """Somebody new has to act: who hears of their silence is asked from the first level on.

    The third level's moment stays: it counts from the filing, the reopening or the return by who
    had accepted, whoever is asked meanwhile. Only once it has heard does an offer count anew.
    """
    waited_anew = entry.from_state == "accepted" or standing.level >= LEVELS
    unowned_at = entry.at if waited_anew else standing.times.unowned_at
    asked = replace(standing, level=0)
    return with_times(asked, offered_at=entry.at, unowned_at=unowned_at)


def _assisted(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, assists=_more(standing.assists, (entry.detail.org,)))


def _asked(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, asked=Asked(entry.action, entry.actor, entry.detail.until))


def _extended(standing: Standing, entry: Entry) -> Standing:
    extensions = (*standing.times.extensions, entry.at)
    return with_times(replace(standing, asked=None), extensions=extensions)


def _refused(standing: Standing, entry: Entry) -> Standing:
    """A no: to an appeal once it is closed, else to what was asked for; the fact stays."""
    if entry.from_state == "closed":
        return replace(standing, appeal_refused=True)
    return replace(standing, asked=None)


def _suspended(standing: Standing, entry: Entry) -> Standing:
    """Until the approved end, which a deadline already counts on; who resumes earlier cuts it."""
    until = standing.asked.until if standing.asked else entry.detail.until
    paused = replace(standing, asked=None, suspended_until=until)
    pause = (entry.at, max(entry.at, until or entry.at))
    return with_times(paused, pauses=(*standing.times.pauses, pause))


def _resumed(standing: Standing, entry: Entry) -> Standing:
    """A timer that comes late lengthens nothing: approved is what was approved."""
    *earlier, (begin, until) = standing.times.pauses
    going = replace(standing, suspended_until=None)
    return with_times(going, pauses=(*earlier, (begin, min(entry.at, until))))


def _handled(standing: Standing, entry: Entry) -> Standing:
    """Whoever has dealt with it has seen it: that is a verdict, and it was taken on."""
    done = replace(standing, verdict=standing.verdict or "true")
    done = replace(done, holder=done.holder or entry.actor, reminded=0)
    accepted_at = done.times.accepted_at or entry.at
    return with_times(done, accepted_at=accepted_at, handled_at=entry.at)


def _reworked(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    again = replace(standing, reworks=standing.reworks + 1, reminded=0)
    return with_times(again, handled_at=None)


def _verified(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, close_reason="handled")


def _explained(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, close_reason="explained")


def _transferred(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, close_reason="transferred_out")


def _self_cleared(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, close_reason="self_cleared")


def _merged(standing: Standing, entry: Entry) -> Standing:
    into = replace(standing, merged_into=entry.detail.case_no)
    return replace(into, before=replace(standing, before=None))


def _reopened(standing: Standing, entry: Entry) -> Standing:
    """Same number, and the total clock has gone on all the time; waiting begins anew."""
    again = replace(
        standing,
        close_reason=None,
        ended_at=None,
        ended_from=None,
        reopens=standing.reopens + 1,
        level=0,
        reminded=0,
    )
    return with_times(again, handled_at=None, waiting_since=entry.at)


def _appealed(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, appealed=entry.actor)


def _exempted(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, exempt=True)


def _escalated(standing: Standing, entry: Entry) -> Standing:
    return replace(standing, level=entry.detail.level)


def _reminded(standing: Standing, entry: Entry) -> Standing:
    """The rows of old that name no level told those whose work it is: the first."""
    return replace(standing, reminded=max(entry.detail.level, 1))


def _red(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, red=True)


def _overdue(standing: Standing, entry: Entry) -> Standing:  # noqa: ARG001
    return replace(standing, overdue=True)


def _risen(standing: Standing, entry: Entry) -> Standing:
    rise = Rise(entry.at, entry.detail.severity, entry.detail.limits)
    worse = with_times(standing, rises=(*standing.times.rises, rise))
    return replace(
        worse,
        priority=max(standing.priority, entry.detail.priority),
        assists=_more(standing.assists, entry.detail.assist),
        informed=_more(standing.informed, entry.detail.inform),
    )


def _more(orgs: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """These, and the others that are not among them."""
    return tuple(dict.fromkeys((*orgs, *others)))


EFFECTS: dict[Action, Effect] = {
    "queue": _queued,
    "file": _filed,
    "confirm": _confirmed,
    "reject": _rejected,
    "void": _voided,
    "undo": _undone,
    "dispatch": _dispatched,
    "accept": _accepted,
    "return": _returned,
    "assist": _assisted,
    "ask_extend": _asked,
    "extend": _extended,
    "ask_suspend": _asked,
    "suspend": _suspended,
    "refuse": _refused,
    "resume": _resumed,
    "handle": _handled,
    "verify": _verified,
    "rework": _reworked,
    "explain": _explained,
    "transfer": _transferred,
    "self_clear": _self_cleared,
    "merge": _merged,
    "unmerge": _undone,
    "reopen": _reopened,
    "appeal": _appealed,
    "exempt": _exempted,
    "escalate": _escalated,
    "remind": _reminded,
    "red": _red,
    "overdue": _overdue,
    "severity": _risen,
}
