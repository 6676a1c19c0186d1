"""What the box said against the truth: incidents that are right, missing, twice, over too early."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .drive import Message, Played
from .truth import Occupation, occupations
from .world import Scenario, within

MARGIN_S = 3.0
MARGIN_STEPS = 3
"""So much (seconds, pictures) may be between the truth and what can be said of it."""
LATE_S = 30.0
"""An incident that is not cleared so long after it could have been is stuck."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as the box told it."""

    messages: tuple[Message, ...]

    @property
    def last(self) -> Message:
        """The newest word on it."""
        return self.messages[-1]

    @property
    def cleared(self) -> bool:
        """Whether it was said to be over."""
        return self.last.data.stage == "cleared"

    @property
    def until_s(self) -> float:
        """End of the stay that was told so far."""
        return self.last.since_s + self.last.data.dwell_s

    def well_formed(self) -> bool:
        """Whether revisions count 1, 2, 3 … and stages come in their order."""
        stages = [m.data.stage for m in self.messages]
        order = ["warned", "confirmed", "ongoing", "cleared"]
        ranks = [order.index(stage) for stage in stages]
        counted = [m.data.rev for m in self.messages] == list(range(1, len(stages) + 1))
        once = all(stages.count(stage) <= 1 for stage in ("warned", "confirmed", "cleared"))
        return counted and once and stages[0] == "warned" and ranks == sorted(ranks)


@dataclass(slots=True)
class Score:
    """How one scenario was judged; counts unless the name says otherwise."""

    name: str
    kind: str
    fps: float
    due: int = 0
    """Occupations that had to be told."""
    found: int = 0
    reported: int = 0
    """Incidents that can be right or wrong."""
    right: int = 0
    false: int = 0
    duplicates: int = 0
    """More incidents than one for the same occupation."""
    false_clears: int = 0
    """Cleared while the vehicle still stood there."""
    stuck: int = 0
    """Not cleared though the lane was seen empty for long."""
    wrong_first: int = 0
    """`already_there` said when it came later, or not said when it was."""
    overcounted: int = 0
    """Messages that named more vehicles than stood there."""
    broken: int = 0
    """Revisions or stages out of order."""
    device: int = 0
    """Device conditions raised though nothing was wrong with the camera."""
    dwell_error_s: list[float] = field(default_factory=list)
    unobserved_s: float = 0.0
    """Reported for the incidents that are right."""
    unseen_s: float = 0.0
    """The truth of it."""


def judge(scenario: Scenario, played: Played) -> Score:
    """Score of one scenario."""
    score = Score(scenario.name, scenario.kind, scenario.feed.fps)
    score.device = sum(not _is_outage(scenario, *raised) for raised in played.device)
    truths = occupations(scenario)
    incidents = gather(played.messages)
    score.broken = sum(not incident.well_formed() for incident in incidents)
    score.overcounted = sum(_overcounts(scenario, message) for message in played.messages)
    owners = [_owner(incident, truths) for incident in incidents]
    score.false = owners.count(None)
    for number, truth in enumerate(truths):
        mine = [i for i, owner in zip(incidents, owners, strict=True) if owner == number]
        _judge_one(score, scenario, truth, mine)
    score.reported = score.right + score.false + score.duplicates
    return score


def gather(messages: Sequence[Message]) -> list[Incident]:
    """The incidents, in the order in which they were first told."""
    by_id: dict[str, list[Message]] = {}
    for message in messages:
        by_id.setdefault(message.data.incident_id, []).append(message)
    return [Incident(tuple(mine)) for mine in by_id.values()]


def _is_outage(scenario: Scenario, told_s: float, condition: str) -> bool:
    """Whether there was no signal when that was said."""
    return condition == "no_signal" and within(scenario.feed.gaps, told_s)


def _overcounts(scenario: Scenario, message: Message) -> bool:
    """A little slack in time: one that just left may still be named."""
    times = (message.told_s - MARGIN_S - 2 / scenario.feed.fps, message.told_s)
    there = max(sum(thing.stands_at(t) for thing in scenario.things) for t in times)
    return sum(v.left is None for v in message.data.measures.vehicles) > there


def _owner(incident: Incident, truths: Sequence[Occupation]) -> int | None:
    """The occupation that an incident is about: the one it shares most time with."""
    shared = [
        min(incident.until_s, truth.end[1]) - max(incident.last.since_s, truth.begin[0])
        for truth in truths
    ]
    best = max(range(len(truths)), key=lambda i: shared[i], default=None)
    return best if best is not None and shared[best] > 0 else None


def _judge_one(
    score: Score, scenario: Scenario, truth: Occupation, mine: Sequence[Incident]
) -> None:
    margin_s = MARGIN_S + MARGIN_STEPS / scenario.feed.fps
    warn_s = scenario.rule["warn_after_s"]
    score.due += (must := must_be_told(truth, warn_s, margin_s))
    if not mine:
        return
    if truth.dwell_s < warn_s - margin_s:
        score.false += len(mine)
        return
    score.found += must
    score.right += 1
    score.duplicates += len(mine) - 1
    score.false_clears += sum(
        incident.cleared and incident.until_s < truth.end[0] - margin_s for incident in mine
    )
    first = mine[0]
    score.wrong_first += first.last.data.already_there != truth.already_there
    score.stuck += _stuck(scenario, truth, mine[-1])
    data = first.last.data
    score.dwell_error_s.append(truth.dwell_error_s(first.last.since_s, data.dwell_s, first.cleared))
    if first.cleared:
        score.unobserved_s += data.dwell_s - data.observed_s
        score.unseen_s += truth.unseen_s


def must_be_told(truth: Occupation, warn_s: float, margin_s: float) -> bool:
    """Whether the vehicle was seen standing there beyond all doubt after the warning was due."""
    due_s = truth.begin[1] + warn_s
    return any(end - max(begin, due_s) >= margin_s for begin, end in truth.seen)


def _stuck(scenario: Scenario, truth: Occupation, incident: Incident) -> bool:
    if truth.still_there or incident.cleared:
        return False
    over_s = truth.end[1] + scenario.rule["clear_after_s"] + LATE_S
    return scenario.duration_s > over_s + MARGIN_STEPS / scenario.feed.fps
