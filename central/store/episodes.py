"""From incidents to cases: every event of an incident finds or files the case it belongs to.

The decisions are pure (`central.cases.episodes`); here they get their facts and leave their traces.
Any order of arrival leads to the same cases. Only a number that was given before a late event
joined two episodes stays behind, as a merged case that points to the one that goes on.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from central.case_tables import CaseIncidentTable, CaseTable
from central.cases.episodes import (
    REOFFENCE_WINDOW,
    is_storm,
    reoffence,
)
from central.cases.limits import rank_of
from central.cases.moves import Move
from central.cases.standing import Detail
from central.cases.states import OPEN, UNACCEPTED
from central.filing import files_case, local_day
from central.store.live import SYSTEM, Live, children_of, lock_case, new_case
from central.store.merging import absorb
from central.store.nearby import begun_around, case_of, cases_at, members_of, mode_of, owned_there
from central.store.routes import dispatching, filing, queueing, worsening
from central.store.sql import add_new
from central.store.turns import turns_of
from central.tables import IncidentTable
from edge.events import IncidentEvent

STANDS = ("confirmed", "ongoing")


@dataclass(frozen=True, slots=True)
class Now:
    """The moment and the calendar of those who read the numbers."""

    at: datetime
    zone: ZoneInfo


def place_incident(
    session: Session, event: IncidentEvent, now: datetime, zone: ZoneInfo
) -> str | None:
    """Let an event, whose incident's row was just written, do to cases what it has to.

    Gives the number of the case that it filed, None if it filed none.
    """
    here = Now(now, zone)
    incident = _noted(session, event)
    case_id = case_of(session, incident.incident_id)
    if not _counts(session, incident, event, here):
        if case_id is not None:
            settle(session, Live(session, lock_case(session, case_id)), now, event)
        return None
    members = members_of(session, incident, zone)
    if case_id is None and not any(one.files for one in members):
        return None
    live, filed = _choose(session, members, incident, here)
    if live is None:
        return None
    _attach(session, live, members, now)
    settle(session, live, now, event)
    return live.row.case_no if filed else None


def dispatch_by_rule(session: Session, live: Live, now: datetime) -> None:
    """Give a case that was just filed to whom the town's rules name, else ask who dispatches."""
    if live.standing.state != "filed":
        return
    detail = dispatching(session, live.row, now)
    if detail is not None:
        live.by_itself("dispatch", now, detail)
    else:
        live.call_dispatcher(now)


def settle(session: Session, live: Live, now: datetime, event: IncidentEvent | None = None) -> None:
    """Let a case show what its incidents say now; what is new of it goes into its log.

    Rows about incidents hold only what no further event can change, so every order of arrival
    writes the same ones.
    """
    members = children_of(session, live.row.id)
    live.look(members)
    ended = event.data.incident_id if event and event.data.stage == "cleared" else ""
    for one in members:
        _tell_facts(session, live, one, now, ended == one.incident_id)
    if _comes_back(live, members):
        live.by_itself("reopen", now)
    live.keep()
    _link_reoffences(session, live.row)


def _noted(session: Session, event: IncidentEvent) -> IncidentTable:
    """The incident's row with what is over all its events brought up to date."""
    data = event.data
    row = session.get_one(IncidentTable, data.incident_id, populate_existing=True)
    row.live = row.live or data.mode == "live"
    row.files = row.files or files_case(data)
    row.last_at = max(row.last_at, event.time)
    if data.mode == "live":
        row.worst = max(row.worst, data.severity, key=lambda name: (rank_of(name), name))
    session.flush()
    return row


def _counts(session: Session, incident: IncidentTable, event: IncidentEvent, here: Now) -> bool:
    """Whether an incident may lead to a case: live, its camera trusted and not storming.

    What still stands there when the storm is over was none of it: it counts from then on.
    """
    if not incident.live or mode_of(session, incident) == "shadow":
        return False
    if incident.braked is None:
        begun = begun_around(session, incident, incident.since)
        incident.braked = is_storm(incident.since, begun)
        if incident.braked:
            _report_storm(session, incident, here)
    elif incident.braked and event.data.stage in STANDS:
        incident.braked = is_storm(event.time, begun_around(session, incident, event.time))
    session.flush()
    return not incident.braked


def _report_storm(session: Session, incident: IncidentTable, here: Now) -> None:
    """One device case per camera and day; it is not about a place but about the camera."""
    camera = f"{incident.site}/{incident.box}/{incident.stream}"
    origin = f"storm:{camera}:{local_day(incident.since, here.zone)}"
    if session.scalar(select(CaseTable.id).where(CaseTable.origin == origin)) is not None:
        return
    values = {"scene": "device", "place": incident.stream, "severity": "storm", "origin": origin}
    live = new_case(session, incident, here.at, here.zone, **values)
    why = "more than 8 new incidents within 10 minutes"
    live.by_itself("file", here.at, filing(session, live.row, here.at, why))
    dispatch_by_rule(session, live, here.at)
    live.keep()


def _choose(
    session: Session, members: list[IncidentTable], incident: IncidentTable, here: Now
) -> tuple[Live | None, bool]:
    """The case of an episode, and whether it was made just now; None: it needs none."""
    found = cases_at(session, members)
    running = [row for row in found if row.state in OPEN]
    mine = case_of(session, incident.incident_id)
    own = next((row for row in found if row.id == mine), None)
    if own is not None and own.state not in OPEN:
        return Live(session, own), False
    if running:
        live = Live(session, running[0])
        for other in running[1:]:
            if other.state in (*UNACCEPTED, "pending_file") and not (other.apart or live.row.apart):
                move = Move("merge", SYSTEM, "system", here.at)
                absorb(session, live, Live(session, other), move)
        stays_apart = own is not None and own.id != live.row.id and own.state != "merged"
        return Live(session, own) if own is not None and stays_apart else live, False
    if not incident.files:
        return None, False
    closed = [row for row in found if row.state == "closed"]
    if closed:
        return Live(session, closed[-1]), False
    repeated = owned_there(session, incident)
    if repeated is not None:
        return Live(session, repeated), False
    free = [one for one in members if case_of(session, one.incident_id) is None]
    return _file(session, free, here), True


def _file(session: Session, members: list[IncidentTable], here: Now) -> Live:
    """A new case: by itself, or to the desk when only cameras under confirmation have seen it."""
    witnesses = [one for one in members if one.files]
    trusted = any(mode_of(session, one) == "auto" for one in witnesses)
    live = new_case(session, witnesses[0], here.at, here.zone)
    live.look(members)
    if not trusted:
        live.by_itself("queue", here.at, queueing(session, live.row))
        return live
    live.by_itself("file", here.at, filing(session, live.row, here.at))
    _link_reoffences(session, live.row)  # before anybody hears of it, for its priority
    dispatch_by_rule(session, live, here.at)
    return live


def _attach(session: Session, live: Live, members: list[IncidentTable], now: datetime) -> None:
    for one in members:
        values = {"incident_id": one.incident_id, "case_id": live.row.id, "joined_at": now}
        if not add_new(session, CaseIncidentTable, values):
            continue
        trusted = one.files and mode_of(session, one) == "auto"
        if live.standing.state == "pending_file" and trusted:
            live.by_itself("file", now, filing(session, live.row, now))
            dispatch_by_rule(session, live, now)


def _tell_facts(
    session: Session, live: Live, one: IncidentTable, now: datetime, ended: bool
) -> None:
    """Joined, got worse, ended, went on: as far as the log lacks it."""
    named = one.incident_id
    new = ("joined", named, "") not in live.told
    if new:
        live.by_itself("joined", now, Detail(incident=named))
    if rank_of(one.worst) > 1 and ("severity", named, one.worst) not in live.told:
        worse = worsening(session, live.row, one.worst, now)
        live.by_itself("severity", now, replace(worse, incident=named))
    logged = live.told["cleared", named, ""] + live.told["occupied", named, ""]
    if not (logged or ended or new):
        return  # it has never ended, as far as anybody knows
    for turn in turns_of(session, named)[logged:]:
        live.by_itself(turn, now, Detail(incident=named))


def _comes_back(live: Live, members: list[IncidentTable]) -> bool:
    """Whether a closed case has to go on: somebody stands there again, long enough for a case."""
    ended_at = live.standing.ended_at
    if live.standing.state != "closed" or ended_at is None:
        return False
    return any(one.files and one.stage in STANDS for one in members)


def _link_reoffences(session: Session, case: CaseTable) -> None:
    """The same place again within a day: this case, and those that followed it, say of which.

    Whoever comes back so soon comes before others.
    """
    end = func.coalesce(CaseTable.cleared_at, CaseTable.since)
    cases = session.scalars(
        select(CaseTable).where(
            CaseTable.scene == case.scene,
            CaseTable.place == case.place,
            CaseTable.state.not_in(("merged", "void")),
            CaseTable.since <= (case.cleared_at or case.since) + REOFFENCE_WINDOW,
            or_(end >= case.since - REOFFENCE_WINDOW, and_(CaseTable.id == case.id)),
        )
    ).all()
    ends = [(row.cleared_at, row.id) for row in cases if row.cleared_at is not None]
    for row in cases:
        if row.since >= case.since:
            others = [(at, number) for at, number in ends if number != row.id]
            found = reoffence(row.since, others)
            row.priority += (found is not None) - (row.reoffence_of is not None)
            row.reoffence_of = found
    session.flush()
