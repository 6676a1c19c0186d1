"""Which rows somebody may see who is limited to grids and cameras.

Whoever asks stands in the session (`central.db.Database.asked_by`). Every query of the store that
answers people or programs takes its conditions from here; without limits there are none, and the
statement is the one it always was. A case is one thing: who may see it sees all that belongs to
it. What has no place in the town belongs to no grid.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealTable
from central.case_tables import (
    CameraPlaceTable,
    CaseFactsTable,
    CaseIncidentTable,
    CasePhotoTable,
    CaseTable,
)
from central.columns import Base
from central.exchange_tables import ChangeTable
from central.sight import ASKER, Asker, Camera
from central.store.sql import one_of
from central.tables import EvidenceRefTable, IncidentTable
from central.tell_tables import TellTable
from central.town.keeping import load_town

Conditions = tuple[ColumnElement[bool], ...]


class NotFound(Exception):
    """There is no such thing for whoever asks."""


def is_limited(session: Session) -> bool:
    """Whether this session's asker may not see everything."""
    return _asker(session) is not None


def seen_cases(session: Session) -> Conditions:
    """Conditions on `CaseTable`."""
    asker = _asker(session)
    if asker is None:
        return ()
    return (_case(session, asker, CaseTable.place, CaseTable.id),)


def seen_facts(session: Session) -> Conditions:
    """Conditions on `CaseFactsTable`: those of seen cases."""
    asker = _asker(session)
    if asker is None:
        return ()
    return (_case(session, asker, CaseFactsTable.place, CaseFactsTable.case_id),)


def seen_incidents(session: Session) -> Conditions:
    """Conditions on `IncidentTable`: there by its own place or camera, or part of a seen case."""
    asker = _asker(session)
    if asker is None:
        return ()
    mine = _at(session, asker, IncidentTable.place)
    by_camera = _by_camera(asker.limits.camera_keys, IncidentTable)
    link, case = _table(CaseIncidentTable).alias(), _table(CaseTable).alias()
    member = exists().where(
        link.c.incident_id == IncidentTable.incident_id,
        case.c.id == link.c.case_id,
        _case(session, asker, case.c.place, case.c.id),
    )
    return (or_(mine, by_camera, member),)


def seen_appeals(session: Session) -> Conditions:
    """Conditions on `AppealTable`: of a seen case, or without a case and entered by the asker."""
    asker = _asker(session)
    if asker is None:
        return ()
    own = and_(AppealTable.case_no.is_(None), AppealTable.source == asker.actor)
    return (or_(own, _has_case(session, asker, AppealTable.case_no)),)


def seen_changes(session: Session) -> Conditions:
    """Conditions on `ChangeTable`: those of seen cases and appeals."""
    asker = _asker(session)
    if asker is None:
        return ()
    appeal = exists().where(AppealTable.appeal_no == ChangeTable.subject, *seen_appeals(session))
    return (or_(_has_case(session, asker, ChangeTable.subject), appeal),)


def seen_messages(session: Session) -> Conditions:
    """Conditions on `TellTable`: messages about seen cases."""
    asker = _asker(session)
    return () if asker is None else (_has_case(session, asker, TellTable.case_no),)


def may_see_picture(session: Session, sha256: str) -> bool:
    """Whether a seen incident names the picture, or it is a photo of a seen case."""
    if _asker(session) is None:
        return True
    photo = select(CasePhotoTable.sha256).join(CaseTable, CaseTable.id == CasePhotoTable.case_id)
    taken = photo.where(CasePhotoTable.sha256 == sha256, *seen_cases(session))
    if session.scalar(taken.limit(1)) is not None:
        return True
    ref = EvidenceRefTable
    named = select(ref.sha256).join(IncidentTable, IncidentTable.incident_id == ref.incident_id)
    wanted = named.where(ref.sha256 == sha256, *seen_incidents(session))
    return session.scalar(wanted.limit(1)) is not None


def cameras_in_sight(session: Session) -> frozenset[Camera] | None:
    """Cameras that are named in the limits or look at a seen place; None: all there are."""
    asker = _asker(session)
    if asker is None:
        return None
    table = CameraPlaceTable
    looking = select(table.site, table.box, table.stream).where(_at(session, asker, table.place))
    rows = session.execute(looking)
    return frozenset((site, box, stream) for site, box, stream in rows).union(
        asker.limits.camera_keys
    )


def seen_places(session: Session, places: Iterable[str]) -> tuple[str, ...]:
    """Of these places those of which cases may be seen, whatever camera sees them."""
    asker = _asker(session)
    if asker is None:
        return tuple(places)
    mine = load_town(session).places_in(asker.limits.grids)
    return tuple(one for one in places if one in mine)


def seen_cameras(session: Session, known: Iterable[Camera]) -> frozenset[Camera]:
    """Of the known cameras those that may be seen."""
    mine = cameras_in_sight(session)
    return frozenset(known) if mine is None else mine & frozenset(known)


def _asker(session: Session) -> Asker | None:
    asker: Asker | None = session.info.get(ASKER)
    return asker


def _case(session: Session, asker: Asker, place: Any, case_id: Any) -> ColumnElement[bool]:
    """Whether a case is seen, by its place or by a camera of one of its incidents."""
    here = _at(session, asker, place)
    cameras = asker.limits.camera_keys
    if not cameras:
        return here
    link, incident = _table(CaseIncidentTable).alias(), _table(IncidentTable).alias()
    # Not one question a case: what few cameras have seen is found once, for a million cases too.
    theirs = select(link.c.case_id).join(incident, incident.c.incident_id == link.c.incident_id)
    by_camera = case_id.in_(theirs.where(_by_camera(cameras, incident.c)))
    return or_(here, by_camera) if asker.limits.grids else by_camera


def _has_case(session: Session, asker: Asker, case_no: Any) -> ColumnElement[bool]:
    case = _table(CaseTable).alias()
    seen = _case(session, asker, case.c.place, case.c.id)
    return exists().where(case.c.case_no == case_no, seen)


def grids_in_sight(session: Session) -> frozenset[str] | None:
    """Grids that hold a place which the asker may see by its grid; None: all there are."""
    asker = _asker(session)
    if asker is None:
        return None
    town = load_town(session)
    mine = town.places_in(asker.limits.grids)
    return frozenset(grid for place in mine for grid in town.lineages[place])


def places_of_grids(session: Session, *grids: str) -> list[str]:
    """Places that lie in one of the grids of the town of now, or in a grid inside of it."""
    return sorted(load_town(session).places_in(grids))


def _at(session: Session, asker: Asker, place: Any) -> ColumnElement[bool]:
    """Whether a place lies in the grids of the town of now."""
    places = places_of_grids(session, *asker.limits.grids)
    return one_of(session, place, places) if places else false()


def _by_camera(cameras: Sequence[Camera], table: Any) -> ColumnElement[bool]:
    if not cameras:
        return false()
    return or_(
        *(and_(table.site == s, table.box == b, table.stream == name) for s, b, name in cameras)
    )


def _table(table: type[Base]) -> Table:
    return cast(Table, table.__table__)
