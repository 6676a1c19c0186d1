"""Conditions of the box itself as device events: told once when they come and once when they go."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from edge.clock import Clock
from edge.events import DeviceData, DeviceEvent, wire_time
from edge.ids import uuid7
from edge.outbox import Outbox, OutboxError

log = structlog.get_logger()

KEY = "box-health"
SETTLE_S = 30.0
"""So long a condition must have changed before it is told: no flicker."""

BoxCondition = Literal["disk_low", "clock_unsynchronised"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing to look at: whether it holds now, and what to say of it."""

    condition: BoxCondition
    holds: Callable[[], bool]
    detail: Callable[[], str]


class BoxHealth:
    """Looks at the probes; `look` belongs into a loop of the program, every few seconds.

    What was told outlives a restart, so nothing is raised twice and nothing stays raised.
    """

    def __init__(self, site: str, box: str, outbox: Outbox, clock: Clock) -> None:
        self._source = f"/{site}/{box}/{box}"
        self._box = box
        self._outbox = outbox
        self._clock = clock
        self._raised = _restored(outbox)
        self._changing: dict[str, float] = {}

    def look(self, probes: list[Probe]) -> None:
        """Tell what changed; what the disk does not take now is told at the next look."""
        for probe in probes:
            if self._changed(probe):
                self._tell(probe)

    def _changed(self, probe: Probe) -> bool:
        now_ts = self._clock.ts()
        if probe.holds() is (probe.condition in self._raised):
            self._changing.pop(probe.condition, None)
            return False
        return now_ts - self._changing.setdefault(probe.condition, now_ts) >= SETTLE_S

    def _tell(self, probe: Probe) -> None:
        wall = wire_time(self._clock.wall())
        raising = probe.condition not in self._raised
        since = wall if raising else self._raised[probe.condition]
        after = dict(self._raised)
        if raising:
            after[probe.condition] = wall
        else:
            del after[probe.condition]
        data = DeviceData(
            condition=probe.condition,
            state="raised" if raising else "cleared",
            since=since,
            detail=probe.detail()[:400] if raising else "",
        )
        event = DeviceEvent(
            id=uuid7(wall), source=self._source, time=wall, subject=self._box, data=data
        )
        try:
            self._outbox.put(event, state={KEY: _blob(after)})
        except OutboxError as error:
            log.error("condition_not_told", condition=probe.condition, reason=str(error))
            return
        self._raised = after
        self._changing.pop(probe.condition, None)
        log.warning("box_condition", condition=probe.condition, state=data.state)


def _blob(raised: dict[str, datetime]) -> bytes:
    return json.dumps({name: at.isoformat() for name, at in raised.items()}).encode()


def _restored(outbox: Outbox) -> dict[str, datetime]:
    try:
        kept = json.loads(outbox.load_state(KEY) or b"{}")
        return {name: datetime.fromisoformat(at) for name, at in kept.items()}
    except (OutboxError, ValueError, AttributeError):
        return {}
