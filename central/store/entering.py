"""Cases that people make, from an appeal or by hand; routed and clocked as a sensor's are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from central.audit import Noted
from central.cases.limits import mildest, rank_of, severities_of
from central.cases.moves import Move, Refused
from central.cases.standing import Detail
from central.filing import BY_HAND
from central.sphere import Point
from central.store.audit import note
from central.store.episodes import dispatch_by_rule, settle
from central.store.live import Live, Seed, number_case
from central.store.nearby import lock_places, open_there
from central.store.routes import filing, town_of_now, worsening
from central.store.sight import is_limited, seen_places
from central.store.types import Person

Begins = Literal["filed", "pending_file"]


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as somebody enters it; an empty severity is the mildest of its scene."""

    scene: str
    place: str
    severity: str = ""
    note: str = ""
    appeal_no: str = ""
    state: Begins = "filed"
    address: str = ""


class CaseThere(Refused):
    """There is an open case of this scene and place: one is enough, link to it."""

    def __init__(self, case_no: str) -> None:
        super().__init__("case_open", f"{case_no} is open there: link to it instead")
        self.case_no = case_no


@dataclass(frozen=True, slots=True)
class Known:
    """A place that a case can be made for, and what it is called."""

    place: str
    name: str


def enter_case(session: Session, new: NewCase, who: Person, now: datetime, zone: ZoneInfo) -> str:
    """The number of the new case; raises CaseThere, or Refused with the reason."""
    severity = _checked(session, new)
    lock_places(session, [(new.scene, new.place)])
    there = open_there(session, new.scene, new.place)
    if there is not None:
        raise CaseThere(there.case_no)
    by = f"appeal:{new.appeal_no}" if new.appeal_no else "desk"
    seed = Seed(new.scene, new.place, severity, since=now, by=by)
    live = number_case(session, seed, now, zone)
    _begin(session, live, new, who, now)
    if rank_of(severity) > 1:
        live.by_itself("severity", now, worsening(session, live.row, severity, now))
    settle(session, live, now)
    did = {"state": live.standing.state, "scene": new.scene, "place": new.place}
    note(session, Noted(now, who.name, "case_entered", live.row.case_no, new.address, did))
    return live.row.case_no


def places_known(session: Session) -> tuple[Known, ...]:
    """The places that whoever asks can make cases for, by name."""
    places = town_of_now(session).places
    found = [Known(one, places[one].name) for one in seen_places(session, places)]
    return tuple(sorted(found, key=lambda one: (one.place, one.name)))


def point_of_place(session: Session, place: str) -> Point | None:
    """Where a place is; None for one that the town of now or whoever asks does not know."""
    known = town_of_now(session).places.get(place)
    return known.point if known and seen_places(session, [place]) else None


def places_near(session: Session, scene: str, point: Point, within_m: float) -> tuple[str, ...]:
    """The places of a scene around a point that whoever asks can make cases for."""
    town = town_of_now(session)
    near = [one for one in town.places_within(point, within_m) if scene in town.places[one].scenes]
    return seen_places(session, near)


def _checked(session: Session, new: NewCase) -> str:
    """The severity, once scene, place and severity are known to be possible."""
    if new.scene not in BY_HAND:
        raise Refused("unknown_scene", f"a case is about one of {', '.join(BY_HAND)}")
    if new.severity and new.severity not in severities_of(new.scene):
        known = ", ".join(severities_of(new.scene))
        raise Refused("unknown_severity", f"a case of '{new.scene}' is one of {known}")
    if not _is_place(session, new.place):
        raise Refused("unknown_place", f"the town has no place '{new.place}'")
    return new.severity or mildest(new.scene)


def _is_place(session: Session, place: str) -> bool:
    """A town that has no places yet takes any, from those who may see all."""
    places = town_of_now(session).places
    if not places and not is_limited(session):
        return True
    return place in places and bool(seen_places(session, [place]))


def _begin(session: Session, live: Live, new: NewCase, who: Person, now: datetime) -> None:
    """Rows 3, 4 of the table in a person's hand; what they file goes where the rules say."""
    if new.state == "filed":
        said = filing(session, live.row, now, new.note)
        live.move(Move("file", who.name, who.role, now, detail=said, org=who.org))
        dispatch_by_rule(session, live, now)
    else:
        live.move(Move("queue", who.name, who.role, now, detail=Detail(note=new.note), org=who.org))
