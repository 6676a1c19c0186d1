"""Places where it happens again and again (重点点位), counted over the last days by index."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from central.case_tables import CaseTable
from central.store.cases import NOWHERE
from central.store.routes import orgs_of
from central.store.sight import seen_cases
from central.town.keeping import load_places

WITHIN = timedelta(days=30)
LEAST = 5
"""So many cases of a place in so many days (study §10-6); one of plates too there is not, for
nobody reads plates."""
MOST = 200
DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Hotspot:
    """A place with its cases; `last_no` and `lead` are of the newest one.

    Names are those of the town of now, empty where it has none.
    """

    place: str
    place_name: str
    address: str
    cases: int
    first_at: datetime
    last_at: datetime
    last_no: str
    lead: str
    lead_name: str


def hotspots(session: Session, now: datetime) -> tuple[Hotspot, ...]:
    """Places with enough seen cases that stand (not void or merged), those with most first.

    What cameras themselves have is about no place.
    """
    case = CaseTable
    counts = (
        case.filed_at > now - WITHIN,
        case.filed_at <= now,
        case.state.not_in(("void", "merged")),
        case.scene != DEVICE,
        *seen_cases(session),
    )
    rows = session.execute(_places(counts))
    places, orgs = load_places(session), orgs_of(session)
    return tuple(
        Hotspot(
            place=row.place,
            place_name=places.get(row.place, NOWHERE).name,
            address=places.get(row.place, NOWHERE).address,
            cases=row.cases,
            first_at=row.first_at,
            last_at=row.last_at,
            last_no=row.case_no,
            lead=row.lead,
            lead_name=orgs.get(row.lead, row.lead),
        )
        for row in rows
    )


def _places(counts: tuple[ColumnElement[bool], ...]) -> Select[*tuple[Any, ...]]:
    """Places with how many cases count there, and the newest of these."""
    case = CaseTable
    number, first, last = func.count(), func.min(case.filed_at), func.max(case.filed_at)
    labelled = (number.label("cases"), first.label("first_at"), last.label("last_at"))
    counted = (
        select(case.place, *labelled)
        .where(*counts)
        .group_by(case.place)
        .having(number >= LEAST)
        .order_by(number.desc(), case.place)
        .limit(MOST)
        .subquery()
    )
    newest = (
        select(case.id)
        .where(case.place == counted.c.place, *counts)
        .order_by(case.filed_at.desc(), case.id.desc())
        .limit(1)
        .correlate(counted)
        .scalar_subquery()
    )
    return (
        select(counted, case.case_no, case.lead)
        .join(case, case.id == newest)
        .order_by(counted.c.cases.desc(), counted.c.place)
    )
