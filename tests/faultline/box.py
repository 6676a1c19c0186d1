"""A box without cameras as a process: real outbox, pictures, publisher and uploader.

    python -m tests.faultline.box FOLDER BOX BROKER_URL CENTRAL_URL [--rate 5] [--count 100]

Each event is one stage of an incident (warned, confirmed with a picture, cleared). What `put`
returned is written to FOLDER/told, as the pipeline would go on only then.
"""

import argparse
import json
import signal
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from edge.clock import SystemClock
from edge.disk import DiskGuard, free_bytes
from edge.events import BoxState, EvidenceRef, IncidentEvent
from edge.evidence import EvidenceStore
from edge.ids import uuid7
from edge.outbox import Outbox, OutboxError
from edge.publisher import Publisher, PublisherSettings
from edge.uploader import Uploader, UploaderSettings
from tests.central.events import incident_event
from tests.delivery import picture_ref

STAGES = ("warned", "confirmed", "cleared")
KEY = "faultline"


def jpeg_of(size_bytes: int) -> bytes:
    """A sound JPEG of about this size: noise does not compress."""
    side = max(16, int((size_bytes / 1.1) ** 0.5))
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    done, data = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert done
    return data.tobytes()


def named(jpeg: bytes, text: str) -> bytes:
    """The same picture with a comment, so that its content is its own."""
    comment = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


class Maker:
    """Makes the next event after the last one that is on the disk."""

    def __init__(self, folder: Path, box: str, picture_bytes: int, reserve_bytes: int = 0) -> None:
        self.outbox = Outbox(folder / "outbox.db")
        self.store = EvidenceStore(folder / "evidence")
        self.store.remove_orphans(self.outbox.known_pictures())
        free = lambda: free_bytes(folder)  # noqa: E731
        self.guard = DiskGuard(self.outbox, self.store, free, reserve_bytes)
        self._box = box
        self._jpeg = jpeg_of(abs(picture_bytes))
        self._always = picture_bytes < 0
        self._told = (folder / "told").open("a", encoding="ascii", buffering=1)
        kept = json.loads(self.outbox.load_state(KEY) or b"{}")
        self.made: int = kept.get("made", 0)
        self._incident: str = kept.get("incident", "")

    def make(self) -> None:
        """Put one event; raises OutboxError when the disk does not take it."""
        wall = SystemClock().wall()
        stage = STAGES[self.made % 3]
        incident = uuid7(wall) if stage == "warned" else self._incident
        pictured = self._always or stage == "confirmed"
        evidence = self._picture(f"{incident} {stage}") if pictured else []
        event = self._event(stage, incident, evidence)
        state = {"made": self.made + 1, "incident": incident}
        self.outbox.put(event, evidence, {KEY: json.dumps(state).encode()})
        self.made, self._incident = self.made + 1, incident
        self._told.write(event.id + "\n")

    def _picture(self, incident: str) -> list[EvidenceRef]:
        jpeg = named(self._jpeg, incident)
        try:
            if not self.guard.admits(len(jpeg), "confirmed"):
                return []
            self.store.put(jpeg)
        except OSError:
            self.guard.left_out("confirmed")
            return []
        return [picture_ref(jpeg, SystemClock().wall())]

    def _event(self, stage: str, incident: str, evidence: list[EvidenceRef]) -> IncidentEvent:
        wall = SystemClock().wall()
        template = incident_event(stage, STAGES.index(stage) + 1, box=self._box, evidence=evidence)
        data = template.data.model_copy(update={"incident_id": incident, "since": wall})
        where = incident[-12:]  # each at a camera and place of its own: one case each, no storm
        place = {"source": f"/pujin/{self._box}/cam-{where}", "subject": f"P-{where}"}
        more = {"id": uuid7(wall), "time": wall, "data": data}
        return template.model_copy(update=place | more)


def run(args: argparse.Namespace) -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    clock = SystemClock()
    maker = Maker(args.folder, args.box, args.picture_bytes, args.reserve)
    maker.outbox.save_state({"started": clock.wall().isoformat().encode()})
    boot = uuid7(clock.wall())
    settings = PublisherSettings("pujin", args.box, boot, args.broker_url)
    state = lambda: BoxState(online=True, boot_id=boot, time=clock.wall())  # noqa: E731
    publisher = Publisher(settings, maker.outbox, clock, state)
    uploader = Uploader(
        UploaderSettings(args.central_url, args.token), maker.outbox, maker.store, clock
    )
    publisher.start()
    uploader.start()
    due = time.monotonic()
    while not stop.is_set():
        if args.rate and maker.made < args.count and time.monotonic() >= due:
            due += 1 / args.rate
            try:
                maker.make()
            except OutboxError:
                stop.wait(0.5)
        else:
            pause = due - time.monotonic() if args.rate and maker.made < args.count else 0.2
            stop.wait(max(0.0, pause))
    publisher.stop(5)
    uploader.stop(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("box")
    parser.add_argument("broker_url")
    parser.add_argument("central_url")
    parser.add_argument("--token", default="")
    parser.add_argument("--rate", type=float, default=5.0)
    parser.add_argument("--count", type=int, default=10**9)
    parser.add_argument("--picture-bytes", type=int, default=2000, help="< 0: with every event")
    parser.add_argument("--reserve", type=int, default=0)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
