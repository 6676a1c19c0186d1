"""A street for the tests of the pages: events as a box would send them, taken in for real."""

import hashlib
import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np

from central import store
from central.db import Database
from central.evidence import EvidenceFiles
from central.intake import Taken, TakenState, take
from central.settings import Settings
from central.store import Verdict
from edge.events import BoxState, StreamState, topic

EPOCH = "0123abcd"
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""


def uuid7(number: int) -> str:
    """A well-formed UUIDv7 that says nothing but its number."""
    return f"01930000-0000-7000-8000-{number:012x}"


def jpeg(text: str, width: int = 320, height: int = 180) -> bytes:
    """A small picture that differs by its text."""
    image = np.full((height, width, 3), 60, dtype=np.uint8)
    cv2.putText(image, text, (12, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (230, 230, 230), 2)
    done, encoded = cv2.imencode(".jpg", image)
    assert done
    return encoded.tobytes()


@dataclass(frozen=True, slots=True)
class Occupation:
    """One incident as a test wants it; `pictures` maps role to the JPEG that belongs to it."""

    number: int
    own_place: str = ""
    camera: str = "gate-east"
    severity: str = "occupied"
    since: datetime = NOON
    warn_s: float = 60.0
    file_s: float = 300.0
    observed_share: float = 0.97
    already_there: bool = False
    restored: bool = False
    reason: str = ""
    scene: str = "fire_lane"
    model: str = "nanodet-g-416"
    measures: dict[str, Any] | None = None
    thresholds: dict[str, float] | None = None
    more: dict[str, Any] | None = None
    """Further fields of the event's data, such as `mode` and `timeline`."""

    @property
    def place(self) -> str:
        """Each has a place of its own unless told otherwise: FL-0317 is the first one's."""
        return self.own_place or f"FL-{316 + self.number:04d}"

    @property
    def incident_id(self) -> str:
        return uuid7(self.number << 20)


@dataclass(slots=True)
class Street:
    """Sends what a box would send, straight into the receiver's own functions."""

    database: Database
    files: EvidenceFiles
    settings: Settings
    site: str = "pujin"
    box: str = "box-01"
    seq: int = 0

    def tell(
        self,
        what: Occupation,
        stage: str,
        rev: int,
        dwell_s: float,
        pictures: dict[str, bytes] | None = None,
    ) -> Verdict:
        """Take in one event of the incident; its pictures are named but not yet uploaded."""
        at = what.since + timedelta(seconds=dwell_s)
        self.seq += 1
        data = {
            "incident_id": what.incident_id,
            "rev": rev,
            "scene": what.scene,
            "stage": stage,
            "severity": what.severity,
            "since": what.since.isoformat(),
            "dwell_s": dwell_s,
            "observed_s": round(dwell_s * what.observed_share, 1),
            "already_there": what.already_there,
            "restored": what.restored,
            "reason": what.reason,
            "measures": what.measures or {"coverage": 0.42},
            "evidence": [
                {
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "role": role,
                    "bytes": len(body),
                    "taken_at": at.isoformat(),
                }
                for role, body in (pictures or {}).items()
            ],
            "rule": {
                "digest": "d1",
                "thresholds": what.thresholds
                or {"warn_after_s": what.warn_s, "file_after_s": what.file_s},
            },
            "model": {"name": what.model, "sha256": "0" * 64},
            "clock": {"synchronised": True, "offset_ms": 12},
        } | (what.more or {})
        return self.send(self._envelope("jinmu.incident.v1", what.place, what.camera, at, data), at)

    def confirm(self, what: Occupation, pictures: dict[str, bytes] | None = None) -> str:
        """Warn and confirm; the number of the case that was filed."""
        self.tell(what, "warned", 1, what.warn_s)
        verdict = self.tell(what, "confirmed", 2, what.file_s, pictures)
        assert verdict.case_no is not None, verdict
        return verdict.case_no

    def clear(self, what: Occupation, dwell_s: float, rev: int = 9) -> None:
        """The place is free again."""
        self.tell(what, "cleared", rev, dwell_s)

    def upload(self, *bodies: bytes, now: datetime | None = None) -> None:
        """Put pictures where the box's PUT would put them."""
        for body in bodies:
            sha256 = hashlib.sha256(body).hexdigest()
            self.files.write(sha256, body)
            with self.database.write() as session:
                new = store.NewEvidence(sha256, len(body), 320, 180, "box-01")
                store.add_evidence(session, new, now or NOON)

    def condition(self, camera: str, condition: str, detail: str, since: datetime) -> None:
        """A device condition is raised."""
        data = {
            "condition": condition,
            "state": "raised",
            "since": since.isoformat(),
            "detail": detail,
        }
        self.seq += 1
        self.send(self._envelope("jinmu.device.v1", camera, camera, since, data), since)

    def state(self, state: BoxState, now: datetime) -> None:
        """The box reports how it is."""
        name = topic(self.site, self.box, "state")
        taken = take(name, state.model_dump_json(exclude_none=True).encode())
        assert isinstance(taken, TakenState), taken
        with self.database.write() as session:
            store.save_state(session, taken, now)

    def send(self, message: dict[str, Any], now: datetime) -> Verdict:
        """Take in one message as the receiver does."""
        body = json.dumps(message, ensure_ascii=False).encode()
        taken = take(topic(self.site, self.box, "event"), body)
        assert isinstance(taken, Taken), taken
        with self.database.write() as session:
            return store.merge(session, taken, now, self.settings.zone)

    def other_box(self, box: str) -> "Street":
        """The same street, seen by another box."""
        return replace(self, box=box, seq=0)

    def _envelope(
        self, kind: str, subject: str, camera: str, at: datetime, data: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": uuid7(uuid.uuid4().int & 0xFFFF_FFFF_FFFF),
            "source": f"/{self.site}/{self.box}/{camera}",
            "type": kind,
            "time": at.isoformat(),
            "subject": subject,
            "datacontenttype": "application/json",
            "seq": self.seq,
            "epoch": EPOCH,
            "data": data,
        }


def healthy(now: datetime, **changes: Any) -> BoxState:
    """State of a box that does well."""
    values: dict[str, Any] = {
        "online": True,
        "boot_id": "b1",
        "time": now,
        "version": "0.1.0",
        "streams": [
            StreamState(
                id="gate-east", up=True, analysed_fps=1.0, frames=900, drops=9, last_frame_at=now
            )
        ],
        "disk_free_bytes": 42 * 2**30,
        "config_digest": "5d41402abc4b2a76",
    }
    return BoxState(**values | changes)
