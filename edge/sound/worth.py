"""What a source's levels are worth at a moment: its record, its class, its serial number. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.events import Calibration
from edge.sound.calibration import CalibrationRecord, Standing, standing


@dataclass(frozen=True, slots=True)
class Worth:
    """`own` is the standing of an instrument that answers for itself; then there is no record."""

    record: CalibrationRecord | None = None
    accuracy_class: Literal[1, 2] = 2
    serial: str = ""
    own: Standing | None = None

    def standing(self, at: datetime) -> Standing:
        """Whether levels of this moment may file."""
        return self.own or standing(self.record, at, self.serial)

    def on_the_wire(self, at: datetime) -> Calibration:
        """The same as events say it."""
        now, record = self.standing(at), self.record
        drift_db = None if record is None else record.drift_db
        return Calibration(
            state=now.state,
            reason=now.reason[:200],
            accuracy_class=self.accuracy_class,
            calibrated_at=None if record is None else record.calibrated_at,
            expires_at=None if record is None else record.expires_at,
            drift_db=None if drift_db is None else round(drift_db, 2),
            serial=self.serial,
        )
