"""Which cameras there are, where they look, and since when: kept, for incidents are too many."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from central.case_tables import CameraPlaceTable
from central.sight import Camera
from central.store.sight import seen_cameras
from central.store.sql import add_new


def note_camera(session: Session, camera: Camera, since: datetime, place: str = "") -> None:
    """Somebody tells of a camera; the earliest moment stays, in whatever order they tell."""
    names = dict(zip(("site", "box", "stream", "place"), (*camera, place), strict=True))
    here = [CameraPlaceTable.__table__.c[name] == value for name, value in names.items()]
    known = session.scalar(select(CameraPlaceTable.since).where(*here))
    if known is not None and known <= since:
        return
    if known is None and add_new(session, CameraPlaceTable, names | {"since": since}):
        return
    earlier = update(CameraPlaceTable).where(*here, CameraPlaceTable.since > since)
    session.execute(earlier.values(since=since))


def known_cameras(session: Session) -> dict[Camera, datetime]:
    """Cameras that may be seen, with the moment since when they are known."""
    table = CameraPlaceTable
    camera = table.site, table.box, table.stream
    rows = session.execute(select(*camera, func.min(table.since)).group_by(*camera))
    found = {(site, box, stream): since for site, box, stream, since in rows}
    seen = seen_cameras(session, found)
    return {camera: since for camera, since in found.items() if camera in seen}


def note_streams(session: Session, box: tuple[str, str], told: Iterable[str], at: datetime) -> None:
    """A box tells which cameras it has."""
    table = CameraPlaceTable
    known = select(table.stream).where(table.site == box[0], table.box == box[1])
    for stream in sorted(set(told).difference(session.scalars(known))):
        note_camera(session, (*box, stream), at)
