"""The block `sound:` of a stream: where its sound comes from and what its level is worth."""

from datetime import date, datetime, time, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from edge.blocks import Closed, Number, Whole, fault_at
from edge.sound.calibration import VALID_DAYS, CalibrationRecord, declared

NOMINAL_FULL_SCALE_DB = 114.0
"""Taken for a source of which nothing is known: its levels are indications (指示值) anyway."""

DAY_HELP = "use a day such as 2026-11-01"


def _day(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError(DAY_HELP)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(DAY_HELP) from None


def _meter_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        known = parts.scheme in ("mqtt", "mqtts", "http", "https") and bool(parts.hostname)
        known = known and (parts.port or 1) > 0 and bool(parts.path.strip("/"))
        known = known and "@" not in parts.path + parts.query + parts.fragment
    except ValueError:
        known = False
    if not known:
        raise ValueError("must be mqtt(s)://host[:port]/topic or http(s)://host[:port]/path")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Serial = Annotated[str, Field(max_length=80)]
MeterUrl = Annotated[SecretStr, AfterValidator(_meter_url)]


class _Sound(Closed):
    """Keys that every source has."""

    accuracy_class: Literal[1, 2] = Field(
        2, description="class of microphone and meter by IEC 61672: margin 0.7 or 1.5 dB"
    )
    serial: Serial = Field("", description="serial number of the microphone or meter")


class _Microphone(_Sound):
    """Keys of a source that gives samples, which this box measures."""

    level_at_full_scale_db: Number | None = Field(
        None, ge=40, le=200, description="sound level whose rms is full scale; or: calibrate"
    )
    calibrated_at: Day | None = Field(
        None, description="day on which that was measured; without it levels only indicate"
    )
    calibration_valid_days: Whole = Field(
        VALID_DAYS, ge=1, le=3_650, description="so long a calibration holds"
    )
    self_noise_db: Number = Field(
        30.0, ge=0, le=80, description="level in a silent room; 5 dB above it measuring begins"
    )

    @model_validator(mode="after")
    def _day_of_what(self) -> "_Microphone":
        if self.calibrated_at is not None and self.level_at_full_scale_db is None:
            raise fault_at(
                ("level_at_full_scale_db",), "is missing: calibrated_at is the day of it"
            )
        return self

    def declared(self, zone: tzinfo) -> CalibrationRecord | None:
        """The calibration that the file states; it began with the day in the site's zone."""
        if self.calibrated_at is None or self.level_at_full_scale_db is None:
            return None
        began = datetime.combine(self.calibrated_at, time(), zone)
        return declared(self.level_at_full_scale_db, began, self.calibration_valid_days)


class StreamSound(_Microphone):
    """The camera's own microphone, on the connection of its picture."""

    from_: Literal["stream"] = Field(alias="from", description="stream | microphone | meter | file")


class MicrophoneSound(_Microphone):
    """A microphone at this box."""

    from_: Literal["microphone"] = Field(alias="from", description="a microphone at this box")
    device: str = Field("", max_length=200, description="its name; empty: the system's default")


class FileSound(_Microphone):
    """A recording that is played over and over, at the speed of the clock."""

    from_: Literal["file"] = Field(alias="from", description="a recording, over and over")
    path: Path = Field(description="the recording; relative to this file")


class MeterSound(_Sound):
    """A sound level meter of its own, which calibrates itself.

    Its levels count; what it is that sounds is heard in the camera's sound.
    """

    from_: Literal["meter"] = Field(alias="from", description="a sound level meter")
    url: MeterUrl = Field(description="mqtt(s)://host[:port]/topic or http(s)://host[:port]/path")
    ca_file: Path | None = Field(None, description="certificate authority, if not a public one")


AnySound = Annotated[
    StreamSound | MicrophoneSound | MeterSound | FileSound, Field(discriminator="from_")
]
"""Union of the sources, told apart by their key `from`."""
