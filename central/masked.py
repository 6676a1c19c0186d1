"""The picture that may go out with a message: the masked one, encoded anew, or none at all."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.case_tables import CaseIncidentTable, CaseTable
from central.db import Database
from central.evidence import EvidenceFiles
from central.renditions import Renditions, Unreadable
from central.tables import EvidenceRefTable, EvidenceTable

MASKED = "_masked"


def masked_pictures(session: Session, numbers: Sequence[str]) -> dict[str, str]:
    """Case number -> name of the newest masked picture that is here."""
    ref = EvidenceRefTable
    statement = (
        select(CaseTable.case_no, ref.sha256)
        .join(CaseIncidentTable, CaseIncidentTable.incident_id == ref.incident_id)
        .join(CaseTable, CaseTable.id == CaseIncidentTable.case_id)
        .join(EvidenceTable, EvidenceTable.sha256 == ref.sha256)
        .where(CaseTable.case_no.in_(numbers), EvidenceTable.deleted_at.is_(None))
        .where(ref.role.endswith(MASKED, autoescape=True))
        .order_by(ref.rev, ref.role.desc())
    )
    return {row[0]: row[1] for row in session.execute(statement)}


class Pictures:
    """Gives the bytes of what may go out."""

    def __init__(self, database: Database, files: EvidenceFiles, renditions: Renditions) -> None:
        self._database = database
        self._files = files
        self._renditions = renditions

    def of(self, case_no: str) -> bytes | None:
        """The masked JPEG of a case, None while there is none."""
        with self._database.read() as session:
            sha256 = masked_pictures(session, [case_no]).get(case_no)
        if sha256 is None:
            return None
        try:
            kept = self._files.path_of(sha256)
            return self._renditions.path_of(sha256, "shown", kept).read_bytes()
        except (Unreadable, OSError):
            return None
