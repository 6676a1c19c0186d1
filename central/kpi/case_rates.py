"""Figures of cases. Each says who is in it, who is left out and why, and when it is met. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from central.kpi.rates import Mark, Rate, mark, rate
from central.kpi.rules import Scope
from central.kpi.story import Story

NO_DEADLINE = "no_deadline"
Marks = Callable[[Sequence[Story], Scope], Iterator[Mark]]


def _filing(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """立案率: of what was reported in the period, what was filed."""
    for s in stories:
        if scope.period.holds(s.first_at):
            waits = "still_waiting" if s.state == "pending_file" else ""
            merged = "merged" if s.state == "merged" else ""
            yield mark(s.case.case_no, s.filed_at is not None, merged or waits)


def _finished(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """办结率: of what was filed in the period and not passed on, what was brought to an end."""
    for s in stories:
        if scope.period.holds(s.filed_at):
            done = s.state == "closed"
            yield mark(s.case.case_no, done, s.left_out or s.passed_by)


def _on_time(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """按时办结率: of what was due in the period (open ones too), what was handled in time."""
    for s, error in _due(stories, scope):
        met = not error and _in_time(s)
        yield mark(s.case.case_no, met, s.left_out or s.passed_by, error)


def _on_time_exempted(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """The same with approved exemptions as met; the raw figure stands beside it."""
    for s, error in _due(stories, scope):
        met = not error and (_in_time(s) or (s.exempt and s.state != "archived_unaccepted"))
        yield mark(s.case.case_no, met, s.left_out or s.passed_by, error)


def _red(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """红灯: of the stages whose internal deadline lay in the period, those it passed in."""
    for s in stories:
        for number, stage in enumerate(s.stages, 1):
            due_at = stage.due_at or stage.begun_at
            if scope.period.holds(due_at):
                open_still = stage.ended_at is None and due_at >= scope.as_of
                reason = s.left_out or ("not_yet_due" if open_still else "")
                error = "" if stage.due_at is not None else NO_DEADLINE
                met = stage.red_at is not None or bool(error)
                yield mark(f"{s.case.case_no}#{number}", met, reason, error)


def _precision(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """自动立案准确率: of sensors' cases that were reviewed in the period, those that were true.

    Cameras are promoted by the same marks. What was handled without a review is shown beside.
    """
    for s in stories:
        if s.case.source == "sensor" and scope.period.holds(s.judged_at or s.handled_at):
            reason = "permitted" if s.permitted else "unreviewed" if s.verdict is None else ""
            yield mark(s.case.case_no, bool(s.proved), reason)


def _self_cleared_share(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """自行消除率: of the cases that ended in the period, those nobody had to come for."""
    for s in stories:
        if scope.period.holds(s.ended_at):
            yield mark(s.case.case_no, s.close_reason == "self_cleared", s.left_out)


def _unaccepted(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """未接单率: of the cases last sent out in the period, those nobody accepted then; must be 0."""
    for s in stories:
        archived = s.state == "archived_unaccepted"
        if scope.period.holds(s.sent_at or (s.filed_at if archived else None)):
            never = not s.taken
            open_still = never and s.ended_at is None
            waits = open_still and s.accept_due_at is not None and s.accept_due_at > scope.as_of
            reason = s.left_out or (s.passed_by if never else "")
            yield mark(s.case.case_no, never, reason or ("still_waiting" if waits else ""))


def _reoffence(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """再犯率: of the cases filed in the period, those of somebody who was there the day before."""
    for s in stories:
        if scope.period.holds(s.filed_at):
            yield mark(s.case.case_no, bool(s.case.reoffence_of), s.left_out)


def _cleared_on_site(stories: Sequence[Story], scope: Scope) -> Iterator[Mark]:
    """现场清除率: of the cases closed as handled in the period, those that a sensor confirmed."""
    for s in stories:
        if scope.period.holds(s.ended_at) and s.close_reason == "handled":
            yield mark(s.case.case_no, s.by_sensor)


RATES: dict[str, Marks] = {
    "filing": _filing,
    "finished": _finished,
    "on_time": _on_time,
    "on_time_exempted": _on_time_exempted,
    "red": _red,
    "precision": _precision,
    "self_cleared": _self_cleared_share,
    "unaccepted": _unaccepted,
    "reoffence": _reoffence,
    "cleared_on_site": _cleared_on_site,
}


ALERTS = "alerts_per_camera_day"


def case_rates(stories: Sequence[Story], scope: Scope) -> tuple[Rate, ...]:
    """All figures of cases but the one that needs camera-days."""
    return tuple(rate(name, marks(stories, scope), scope) for name, marks in RATES.items())


def alerts_per_camera_day(stories: Iterable[Story], scope: Scope, camera_days: Fraction) -> Rate:
    """Cases that sensors filed in the period per camera and day; `camera_days` of all cameras."""
    return rate(ALERTS, alerts(stories, scope), scope, per=camera_days)


def alerts(stories: Iterable[Story], scope: Scope) -> Iterator[Mark]:
    """Cases that sensors filed in the period."""
    for s in stories:
        if s.case.source == "sensor" and scope.period.holds(s.filed_at):
            yield mark(s.case.case_no, True)


def _due(stories: Sequence[Story], scope: Scope) -> Iterator[tuple[Story, str]]:
    """Filed cases that were due in the period; one without a deadline was due when it was filed.

    What is not due yet when the log ends is only counted once it is handled.
    """
    for s in stories:
        if s.filed_at is None:
            continue
        if s.official_at is None:
            if scope.period.holds(s.filed_at):
                yield s, NO_DEADLINE
        elif scope.period.holds(s.official_at) and (_is_settled(s) or s.official_at < scope.as_of):
            yield s, ""


def _is_settled(s: Story) -> bool:
    return s.handled_at is not None or s.ended_at is not None


def _in_time(s: Story) -> bool:
    if s.state == "archived_unaccepted" or s.handled_at is None or s.handled_due_at is None:
        return False
    return s.handled_at <= s.handled_due_at
