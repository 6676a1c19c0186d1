"""Which picture of an incident to show first, and the files that are here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.store.sight import may_see_picture
from central.store.sql import add_new
from central.tables import EvidenceRefTable, EvidenceTable

BEST_ROLES = ("confirmed", "severity", "ongoing", "warned", "arrival", "cleared", "context")
GOING_OUT = "_masked"
"""Copies with faces and plates covered: for others, shown here only when there is nothing else."""
CURVE = "level_curve"
"""Of the curves of a noise the newest is the best: it holds those before it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an incident; `here` once its file has arrived."""

    sha256: str
    here: bool


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """A file that is safely on disk."""

    sha256: str
    bytes: int
    width_px: int
    height_px: int
    uploaded_by: str


def pictures_of(session: Session, incident_ids: list[str]) -> dict[str, Picture]:
    """Best picture of each incident that names any: one that is here, then by role, then by rev.

    One that was deleted is none.
    """
    ref = EvidenceRefTable
    rows = session.execute(
        select(ref.incident_id, ref.sha256, ref.role, ref.rev, EvidenceTable.sha256)
        .join(EvidenceTable, EvidenceTable.sha256 == ref.sha256, isouter=True)
        .where(ref.incident_id.in_(incident_ids), EvidenceTable.deleted_at.is_(None))
    )
    best: dict[str, tuple[tuple[bool, int, int, str], Picture]] = {}
    for incident_id, sha256, role, rev, file in rows:
        rank = (file is None, _role_rank(role), -rev if role == CURVE else rev, sha256)
        if incident_id not in best or rank < best[incident_id][0]:
            best[incident_id] = (rank, Picture(sha256, file is not None))
    return {incident_id: picture for incident_id, (_, picture) in best.items()}


def add_evidence(session: Session, new: NewEvidence, now: datetime) -> bool:
    """Enter a file; False when it was here already."""
    values = {
        "sha256": new.sha256,
        "bytes": new.bytes,
        "width_px": new.width_px,
        "height_px": new.height_px,
        "received_at": now,
        "uploaded_by": new.uploaded_by,
    }
    return add_new(session, EvidenceTable, values)


def has_evidence(session: Session, sha256: str) -> bool:
    """Whether the file is here, for whoever may see it."""
    row = session.get(EvidenceTable, sha256)
    here = row is not None and row.deleted_at is None
    return here and may_see_picture(session, sha256)


def is_referenced(session: Session, sha256: str) -> bool:
    """Whether any event names the picture; one that came early or by mistake is not (yet)."""
    named = select(EvidenceRefTable.sha256).where(EvidenceRefTable.sha256 == sha256).limit(1)
    return session.scalar(named) is not None


def shows_nobody(role: str) -> bool:
    """Whether a picture of this role shows nobody who could be known, so that it may go out."""
    return role.endswith(GOING_OUT) or role == CURVE


def _role_rank(role: str) -> int:
    if role in BEST_ROLES:
        return BEST_ROLES.index(role)
    return len(BEST_ROLES) + role.endswith(GOING_OUT)
