"""What an appeal may name: a case, a place; and the case that a code at a place means."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central import store
from central.appeal_tables import AppealTable
from central.appeals.rules import Refused
from central.case_tables import CaseTable
from central.sphere import Point


def check_case(session: Session, case_no: str | None) -> None:
    """Raises Refused for a case that there is not."""
    if case_no is None:
        return
    known = select(CaseTable.id).where(CaseTable.case_no == case_no, *store.seen_cases(session))
    if session.scalar(known) is None:
        raise Refused("no_such_case", "there is no such case")


def point_of(session: Session, place: str) -> Point:
    """Where a place is; raises Refused for one that there is not."""
    point = store.point_of_place(session, place)
    if point is None:
        raise Refused("no_such_place", f"the town has no place '{place}'")
    return point


def meant_by_code(session: Session, row: AppealTable, now: datetime) -> str | None:
    """The case that whoever scanned the code at a place means (study §10-8); else a person says."""
    if row.kind != "qr" or not row.place or row.case_no is not None:
        return None
    return store.case_at(session, row.place, row.service_code, now)
