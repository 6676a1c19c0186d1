"""Figures of appeals: contacted first, solved, satisfied. Cases without an appeal are not here."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial

from central.kpi.entry import Appeal
from central.kpi.rates import Mark, Rate, Sums, mark, rate
from central.kpi.rules import Scope

NO_DEADLINE = "no_deadline"


def appeal_rates(appeals: Sequence[Appeal], scope: Scope) -> tuple[Rate, ...]:
    """All figures of appeals; in a sample only those that were sampled."""
    return tuple(
        rate(name, appeal_marks(name, appeals, scope), scope, weights=_weights(name, scope))
        for name in RATES
    )


def appeal_marks(name: str, appeals: Iterable[Appeal], scope: Scope) -> Iterator[Mark]:
    """What the appeals add to the figure of this name; raises KeyError for no such figure."""
    sample = scope.population.sample
    return RATES[name]([a for a in appeals if sample in ("", a.sample)], scope)


def appeal_sums(alike: Iterable[tuple[Appeal, int]], scope: Scope) -> dict[str, Sums]:
    """What so many appeals like each of these add, by figure; each has a deadline."""
    found: dict[str, Sums] = {name: Counter() for name in RATES}
    for appeal, number in alike:
        for name, sums in found.items():
            for one in appeal_marks(name, (appeal,), scope):
                sums[one.worth, one.excluded] += number
    return found


def _weights(name: str, scope: Scope) -> tuple[tuple[str, Fraction], ...]:
    weights = scope.rules.weights if name == "satisfied" else {}
    return tuple(sorted((str(grade), weight) for grade, weight in weights.items()))


def _contact(appeals: Sequence[Appeal], scope: Scope, *, ever: bool = False) -> Iterator[Mark]:
    """先行联系率: of the appeals to be answered in the period, those contacted in time."""
    for a in appeals:
        due_at = a.contact_due_at
        if not scope.period.holds(due_at or a.received_at):
            continue
        contacted_at = a.contacted_at if a.contacted_at and a.contacted_at <= scope.as_of else None
        reason = a.not_contacted or ""
        excluded = reason if reason in scope.rules.excluded and contacted_at is None else ""
        waits = due_at is not None and due_at > scope.as_of and contacted_at is None
        in_time = contacted_at is not None and due_at is not None and contacted_at <= due_at
        met = contacted_at is not None if ever else in_time
        error = "" if due_at is not None else NO_DEADLINE
        yield mark(a.appeal_no, met, excluded or ("not_yet_due" if waits else ""), error)


def _solved(appeals: Sequence[Appeal], scope: Scope) -> Iterator[Mark]:
    """实际解决率: of the appeals with an answer on the outcome, those really solved."""
    for a in appeals:
        if scope.period.holds(a.received_at):
            yield mark(a.appeal_no, a.outcome == "solved", "" if a.outcome else "no_answer")


def _satisfied(appeals: Sequence[Appeal], scope: Scope) -> Iterator[Mark]:
    """市民满意率: the weights of the grades given, over the number of grades."""
    for a in appeals:
        if scope.period.holds(a.received_at):
            if a.satisfaction is None:
                yield Mark(a.appeal_no, excluded="no_answer")
            else:
                yield Mark(a.appeal_no, scope.rules.weights[a.satisfaction])


RATES: dict[str, Callable[[Sequence[Appeal], Scope], Iterator[Mark]]] = {
    "contact": _contact,
    "contact_ever": partial(_contact, ever=True),
    "solved": _solved,
    "satisfied": _satisfied,
}
