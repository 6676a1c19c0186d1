"""Photos that people took of what they did with a case; its log names them too."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.case_tables import CasePhotoTable, CaseTable
from central.store.pictures import NewEvidence, add_evidence
from central.store.sql import add_new
from central.store.types import EvidenceItem
from central.tables import EvidenceTable

AFTER = "after"
"""The role of such a picture beside those that boxes name."""


def add_photo(session: Session, case_no: str, new: NewEvidence, now: datetime) -> None:
    """Enter a file that is safely on disk as a photo of the case; again is harmless."""
    add_evidence(session, new, now)
    case_id = session.scalar(select(CaseTable.id).where(CaseTable.case_no == case_no))
    values = {"case_id": case_id, "sha256": new.sha256, "at": now, "by": new.uploaded_by}
    add_new(session, CasePhotoTable, values)


def photos_of(session: Session, case_id: int) -> tuple[EvidenceItem, ...]:
    """The photos of a case, the oldest first."""
    photo, file = CasePhotoTable, EvidenceTable
    rows = session.execute(
        select(photo.sha256, photo.at, file.bytes, file.deleted_at)
        .join(file, file.sha256 == photo.sha256)
        .where(photo.case_id == case_id)
        .order_by(photo.at, photo.sha256)
    )
    return tuple(
        EvidenceItem(sha256, AFTER, size, at, 0, deleted_at is None, deleted_at)
        for sha256, at, size, deleted_at in rows
    )
