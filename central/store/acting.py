"""What people do with cases: judged by the table, written into the log, noted in the audit."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.audit import Noted
from central.case_tables import CaseTable
from central.cases.moves import Move, Refused, Situation
from central.cases.states import OPEN, Action
from central.cases.suggesting import family_of
from central.cases.workflow import QUIET, allowed, check
from central.store.audit import note
from central.store.devices import look, sensed
from central.store.dismissing import keep_apart
from central.store.episodes import dispatch_by_rule, settle
from central.store.live import Live, lock_case
from central.store.merging import absorb, case_by_no, part
from central.store.routes import filing, orgs_of
from central.store.sight import NotFound
from central.store.types import ActionRequest, Person


def perform(session: Session, case_no: str, request: ActionRequest, now: datetime) -> None:
    """Do what somebody wants; raises NotFound, or Refused with the reason.

    The version is compared while the row is locked: of two people the second is refused and told
    what the first one did.
    """
    row = case_by_no(session, case_no)
    if row is None:
        raise NotFound(case_no)
    live = Live(session, row)
    if row.version != request.version:
        raise _too_late(live)
    look(session, live, now)
    before = live.standing
    move = replace(_move_of(request, now), orgs=frozenset(orgs_of(session)))
    _do(session, live, move, now)
    live.keep()
    did = {
        "did": request.action,
        "from": before.state,
        "to": live.standing.state,
        "reason": request.reason,
        "row": live.head,
    }
    note(session, Noted(now, request.actor, "verdict", case_no, request.address, did))


def allowed_of(session: Session, case: CaseTable, who: Person) -> tuple[Action, ...]:
    """What somebody may do with a case now."""
    live = Live(session, case)
    moment = live.log[-1].at
    live.sensor = sensed(session, case, moment)
    survivor_open = _survivor_is_open(session, case)
    ask = Move("comment", who.name, who.role, moment, org=who.org, survivor_open=survivor_open)
    ask = replace(ask, orgs=frozenset(orgs_of(session)))
    return allowed(Situation(live.standing, ask, live.sensor))


def _move_of(request: ActionRequest, now: datetime) -> Move:
    return Move(
        request.action,
        request.actor,
        request.role,
        now,
        reason=request.reason,
        detail=replace(request.said, note=request.note),
        org=request.org,
    )


def _do(session: Session, live: Live, move: Move, now: datetime) -> None:
    if move.action == "merge" and move.detail.case_no:
        survivor = _survivor(session, live, move.detail.case_no)
        check(Situation(live.standing, move, live.sensor))
        absorb(session, survivor, live, move)
        settle(session, survivor, now)
    elif move.action == "unmerge":
        survivor_open = _survivor_is_open(session, live.row)
        if live.row.merged_into is None:
            live.move(move)  # the table says why not
            return
        survivor = Live(session, lock_case(session, live.row.merged_into))
        part(session, live, survivor, replace(move, survivor_open=survivor_open))
        keep_apart(session, (live.row.case_no, survivor.row.case_no), move.actor, now)
        settle(session, survivor, now)
        settle(session, live, now)
    elif live.standing.state == "pending_file":
        said = filing(session, live.row, now)
        said = replace(move.detail, limits=said.limits, priority=said.priority)
        live.move(replace(move, detail=said))
        dispatch_by_rule(session, live, now)
    else:
        live.move(move)


def _survivor(session: Session, live: Live, case_no: str) -> Live:
    row = case_by_no(session, case_no)
    if row is None or row.id == live.row.id:
        raise Refused("unknown_case", f"there is no other case {case_no}")
    if row.state not in OPEN:
        raise Refused("survivor_closed", f"{case_no} is '{row.state}': only an open case can stay")
    if family_of(row.scene) != family_of(live.row.scene):
        raise Refused("other_scene", f"{case_no} is about {row.scene}, not {live.row.scene}")
    return Live(session, row)


def _survivor_is_open(session: Session, case: CaseTable) -> bool:
    if case.merged_into is None:
        return False
    state = session.scalar(select(CaseTable.state).where(CaseTable.id == case.merged_into))
    return state in OPEN


def _too_late(live: Live) -> Refused:
    last = next((row for row in live.log[::-1] if row.action not in QUIET), live.log[-1])
    return Refused(
        "version_conflict",
        f"{last.actor} was faster: '{last.action}', the case is now '{live.standing.state}' "
        f"(version {live.standing.version})",
        by=last,
    )
