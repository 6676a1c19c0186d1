"""A case in the hands of one transaction: its log folded, moves made, columns and timers kept."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.case_tables import CaseIncidentTable, CaseSerialTable, CaseTable, TimerTable
from central.cases.chain import chain
from central.cases.limits import clock_of, rank_of
from central.cases.moves import Move, Situation, Tell
from central.cases.standing import Detail, Entry, Sensor
from central.cases.states import Action
from central.cases.timers import timers
from central.cases.workflow import Outcome, decide, fold
from central.filing import case_no, local_day, prefix_of
from central.store.routes import calendar_of
from central.store.sql import add, insert
from central.store.telling import tell, tell_the_dispatcher
from central.store.transitions import add_row, birth_before, log_of, priority_of
from central.tables import IncidentTable

SYSTEM = "system"
CALLS = frozenset({"queued", "dispatched", "assist", "informed", "escalated", "severity"})


class Live:
    """One case, its row locked: `move` asks the table and writes the log, `keep` the rest."""

    def __init__(self, session: Session, row: CaseTable, born_after: str = "") -> None:
        self._session = session
        self.row = row
        log = log_of(session, row)
        self._number = log[-1].number if log else 0
        self._head = log[-1].hash if log else born_after
        self.log = [one.entry for one in log]
        self.standing = fold(self.log)
        self.told = Counter(_fact(entry) for entry in self.log)
        self.sensor = Sensor()

    def move(self, move: Move) -> Outcome:
        """What the table makes of it; raises `Refused`."""
        clock = clock_of(self.row.scene, calendar_of(self._session))
        outcome = decide(Situation(self.standing, move, self.sensor), clock)
        self._number += 1
        row = chain(self.row.case_no, self._number, outcome.entry, self._head)
        add_row(self._session, self.row.id, row)
        self._head = row.hash
        self.standing = outcome.standing
        self.row.priority = priority_of(self.row, self.standing)
        self.log.append(outcome.entry)
        self.told[_fact(outcome.entry)] += 1
        tells = self._still_of_use(outcome.tells)
        tell(self._session, self.row, self._number, outcome, tells)
        return outcome

    def _still_of_use(self, tells: Iterable[Tell]) -> tuple[Tell, ...]:
        """Without what would call somebody to an empty place: late news of what is long over."""
        empty = not self.sensor.occupied and self.sensor.cleared_at is not None
        return tuple(one for one in tells if not (empty and one.kind in CALLS))

    def call_dispatcher(self, now: datetime) -> None:
        """Nobody was named for a case that was just filed: people have to give it to somebody."""
        if self._still_of_use([Tell("dispatched")]):
            tell_the_dispatcher(self._session, self.row, self._number, now)

    @property
    def head(self) -> str:
        """Hash of the newest row."""
        return self._head

    def by_itself(self, action: Action, at: datetime, detail: Detail | None = None) -> Outcome:
        """A move of the system."""
        return self.move(Move(action, SYSTEM, "system", at, detail=detail or Detail()))

    def see(self, sensor: Sensor) -> None:
        """Take what is known of a case that no incident tells about."""
        self.sensor = sensor
        self.row.cleared_at = sensor.cleared_at

    def look(self, children: Iterable[IncidentTable], sees: bool = True) -> None:
        """See what the sensors say of the case's incidents now."""
        members = list(children)
        self.sensor = sensor_of(members, sees)
        self.row.cleared_at = self.sensor.cleared_at
        if not members:
            if self.row.incidents:  # they were another case's, which has gone its own way again
                self.row.incidents, self.row.incident_id = 0, None
            return
        first = min(members, key=lambda one: (one.since, one.incident_id))
        told = [one.worst for one in members] + [*self._told_by_people()]
        self.row.incident_id = first.incident_id
        self.row.incidents = len(members)
        self.row.since = first.since
        self.row.severity = max(told, key=lambda name: (rank_of(name), name))

    def _told_by_people(self) -> Iterable[str]:
        """Severities that no incident brought: who entered the case has said them."""
        return (
            row.detail.severity
            for row in self.log
            if row.action == "severity" and not row.detail.incident
        )

    def keep(self) -> None:
        """Write what the log and the sensors say into the row, and the timers that follow."""
        standing, row = self.standing, self.row
        assert standing.state is not None, "a case begins with a row in its log"
        row.state = standing.state
        row.verdict = standing.verdict
        row.reason = standing.reject_reason
        row.close_reason = standing.close_reason
        row.void_reason = standing.void_reason
        row.version = standing.version
        row.lead = standing.lead
        row.holder = standing.holder
        row.level = standing.level
        row.reopens = standing.reopens
        row.reworks = standing.reworks
        row.red = standing.red
        row.overdue = standing.overdue
        row.ended_at = standing.ended_at
        due = standing.deadlines
        row.official_at, row.internal_at = due.official_at, due.internal_at
        row.accept_at, row.verify_at = due.accept_at, due.verify_at
        self._session.flush()
        self._keep_timers()

    def _keep_timers(self) -> None:
        wanted: dict[str, tuple[int, datetime]] = {
            one.action: (one.level, one.at) for one in timers(self.standing, self.sensor)
        }
        mine = select(TimerTable).where(TimerTable.case_id == self.row.id)
        for kept in self._session.scalars(mine):
            if wanted.get(kept.action) == (kept.level, kept.due_at):
                del wanted[kept.action]
            else:
                self._session.delete(kept)
        self._session.flush()
        for action, (level, at) in wanted.items():
            values = {"case_id": self.row.id, "action": action, "level": level, "due_at": at}
            add(self._session, TimerTable, values)


def sensor_of(members: Sequence[IncidentTable], sees: bool) -> Sensor:
    """What the boxes say of a place by its incidents; `sees`: whether that still holds."""
    occupied = any(one.stage != "cleared" for one in members)
    over = bool(members) and not occupied
    return Sensor(occupied, max(one.stage_at for one in members) if over else None, sees)


def lock_case(session: Session, case_id: int) -> CaseTable:
    """The row of a case, nobody else's until the transaction ends."""
    found = session.scalar(
        select(CaseTable)
        .where(CaseTable.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert found is not None, "cases are never deleted"
    return found


def children_of(session: Session, case_id: int) -> list[IncidentTable]:
    """The incidents of a case, the earliest first."""
    return list(
        session.scalars(
            select(IncidentTable)
            .join(CaseIncidentTable, CaseIncidentTable.incident_id == IncidentTable.incident_id)
            .where(CaseIncidentTable.case_id == case_id)
            .order_by(IncidentTable.since, IncidentTable.incident_id)
            .execution_options(populate_existing=True)
        )
    )


@dataclass(frozen=True, slots=True)
class Seed:
    """What a case begins with; `origin` names what no incident files, `by` says so of people."""

    scene: str
    place: str
    severity: str
    since: datetime
    incident_id: str | None = None
    origin: str | None = None
    by: str = ""


def new_case(
    session: Session, of: IncidentTable, now: datetime, zone: ZoneInfo, **values: Any
) -> Live:
    """A case that an incident begins; nothing stands in its log yet."""
    of_incident = {"scene": of.scene, "place": of.place, "severity": of.worst}
    seed = Seed(**(of_incident | values), since=of.since, incident_id=of.incident_id)
    return number_case(session, seed, now, zone)


def number_case(session: Session, seed: Seed, now: datetime, zone: ZoneInfo) -> Live:
    """A case with the next number of the day; nothing stands in its log yet."""
    prefix, day = prefix_of(seed.scene), local_day(now, zone)
    serial = next_serial(session, prefix, day)
    born_after = birth_before(session, prefix, day, serial)
    number = case_no(prefix, day, serial)
    row = CaseTable(
        case_no=number,
        scene=seed.scene,
        place=seed.place,
        origin=f"{seed.by}:{number}" if seed.by else seed.origin,
        incident_id=seed.incident_id,
        incidents=0,
        severity=seed.severity,
        since=seed.since,
        state="candidate",
        version=0,
        lead="",
        holder="",
        priority=0,
        level=0,
        reopens=0,
        reworks=0,
        red=False,
        overdue=False,
        apart=False,
        filed_at=now,
    )
    session.add(row)
    session.flush()
    return Live(session, row, born_after)


def _fact(entry: Entry) -> tuple[str, str, str]:
    return entry.action, entry.detail.incident, entry.detail.severity


def next_serial(session: Session, prefix: str, day: str) -> int:
    """Next number of the day; the row's lock makes it unique among receivers."""
    statement = _serial_statement(session.get_bind().dialect.name)
    serial = session.scalar(statement, {"prefix": prefix, "day": day, "last": 1})
    assert serial is not None
    return int(serial)


@cache
def _serial_statement(dialect: str) -> Any:
    return (
        insert(dialect, CaseSerialTable)
        .on_conflict_do_update(
            index_elements=["prefix", "day"], set_={"last": CaseSerialTable.last + 1}
        )
        .returning(CaseSerialTable.last)
    )
