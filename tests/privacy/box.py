"""A box that hears an evening, as a process: real outbox, pictures, publisher and uploader.

    python -m tests.privacy.box FOLDER MEDIA BROKER_URL CENTRAL_URL
    python -m tests.privacy.box FOLDER MEDIA leak

Time is that of the recording, so that it takes seconds. With `leak` it does what must never be
done: it writes the sound down in every way that the test looks for.
"""

import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from edge.clock import SystemClock
from edge.config import Stream
from edge.events import BoxState, Clock, Model, StreamState
from edge.evidence import EvidenceStore
from edge.log import set_up
from edge.outbox import Outbox
from edge.publisher import Publisher, PublisherSettings
from edge.sink import OutboxSink
from edge.sound.block import SoundBlock
from edge.sound.calibration import Standing
from edge.sound.level import MeterSetup
from edge.sound.tagger import load_tagger
from edge.sound.worth import Worth
from edge.sound_pipeline import Hearing, SoundPipeline
from edge.source import FileSource
from edge.telling import Facts
from edge.types import FULL_FRAME, Box, Detections, Image
from edge.uploader import Uploader, UploaderSettings
from tests.factories import detections
from tests.privacy.needles import needles
from tests.support import ROOT, wait_for

START = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
SQUARE = {
    "scene": "square_dance",
    "place": "SQ-02",
    "rules": [{"from": "00:00", "to": "24:00", "limit_db": 65}],
    "min_people": 0,
    "warn_after_s": 10,
    "dissuade_after_s": 3,
    "recheck_after_s": 3,
    "window_s": 10,
    "background_min_s": 30,
}
STREAM = {"id": "plaza", "name": "广场", "sound": {"from": "microphone"}, "scenes": [SQUARE]}


class Nobody:
    """A detector that sees nothing."""

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        return detections()


def sound_of(media: Path) -> np.ndarray:
    """The whole recording, (N,) float32."""
    blocks: list[SoundBlock] = []
    list(FileSource(media, 3600.0, START, blocks.append).frames())
    return np.concatenate([block.samples[0] for block in blocks])


def leak(folder: Path, media: Path) -> None:
    """Every needle into a file, and once more through a socket."""
    near, far = socket.socketpair()
    threading.Thread(target=lambda: [None for _ in iter(lambda: far.recv(1 << 16), b"")]).start()
    for number, (kind, pieces) in enumerate(needles(sound_of(media)).items()):
        (folder / f"leak-{number}").write_bytes(kind.encode() + b" " + pieces[0])
        near.sendall(pieces[1])
    near.close()


def hear(folder: Path, media: Path, broker_url: str, central_url: str) -> None:
    """The evening as the box hears it, until everything is with central."""
    outbox, store = Outbox(folder / "outbox.db"), EvidenceStore(folder / "evidence")
    tagger = load_tagger(ROOT / "models")
    wall_of = lambda ts: START + timedelta(seconds=ts)  # noqa: E731
    worth = Worth(own=Standing("calibrated"))
    hearing = Hearing(tagger, MeterSetup(114.0), worth, wall_of)
    model = Model(name="none", sha256="0" * 64)
    facts = Facts("pujin", "box-01", UTC, model, lambda: Clock(synchronised=True))
    sink = OutboxSink(outbox, store, threading.Event())
    pipeline = SoundPipeline(Stream.model_validate(STREAM), facts, hearing, Nobody(), sink)

    def state() -> BoxState:
        plaza = StreamState(id="plaza", up=True, sound=pipeline.latest)
        return BoxState(online=True, boot_id="boot-1", streams=[plaza])

    settings = PublisherSettings("pujin", "box-01", "boot-1", broker_url)
    publisher = Publisher(settings, outbox, SystemClock(), state)
    uploader = Uploader(UploaderSettings(central_url, "t"), outbox, store, SystemClock())
    publisher.start()
    uploader.start()
    for _ in FileSource(media, 3600.0, START, pipeline.hear).frames():
        pass
    end_ts = 95.0
    outbox.save_state(pipeline.state(end_ts, wall_of(end_ts)))
    wait_for(lambda: outbox.depth() == 0 and not outbox.pictures_to_upload(1), 60, "delivery")
    uploader.stop()
    publisher.stop()
    outbox.close()


if __name__ == "__main__":
    set_up()
    if sys.argv[3] == "leak":
        leak(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        hear(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
