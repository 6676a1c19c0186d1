"""A case that somebody enters, and its appeal linked to it in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from central import store
from central.appeals.records import Appeal, Doing, act_on, get_appeal
from central.appeals.rules import Refused
from central.case_tables import CaseTable
from central.cases.suggesting import REACH_M
from central.filing import BY_HAND

NOTE_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What an appeal says of the case that it may become; empty where it says nothing."""

    scene: str = ""
    place: str = ""
    note: str = ""


def file_case(
    session: Session, new: store.NewCase, who: store.Person, now: datetime, zone: ZoneInfo
) -> str:
    """The number of the new case, with its appeal linked.

    Raises NotFound when there is no such appeal, Refused of appeals when it has a case, and
    whatever `store.enter_case` raises.
    """
    appeal = _waiting(session, new.appeal_no) if new.appeal_no else None
    number = store.enter_case(session, new, who, now, zone)
    if appeal is not None:
        doing = Doing("link", who.name, number, appeal.version, address=new.address)
        act_on(session, appeal.appeal_no, doing, now)
    return number


def prefilled(session: Session, appeal: Appeal) -> Prefilled:
    """Scene, the one place of that scene that is near, and the words of an appeal."""
    scene = appeal.service_code if appeal.service_code in BY_HAND else ""
    return Prefilled(scene, _place_of(session, appeal, scene), appeal.text[:NOTE_CHARS])


def _place_of(session: Session, appeal: Appeal, scene: str) -> str:
    """Several places that are as near say nothing: the desk knows better."""
    if appeal.place:
        return appeal.place
    if appeal.lat is None or appeal.lon is None or not scene:
        return ""
    near = store.places_near(session, scene, (appeal.lon, appeal.lat), REACH_M)
    return near[0] if len(near) == 1 else ""


def _waiting(session: Session, appeal_no: str) -> Appeal:
    appeal = get_appeal(session, appeal_no)
    if appeal is None:
        raise store.NotFound(appeal_no)
    if appeal.case_no is not None and _is_real(session, appeal.case_no):
        raise Refused("has_case", f"it belongs to {appeal.case_no}")
    return appeal


def _is_real(session: Session, case_no: str) -> bool:
    """Whether a case stands for something: a false alarm leaves its appeal without a case."""
    found = select(CaseTable.state).where(CaseTable.case_no == case_no)
    return session.scalar(found) != "void"
