"""Boxes: their last state, the conditions they report, what their ledgers still miss."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.intake import TakenState
from central.ledger import Ledger
from central.sight import Camera
from central.store.box_types import Box, DeviceCondition, Gap
from central.store.looking import note_streams
from central.store.sight import cameras_in_sight
from central.store.sql import add_or_replace
from central.tables import BoxTable, DeviceConditionTable, IncidentTable, LedgerTable

BLINDING = ("no_signal", "frozen", "dark", "overexposed", "blurred", "covered", "moved")
_Key = tuple[str, str]


def save_state(session: Session, taken: TakenState, now: datetime) -> bool:
    """Keep a box's state; False for the late will of a connection that is not its newest one.

    A retained state may be old: it tells what the box was, not that it spoke just now.
    """
    state, sender = taken.state, taken.sender
    row = session.get(BoxTable, (sender.site, sender.box), with_for_update=True)
    if row is not None and not state.online and row.boot_id not in ("", state.boot_id):
        return False
    heard_at = min(state.time or now, now) if taken.retained else now
    body = state.model_dump(mode="json", exclude_none=True)
    values: dict[str, Any] = {"online": state.online, "boot_id": state.boot_id, "state": body}
    values["state_at"] = state.time or heard_at
    streams = (stream.id for stream in state.streams)
    note_streams(session, (sender.site, sender.box), streams, heard_at)
    first = {
        "site": sender.site,
        "box": sender.box,
        "first_seen_at": heard_at,
        "last_seen_at": heard_at,
    }
    if row is None:
        add_or_replace(session, BoxTable, first | values, replaced=tuple(values))
        return True
    session.refresh(row)
    if not state.online:  # a will knows nothing but that the box is gone
        body = row.state | {"online": False}
    row.online, row.boot_id, row.state = state.online, state.boot_id, body
    row.state_at = state.time or heard_at
    if state.online:
        row.last_seen_at = max(row.last_seen_at, heard_at)
    return True


def list_boxes(session: Session, now: datetime | None = None) -> tuple[Box, ...]:
    """Boxes that may be seen, by site and name; without `now` every gap counts as overdue."""
    conditions = _raised(session)
    ledgers = _ledgers(session, now)
    rows = session.scalars(select(BoxTable).order_by(BoxTable.site, BoxTable.box))
    found = tuple(
        replace(
            _box(row),
            conditions=tuple(conditions.get((row.site, row.box), ())),
            ledgers=tuple(ledgers.get((row.site, row.box), ())),
        )
        for row in rows
    )
    cameras = cameras_in_sight(session)
    if cameras is None:
        return found
    boxes = {camera[:2] for camera in cameras}
    return tuple(_seen_part(one, cameras) for one in found if (one.site, one.box) in boxes)


def _seen_part(box: Box, cameras: frozenset[Camera]) -> Box:
    """A box as if it had only these cameras."""

    def is_seen(stream: str) -> bool:
        return (box.site, box.box, stream) in cameras

    streams = [one for one in box.state.get("streams", ()) if is_seen(one["id"])]
    return replace(
        box,
        state=box.state | {"streams": streams},
        conditions=tuple(c for c in box.conditions if not c.stream or is_seen(c.stream)),
    )


def get_box(session: Session, site: str, box: str) -> Box | None:
    """One box as it told of itself, without its conditions and ledgers; None when unknown."""
    row = session.get(BoxTable, (site, box))
    return None if row is None else _box(row)


def _box(row: BoxTable) -> Box:
    return Box(
        site=row.site,
        box=row.box,
        online=row.online,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        state_at=row.state_at,
        state=row.state,
        conditions=(),
        ledgers=(),
    )


def stream_names(session: Session) -> dict[tuple[str, str, str], str]:
    """What people call the cameras, by (site, box, stream), as their boxes last told."""
    rows = session.execute(select(BoxTable.site, BoxTable.box, BoxTable.state))
    return {
        (site, box, stream["id"]): stream["name"]
        for site, box, state in rows
        for stream in state.get("streams", [])
        if stream.get("name")
    }


def _raised(session: Session) -> dict[_Key, list[DeviceCondition]]:
    """Conditions whose newest word is "raised"."""
    table = DeviceConditionTable
    rows = session.scalars(
        select(table).where(table.state == "raised").order_by(table.stream, table.condition)
    )
    found: dict[_Key, list[DeviceCondition]] = {}
    for row in rows:
        condition = DeviceCondition(
            row.site,
            row.box,
            row.stream,
            row.condition,
            row.state,
            row.since,
            row.time,
            row.detail,
        )
        found.setdefault((row.site, row.box), []).append(condition)
    return found


def sees(session: Session, cameras: Iterable[tuple[str, str, str]]) -> bool:
    """Whether any of these cameras (site, box, stream) can tell now what stands before it."""
    wanted = list(cameras)
    blind = _blind(session, {(site, box) for site, box, _ in wanted})
    return any(
        (box := session.get(BoxTable, (site, name))) is not None
        and box.online
        and (site, name, stream) not in blind
        for site, name, stream in wanted
    )


def seeing(session: Session, members: Iterable[IncidentTable]) -> bool:
    """Whether what these incidents say last still holds: nobody is there, or a camera can tell."""
    watching = [(one.site, one.box, one.stream) for one in members if one.stage != "cleared"]
    return not watching or sees(session, watching)


def _blind(session: Session, boxes: set[_Key]) -> set[tuple[str, str, str]]:
    """Cameras of these boxes with a raised condition in which nothing can be judged."""
    table = DeviceConditionTable
    rows = session.execute(
        select(table.site, table.box, table.stream).where(
            table.state == "raised",
            table.condition.in_(BLINDING),
            table.box.in_({box for _, box in boxes}),
        )
    )
    return {(site, box, stream) for site, box, stream in rows}


def _ledgers(session: Session, now: datetime | None) -> dict[_Key, list[Gap]]:
    found: dict[_Key, list[Gap]] = {}
    for row in session.scalars(select(LedgerTable).order_by(LedgerTable.updated_at)):
        ledger = Ledger.of(row.hwm, row.missing)
        overdue = ledger.missing if now is None else ledger.overdue(now.timestamp())
        gap = Gap(row.epoch, row.hwm, ledger.missing, overdue)
        found.setdefault((row.site, row.box), []).append(gap)
    return found
