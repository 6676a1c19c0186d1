"""What may be the same thing as a case or an appeal, by index and never by reading through them.

Both ways give the same pairs: a case suggests an appeal exactly when the appeal suggests the case,
as long as no more than `CANDIDATES` lie within reach.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealTable
from central.case_tables import CaseTable
from central.cases.states import OPEN, State
from central.cases.suggesting import FAMILY_OF, REACH_M, WINDOW, Told, codes_of, nearest
from central.routing.town import Town
from central.sphere import Point, boxes_around
from central.store.dismissing import Dismissed, dismissed_of, partners_of
from central.store.routes import town_of_now
from central.store.sight import NotFound, seen_appeals, seen_cases

LINKABLE: frozenset[State] = OPEN | {"closed", "archived_unaccepted"}
"""What an appeal can be about: not a false alarm, and of merged cases the one that stayed."""
CANDIDATES = 200
"""So many within reach are compared, the newest ones: one point may stand for a whole quarter."""
WORDS_CHARS = 60


@dataclass(frozen=True, slots=True)
class Deed:
    """What to do if it is the same: link or merge `on`, seen at `version`, into `into`."""

    action: Literal["link", "merge"]
    on: str
    into: str
    version: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be the same. Who appealed is not in it, and `words` of an appeal are untrusted.

    `source` is the scene of a case or the kind of an appeal, `state` where it stands, `at` since
    when a case goes on or when an appeal came; `words` are the first ones of an appeal, or what
    the place of a case is called.
    """

    number: str
    kind: Literal["case", "appeal"]
    source: str
    state: str
    place: str
    words: str
    at: datetime
    deed: Deed
    distance_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may be the same as one thing, the nearest first, and what people said is not."""

    items: tuple[Suggestion, ...]
    dismissed: tuple[Dismissed, ...]


def suggestions_of_case(session: Session, case_no: str, now: datetime) -> Suggestions:
    """Unlinked appeals and other open cases that are near; raises NotFound."""
    case, town = _case(session, case_no), town_of_now(session)
    told = _told(town, case, now)
    appeals = _appeals_near(session, told) if _is_linkable(case, now) else []
    cases = _cases_near(session, told, town, _is_open()) if case.state in OPEN else []
    others = [*map(_told_appeal, appeals), *(_told(town, row, now) for row in cases)]
    rows: dict[str, AppealTable | CaseTable] = {row.appeal_no: row for row in appeals}
    rows |= {row.case_no: row for row in cases}

    def about(number: str) -> Suggestion:
        row = rows[number]
        if isinstance(row, CaseTable):
            return _about_case(town, row, _merging(row, case))
        return _about_appeal(row, case_no)

    return Suggestions(_near(told, others, about), dismissed_of(session, case_no))


def suggestions_of_appeal(session: Session, appeal_no: str, now: datetime) -> Suggestions:
    """Cases that are near, for an appeal that is linked to none; raises NotFound."""
    wanted = AppealTable.appeal_no == appeal_no, *seen_appeals(session)
    appeal = session.scalar(select(AppealTable).where(*wanted))
    if appeal is None:
        raise NotFound(appeal_no)
    told, town, version = _told_appeal(appeal), town_of_now(session), appeal.version
    just_ended = and_(CaseTable.ended_at > now - WINDOW, CaseTable.state.in_(LINKABLE))
    goes_on = or_(_is_open(), just_ended)
    cases = [] if appeal.case_no else _cases_near(session, told, town, goes_on)
    rows = {row.case_no: row for row in cases}

    def about(number: str) -> Suggestion:
        return _about_case(town, rows[number], Deed("link", appeal_no, number, version))

    others = [_told(town, row, now) for row in cases]
    return Suggestions(_near(told, others, about), dismissed_of(session, appeal_no))


def case_at(session: Session, place: str, service_code: str, now: datetime) -> str | None:
    """The open case of a place and of an appeal's family that has stood there within a day."""
    family, case = FAMILY_OF.get(service_code), CaseTable
    if family is None:
        return None
    wanted = select(case.case_no).where(
        case.place == place,
        _is_open(),
        case.scene.in_(codes_of(family)),
        or_(case.cleared_at.is_(None), case.cleared_at > now - WINDOW),
        *seen_cases(session),
    )
    return session.scalar(wanted.order_by(case.id).limit(1))


def merging_of(session: Session, case_no: str, other_no: str) -> Deed:
    """How two cases become one; raises NotFound."""
    return _merging(_case(session, case_no), _case(session, other_no))


def first_words(text: str) -> str:
    """The beginning of what somebody said, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= WORDS_CHARS else f"{line[: WORDS_CHARS - 1]}…"


def _case(session: Session, case_no: str) -> CaseTable:
    wanted = CaseTable.case_no == case_no, *seen_cases(session)
    found = session.scalar(select(CaseTable).where(*wanted))
    if found is None:
        raise NotFound(case_no)
    return found


def _is_open() -> ColumnElement[bool]:
    """The second half is for the index: open cases have not ended."""
    return and_(CaseTable.state.in_(OPEN), CaseTable.ended_at.is_(None))


def _is_linkable(case: CaseTable, now: datetime) -> bool:
    is_late = case.ended_at is not None and case.ended_at <= now - WINDOW
    return case.state in LINKABLE and not is_late


def _appeals_near(session: Session, told: Told) -> list[AppealTable]:
    """Appeals without a case in a box around the point and in the time around the case."""
    if told.point is None or told.family is None:
        return []
    table = AppealTable
    rows = session.scalars(
        select(table)
        .where(
            table.case_no.is_(None),
            _in_reach(told.point),
            table.created_at >= told.begin - WINDOW,
            table.created_at <= told.end + WINDOW,
            table.service_code.in_(codes_of(told.family)),
            table.appeal_no.not_in(partners_of(told.number)),
            *seen_appeals(session),
        )
        .order_by(table.id.desc())  # by moment SQLite would read all of the time around
        .limit(CANDIDATES)
    )
    return list(rows)


def _in_reach(point: Point) -> ColumnElement[bool]:
    """In the boxes around it, which have the same latitudes."""
    table, boxes = AppealTable, boxes_around(point, REACH_M)
    aside = or_(*(table.lon.between(box.west, box.east) for box in boxes))
    return and_(table.lat.between(boxes[0].south, boxes[0].north), aside)


def _cases_near(
    session: Session, told: Told, town: Town, goes_on: ColumnElement[bool]
) -> list[CaseTable]:
    """Cases at the same place or at places around it."""
    places = {told.place} - {""}
    if told.point is not None:
        places.update(town.places_within(told.point, REACH_M))
    if told.family is None or not places:
        return []
    table = CaseTable
    rows = session.scalars(
        select(table)
        .where(
            table.place.in_(sorted(places)),
            goes_on,  # and any scene: SQLite would take it for the better index
            table.case_no != told.number,
            table.case_no.not_in(partners_of(told.number)),
            *seen_cases(session),
        )
        .order_by(table.id.desc())
        .limit(CANDIDATES)
    )
    return list(rows)


def _near(
    told: Told, others: Iterable[Told], about: Callable[[str], Suggestion]
) -> tuple[Suggestion, ...]:
    return tuple(
        replace(about(one.number), distance_m=one.distance_m) for one in nearest(told, others)
    )


def _told(town: Town, case: CaseTable, now: datetime) -> Told:
    place = town.places.get(case.place)
    return Told(
        case.case_no,
        FAMILY_OF.get(case.scene),
        case.since,
        max(case.since, case.ended_at or now),
        case.place,
        place.point if place else None,
    )


def _told_appeal(appeal: AppealTable) -> Told:
    at, family = appeal.created_at, FAMILY_OF.get(appeal.service_code)
    point = None
    if appeal.lat is not None and appeal.lon is not None:
        point = (appeal.lon, appeal.lat)
    return Told(appeal.appeal_no, family, at, at, point=point)


def _about_appeal(appeal: AppealTable, case_no: str) -> Suggestion:
    return Suggestion(
        number=appeal.appeal_no,
        kind="appeal",
        source=appeal.kind,
        state="open" if appeal.outcome is None else "closed",
        place="",
        words=first_words(appeal.text),
        at=appeal.created_at,
        deed=Deed("link", appeal.appeal_no, case_no, appeal.version),
    )


def _about_case(town: Town, case: CaseTable, deed: Deed) -> Suggestion:
    place = town.places.get(case.place)
    return Suggestion(
        number=case.case_no,
        kind="case",
        source=case.scene,
        state=case.state,
        place=case.place,
        words=place.name if place else "",
        at=case.since,
        deed=deed,
    )


def _merging(one: CaseTable, two: CaseTable) -> Deed:
    """The earliest filed stays."""
    stays, ends = sorted((one, two), key=lambda case: (case.filed_at, case.id))
    return Deed("merge", ends.case_no, stays.case_no, ends.version)
