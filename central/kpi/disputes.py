"""Disputed pairs (退单) out of the log: who returned what from where, and whom they proposed. Pure.

The row of a `dispatch` names in its detail (`org`) who gets the case, the row of a `return` who is
proposed instead.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from central.kpi.entry import Case
from central.kpi.rules import Period
from central.routing.disputes import Disputed, Returned


def returned(cases: Iterable[Case], period: Period) -> Iterator[Returned]:
    """Every return of these cases in the period, with whoever had the case then."""
    for case in cases:
        lead = ""
        for entry in case.entries:
            named = str(entry.detail.get("org", ""))
            if entry.action == "dispatch":
                lead = named or lead
            elif entry.action == "return" and period.holds(entry.at):
                yield Returned(case.case_no, entry.at, case.scene, case.grid, lead, named)


def plain_pair(pair: Disputed) -> dict[str, Any]:
    """A disputed pair as JSON values."""
    named = [
        {"by": by, "proposed": proposed, "returns": count} for by, proposed, count in pair.proposals
    ]
    return {
        "scene": pair.scene,
        "grid": pair.grid,
        "cases": pair.cases,
        "returns": pair.returns,
        "dispatched": pair.dispatched,
        "proposals": named,
    }
