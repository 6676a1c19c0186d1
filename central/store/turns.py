"""When an incident ended and went on, read off all its events in the order of its box."""

import json
from collections.abc import Iterable
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.tables import EventTable

Turn = Literal["cleared", "occupied"]


def turns_of(session: Session, incident_id: str) -> list[Turn]:
    """`cleared`, `occupied`, `cleared`…; a further event never makes them fewer."""
    bodies = session.scalars(
        select(EventTable.body)
        .where(EventTable.incident_id == incident_id)
        .order_by(EventTable.rev, EventTable.id)
    )
    return _turns(json.loads(body)["data"]["stage"] for body in bodies)


def _turns(stages: Iterable[str]) -> list[Turn]:
    over = False
    turns: list[Turn] = []
    for stage in stages:
        if (stage == "cleared") != over:
            over = not over
            turns.append("cleared" if over else "occupied")
    return turns
