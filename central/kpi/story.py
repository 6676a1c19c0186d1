"""What a case's log tells until a moment, as far as figures need it: one fold over its rows. Pure.

What only the figures decide:
- a verdict is the word of somebody who reviewed the evidence, the last one if there are several;
  to handle a case is none, and permitted work was seen rightly and is none either;
- a case counts as handled from the first hand-in that stood: one that was sent back (sensor or
  verifier disagreed) or taken back never happened;
- a red light is an event of a stage (from filing or a reopening until handled): the internal
  deadline in force passed while somebody should have been at work. It is found from deadlines,
  not from the row that a timer wrote, so a timer that was late or dead hides nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from central.kpi.entry import NO_DEADLINES, Case, Deadlines, Entry

RUNNING = frozenset({"filed", "dispatched", "accepted", "returned"})
JUDGING = frozenset({"confirm", "reject", "handle", "merge"})
UNDOING = frozenset({"undo", "unmerge"})
CLOSING = {"verify": "handled", "explain": "explained", "transfer": "transferred_out"}


@dataclass(slots=True)
class Stage:
    """From filing or reopening until handled or ended."""

    begun_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    red_at: datetime | None = None


@dataclass(slots=True)
class Story:
    """A case at a moment. `due` is what the last row said; made by `tell`, then only read.

    `dispatched_at` and `accepted_at` are the first ones; `sent_at` is the last dispatch, and
    `taken` says whether somebody accepted after it and has not returned it.
    """

    case: Case
    state: str = ""
    first_at: datetime | None = None
    filed_at: datetime | None = None
    dispatched_at: datetime | None = None
    sent_at: datetime | None = None
    taken: bool = False
    accepted_at: datetime | None = None
    accept_due_at: datetime | None = None
    handled_at: datetime | None = None
    handled_due_at: datetime | None = None
    stood: bool = False
    ended_at: datetime | None = None
    close_reason: str = ""
    by_sensor: bool = False
    judged_at: datetime | None = None
    verdict: bool | None = None
    permitted: bool = False
    exempt: bool = False
    returns: int = 0
    reworks: int = 0
    reopens: int = 0
    due: Deadlines = NO_DEADLINES
    stages: list[Stage] = field(default_factory=list)

    @property
    def official_at(self) -> datetime | None:
        """The official deadline that counts: the one in force when it was handled, or the last."""
        return self.handled_due_at if self.handled_at is not None else self.due.official_at

    @property
    def proved(self) -> bool | None:
        """Whether the sensors were right, by the reviewed cases that count; None: not one."""
        return None if self.case.source != "sensor" or self.permitted else self.verdict

    @property
    def passed_by(self) -> str:
        """Why nobody here had to handle it: it went away by itself, or was passed on as it was."""
        is_away = self.close_reason == "transferred_out" and self.handled_at is None
        return self.close_reason if is_away or self.close_reason == "self_cleared" else ""

    @property
    def left_out(self) -> str:
        """Why the case is in no figure of work: it was none (void) or is another one (merged)."""
        return self.state if self.state in ("void", "merged") else ""


def tell(case: Case, as_of: datetime) -> Story:
    """The story of a case from its rows until and with `as_of`."""
    rows = [entry for entry in case.entries if entry.at <= as_of]
    story = _fold(case, rows)
    _light(story, as_of)
    return story


def tell_all(cases: Iterable[Case], as_of: datetime) -> tuple[Story, ...]:
    """Stories of all cases, by number."""
    return tuple(tell(case, as_of) for case in sorted(cases, key=lambda c: c.case_no))


def _fold(case: Case, rows: Sequence[Entry]) -> Story:
    """All rows after each other; what is undone is told again without it, which is rare."""
    story, judged = Story(case), None
    for index, entry in enumerate(rows):
        _light(story, entry.at)
        if entry.action in JUDGING:
            judged = index
        if entry.action in UNDOING and judged is not None:
            story, judged = _fold(case, rows[:judged]), None
        else:
            effect = EFFECTS.get(entry.action)
            if effect is not None:
                effect(story, entry)
        story.first_at = story.first_at or entry.at
        story.due = entry.deadlines
        _enter(story, entry)
    return story


def _enter(story: Story, entry: Entry) -> None:
    """The new state, and what being in it means."""
    story.state = entry.to_state
    if entry.to_state == "filed" and story.filed_at is None:
        story.filed_at = entry.at
        story.stages.append(Stage(entry.at))
    if entry.to_state == "dispatched" and story.dispatched_at is None:
        story.dispatched_at = entry.at
    if entry.to_state in ("filed", "dispatched", "returned"):
        story.accept_due_at = entry.deadlines.accept_at
    if entry.to_state in ("closed", "void", "merged", "archived_unaccepted"):
        story.ended_at = story.ended_at or entry.at
        _end_stage(story, entry.at)
    if story.stages and story.stages[-1].ended_at is None:
        story.stages[-1].due_at = entry.deadlines.internal_at


def _light(story: Story, until: datetime) -> None:
    """Turns the light red if the internal deadline passed before `until` in a running state."""
    if not story.stages or story.state not in RUNNING:
        return
    stage, due_at = story.stages[-1], story.due.internal_at
    if stage.ended_at is None and stage.red_at is None and due_at is not None and due_at < until:
        stage.red_at = max(due_at, stage.begun_at)


def _end_stage(story: Story, at: datetime) -> None:
    if story.stages and story.stages[-1].ended_at is None:
        story.stages[-1].ended_at = at


def _confirmed(story: Story, entry: Entry) -> None:
    story.verdict, story.judged_at, story.permitted = True, entry.at, False


def _rejected(story: Story, entry: Entry) -> None:
    story.verdict, story.judged_at = False, entry.at
    story.permitted = entry.reason == "permitted"


def _voided(story: Story, entry: Entry) -> None:
    """Taking a case away because it was none is a word on the evidence too, the last one."""
    if entry.reason in ("false_positive", "authorised"):
        _rejected(story, entry)
        story.permitted = entry.reason == "authorised"


def _sent(story: Story, entry: Entry) -> None:
    story.sent_at, story.taken = entry.at, False


def _accepted(story: Story, entry: Entry) -> None:
    story.taken = True
    story.accepted_at = story.accepted_at or entry.at


def _returned(story: Story, _: Entry) -> None:
    story.returns += 1
    story.taken = False


def _handled(story: Story, entry: Entry) -> None:
    _accepted(story, entry)
    _end_stage(story, entry.at)
    if not story.stood:
        _hand_in(story, entry)


def _hand_in(story: Story, entry: Entry) -> None:
    """Judged by the deadline of that moment, whatever moves later."""
    story.handled_at = entry.at
    story.handled_due_at = entry.deadlines.official_at or story.due.official_at


def _reworked(story: Story, _: Entry) -> None:
    story.reworks += 1
    if story.stages:
        story.stages[-1].ended_at = None
    if not story.stood:
        story.handled_at = story.handled_due_at = None


def _closed(story: Story, entry: Entry) -> None:
    if story.handled_at is None:
        _hand_in(story, entry)
    story.stood = True
    story.close_reason = CLOSING[entry.action]
    story.by_sensor = entry.role == "system"


def _transferred(story: Story, entry: Entry) -> None:
    """Whoever passes it on has not handled it; what was handed in before stays handled."""
    story.stood = story.handled_at is not None
    story.close_reason = CLOSING[entry.action]


def _self_cleared(story: Story, _: Entry) -> None:
    story.close_reason = "self_cleared"


def _reopened(story: Story, entry: Entry) -> None:
    story.reopens += 1
    story.ended_at, story.close_reason = None, ""
    story.stages.append(Stage(entry.at))


def _exempted(story: Story, _: Entry) -> None:
    story.exempt = True


EFFECTS: dict[str, Callable[[Story, Entry], None]] = {
    "confirm": _confirmed,
    "reject": _rejected,
    "void": _voided,
    "dispatch": _sent,
    "accept": _accepted,
    "return": _returned,
    "handle": _handled,
    "rework": _reworked,
    "verify": _closed,
    "explain": _closed,
    "transfer": _transferred,
    "self_clear": _self_cleared,
    "reopen": _reopened,
    "exempt": _exempted,
}
