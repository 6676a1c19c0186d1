"""A figure opened to what it was made of: every case or appeal that was counted or left out."""

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.case_tables import CaseFactsTable, CaseTable
from central.kpi.appeal_rates import RATES as APPEAL_RATES
from central.kpi.appeal_rates import appeal_marks
from central.kpi.rates import Mark, Rate, mark
from central.kpi.report import Wanted
from central.kpi.rules import Scope
from central.store.figures import figures
from central.store.hearing import appeals_of
from central.store.settling import whole

Choices = dict[str, str]
"""Names by id."""


def open_rate(
    session: Session, scope: Scope, wanted: Wanted, name: str
) -> tuple[Rate, tuple[Mark, ...]]:
    """The figure and all its marks, the newest numbers first; raises KeyError for no such figure.

    Stages of a case that had ended are marked with the number of the case alone.
    """
    found = figures(session, scope, wanted, with_marks=False).rate(name)
    if name in APPEAL_RATES:
        heard = filter(wanted.takes, appeals_of(session, scope, wanted))
        marks = tuple(appeal_marks(name, heard, scope))
    else:
        marks = (*found.marks, *_settled(session, scope, wanted, name))
    return found, tuple(sorted(marks, key=_day_and_number, reverse=True))


def _settled(session: Session, scope: Scope, wanted: Wanted, name: str) -> Iterator[Mark]:
    """What the cases add that are only counted in the figure."""
    kinds: dict[str, list[tuple[bool, str]]] = {}
    rows = session.execute(
        select(CaseTable.case_no, CaseFactsTable.kind)
        .join(CaseTable, CaseTable.id == CaseFactsTable.case_id)
        .where(whole(session, scope, wanted), CaseFactsTable.kind.contains(f'["{name}", '))
    )
    for case_no, kind in rows:
        if kind not in kinds:
            kinds[kind] = [
                (met, excluded)
                for rate, met, excluded, times in json.loads(kind)
                for _ in range(times if rate == name else 0)
            ]
        yield from (mark(case_no, met, excluded) for met, excluded in kinds[kind])


def _day_and_number(one: Mark) -> tuple[str, str]:
    """`FL-20261124-0007` by day, then as it is."""
    return one.key.partition("-")[2], one.key
