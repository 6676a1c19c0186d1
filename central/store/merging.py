"""Two cases become one, and two again: incidents and appeals move, numbers stay known."""

from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from central.case_tables import CaseIncidentTable, CaseTable
from central.cases.moves import Move
from central.cases.standing import Detail
from central.store.appealing import Going, appeals_of, move_appeals
from central.store.live import Live, children_of
from central.store.sight import seen_cases


def absorb(session: Session, survivor: Live, other: Live, move: Move) -> None:
    """Move everything of the other case into the survivor, whose log must still be settled."""
    incidents = tuple(one.incident_id for one in children_of(session, other.row.id))
    appeals = appeals_of(session, other.row.case_no)
    detail = Detail(case_no=survivor.row.case_no, incidents=incidents, appeals=appeals)
    other.move(replace(move, detail=replace(detail, note=move.detail.note)))
    other.row.merged_into = survivor.row.id
    session.execute(
        update(CaseIncidentTable)
        .where(CaseIncidentTable.case_id == other.row.id)
        .values(case_id=survivor.row.id)
        .execution_options(synchronize_session=False)
    )
    going = Going(other.row.case_no, survivor.row.case_no, f"merge {other.row.case_no}")
    move_appeals(session, appeals, going, move.actor, move.at)
    other.keep()


def part(session: Session, other: Live, survivor: Live, move: Move) -> None:
    """Take a merged case out again with the incidents and appeals it had.

    Neither merges by itself again; an appeal that somebody has linked elsewhere since stays there.
    """
    other.move(move)
    other.row.merged_into = None
    other.row.apart = survivor.row.apart = True
    brought = next(row.detail for row in other.log[::-1] if row.action == "merge")
    session.execute(
        update(CaseIncidentTable)
        .where(CaseIncidentTable.incident_id.in_(brought.incidents))
        .values(case_id=other.row.id)
        .execution_options(synchronize_session=False)
    )
    going = Going(survivor.row.case_no, other.row.case_no, f"unmerge {survivor.row.case_no}")
    move_appeals(session, brought.appeals, going, move.actor, move.at)


def case_by_no(session: Session, case_no: str) -> CaseTable | None:
    """The row of a number that may be seen, locked."""
    return session.scalar(
        select(CaseTable)
        .where(CaseTable.case_no == case_no, *seen_cases(session))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
