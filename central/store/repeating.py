"""The same place again within a day: which case a case repeats."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from central.case_tables import CaseTable
from central.cases.episodes import REOFFENCE_WINDOW, reoffence


def repeated(session: Session, case: CaseTable) -> str:
    """Number of the case that this one repeats as far as is known now, empty if it repeats none."""
    around = _around(session, case)
    found = _repeated(case, around)
    return next((row.case_no for row in around if row.id == found), "")


def link_repetitions(session: Session, case: CaseTable) -> None:
    """Let this case, and those that followed it, say of which they are the repetition.

    Whoever comes back so soon comes before others.
    """
    around = _around(session, case)
    for row in around:
        if row.since >= case.since:
            found = _repeated(row, around)
            row.priority += (found is not None) - (row.reoffence_of is not None)
            row.reoffence_of = found
    session.flush()


def _repeated(case: CaseTable, around: Sequence[CaseTable]) -> int | None:
    ends = [(row.cleared_at, row.id) for row in around if row.id != case.id and row.cleared_at]
    return reoffence(case.since, ends)


def _around(session: Session, case: CaseTable) -> Sequence[CaseTable]:
    """The cases of its place within a day of it, itself among them."""
    end = func.coalesce(CaseTable.cleared_at, CaseTable.since)
    return session.scalars(
        select(CaseTable).where(
            CaseTable.scene == case.scene,
            CaseTable.place == case.place,
            CaseTable.state.not_in(("merged", "void")),
            CaseTable.since <= (case.cleared_at or case.since) + REOFFENCE_WINDOW,
            or_(end >= case.since - REOFFENCE_WINDOW, CaseTable.id == case.id),
        )
    ).all()
