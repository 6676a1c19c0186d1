"""What becomes of an incident's reports while alerts are suppressed: recorded, marked, not lost.

Pure. Every report of a stage is told, at once, with a `mode`; only `live` alerts anybody.

- The dwell clock never stops. When a permit or maintenance ends and the vehicle is seen standing
  there, everything that its full dwell has earned is told at once as `live`, with how much of the
  dwell had been suppressed and why.
- While the rule is off (`off_schedule`) standing there is no offence, so when a window begins the
  warning and the case need their own time from then on; until then reports stay `off_schedule`.
- New thresholds apply to the running dwell. A stage that was told is not taken back.
- When suppression begins in the middle, one event marks it; then only new stages, changes of
  severity and the end are recorded, no "still there".
- `shadow` tells exactly what `live` would.
- The end of an incident that was told live is live whatever holds by then, so that its case can
  close; otherwise it is recorded as the incident was.

So the live events by themselves are an ordinary life: warned, confirmed, ongoing*, cleared.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

from edge.events import Mode, Stage
from edge.force import Force, Thresholds, mode_of
from edge.incident import Report

Milestone = Literal["warned", "confirmed"]
STAGES: tuple[Milestone, ...] = get_args(Milestone)
"""Stages by rank 1, 2; what is beyond them has the rank of the last."""
SPEAKING: tuple[Mode, ...] = ("live", "shadow")
QUIET = "quiet"
"""The voice of all modes that are not in SPEAKING."""


@dataclass(frozen=True, slots=True)
class Look:
    """The moment at which reports came.

    `since_ts` is when the running occupation began, warned of or not, None when there is none.
    `present` is the incident as it stands now, its stage the highest it reached; None unless it
    was warned of and the zone was seen occupied at this very look.
    """

    ts: float
    force: Force
    since_ts: float | None = None
    present: Report | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A report as it goes out; its `rev` counts what went out.

    `reached` is the highest stage the incident has been told to have in this mode;
    `suppressed_s` of its dwell were suppressed, at last by `suppressed_by`.
    """

    report: Report
    mode: Mode
    reached: Milestone
    suppressed_s: float = 0.0
    suppressed_by: str = ""

    @property
    def wants_pictures(self) -> bool:
        """A new stage is shown; where standing is allowed nobody is photographed."""
        return self.report.stage != "ongoing" and self.mode != "off_schedule"


@dataclass(slots=True)
class _Life:
    """What was told of the running occupation."""

    incident_id: str = ""
    rev: int = 0
    reached: dict[str, int] = field(default_factory=dict)
    """Highest rank told as live, as shadow and as QUIET."""
    quiet_mode: Mode = "off_schedule"
    severity: str = ""


@dataclass(slots=True)
class _Pause:
    """A time in which alerts were suppressed, and why."""

    from_ts: float
    to_ts: float
    suppress: str

    def part_s(self, from_ts: float, to_ts: float) -> float:
        """How much of a stay lay in it."""
        return max(0.0, min(self.to_ts, to_ts) - max(self.from_ts, from_ts))

    def touches(self, from_ts: float, to_ts: float) -> bool:
        return self.to_ts > from_ts and self.from_ts <= to_ts


class Alerting:
    """Marks and completes the reports of one zone. Call `update` at every look, blind or not."""

    def __init__(self) -> None:
        self._life = _Life()
        self._before: str | None = None
        self._pauses: list[_Pause] = []
        self._rule_since_ts: float | None = None

    def update(self, reports: Sequence[Report], look: Look) -> list[Marked]:
        """Everything that goes out at this look; no new stage and no end is missing from it."""
        self._keep_time(look)
        told = [marked for report in reports for marked in self._take(report, look)]
        if look.present is not None:
            told += self._catch_up(look.present, look)
        if look.since_ts is None:
            self._life = _Life()
            del self._pauses[:-1]  # the next occupation may prove to have begun in the last one
        return told

    def _keep_time(self, look: Look) -> None:
        """Time between two looks belongs to what held at the first of them."""
        before, after = self._before, look.force.suppress
        if before is not None and _is_quiet(before):
            self._pauses[-1].to_ts = look.ts
        if _is_quiet(after) and after != before:
            self._pauses.append(_Pause(look.ts, look.ts, after))
        if before == "off_schedule" != after:
            self._rule_since_ts = look.ts
        self._before = after

    def _take(self, report: Report, look: Look) -> list[Marked]:
        life = self._life
        if report.incident_id != life.incident_id:
            life.incident_id, life.rev = report.incident_id, report.rev - 1
        mode = look.force.mode
        if report.stage == "cleared":
            return [self._end(report)]
        if report.stage == "ongoing":
            still = mode in SPEAKING and life.reached.get(mode, 0) == len(STAGES)
            return [self._tell(report, mode)] if still else []
        if mode not in SPEAKING:
            return [self._tell(report, mode)]
        if not self._due(report, look):
            return [self._tell(report, "off_schedule")]
        fresh = STAGES[life.reached.get(mode, 0) : _rank(report.stage)]
        return [self._tell(replace(report, stage=stage), mode) for stage in fresh]

    def _catch_up(self, present: Report, look: Look) -> list[Marked]:
        """What the present mode has not been told yet, although it holds."""
        told = [self._tell(report, look.force.mode) for report in self._untold(present, look)]
        reached = self._life.reached.get(_voice(look.force.mode), 0)
        if reached == len(STAGES) and present.reading.severity != self._life.severity:
            told.append(self._tell(replace(present, stage="ongoing"), look.force.mode))
        return told

    def _untold(self, present: Report, look: Look) -> list[Report]:
        reached = self._life.reached
        highest = _rank(present.stage)
        fresh_from = reached.get(_voice(look.force.mode), 0)
        if look.force.mode not in SPEAKING and fresh_from < highest:
            # One mark that it is suppressed from here on; others have told the rest.
            fresh_from = min(highest - 1, max(reached.values(), default=0))
        stages = (replace(present, stage=stage) for stage in STAGES[fresh_from:highest])
        return [stage for stage in stages if self._due(stage, look)]

    def _due(self, report: Report, look: Look) -> bool:
        """Whether the time under the rule is long enough, if the rule is to speak at all."""
        if look.force.mode not in SPEAKING:
            return True
        from_ts = report.since_ts
        if self._rule_since_ts is not None:
            from_ts = max(from_ts, self._rule_since_ts)
        return look.ts - from_ts >= _threshold_s(look.force.thresholds, report.stage)

    def _end(self, report: Report) -> Marked:
        spoken = (mode for mode in SPEAKING if mode in self._life.reached)
        return self._tell(report, next(spoken, self._life.quiet_mode))

    def _tell(self, report: Report, mode: Mode) -> Marked:
        life, voice = self._life, _voice(mode)
        life.rev += 1
        life.severity = report.reading.severity
        if voice == QUIET:
            life.quiet_mode = mode
        rank = max(1, life.reached.get(voice, 0))
        if report.stage != "cleared":
            rank = life.reached[voice] = max(rank, _rank(report.stage))
        since_ts, until_ts = report.since_ts, report.since_ts + report.dwell_s
        pauses = [pause for pause in self._pauses if pause.touches(since_ts, until_ts)]
        return Marked(
            replace(report, rev=life.rev),
            mode,
            STAGES[rank - 1],
            sum(pause.part_s(since_ts, until_ts) for pause in pauses),
            pauses[-1].suppress if pauses else "",
        )

    def dump(self, ts: float) -> bytes:
        """State to keep on disk, times relative to `ts`."""
        rule_since_ts = self._rule_since_ts
        state = {
            "life": asdict(self._life),
            "before": self._before,
            "pauses": [(ts - p.from_ts, ts - p.to_ts, p.suppress) for p in self._pauses],
            "rule_since_s_ago": None if rule_since_ts is None else ts - rule_since_ts,
        }
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away.

        The time away counts as what held when it began.
        """
        state = json.loads(blob)
        self._life = _Life(**state["life"])
        self._before = state["before"]
        self._pauses = [_Pause(ts - a, ts - b, why) for a, b, why in state["pauses"]]
        ago_s = state["rule_since_s_ago"]
        self._rule_since_ts = None if ago_s is None else ts - ago_s


def _is_quiet(suppress: str) -> bool:
    return mode_of(suppress) not in SPEAKING


def _voice(mode: Mode) -> str:
    return mode if mode in SPEAKING else QUIET


def _rank(stage: Stage) -> int:
    return STAGES.index(stage) + 1 if stage in STAGES else len(STAGES)


def _threshold_s(thresholds: Thresholds, stage: Stage) -> float:
    return thresholds.warn_after_s if stage == "warned" else thresholds.file_after_s
