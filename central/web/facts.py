"""What was measured in an incident, as its case's page shows it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from central.store import Case, TimelineEvent
from edge.events import Interval, SoundMeasures, TimelineSpan, VehicleSeen

THRESHOLD_ORDER = (
    "limit_db",
    "warn_after_s",
    "dissuade_after_s",
    "recheck_after_s",
    "window_s",
    "file_after_s",
    "clear_after_s",
)
SHARES = 24
"""A strip is divided into so many parts; `app.css` has a class for each."""


@dataclass(frozen=True, slots=True)
class Width:
    """Clear width left, with its error band; `required_m` when the rule names one."""

    est_m: float
    lo_m: float
    hi_m: float
    required_m: float | None = None

    @property
    def verdict(self) -> str:
        """`short` or `enough` where the whole band says so, else `unsure`; empty: nothing asked."""
        if self.required_m is None:
            return ""
        if self.hi_m < self.required_m:
            return "short"
        return "enough" if self.lo_m >= self.required_m else "unsure"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle of the occupation; `stood_s` is known once it has left."""

    kind: str
    score: float
    since: datetime | None
    left: datetime | None
    restored: bool

    @property
    def stood_s(self) -> float | None:
        """How long it stood."""
        if self.since is None or self.left is None:
            return None
        return (self.left - self.since).total_seconds()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the occupation in one state; `parts` is its share of the strip, at least 1."""

    begin: datetime
    end: datetime
    state: str
    coverage: float | None
    reason: str
    parts: int

    @property
    def length_s(self) -> float:
        """How long it lasted."""
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True, slots=True)
class Marks:
    """What has to be known beside the figures: was it told live, has it come back?"""

    mode: str = "live"
    reopened: int = 0
    suppressed_s: float = 0.0
    suppressed_by: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured and by what: the latest state of the incident.

    `sentence` is the occupation in one line of each language, as the box tells it. `sound` is what
    filed, else what was told last before the end.
    """

    incident_id: str
    rev: int
    stage: str
    thresholds: tuple[tuple[str, float], ...] = ()
    model: str = ""
    clock_synchronised: bool = True
    coverage: float | None = None
    width: Width | None = None
    two_wheelers: int = 0
    vehicles: tuple[Vehicle, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    sentence: tuple[tuple[str, str], ...] = ()
    marks: Marks = Marks()
    sound: SoundMeasures | None = None

    def told_in(self, language: str) -> str:
        """The sentence in this language, else in any that the box used, else empty."""
        return told_in(self.sentence, language)


def told_in(sentence: Iterable[tuple[str, str]], language: str) -> str:
    """The text in this language, else in any other, else empty."""
    told = {name: text for name, text in sentence if text}
    return told.get(language) or next(iter(told.values()), "")


def facts_of(case: Case, timeline: tuple[TimelineEvent, ...]) -> Facts:
    """What was measured: the newest event, its measures from before the place was left."""
    by_rev = sorted(timeline, key=lambda event: event.rev, reverse=True)
    if not by_rev:
        return Facts(case.incident_id, 0, case.stage)
    newest = by_rev[0]
    measured = next((e for e in by_rev if e.stage != "cleared"), newest).measures
    confirmed = next((e.measures for e in by_rev if e.stage == "confirmed"), measured)
    seen = next((e.measures.vehicles for e in by_rev if e.measures.vehicles), [])
    course = next((e.course for e in by_rev if e.course.spans or e.course.zh), newest.course)
    return Facts(
        incident_id=case.incident_id,
        rev=newest.rev,
        stage=newest.stage,
        thresholds=tuple(sorted(newest.thresholds.items(), key=_by_importance)),
        model=newest.model,
        clock_synchronised=newest.clock_synchronised,
        coverage=measured.coverage,
        width=_width_of(measured.clear_width_m, newest.thresholds.get("required_width_m")),
        two_wheelers=measured.two_wheelers,
        vehicles=tuple(_vehicle_of(one) for one in seen),
        stretches=stretches_of(course.spans),
        sentence=(("zh", course.zh), ("en", course.en)),
        marks=Marks(newest.mode, newest.reopened, newest.suppressed_s, newest.suppressed_by),
        sound=confirmed.sound,
    )


def stretches_of(spans: Iterable[TimelineSpan]) -> tuple[Stretch, ...]:
    """The spans with their shares of the strip; one that ends before it begins has no length."""
    lengths = [(span, max(0.0, (span.to - span.from_).total_seconds())) for span in spans]
    whole_s = sum(length for _, length in lengths)
    return tuple(
        Stretch(
            begin=span.from_,
            end=max(span.from_, span.to),
            state=span.state,
            coverage=span.coverage,
            reason=span.reason,
            parts=max(1, round(SHARES * length / whole_s)) if whole_s > 0 else 1,
        )
        for span, length in lengths
    )


def _width_of(measured: Interval | None, required_m: float | None) -> Width | None:
    if measured is None:
        return None
    return Width(measured.est, measured.lo, measured.hi, required_m)


def _vehicle_of(seen: VehicleSeen) -> Vehicle:
    return Vehicle(seen.class_, seen.score, seen.since, seen.left, seen.restored)


def _by_importance(threshold: tuple[str, float]) -> tuple[int, str]:
    name = threshold[0]
    place = THRESHOLD_ORDER.index(name) if name in THRESHOLD_ORDER else len(THRESHOLD_ORDER)
    return place, name
