"""One physical occupation becomes one incident: warned → confirmed → ongoing* → cleared.

One state machine for every scene. Pure: readings in, reports out; ids come from the outside.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from edge.events import Stage
from edge.force import Thresholds
from edge.reopen import Birth
from edge.scenes.base import Reading, SceneParams

Phase = Literal["idle", "suspected", "warned", "confirmed"]


@dataclass(frozen=True, slots=True)
class Report:
    """An incident reached a stage; times are monotonic seconds."""

    incident_id: str
    rev: int
    stage: Stage
    since_ts: float
    dwell_s: float
    observed_s: float
    already_there: bool
    restored: bool
    reading: Reading
    reopened: int = 0


@dataclass(slots=True)
class _Open:
    """What is known of the occupation that is going on."""

    phase: Phase = "idle"
    incident_id: str = ""
    rev: int = 0
    since_ts: float = 0.0
    observed_s: float = 0.0
    reported_ts: float = 0.0
    clear_since_ts: float | None = None
    severity: str = ""
    already_there: bool = False
    restored: bool = False
    reopened: int = 0


class Incident:
    """Debounces the readings of one zone into the reports of one incident after the other."""

    def __init__(self, params: SceneParams, longest_step_s: float) -> None:
        """`longest_step_s`: a longer time between two readings counts as unobserved."""
        self._params = params
        self._longest_step_s = longest_step_s
        self._open = _Open()
        self._last_ts: float | None = None
        self._last: Reading | None = None
        self._thresholds = params.own_thresholds
        self._birth: Callable[[float], Birth] = lambda _: Birth("")

    @property
    def phase(self) -> Phase:
        """How far the present occupation has got."""
        return self._open.phase

    def dwell_s(self, ts: float) -> float:
        """Seconds since the present occupation began, 0 when there is none."""
        return 0.0 if self._open.phase == "idle" else ts - self._open.since_ts

    @property
    def since_ts(self) -> float | None:
        """When the present occupation began, warned of or not."""
        return None if self._open.phase == "idle" else self._open.since_ts

    def present(self, reading: Reading, ts: float) -> Report | None:
        """The incident as it stands, its stage the highest reached; None unless seen and warned."""
        phase = self._open.phase
        if reading.state != "occupied" or phase in ("idle", "suspected"):
            return None
        return self._describe("confirmed" if phase == "confirmed" else "warned", reading, ts)

    def update(
        self, reading: Reading, ts: float, thresholds: Thresholds, birth: Callable[[float], Birth]
    ) -> list[Report]:
        """Take the zone's reading at `ts` under the thresholds in force.

        `birth` names an incident that is told of for the first time; it gets its `since_ts`.
        """
        self._thresholds, self._birth = thresholds, birth
        ended = self._replaced(reading)
        self._observe(reading, ts)
        return ended + self._judge(reading, ts)

    def _judge(self, reading: Reading, ts: float) -> list[Report]:
        match reading.state:
            case "occupied":
                return self._occupied(reading, ts)
            case "clear" if self._open.phase != "idle":
                return self._cleared(reading, ts)
            case _:
                return []

    def _replaced(self, reading: Reading) -> list[Report]:
        """End the incident of those who left unseen; whoever stands there now is another one."""
        if reading.replaced_since_ts is None:
            return []
        until_ts = max(reading.replaced_since_ts, self._open.since_ts)
        told = self._open.phase in ("warned", "confirmed")
        gone = Reading("clear", reason="replaced by another vehicle while nobody could see")
        reports = [self._report("cleared", gone, until_ts)] if told else []
        self._open = _Open()
        return reports

    def _observe(self, reading: Reading, ts: float) -> None:
        """Count the time since the last reading as observed if both its ends saw the vehicle."""
        step_s = 0.0 if self._last_ts is None else ts - self._last_ts
        seen = reading.state == "occupied" and self._last is not None
        if seen and self._last is not None and self._last.state == "occupied":
            self._open.observed_s += step_s if step_s <= self._longest_step_s else 0.0
        self._last, self._last_ts = reading, ts

    def _occupied(self, reading: Reading, ts: float) -> list[Report]:
        now = self._open
        if now.phase == "idle":
            since_ts = ts if reading.since_ts is None else reading.since_ts
            now = self._open = _Open(
                "suspected",
                since_ts=since_ts,
                observed_s=max(0.0, ts - since_ts),
                already_there=reading.already_there,
            )
        now.clear_since_ts = None
        dwell_s = ts - now.since_ts
        if now.phase == "suspected" and dwell_s >= self._thresholds.warn_after_s:
            born = self._birth(now.since_ts)
            now.phase, now.incident_id = "warned", born.incident_id
            now.rev, now.reopened = born.rev, born.reopened
            return [self._report("warned", reading, ts), *self._occupied(reading, ts)]
        seen_enough = now.observed_s >= self._params.min_observed_share * dwell_s
        if now.phase == "warned" and dwell_s >= self._thresholds.file_after_s and seen_enough:
            now.phase = "confirmed"
            return [self._report("confirmed", reading, ts)]
        if now.phase == "confirmed" and self._worth_telling(reading, ts):
            return [self._report("ongoing", reading, ts)]
        return []

    def _worth_telling(self, reading: Reading, ts: float) -> bool:
        late = ts - self._open.reported_ts >= self._params.ongoing_every_s
        return late or reading.severity != self._open.severity

    def _cleared(self, reading: Reading, ts: float) -> list[Report]:
        now = self._open
        if now.clear_since_ts is None:
            earliest = ts if reading.clear_since_ts is None else reading.clear_since_ts
            now.clear_since_ts = max(earliest, now.since_ts)
        if ts - now.clear_since_ts < self._params.clear_after_s:
            return []
        told = now.phase in ("warned", "confirmed")
        reports = [self._report("cleared", reading, now.clear_since_ts)] if told else []
        self._open = _Open()
        return reports

    def _report(self, stage: Stage, reading: Reading, until_ts: float) -> Report:
        now = self._open
        now.rev += 1
        now.reported_ts, now.severity = until_ts, reading.severity
        return self._describe(stage, reading, until_ts)

    def _describe(self, stage: Stage, reading: Reading, until_ts: float) -> Report:
        now = self._open
        dwell_s = max(0.0, until_ts - now.since_ts)
        observed_s = min(now.observed_s, dwell_s)
        return Report(
            incident_id=now.incident_id,
            rev=now.rev,
            stage=stage,
            since_ts=now.since_ts,
            dwell_s=dwell_s,
            observed_s=observed_s,
            already_there=now.already_there,
            restored=now.restored,
            reading=reading,
            reopened=now.reopened,
        )

    def dump(self, ts: float) -> bytes:
        """State to keep on disk, times relative to `ts`."""
        state = asdict(self._open)
        for key in ("since_ts", "reported_ts", "clear_since_ts"):
            state[key] = None if state[key] is None else ts - state[key]
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away."""
        state = json.loads(blob)
        for key in ("since_ts", "reported_ts", "clear_since_ts"):
            state[key] = None if state[key] is None else ts - state[key]
        self._open = _Open(**state)
        self._open.restored = self._open.phase != "idle"
