"""From reminder to case: 提醒, 劝导, 复查, 立案; one incident per place and evening. Pure.

A penalty needs proof that dissuasion failed (噪声污染防治法 §82, 治安管理处罚法 §88), so a case is
filed only on a level measured after it. A step that was reached is not taken back within an
evening: whoever turns the music down and up again continues where they were.

On the wire the first three steps are `warned`, the case is `confirmed`, and `severity` names the
step. What nobody can evaluate moves nothing: neither up nor towards the end.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Literal

from edge.events import Stage
from edge.scenes.dance_rules import Params
from edge.scenes.dance_verdict import UNSCALED, Verdict

Step = Literal["idle", "reminded", "dissuaded", "rechecking", "filed"]
STEPS: tuple[Step, ...] = ("idle", "reminded", "dissuaded", "rechecking", "filed")

LONGEST_STEP_S = 5.0
"""A longer time between two judgements counts as unobserved."""
NIGHT_ENDS_H = 5
MORNING_H = 7
"""The evening lasts from 12:00 to 05:00, the morning is a session of its own."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A place at one moment: the verdict over the last minute and over the filing window.

    `since_ts` is when the music under the present rule began, None without music; `until_ts` when
    it was last heard. `wall` is local and aware.
    """

    ts: float
    wall: datetime
    now: Verdict
    window: Verdict
    since_ts: float | None = None
    until_ts: float | None = None
    already_there: bool = False


@dataclass(frozen=True, slots=True)
class DanceReport:
    """An incident reached a stage; times are monotonic seconds.

    `severity` is the step (`reminded`, `dissuaded`, `rechecking`, `over_limit`, `curfew`,
    `relapse`), `advisory` when a person has to look first, or how it ended: `heeded`, `over`.
    `step` is how far the evening has got, `window_s` the time that the verdict is about.
    """

    incident_id: str
    rev: int
    stage: Stage
    severity: str
    reason: str
    told_ts: float
    since_ts: float
    dwell_s: float
    observed_s: float
    relapses: int
    already_there: bool
    restored: bool
    step: Step
    window_s: float
    verdict: Verdict

    @property
    def reached(self) -> Literal["warned", "confirmed"]:
        """The stage that the evening has got to, whatever this report says: what files."""
        return "confirmed" if self.step == "filed" else "warned"


@dataclass(slots=True)
class _Evening:
    """What happened at the place this evening; times ending in `_ts` are monotonic seconds."""

    name: str = ""
    incident_id: str = ""
    rev: int = 0
    step: Step = "idle"
    open: bool = False
    relapses: int = 0
    since_ts: float = 0.0
    step_ts: float = 0.0
    told_ts: float = 0.0
    calm_ts: float | None = None
    calm_s: float = 0.0
    pressed_s: float = 0.0
    already_there: bool = False
    restored: bool = False
    unknown_source: bool = False
    """Whether all that was told last is that a person has to look whose music it is."""


class Ladder:
    """The steps of one place. Call `update` at every look, in order of time."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._evening = _Evening()
        self._last_ts: float | None = None

    @property
    def step(self) -> Step:
        """How far this evening has got."""
        return self._evening.step

    @property
    def is_open(self) -> bool:
        """Whether an incident is going on."""
        return self._evening.open

    def update(self, judged: Judged, new_id: Callable[[], str]) -> list[DanceReport]:
        """Take the place's verdicts; `new_id` names the incident of a new evening."""
        step_s = 0.0 if self._last_ts is None else judged.ts - self._last_ts
        step_s = step_s if step_s <= LONGEST_STEP_S else 0.0
        self._last_ts = judged.ts
        evening = self._evening
        if judged.now.pressing:
            evening.calm_ts, evening.calm_s = None, 0.0
            evening.pressed_s += step_s if evening.open else 0.0
            return self._pressed(judged, new_id)
        if judged.now.outcome == "within" and evening.open:
            return self._calm(judged, step_s)
        return []

    def _pressed(self, judged: Judged, new_id: Callable[[], str]) -> list[DanceReport]:
        if judged.since_ts is None or judged.ts - judged.since_ts < self._params.warn_after_s:
            return []
        if not self._evening.open:
            return self._begin(judged, judged.since_ts, new_id)
        step = self._next(judged)
        if step is not None:
            return [self._reach(step, judged)]
        late = judged.ts - self._evening.told_ts >= self._params.ongoing_every_s
        if self._evening.step == "filed" and judged.now.outcome == "exceeds" and late:
            return [self._report("ongoing", judged, judged.ts)]
        return []

    def _begin(
        self, judged: Judged, since_ts: float, new_id: Callable[[], str]
    ) -> list[DanceReport]:
        """The first of the evening, or again after it had ended."""
        before, name = self._evening, evening_of(judged.wall)
        if before.name != name:
            before = _Evening(name)
        again = before.step != "idle"
        # A re-check that was broken off begins anew.
        wanted = before.step if before.step == "rechecking" else _after(before.step)
        step = min(wanted, _ceiling(judged.now), key=STEPS.index)
        if STEPS.index(step) < STEPS.index(before.step):
            return []
        before.incident_id = before.incident_id or new_id()
        before.open, before.relapses = True, before.relapses + int(again)
        before.since_ts = since_ts
        before.pressed_s = judged.now.music_share * self._params.warn_after_s
        before.already_there = judged.already_there
        self._evening = before
        return [self._reach(step, judged)]

    def _next(self, judged: Judged) -> Step | None:
        """The step that is reached now, None when none is."""
        params, now = self._params, self._evening
        waited_s = judged.ts - now.step_ts
        since_ts = judged.ts if judged.since_ts is None else judged.since_ts
        step = _after(now.step)
        if STEPS.index(_ceiling(judged.now)) < STEPS.index(step):
            return None
        match now.step:
            case "reminded":
                return step if waited_s >= params.dissuade_after_s else None
            case "dissuaded":
                return step if waited_s >= params.recheck_after_s else None
            case "rechecking":
                heard_s = min(waited_s, judged.ts - since_ts)
                proven = judged.window.outcome == "exceeds" and heard_s >= params.window_s
                return step if proven else None
            case _:
                return None

    def _reach(self, step: Step, judged: Judged) -> DanceReport:
        self._evening.step, self._evening.step_ts = step, judged.ts
        return self._report("confirmed" if step == "filed" else "warned", judged, judged.ts)

    def _calm(self, judged: Judged, step_s: float) -> list[DanceReport]:
        """Within the rule for so long, not counting what could not be evaluated."""
        now = self._evening
        if now.calm_ts is None:
            ended_ts = judged.ts if judged.until_ts is None else judged.until_ts
            now.calm_ts = max(now.since_ts, min(judged.ts, ended_ts))
        now.calm_s += step_s
        if now.calm_s < self._params.clear_after_s:
            return []
        report = self._report("cleared", judged, now.calm_ts)
        now.open, now.calm_ts, now.calm_s = False, None, 0.0
        return [report]

    def _report(self, stage: Stage, judged: Judged, until_ts: float) -> DanceReport:
        now = self._evening
        now.rev += 1
        now.told_ts = judged.ts
        over_window = stage == "confirmed" and not now.relapses
        verdict = judged.window if over_window else judged.now
        dwell_s = max(0.0, until_ts - now.since_ts)
        return DanceReport(
            incident_id=now.incident_id,
            rev=now.rev,
            stage=stage,
            severity=self._severity(stage, verdict),
            reason=verdict.reason,
            told_ts=judged.ts,
            since_ts=now.since_ts,
            dwell_s=dwell_s,
            observed_s=min(now.pressed_s, dwell_s),
            relapses=now.relapses,
            already_there=now.already_there,
            restored=now.restored,
            step=now.step,
            window_s=self._params.window_s if over_window else self._params.warn_after_s,
            verdict=verdict,
        )

    def _severity(self, stage: Stage, verdict: Verdict) -> str:
        now = self._evening
        if stage == "cleared":
            ended = "over" if now.step == "filed" else "heeded"
            return "advisory" if now.unknown_source else ended
        if stage == "warned":
            now.unknown_source = _ceiling(verdict) == "reminded"
            return "advisory" if now.unknown_source else now.step
        if now.relapses:
            return "relapse"
        return "curfew" if verdict.basis == "curfew" else "over_limit"

    def dump(self, ts: float) -> bytes:
        """State to keep on disk, times relative to `ts`."""
        state = asdict(self._evening)
        for key in _TIMES:
            state[key] = None if state[key] is None else ts - state[key]
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away."""
        state = json.loads(blob)
        for key in _TIMES:
            state[key] = None if state[key] is None else ts - state[key]
        self._evening = _Evening(**state)
        self._evening.restored = self._evening.open


_TIMES = tuple(f.name for f in fields(_Evening) if f.name.endswith("_ts"))


def evening_of(local: datetime) -> str:
    """Name of the evening (12:00 to 05:00) or the morning in which a local time lies."""
    shifted = local - timedelta(hours=NIGHT_ENDS_H)
    part = "evening" if shifted.hour >= MORNING_H else "morning"
    return f"{shifted:%Y-%m-%d} {part}"


def _after(step: Step) -> Step:
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def _ceiling(verdict: Verdict) -> Step:
    """The highest step a verdict may lead to."""
    if verdict.outcome == "exceeds":
        return "filed"
    if verdict.outcome == "advisory":
        return "dissuaded" if verdict.reason in UNSCALED else "reminded"
    return "idle"
