"""The worker keeps what a box that dies must not forget."""

import threading
from datetime import UTC, timedelta
from itertools import pairwise

import pytest

from edge.config import Stream
from edge.events import Clock, Model
from edge.evidence import EvidenceStore
from edge.look import OCCUPIED_EVERY_S, keep_now
from edge.outbox import Outbox
from edge.pipeline import StreamPipeline
from edge.sink import OutboxSink
from edge.telling import Facts
from edge.types import FULL_FRAME, Box, Detections, Frame, Image
from tests.factories import PARKED, START, detections, fire_lane, road


class ParkedCar:
    """A detector that sees a car from the tenth second on."""

    at_s = 0.0

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        return detections(*[(PARKED, 0.7, "car")] * (self.at_s >= 10))


@pytest.fixture
def build(tmp_path):
    """Makes the pipeline anew, as a restart does."""
    stream = {"id": "s", "name": "s", "url": "rtsp://h/1", "watch_picture": False}
    facts = Facts(
        "pujin", "box-01", UTC, Model(name="m", sha256="0" * 64), lambda: Clock(synchronised=True)
    )
    outbox = Outbox(tmp_path / "outbox.db")
    sink = OutboxSink(outbox, EvidenceStore(tmp_path / "evidence"), threading.Event())
    block = Stream.model_validate(stream | {"scenes": [fire_lane(warn_after_s=60)]})
    yield lambda detector: StreamPipeline(block, facts, detector, sink)
    outbox.close()


def look(pipeline, detector, ts):
    detector.at_s = ts
    picture = road((PARKED, 7)) if ts >= 10 else road()
    pipeline.frame(Frame(picture, ts, START + timedelta(seconds=ts)))


def test_an_occupation_is_kept_when_it_begins_and_often_while_it_lasts(build):
    detector = ParkedCar()
    pipeline, kept_ts, kept = build(detector), 0.0, []
    for ts in map(float, range(40)):
        look(pipeline, detector, ts)
        if keep_now(pipeline, ts - kept_ts):
            kept_ts = ts
            kept.append(ts)
    assert 10 < kept[0] < 25
    assert {later - ts for ts, later in pairwise(kept)} == {OCCUPIED_EVERY_S}
    assert kept[-1] > 39 - OCCUPIED_EVERY_S


def test_what_the_zones_know_continues_the_stay_in_another_process(build):
    detector = ParkedCar()
    dead = build(detector)
    for ts in map(float, range(24)):
        look(dead, detector, ts)
    kept = dead.zone_state(23.0, START + timedelta(seconds=23))
    alive = build(detector)
    assert not alive.occupied
    alive.restore(kept.get, 1023.0, START + timedelta(seconds=33))  # ten seconds later
    assert alive.occupied
