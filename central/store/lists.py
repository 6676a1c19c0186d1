"""Which cases a list holds: how many, and those of one page; neither reads all of a million.

How many there are is told by `case_tally`, which triggers keep: each change of a case adds rows
of +1 and -1 to it, so that nobody waits for anybody, and the ticker folds them together.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, delete, func, insert, literal_column, or_, select
from sqlalchemy import case as when
from sqlalchemy.orm import Session, aliased

from central.case_tables import CaseIncidentTable, CaseTable, CaseTallyTable
from central.cases.states import OPEN, TAB_STATES
from central.store.sight import is_limited, places_of_grids, seen_cases
from central.store.sql import one_of
from central.store.types import CaseCounts, CaseFilter, Page
from central.tables import IncidentTable

NEWEST_FIRST = (CaseTable.filed_at.desc(), CaseTable.id.desc())
OLDEST_FIRST = (CaseTable.filed_at, CaseTable.id)
BEGINS = (CaseTable.case_no, CaseTable.place)
ANY_CASE = CaseFilter()
COUNTED = 10_000
"""The tally knows nothing of places and texts: what lies in limits or is searched for is counted,
up to here."""
COUNTED_IN_TABS = 1000
"""The same for the numbers beside the lists."""
FOLD_FROM = 500
"""So many rows of the tally are read in no time; more are folded together."""
KEY = (
    CaseTallyTable.scene,
    CaseTallyTable.state,
    CaseTallyTable.judged,
    CaseTallyTable.cleared,
)
AnySelect = TypeVar("AnySelect", bound=Select[*tuple[Any, ...]])


def count_matching(session: Session, wanted: CaseFilter, most: int = COUNTED) -> int:
    """How many cases match; up to `most` where not all are counted (`most_counted`)."""
    if most_counted(session, wanted) is not None:
        some = matching(session, select(CaseTable.id), wanted).limit(most).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0
    if wanted.box is not None and wanted == CaseFilter(box=wanted.box):
        return _count_of_box(session, wanted.box)
    if not _is_tallied(wanted):
        return session.scalar(matching(session, select(func.count(CaseTable.id)), wanted)) or 0
    return session.scalar(_tally(select(func.sum(CaseTallyTable.number)), wanted)) or 0


def count_cases(session: Session, wanted: CaseFilter = ANY_CASE) -> CaseCounts:
    """How many cases stand in each list, whichever of them the filter asks for.

    Up to `COUNTED_IN_TABS` where not all are counted (`most_counted`).
    """
    anywhere = replace(wanted, status=None, tab=None, state=None)
    if most_counted(session, wanted) is not None:
        most = COUNTED_IN_TABS
        some = {
            tab: count_matching(session, replace(anywhere, tab=tab), most) for tab in TAB_STATES
        }
        return CaseCounts(**some, all=count_matching(session, anywhere, most), most=most)
    count: Counter[tuple[str, bool]] = Counter()
    for state, judged, number in session.execute(_by_state(session, anywhere)):
        count[state, bool(judged)] += number
    tabs = {
        tab: sum(
            count[state, judged]
            for state in states
            for judged in ((False,) if tab == "review" else (False, True))
        )
        for tab, states in TAB_STATES.items()
    }
    return CaseCounts(**tabs, all=count.total())


def ids_of(session: Session, wanted: CaseFilter, page: Page, total: int) -> list[int]:
    """Ids of the cases of a page of `total`, walked to from the nearer end of the list.

    Where `total` may be too small (`most_counted`) it is walked to from its beginning.
    """
    if most_counted(session, wanted) is not None:
        part = matching(session, select(CaseTable.id), wanted).limit(page.size)
        return list(session.scalars(part.order_by(*NEWEST_FIRST).offset(page.offset)))
    size = min(page.size, total - page.offset)
    if size <= 0:
        return []
    after = total - page.offset - size
    listed = matching(session, select(CaseTable.id), wanted).limit(size)
    if page.offset <= after:
        return list(session.scalars(listed.order_by(*NEWEST_FIRST).offset(page.offset)))
    return list(session.scalars(listed.order_by(*OLDEST_FIRST).offset(after)))


def tally_is_long(session: Session) -> bool:
    """Whether it is time to fold the tally together."""
    return (session.scalar(select(func.count(CaseTallyTable.id))) or 0) >= FOLD_FROM


def fold_tally(session: Session) -> None:
    """Add up the rows of the tally; those that others are about to add stay for the next time."""
    gone = session.execute(delete(CaseTallyTable).returning(*KEY, CaseTallyTable.number))
    sums: Counter[tuple[Any, ...]] = Counter()
    for *key, number in gone:
        sums[tuple(key)] += number
    names = [column.key for column in KEY]
    rows = [dict(zip(names, key, strict=True)) | {"number": n} for key, n in sums.items() if n]
    if rows:
        session.execute(insert(CaseTallyTable), rows)


def tally_of_cases(session: Session) -> dict[tuple[str, str, bool, bool], int]:
    """What the tally has to add up to, counted case by case."""
    key = (
        CaseTable.scene,
        CaseTable.state,
        CaseTable.verdict.is_not(None),
        CaseTable.cleared_at.is_not(None),
    )
    rows = session.execute(select(*key, func.count()).group_by(*key))
    return {(scene, state, bool(j), bool(c)): n for scene, state, j, c, n in rows}


def _count_of_box(session: Session, box: str) -> int:
    """How many cases a box has seen: the cases themselves need not be looked at."""
    link, incident = CaseIncidentTable, IncidentTable
    seen = select(link.case_id).join(incident, incident.incident_id == link.incident_id)
    mine = seen.where(incident.box == box).distinct().subquery()
    return session.scalar(select(func.count()).select_from(mine)) or 0


def most_counted(session: Session, wanted: CaseFilter) -> int | None:
    """Where counting stops; None: nowhere."""
    return COUNTED if is_limited(session) or wanted.q else None


def _is_tallied(wanted: CaseFilter) -> bool:
    """Whether the tally knows all that is asked for."""
    others = (
        *(wanted.place, wanted.box, wanted.filed_from, wanted.filed_before, wanted.q or None),
        *(wanted.lead, wanted.grid, wanted.red, wanted.overdue, wanted.priority or None),
    )
    return all(value is None for value in others)


def _by_state(session: Session, wanted: CaseFilter) -> Select[str, bool, int]:
    """Rows of state, judged, number."""
    if _is_tallied(wanted):
        tally = CaseTallyTable
        counted = select(tally.state, tally.judged, func.sum(tally.number))
        return _tally(counted, wanted).group_by(tally.state, tally.judged)
    judged = when((CaseTable.verdict.is_(None), False), else_=True)
    found = matching(session, select(CaseTable.state, judged, func.count()), wanted)
    return found.group_by(CaseTable.state, judged)


def _tally(statement: AnySelect, wanted: CaseFilter) -> AnySelect:
    """The statement over the tally, restricted to the cases that are wanted."""
    tally = CaseTallyTable
    asked: list[ColumnElement[bool]] = []
    if wanted.scene is not None:
        asked.append(tally.scene == wanted.scene)
    if wanted.state is not None:
        asked.append(tally.state == wanted.state)
    if wanted.cleared is not None:
        asked.append(tally.cleared.is_(wanted.cleared))
    if wanted.status is not None:
        is_open = tally.state.in_(OPEN)
        asked.append(is_open if wanted.status == "open" else ~is_open)
    if wanted.tab is not None:
        asked.append(tally.state.in_(TAB_STATES[wanted.tab]))
    if wanted.tab == "review":
        asked.append(tally.judged.is_(False))
    return statement.where(*asked)


def matching(session: Session, statement: AnySelect, wanted: CaseFilter) -> AnySelect:
    """The statement, restricted to the cases that are wanted and may be seen."""
    case = CaseTable
    same = {case.state: wanted.state, case.scene: wanted.scene, case.place: wanted.place}
    same |= {case.lead: wanted.lead}
    flags: dict[ColumnElement[bool], bool | None] = {
        case.red.expression: wanted.red,
        case.overdue.expression: wanted.overdue,
        case.cleared_at.is_not(None): wanted.cleared,
        case.state.in_(OPEN): None if wanted.status is None else wanted.status == "open",
    }
    return statement.where(
        *seen_cases(session),
        *(column == value for column, value in same.items() if value is not None),
        *(flag if wished else ~flag for flag, wished in flags.items() if wished is not None),
        *_otherwise(session, wanted),
    )


def _otherwise(session: Session, wanted: CaseFilter) -> Iterator[ColumnElement[bool]]:
    """What is not a column that has a value, or is true or false."""
    case = CaseTable
    if wanted.tab is not None:
        yield case.state.in_(TAB_STATES[wanted.tab])
    if wanted.tab == "review":
        yield case.verdict.is_(None)
    if wanted.box is not None:
        yield _seen_by(wanted.box)
    if wanted.grid is not None:
        yield one_of(session, case.place, places_of_grids(session, wanted.grid))
    if wanted.priority:
        yield case.priority > literal_column("0")  # in the words of the index
        yield case.priority >= wanted.priority
    if wanted.filed_from is not None:
        yield case.filed_at >= wanted.filed_from
    if wanted.filed_before is not None:
        yield case.filed_at < wanted.filed_before
    if wanted.q:
        begins = (column.startswith(wanted.q, autoescape=True) for column in BEGINS)
        yield or_(*begins)


def _seen_by(box: str) -> Any:
    """Whether any of a case's incidents came from this box."""
    other = aliased(IncidentTable)
    member = (
        select(CaseIncidentTable.case_id)
        .join(other, other.incident_id == CaseIncidentTable.incident_id)
        .where(CaseIncidentTable.case_id == CaseTable.id, other.box == box)
    )
    return member.exists()
