"""Legal holds as they are read."""

from sqlalchemy.orm import Session

from central.case_tables import CaseHoldTable
from central.store.types import Hold


def hold_of(session: Session, case_id: int) -> Hold | None:
    """The legal hold of a case."""
    row = session.get(CaseHoldTable, case_id)
    return None if row is None else Hold(row.reason, row.at, row.by)
