"""How far each camera is trusted, and what the desk's verdicts say about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.case_tables import CameraTable
from central.cases.promotion import Record, proposal
from central.cases.states import CameraMode
from central.store.audit import note_act
from central.store.boxes import stream_names
from central.store.looking import known_cameras, note_camera
from central.store.proving import records_of_cameras
from central.store.sight import NotFound, seen_cameras
from central.store.sql import add_or_replace

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, its mode, its record, and the mode it has earned (None: not yet)."""

    site: str
    box: str
    stream: str
    name: str
    mode: CameraMode
    record: Record
    proposed: CameraMode | None


def list_cameras(session: Session) -> tuple[Camera, ...]:
    """Every camera, of those that may be seen, that ever told of anything or has a mode."""
    modes = {
        (row.site, row.box, row.stream): cast(CameraMode, row.mode)
        for row in session.scalars(select(CameraTable))
    }
    names = stream_names(session)
    records = records_of_cameras(session)
    return tuple(
        _camera(key, names.get(key, ""), modes.get(key, "auto"), records.get(key, Record(0, 0)))
        for key in sorted(known_cameras(session))
    )


def set_camera_mode(
    session: Session, camera: _Key, mode: CameraMode, by: str, now: datetime
) -> None:
    """From now on; what is filed already stays. Raises NotFound where it may not be seen."""
    if camera not in seen_cameras(session, [camera]):
        raise NotFound("/".join(camera))
    site, box, stream = camera
    key = {"site": site, "box": box, "stream": stream}
    values = {"mode": mode, "changed_at": now, "changed_by": by}
    add_or_replace(session, CameraTable, key | values, replaced=tuple(values))
    note_camera(session, camera, now)
    note_act(session, now, "camera_mode", "/".join(camera), mode=mode)


def _camera(key: _Key, name: str, mode: CameraMode, record: Record) -> Camera:
    return Camera(*key, name, mode, record, proposal(mode, record))
