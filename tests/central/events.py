"""Events of boxes, as values and as the bytes that go over the wire."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from central.intake import Sender, Taken
from edge.events import DeviceEvent, EvidenceRef, IncidentEvent, to_json

NOW = datetime(2026, 11, 24, 14, 10, tzinfo=UTC)
SINCE = datetime(2026, 11, 24, 13, 58, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SENDER = Sender("pujin", "box-01")
EPOCH = "0a1b2c3d"
TOPIC = "jinmu/v1/pujin/box-01/event"
STAGES = ("warned", "confirmed", "ongoing", "cleared")
DWELL_S = {"warned": 60.0, "confirmed": 300.0, "ongoing": 360.0, "cleared": 420.0}


def uid(number: int) -> str:
    """A well-formed UUIDv7."""
    return f"01930000-0000-7000-8000-{number:012x}"


def picture(text: str = "a", width: int = 64, height: int = 48) -> bytes:
    """A JPEG that differs by its text."""
    image = np.full((height, width, 3), 90, np.uint8)
    cv2.putText(image, text, (4, height - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    done, encoded = cv2.imencode(".jpg", image)
    assert done
    return encoded.tobytes()


def ref(jpeg: bytes, role: str = "confirmed") -> EvidenceRef:
    sha256 = hashlib.sha256(jpeg).hexdigest()
    return EvidenceRef(sha256=sha256, role=role, bytes=len(jpeg), taken_at=SINCE)


def incident_event(
    stage: str = "confirmed",
    rev: int = 2,
    *,
    number: int = 1,
    incident: int = 1,
    box: str = "box-01",
    seq: int | None = None,
    place: str = "",
    camera: str = "",
    evidence: Sequence[EvidenceRef] = (),
    **data: Any,
) -> IncidentEvent:
    """One stage of incident `incident`; `number` makes the event's id.

    Each incident has a place and a camera of its own unless they are given (one camera with many
    incidents is a storm): FL-0317 and gate-east are the first one's.
    """
    dwell_s = data.pop("dwell_s", DWELL_S[stage])
    since = data.pop("since", SINCE)
    own_camera = "gate-east" if incident == 1 else f"gate-{incident}"
    values: dict[str, Any] = {
        "incident_id": uid(incident << 24),
        "rev": rev,
        "scene": "fire_lane",
        "stage": stage,
        "severity": "occupied",
        "since": since,
        "dwell_s": dwell_s,
        "observed_s": dwell_s,
        "evidence": list(evidence),
        "rule": {"digest": "d", "thresholds": {"warn_after_s": 60.0, "file_after_s": 300.0}},
        "model": {"name": "nanodet-g-416", "sha256": "0" * 64},
        "clock": {"synchronised": True, "offset_ms": 3.0},
    }
    return IncidentEvent(
        id=uid(number),
        source=f"/pujin/{box}/{camera or own_camera}",
        time=since + timedelta(seconds=dwell_s),
        subject=place or f"FL-{316 + incident:04d}",
        seq=number if seq is None else seq,
        epoch=EPOCH,
        data=values | data,  # type: ignore[arg-type]
    )


def device_event(number: int, state: str = "raised", condition: str = "dark") -> DeviceEvent:
    return DeviceEvent(
        id=uid(number),
        source="/pujin/box-01/gate-east",
        time=SINCE + timedelta(seconds=number),
        subject="gate-east",
        seq=number,
        epoch=EPOCH,
        data={"condition": condition, "state": state, "since": SINCE},  # type: ignore[arg-type]
    )


def story(incident: int = 1, start: int = 1, ongoing: int = 1, **more: Any) -> list[IncidentEvent]:
    """A whole incident in the order it happened; ids and numbers count from `start`."""
    stages = ["warned", "confirmed", *["ongoing"] * ongoing, "cleared"]
    return [
        incident_event(stage, rev, number=start + rev - 1, incident=incident, **more)
        for rev, stage in enumerate(stages, start=1)
    ]


def taken(event: IncidentEvent | DeviceEvent, sender: Sender = SENDER) -> Taken:
    return Taken(sender, event, to_json(event))
