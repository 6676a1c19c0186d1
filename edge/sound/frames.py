"""One second of sound as numbers, and what speaks against believing them. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Flag, auto

from edge.sound.statistics import equivalent_db


class Invalid(Flag):
    """Why a second counts neither for nor against anybody.

    The first four are measured here; the caller supplies the others, from tags, from weather,
    from the calibration record and from what the box itself plays.
    """

    NONE = 0
    CLIPPING = auto()
    GAP = auto()
    UNDER_RANGE = auto()
    DEAD = auto()
    WIND = auto()
    RAIN = auto()
    THUNDER = auto()
    CALIBRATION_EXPIRED = auto()
    GAIN_CONTROL = auto()
    PLAYBACK = auto()


@dataclass(frozen=True, slots=True)
class SecondFrame:
    """Levels of one second of media time; dB re 20 uPa when the source is calibrated.

    `ts` is the media time of its first sample, counted in samples. `measured_s` is how much of it
    was heard: all levels are of that part, never of silence put in its place. A second of which
    nothing was heard has no frame. `laf_db` is the Fast A level every 0.1 s, for percentiles;
    `bands_db` are the unweighted one-third octaves of the meter's `band_hz`. `beyond_db` is the
    estimate for what lies above the band of the source, 0 to 1 dB; all A levels contain it.
    """

    ts: float
    measured_s: float
    laeq_db: float
    lceq_db: float
    lafmax_db: float
    lafmin_db: float
    lasmax_db: float
    lcpeak_db: float
    laf_db: tuple[float, ...]
    bands_db: tuple[float, ...]
    beyond_db: float
    clipped_share: float
    invalid: Invalid

    @property
    def valid(self) -> bool:
        """Whether nothing speaks against this second."""
        return self.invalid is Invalid.NONE

    def doubted(self, why: Invalid) -> "SecondFrame":
        """The same second with more against it."""
        return replace(self, invalid=self.invalid | why)


def laeq_db(frames: Iterable[SecondFrame]) -> float | None:
    """LAeq over the measured part of the frames, by energy; None when there are none."""
    return equivalent_db((frame.laeq_db, frame.measured_s) for frame in frames)


def lceq_db(frames: Iterable[SecondFrame]) -> float | None:
    """LCeq over the measured part of the frames, by energy; None when there are none."""
    return equivalent_db((frame.lceq_db, frame.measured_s) for frame in frames)


def valid_share(frames: Iterable[SecondFrame], span_s: float) -> float:
    """Share of `span_s` that was measured and is valid; what has no frame counts as missing."""
    return sum(frame.measured_s for frame in frames if frame.valid) / span_s
