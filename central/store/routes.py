"""The route of a case in the town that is valid now, and the calendar its clocks run by."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from central.case_tables import CaseTable
from central.cases.limits import limits_of, mildest, written
from central.cases.standing import Detail
from central.clocks.calendar import Calendar
from central.clocks.deadlines import contact_due
from central.routing.grids import LEVELS
from central.routing.parties import Channel
from central.routing.town import NoRule, Route, Town
from central.store.sight import grids_in_sight
from central.tell.message import Hearer
from central.town.keeping import load_town

NO_GRID = "-"
"""In the log: the place was in no grid."""

log = structlog.get_logger()


def calendar_of(session: Session) -> Calendar:
    """The calendar of the town; the one that came with the program while none was imported."""
    return town_of_now(session).calendar


def grid_of(session: Session, place: str) -> str:
    """The grid of a place in the town of now; empty where the town knows none."""
    return next(iter(grids_around(session, place)), "")


def grids_around(session: Session, place: str) -> tuple[str, ...]:
    """The grid of a place in the town of now and those around it, inner ones first."""
    return town_of_now(session).lineages.get(place, ())


def grids_to_keep(session: Session, place: str) -> tuple[str, ...]:
    """The grids of a place for the log, where nothing must not look like an old row's silence."""
    return grids_around(session, place) or (NO_GRID,)


def contact_due_of(session: Session, service_code: str, at: datetime) -> datetime:
    """Until when who appeals now must be called back: by the strictest rule of what it is about."""
    town = town_of_now(session)
    day = town.calendar.local_day(at)
    rules = [one for one in town.rules if one.scene == service_code and one.holds_on(day)]
    limits = [one.limits for one in rules] or [limits_of(service_code)]
    return min(contact_due(at, one, town.calendar) for one in limits)


def orgs_of(session: Session) -> dict[str, str]:
    """Organisations of the town of now, id to name; empty in a town that keeps none."""
    return {org.id: org.name for org in town_of_now(session).orgs.values()}


def grids_of(session: Session) -> tuple[tuple[str, str], ...]:
    """Grids of the town of now that the asker may see, with their names, the widest first."""
    seen = grids_in_sight(session)
    found = sorted(
        town_of_now(session).atlas.grids, key=lambda one: (-LEVELS.index(one.level), one.id)
    )
    return tuple((one.id, one.name) for one in found if seen is None or one.id in seen)


def listed_hearers(session: Session, party: str) -> tuple[Hearer, ...]:
    """An organisation and its people, or all people with a role, and where they hear.

    The number of an organisation is for calling it: often nobody reads there.
    """
    town = town_of_now(session)
    org = town.orgs.get(party)
    people = [one for one in town.people if party in (one.org, *one.roles)]
    heard = (_hearer(one.channels, one.phone) for one in people)
    return (*((_hearer(org.channels),) if org else ()), *heard)


def _hearer(channels: Iterable[Channel], phone: str = "") -> Hearer:
    return Hearer(tuple((one.name, one.to) for one in channels), phone)


def numbers_of(session: Session, org: str) -> tuple[tuple[str, str], ...]:
    """Who can be called at an organisation: names with their numbers, its own first."""
    town = town_of_now(session)
    known = town.orgs.get(org)
    own = [(known.contact or known.name, known.phone)] if known else []
    people = [(one.name, one.phone) for one in town.members(org)] if known else []
    return tuple((name, phone) for name, phone in (*own, *people) if phone)


def org_name(session: Session, org: str) -> str:
    """What an organisation is called; its id where the town of now does not know it."""
    known = town_of_now(session).orgs.get(org)
    return known.name if known else org


def route_of(session: Session, case: CaseTable, severity: str, at: datetime) -> Route | None:
    """Who has to do with a case; None in a town without rules, where people dispatch by hand."""
    town = town_of_now(session)
    if not town.rules:
        return None
    try:
        return town.route(case.place, case.scene, severity, at)
    except NoRule as none:
        log.error("no_rule", case_no=case.case_no, why=str(none))
        return None


def filing(session: Session, case: CaseTable, at: datetime, note: str = "") -> Detail:
    """What the row that files a case says: its grids; limits and priority of the mildest one.

    A worse one has a row of its own for both, so the order of arrival does not matter.
    """
    route = route_of(session, case, mildest(case.scene), at)
    grids = grids_to_keep(session, case.place)
    if route is None:
        return Detail(note=note, grids=grids)
    limits = written(route.limits)
    return Detail(note=note, limits=limits, priority=route.priority, grids=grids)


def queueing(session: Session, case: CaseTable) -> Detail:
    """What the row says that lets a case wait for the desk: its grids."""
    return Detail(grids=grids_to_keep(session, case.place))


def dispatching(session: Session, case: CaseTable, at: datetime) -> Detail | None:
    """To whom the rule gives the case; None when no rule does."""
    route = route_of(session, case, mildest(case.scene), at)
    if route is None or not route.lead:
        return None
    return Detail(
        note=", ".join(route.flags),
        org=route.lead,
        assist=route.assist,
        inform=route.inform,
        rule=f"{route.rule_id}@{route.grid_version}",
    )


def worsening(session: Session, case: CaseTable, severity: str, at: datetime) -> Detail:
    """What a rise of severity brings: tighter limits, more who assist, others who must hear of it.

    Who was only informed and assists now is called. It is said by the rules alone: whatever else
    was told meanwhile, every order of arrival writes the same row.
    """
    route = route_of(session, case, severity, at)
    if route is None:
        return Detail(severity=severity)
    known = dispatching(session, case, at)
    helping = {case.lead, *(known.assist if known else ())}
    heard = {*helping, *route.assist, *(known.inform if known else ())}
    return Detail(
        severity=severity,
        limits=written(route.limits),
        priority=route.priority,
        assist=tuple(org for org in route.assist if org not in helping),
        inform=tuple(org for org in route.inform if org not in heard),
    )


def town_of_now(session: Session) -> Town:
    """The town that is valid now."""
    return load_town(session)
