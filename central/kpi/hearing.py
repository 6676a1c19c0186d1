"""What an appeal's log tells of its duties until a moment: one fold over its rows. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from central.kpi.entry import Appeal, Grade, NotContacted, Outcome


@dataclass(frozen=True, slots=True)
class Said:
    """One row of an appeal's log; `value` is the reason, outcome, grade or case that it chose.

    `sample` is the survey in which somebody was asked.
    """

    at: datetime
    action: str
    value: str = ""
    sample: str = ""


def hear(appeal: Appeal, rows: Iterable[Said], as_of: datetime) -> Appeal:
    """The appeal, of which nothing but its arrival is known, after its rows until `as_of`."""
    for row in rows:
        effect = EFFECTS.get(row.action)
        if effect is not None and row.at <= as_of:
            appeal = effect(appeal, row)
    return appeal


def _contacted(appeal: Appeal, row: Said) -> Appeal:
    return replace(appeal, contacted_at=appeal.contacted_at or row.at, not_contacted=None)


def _not_contacted(appeal: Appeal, row: Said) -> Appeal:
    return replace(appeal, not_contacted=cast(NotContacted, row.value))


def _ended(appeal: Appeal, row: Said) -> Appeal:
    return replace(appeal, outcome=cast(Outcome, row.value))


def _rated(appeal: Appeal, row: Said) -> Appeal:
    return replace(appeal, satisfaction=cast(Grade, row.value), sample=row.sample or appeal.sample)


def _linked(appeal: Appeal, row: Said) -> Appeal:
    return replace(appeal, case_no=row.value)


EFFECTS: dict[str, Callable[[Appeal, Said], Appeal]] = {
    "added": _linked,
    "contact": _contacted,
    "not_contacted": _not_contacted,
    "outcome": _ended,
    "satisfaction": _rated,
    "link": _linked,
    "unlink": _linked,
}
