"""Disputed pairs (退单) out of the log: who returned what from where, and whom they proposed. Pure.

The row of a `dispatch` names in its detail (`org`) who gets the case, the row of a `return` who is
proposed instead.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from central.kpi.entry import Case
from central.kpi.rules import Period
from central.routing.disputes import Disputed, Returned, disputed_pairs


def disputed(cases: Iterable[Case], period: Period, least_cases: int = 2) -> tuple[Disputed, ...]:
    """Pairs of scene and grid with so many returned cases in the period, the worst first."""
    found = tuple(cases)
    sent: Counter[tuple[str, str]] = Counter()
    for case in found:
        if any(e.action == "dispatch" and period.holds(e.at) for e in case.entries):
            sent[case.scene, case.grid] += 1
    returns = (one for case in found for one in _returns(case) if period.holds(one.at))
    return disputed_pairs(returns, sent, least_cases)


def _returns(case: Case) -> Iterator[Returned]:
    lead = case.lead
    for entry in case.entries:
        named = str(entry.detail.get("org", ""))
        if entry.action == "dispatch":
            lead = named or lead
        elif entry.action == "return":
            yield Returned(case.case_no, entry.at, case.scene, case.grid, lead, named)
