"""Which rule holds at a place at one moment: thresholds in force, and whether to keep quiet.

Pure. Windows of the week follow the clock on the wall of the site: the hour that a change to
summer time skips holds nothing, the hour that a change back repeats is judged twice alike.
Permits and maintenance are spans between two instants. Every span holds its first moment and not
its last one. Holidays are central's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from edge.events import Mode

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN

_MODES: dict[str, Mode] = {
    "": "live",
    "shadow": "shadow",
    "permit": "permitted",
    "maintenance": "maintenance",
    "off_schedule": "off_schedule",
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Dwell until the warning and until the case."""

    warn_after_s: float
    file_after_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """Part of every week: on `days` (0 = Monday) from `start_min` to `end_min`, minutes of the day.

    An end that is not later than the start lies on the following day. Thresholds that are None
    are the zone's own.
    """

    days: frozenset[int]
    start_min: int
    end_min: int
    warn_after_s: float | None = None
    file_after_s: float | None = None

    @property
    def length_min(self) -> int:
        """Minutes from start to end."""
        return (self.end_min - self.start_min - 1) % DAY_MIN + 1

    def holds(self, minute: int) -> bool:
        """Whether a minute of the week, counted from Monday 00:00, lies in it."""
        starts = (day * DAY_MIN + self.start_min for day in self.days)
        return any((minute - start) % WEEK_MIN < self.length_min for start in starts)

    def common_minute(self, other: "Window") -> int | None:
        """First minute of the week that lies in both, None when they share none."""
        # Where two spans meet, one of them begins.
        starts = [d * DAY_MIN + self.start_min for d in self.days]
        starts += [d * DAY_MIN + other.start_min for d in other.days]
        return min((m for m in starts if self.holds(m) and other.holds(m)), default=None)


@dataclass(frozen=True, slots=True)
class Span:
    """From one instant to another; `id` is a permit's."""

    start: datetime
    end: datetime
    id: str = ""

    def holds(self, wall: datetime) -> bool:
        return self.start <= wall < self.end


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides over one zone besides the picture.

    Without windows the rule holds always; windows do not overlap.
    """

    own: Thresholds
    windows: tuple[Window, ...] = ()
    permits: tuple[Span, ...] = ()
    maintenance: tuple[Span, ...] = ()
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Force:
    """What holds now; `suppress` is "", "shadow", "permit:ID", "maintenance" or "off_schedule"."""

    thresholds: Thresholds
    suppress: str = ""

    @property
    def mode(self) -> Mode:
        """How events made now are meant."""
        return mode_of(self.suppress)


def mode_of(suppress: str) -> Mode:
    """Mode that belongs to a reason to keep quiet, see `Force`."""
    return _MODES[suppress.partition(":")[0]]


def in_force(rules: Rules, wall: datetime, zone: tzinfo) -> Force:
    """The rule at the instant `wall` (aware) where the clocks show `zone`.

    Of several reasons to keep quiet the one that excuses most is named: off schedule, maintenance,
    permit, shadow. So `shadow` always means: this would have alerted. Raises ValueError for a
    moment without an offset.
    """
    if wall.tzinfo is None:
        raise ValueError("the moment needs an offset")
    window = _window_at(rules.windows, minute_of_week(wall.astimezone(zone)))
    if rules.windows and window is None:
        return Force(rules.own, "off_schedule")
    thresholds = rules.own if window is None else _overridden(rules.own, window)
    return Force(thresholds, _suppress(rules, wall))


def minute_of_week(local: datetime) -> int:
    """Minutes that the wall clock has counted since Monday 00:00, rounded down."""
    return local.weekday() * DAY_MIN + local.hour * 60 + local.minute


def _window_at(windows: Sequence[Window], minute: int) -> Window | None:
    return next((window for window in windows if window.holds(minute)), None)


def _overridden(own: Thresholds, window: Window) -> Thresholds:
    return Thresholds(
        own.warn_after_s if window.warn_after_s is None else window.warn_after_s,
        own.file_after_s if window.file_after_s is None else window.file_after_s,
    )


def _suppress(rules: Rules, wall: datetime) -> str:
    if any(span.holds(wall) for span in rules.maintenance):
        return "maintenance"
    held = [permit for permit in rules.permits if permit.holds(wall)]
    if held:  # the one that lasts longest: its name stays when a shorter one ends
        return f"permit:{max(held, key=lambda permit: (permit.end, permit.id)).id}"
    return "shadow" if rules.shadow else ""
