"""Cases of devices (DV01): a fault that lasts is filed, and its end is seen, by the ticker."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.case_tables import CaseTable
from central.cases.devices import (
    DEVICE,
    FAULT,
    OFFLINE,
    Device,
    Trouble,
    Word,
    device_of,
    in_trouble,
    origin_of,
    troubles,
)
from central.cases.standing import Sensor
from central.cases.states import OPEN, Action
from central.store.boxes import seeing
from central.store.episodes import dispatch_by_rule
from central.store.live import Live, Seed, children_of, lock_case, number_case, sensor_of
from central.store.routes import filing
from central.tables import BoxTable, DeviceConditionTable


def devices_wait(session: Session, now: datetime) -> bool:
    """Whether a device has to be filed, or its case does not know how it is now."""
    words = _words(session)
    return bool(_unfiled(session, words, now)) or bool(_turned(session, words))


def watch_devices(session: Session, now: datetime, zone: ZoneInfo) -> dict[int, tuple[Action, ...]]:
    """File what has lasted; tell open cases whose device is well again, or in trouble again.

    Gives what was done, by case id.
    """
    words = _words(session)
    done: dict[int, tuple[Action, ...]] = {}
    for trouble in _unfiled(session, words, now):
        done[_file(session, trouble, now, zone)] = ("file",)
    for row in _turned(session, words):
        turn: Action = "occupied" if row.cleared_at else "cleared"
        live = Live(session, lock_case(session, row.id))
        live.by_itself(turn, now)
        look(session, live, now)
        live.keep()
        done[row.id] = (turn,)
    return done


def look(session: Session, live: Live, now: datetime) -> None:
    """See what is known of a case now: from its device, or from the cameras of its incidents."""
    if device_of(live.row.origin or "") is None:
        members = children_of(session, live.row.id)
        live.look(members, sees=seeing(session, members))
    else:
        live.see(sensed(session, live.row, now))


def sensed(session: Session, case: CaseTable, now: datetime) -> Sensor:
    """What is known of a case now."""
    device = device_of(case.origin or "")
    if device is None:
        members = children_of(session, case.id)
        return sensor_of(members, seeing(session, members))
    is_well = not in_trouble(_words(session), device)
    return Sensor(not is_well, (case.cleared_at or now) if is_well else None)


def _words(session: Session) -> list[Word]:
    """All raised conditions; a box that its last will called away is one, too."""
    table = DeviceConditionTable
    raised = session.execute(
        select(table.site, table.box, table.stream, table.condition, table.since).where(
            table.state == "raised"
        )
    )
    found = [Word(Device(s, b, stream), name, since) for s, b, stream, name, since in raised]
    away = session.scalars(select(BoxTable).where(BoxTable.online.is_(False)))
    for row in away:
        since = max(row.last_seen_at, row.state_at or row.last_seen_at)
        found.append(Word(Device(row.site, row.box), OFFLINE, since))
    return found


def _unfiled(session: Session, words: Sequence[Word], now: datetime) -> list[Trouble]:
    """Troubles that have no case yet, of devices without an open one."""
    lasting = troubles(words, now)
    if not lasting:
        return []
    named = select(CaseTable.origin).where(CaseTable.origin.in_([one.origin for one in lasting]))
    filed = set(session.scalars(named))
    waiting = tuple(origin for row in _open(session) if (origin := row.origin))
    return [
        one
        for one in lasting
        if one.origin not in filed and not any(w.startswith(origin_of(one.device)) for w in waiting)
    ]


def _turned(session: Session, words: Sequence[Word]) -> list[CaseTable]:
    """Open cases that do not know how their device is now."""
    found = []
    for row in _open(session):
        device = device_of(row.origin or "")
        if device is not None and in_trouble(words, device) != (row.cleared_at is None):
            found.append(row)
    return found


def _open(session: Session) -> list[CaseTable]:
    """Open cases of devices in trouble."""
    mine = (CaseTable.scene == DEVICE, CaseTable.severity == FAULT, CaseTable.state.in_(OPEN))
    return list(session.scalars(select(CaseTable).where(*mine).order_by(CaseTable.id)))


def _file(session: Session, trouble: Trouble, now: datetime, zone: ZoneInfo) -> int:
    seed = Seed(DEVICE, trouble.device.place, FAULT, trouble.since, origin=trouble.origin)
    live = number_case(session, seed, now, zone)
    live.by_itself("file", now, filing(session, live.row, now, trouble.note))
    dispatch_by_rule(session, live, now)
    live.keep()
    return live.row.id
