"""From shadow to confirm to auto: a camera is proposed when its cases proved true. Pure."""

from dataclasses import dataclass
from math import sqrt

from central.cases.states import CameraMode

MIN_REVIEWED = 50
MIN_PRECISION = 0.95
MIN_LOWER = 0.85
Z_95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""

NEXT: dict[CameraMode, CameraMode] = {"shadow": "confirm", "confirm": "auto"}


@dataclass(frozen=True, slots=True)
class Record:
    """The desk's verdicts on a camera's cases."""

    confirmed: int
    false: int

    @property
    def reviewed(self) -> int:
        """How many were judged."""
        return self.confirmed + self.false

    @property
    def precision(self) -> float | None:
        """Share that was true, None without any verdict."""
        return self.confirmed / self.reviewed if self.reviewed else None

    @property
    def lower(self) -> float:
        """Lower bound of Wilson's score interval (95 %), 0 without any verdict."""
        return wilson_lower(self.confirmed, self.reviewed)


def wilson_lower(hits: int, trials: int) -> float:
    """Lower bound of the 95 % score interval of a share (Wilson 1927)."""
    if trials == 0:
        return 0.0
    share, z2 = hits / trials, Z_95 * Z_95
    middle = share + z2 / (2 * trials)
    spread = Z_95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    return max(0.0, (middle - spread) / (1 + z2 / trials))


def proposal(mode: CameraMode, record: Record) -> CameraMode | None:
    """The mode that a camera has earned, None while it has not."""
    precision = record.precision
    earned = (
        precision is not None
        and record.reviewed >= MIN_REVIEWED
        and precision >= MIN_PRECISION
        and record.lower >= MIN_LOWER
    )
    return NEXT.get(mode) if earned else None
