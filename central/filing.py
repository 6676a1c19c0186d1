"""When does an incident become a case? Decided per event, so the order of arrival cannot matter."""

from datetime import datetime
from zoneinfo import ZoneInfo

from edge.events import IncidentData

FIRST_REV_AFTER_CONFIRMED = 3  # warned is 1, confirmed 2
APPEALS = "AP"
"""Prefix of appeals: they are numbered beside cases and are none."""
PREFIXES = {"fire_lane": "FL", "square_dance": "SQ", "facility": "PF", "device": "DV"}
BY_HAND = ("fire_lane", "square_dance", "facility")
"""Scenes that people make cases of; one of a device is the devices' own affair."""


def files_case(data: IncidentData) -> bool:
    """Whether this event alone is enough to file a case.

    `warned` never is; `confirmed` and `ongoing` always are. A `cleared` that overtook its
    `confirmed` files when its own figures say that the threshold had been reached and its `rev`
    leaves room for a `confirmed` between it and the `warned` (rev 1): a camera that was blind
    while the threshold passed never confirmed anything. Any other clear is "left after warning"
    and stays an incident without a case. Of a square `reached` decides, and no level without
    calibration ever files.
    """
    if data.mode != "live" or _unproven(data):
        return False
    if data.reached is not None:
        return data.reached == "confirmed"
    if data.stage in ("confirmed", "ongoing"):
        return True
    if data.stage == "warned" or data.rev < FIRST_REV_AFTER_CONFIRMED:
        return False
    file_after_s = data.rule.thresholds.get("file_after_s")
    return file_after_s is not None and data.dwell_s >= file_after_s


def _unproven(data: IncidentData) -> bool:
    """Whether the sound that this event is about is no proof, whatever its box says it reached.

    A person has to look, or nobody can say, or the level is an indication only (指示值). An end is
    not about the sound that filed.
    """
    sound = data.measures.sound
    if sound is None or data.stage == "cleared":
        return False
    indicated = sound.basis == "level" and sound.calibration.state != "calibrated"
    return sound.outcome != "exceeds" or indicated


def prefix_of(scene: str) -> str:
    """First letters of a case number; a scene unknown here still gets a case."""
    return PREFIXES.get(scene, "XX")


def local_day(now: datetime, timezone: ZoneInfo) -> str:
    """Day of a case number, e.g. "20261124", on the calendar of the people who read it."""
    return now.astimezone(timezone).strftime("%Y%m%d")


def case_no(prefix: str, day: str, serial: int) -> str:
    """Case number, e.g. `FL-20261124-0007`; a fifth digit comes by itself after 9999."""
    return f"{prefix}-{day}-{serial:04d}"
