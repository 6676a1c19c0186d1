"""What a scenario's truth is: when the zone was occupied, and how well that could be seen."""

from dataclasses import dataclass, replace

from edge.types import Box

from .world import HIDDEN_BELOW, Scenario, Span, showing, within

STEP_S = 0.25
"""The truth is sampled so often."""


@dataclass(frozen=True, slots=True)
class Occupation:
    """One vehicle after another standing in the zone without it being clear for `clear_after_s`.

    `begin` and `end` are spans: a vehicle that leaves behind a board has left at some moment
    between the last and the first view of the place, and no observer can say more.
    """

    begin: Span
    end: Span
    unseen_s: float
    already_there: bool
    still_there: bool
    """It stands there when the scenario ends."""
    seen: tuple[Span, ...]
    """When it could be seen."""

    def dwell_error_s(self, since_s: float, dwell_s: float, cleared: bool) -> float:
        """Seconds by which a reported dwell is too long (+) or too short (-)."""
        if not cleared:
            return -_beyond(self.begin, since_s)
        shortest = max(0.0, self.end[0] - self.begin[1])
        return _beyond((shortest, self.end[1] - self.begin[0]), dwell_s)

    @property
    def dwell_s(self) -> float:
        """How long it lasted, at most."""
        return self.end[1] - self.begin[0]


def _beyond(span: Span, value: float) -> float:
    return value - min(max(value, span[0]), span[1])


@dataclass(frozen=True, slots=True)
class _Stay:
    """Thing `index` stands in the zone."""

    begin_s: float
    end_s: float
    index: int


def occupations(scenario: Scenario) -> list[Occupation]:
    """The true occupations, earliest first."""
    stays = sorted(
        (
            _Stay(max(0.0, begin), min(end, scenario.duration_s), index)
            for index, thing in enumerate(scenario.things)
            for begin, end in thing.stands
        ),
        key=lambda stay: stay.begin_s,
    )
    groups: list[list[_Stay]] = []
    for stay in stays:
        before = max((s.end_s for s in groups[-1]), default=0.0) if groups else float("-inf")
        if stay.begin_s - before > scenario.rule["clear_after_s"]:
            groups.append([])
        groups[-1].append(stay)
    return [_occupation(scenario, group) for group in groups]


def _occupation(scenario: Scenario, group: list[_Stay]) -> Occupation:
    first, last = group[0], max(group, key=lambda stay: stay.end_s)
    seen = _seen(scenario, group, (first.begin_s, last.end_s))
    return Occupation(
        begin=_blind_round(scenario, first.index, first.begin_s),
        end=_blind_round(scenario, last.index, last.end_s),
        unseen_s=max(0.0, last.end_s - first.begin_s - sum(b - a for a, b in seen)),
        already_there=first.begin_s <= 0,
        still_there=last.end_s >= scenario.duration_s,
        seen=seen,
    )


def _seen(scenario: Scenario, group: list[_Stay], span: Span) -> tuple[Span, ...]:
    """Spans in which at least one of the standing vehicles could be seen."""
    spans: list[Span] = []
    for step in range(max(1, round((span[1] - span[0]) / STEP_S))):
        at_s = span[0] + step * STEP_S
        until_s = min(at_s + STEP_S, span[1])
        standing = [stay.index for stay in group if stay.begin_s <= at_s <= stay.end_s]
        if not any(can_be_seen(scenario, index, at_s) for index in standing):
            continue
        if spans and at_s - spans[-1][1] < STEP_S / 2:
            spans[-1] = (spans[-1][0], until_s)
        else:
            spans.append((at_s, until_s))
    return tuple(spans)


def can_be_seen(scenario: Scenario, index: int, at_s: float) -> bool:
    """Whether a picture of that moment would show enough of thing `index`."""
    box = scenario.things[index].box(at_s)
    if box is None or within(scenario.feed.gaps, at_s):
        return False
    return float(showing(scenario, index, box, at_s).mean()) >= HIDDEN_BELOW


def _blind_round(scenario: Scenario, index: int, at_s: float) -> Span:
    """The span round a moment in which the place where the thing then is cannot be seen."""
    place = scenario.things[index].box(at_s)
    low, high = at_s, at_s
    while place and low > 0 and not _place_seen(scenario, index, place, low):
        low = max(0.0, low - STEP_S)
    while place and high < scenario.duration_s and not _place_seen(scenario, index, place, high):
        high += STEP_S
    return (low, high)


def _place_seen(scenario: Scenario, index: int, place: Box, at_s: float) -> bool:
    """Whether a picture would show who stands in that place: another vehicle is an answer."""
    if within(scenario.feed.gaps, at_s):
        return False
    others = tuple(
        thing
        for number, thing in enumerate(scenario.things)
        if number == index or thing.what != "vehicle" or not thing.stands_at(at_s)
    )
    alone = replace(scenario, things=others)
    mine = others.index(scenario.things[index])
    return float(showing(alone, mine, place, at_s).mean()) >= HIDDEN_BELOW
