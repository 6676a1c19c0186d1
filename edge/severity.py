"""Occupied (占用) or blocked (堵塞): a severity from the lane's clear width that does not flap.

Blocked is an accusation that sends people, so it needs certainty: the whole band below the
required width (GB 55037-2022 3.4.5: 4.0 m), for `blocked_after_s` of observed time. It is taken
back when the estimate, not only the band's upper end, has reached the required width for
`release_after_s`. Between the two (estimate below, upper end above) nothing changes: that gap is
half a band wide, so errors as large as the band itself allows for cannot flip the severity. Asking
the lower end to reach the required width would never release a lane that is itself 4 m wide.
"""

from dataclasses import dataclass
from typing import Any, Literal

from edge.events import Interval

Severity = Literal["occupied", "blocked"]
Evidence = Literal["below", "open", "between"]


def severity(clear_width: Interval | None, required_width_m: float) -> Severity:
    """Severity by this moment's width alone; an unknown width never blocks."""
    if clear_width is not None and clear_width.hi < required_width_m:
        return "blocked"
    return "occupied"


@dataclass(slots=True)
class SeverityFilter:
    """Severity of one incident over time. Make a new one for every incident.

    Times are monotonic seconds. Only time between two observations that say the same counts:
    while the lane is unobserved the clocks stand still.
    """

    required_width_m: float
    blocked_after_s: float = 120.0
    release_after_s: float = 30.0
    severity: Severity = "occupied"
    _below_s: float = 0.0
    _open_s: float = 0.0
    _last: tuple[float, Evidence] | None = None

    def update(self, clear_width: Interval | None, ts: float) -> Severity:
        """Take the width at `ts` (None: unobserved) and say the severity."""
        if clear_width is None:
            self._last = None
            return self.severity
        evidence = self._evidence(clear_width)
        passed_s = ts - self._last[0] if self._last and self._last[1] == evidence else 0.0
        self._last = (ts, evidence)
        if evidence == "below":
            self._below_s, self._open_s = self._below_s + passed_s, 0.0
        elif evidence == "open":
            self._open_s += passed_s
        self._decide(evidence)
        return self.severity

    def _evidence(self, clear_width: Interval) -> Evidence:
        if clear_width.hi < self.required_width_m:
            return "below"
        return "open" if clear_width.est >= self.required_width_m else "between"

    def _decide(self, evidence: Evidence) -> None:
        if evidence == "open" and self._open_s >= self.release_after_s:
            self.severity, self._below_s = "occupied", 0.0
        elif evidence == "below" and self._below_s >= self.blocked_after_s:
            self.severity = "blocked"

    def dump(self) -> dict[str, Any]:
        """State for JSON. Holds no moments: the time away does not count as observed."""
        return {"severity": self.severity, "below_s": self._below_s, "open_s": self._open_s}

    def load(self, state: dict[str, Any]) -> None:
        """Continue from a dump. Raises ValueError or KeyError for anything else."""
        if state["severity"] not in ("occupied", "blocked"):
            raise ValueError(f"no such severity: {state['severity']!r}")
        self.severity = state["severity"]
        self._below_s, self._open_s = float(state["below_s"]), float(state["open_s"])
        self._last = None
