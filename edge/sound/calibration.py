"""Judges the recording of a 94 or 114 dB calibrator and keeps the record that follows. Pure.

Two recordings within an hour, one at each level, show whether the level rises by 20 dB as it must:
automatic gain control and limiters make it less. The record of such a pair rests on the lower
level, which is nearer to the limits of the law, and carries the linearity that was found.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from edge.sound.level import Samples, as_float
from edge.sound.tone import CalibrationError, Tone, measure_tone

NOMINAL_DB = (94.0, 114.0)
NOMINAL_SLACK_DB = 1.0
"""A calibrator's certificate may say 93.8."""
LINEARITY_DB = 0.8
"""Allowed error of the 20 dB step: level linearity of class 1 in IEC 61672-1."""
DRIFT_DB = 0.5
"""A larger change since the last calibration voids what lies between (GB 3096 and GB 22337)."""
PAIR_WITHIN = timedelta(hours=1)
VALID_DAYS = 365
"""Yearly, as meters are verified."""

Serial = Annotated[str, Field(max_length=80)]
State = Literal["calibrated", "uncalibrated", "expired"]


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and with what a calibration is made; serial numbers may be empty when unknown."""

    at: datetime
    microphone: str = ""
    calibrator: str = ""
    valid_days: int = VALID_DAYS


class CalibrationRecord(BaseModel):
    """What is kept of a calibration, as JSON.

    `level_at_full_scale_db` is the sound level whose rms is digital full scale. `drift_db` is its
    change since the calibration before, None at the first; `linearity_db` is the error of the
    94-114 dB step, None while only one level was played. A record declared in the configuration
    has no tone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    calibrated_at: AwareDatetime
    expires_at: AwareDatetime
    level_at_full_scale_db: Annotated[float, Field(ge=0, le=200)]
    nominal_db: float | None = None
    tone: Tone | None = None
    drift_db: float | None = None
    linearity_db: float | None = None
    microphone: Serial = ""
    calibrator: Serial = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a record is worth: `calibrated` may file on decibels, the others show 指示值 only."""

    state: State
    reason: str = ""


def calibrate(
    samples: Samples,
    rate_hz: int,
    nominal_db: float,
    when: Occasion,
    previous: CalibrationRecord | None,
) -> CalibrationRecord:
    """Record of a recording, shape (N,), of a calibrator whose level is `nominal_db`.

    Raises CalibrationError naming what is wrong with the tone, or with `wrong_nominal`,
    `clock` (earlier than `previous`) or `gain_control` (the step between the levels is not what it
    must be). Raises ValueError for samples of another shape or type, or a time without offset.
    """
    if min(abs(nominal_db - level) for level in NOMINAL_DB) > NOMINAL_SLACK_DB:
        _refuse("wrong_nominal", f"{nominal_db:g} dB is no calibrator's level: 94 or 114")
    if previous is not None and when.at < previous.calibrated_at:
        _refuse("clock", f"the last calibration is dated later: {previous.calibrated_at}")
    tone = measure_tone(as_float(samples), rate_hz)
    record = CalibrationRecord(
        calibrated_at=when.at,
        expires_at=when.at + timedelta(days=when.valid_days),
        level_at_full_scale_db=nominal_db - tone.level_dbfs,
        nominal_db=nominal_db,
        tone=tone,
        microphone=when.microphone,
        calibrator=when.calibrator,
    )
    return record if previous is None else _after(record, previous)


def declared(
    level_at_full_scale_db: float, at: datetime, valid_days: int = VALID_DAYS
) -> CalibrationRecord:
    """Record of a calibration that the configuration states, made by other means."""
    return CalibrationRecord(
        calibrated_at=at,
        expires_at=at + timedelta(days=valid_days),
        level_at_full_scale_db=level_at_full_scale_db,
    )


def standing(record: CalibrationRecord | None, at: datetime, microphone: str = "") -> Standing:
    """What `record` is worth at a moment for a microphone ("" when its serial is unknown)."""
    if record is None:
        return Standing("uncalibrated", "never calibrated")
    if microphone and record.microphone and microphone != record.microphone:
        return Standing("uncalibrated", f"the record is of microphone {record.microphone}")
    if at < record.calibrated_at:
        return Standing("uncalibrated", f"calibrated later, on {record.calibrated_at:%Y-%m-%d}")
    if record.drift_db is not None and abs(record.drift_db) > DRIFT_DB:
        return Standing(
            "uncalibrated",
            f"drifted by {record.drift_db:+.1f} dB since the calibration before: repeat it",
        )
    if at >= record.expires_at:
        return Standing("expired", f"expired on {record.expires_at:%Y-%m-%d}")
    return Standing("calibrated")


def _after(record: CalibrationRecord, previous: CalibrationRecord) -> CalibrationRecord:
    """The new record with what follows from the one before."""
    if _other_device(record, previous):
        return record
    if not _is_pair(record, previous):
        drift_db = record.level_at_full_scale_db - previous.level_at_full_scale_db
        return record.model_copy(update={"drift_db": drift_db})
    linearity_db = _linearity_db(record, previous)
    if (record.nominal_db or 0.0) > (previous.nominal_db or 0.0):
        return previous.model_copy(update={"linearity_db": linearity_db})
    drifted = previous.drift_db
    if drifted is not None:
        drifted += record.level_at_full_scale_db - previous.level_at_full_scale_db
    return record.model_copy(update={"linearity_db": linearity_db, "drift_db": drifted})


def _other_device(record: CalibrationRecord, previous: CalibrationRecord) -> bool:
    both_known = bool(record.microphone and previous.microphone)
    return both_known and record.microphone != previous.microphone


def _is_pair(record: CalibrationRecord, previous: CalibrationRecord) -> bool:
    if record.nominal_db is None or previous.nominal_db is None:
        return False
    apart = abs(record.nominal_db - previous.nominal_db) > 10
    return apart and record.calibrated_at - previous.calibrated_at <= PAIR_WITHIN


def _linearity_db(record: CalibrationRecord, previous: CalibrationRecord) -> float:
    """Error of the step between two levels; raises CalibrationError when it is too large."""
    low, high = sorted([record, previous], key=lambda one: one.nominal_db or 0.0)
    error_db = low.level_at_full_scale_db - high.level_at_full_scale_db
    if abs(error_db) > LINEARITY_DB:
        step_db = (high.nominal_db or 0.0) - (low.nominal_db or 0.0)
        _refuse(
            "gain_control",
            f"from {low.nominal_db:g} to {high.nominal_db:g} dB the recording rose by"
            f" {step_db + error_db:.1f} dB, {step_db:.1f} ± {LINEARITY_DB} wanted:"
            " automatic gain control or a limiter is on, or one level was misread",
        )
    return error_db


def _refuse(fault: str, text: str) -> None:
    raise CalibrationError({fault: text})
