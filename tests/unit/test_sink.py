"""Nothing that was decided is counted as told before the disk has it."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from edge.evidence import EvidenceStore
from edge.outbox import Outbox, OutboxError
from edge.pipeline import StreamPipeline
from edge.sink import OutboxSink
from edge.telling import Facts
from edge.types import FULL_FRAME, Box, Detections, Frame, Image
from tests.factories import PARKED, START, detections, fire_lane, road


class OneCar:
    """A detector that sees the parked car in every picture."""

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        return detections((PARKED, 0.7, "car"))


class FullDisk(Outbox):
    """An outbox whose disk is full until told otherwise."""

    full = True

    def put_all(self, items: Sequence[Any], state: Mapping[str, bytes] | None = None) -> list[Any]:
        if self.full:
            raise OutboxError("disk full")
        return super().put_all(items, state)


def pipeline_on(outbox, folder, stop):
    from datetime import UTC

    from edge.config import Stream
    from edge.events import Clock, Model

    stream = Stream.model_validate(
        {"id": "s", "name": "s", "url": "rtsp://h/1", "scenes": [fire_lane(warn_after_s=4)]}
    )
    facts = Facts(
        "pujin", "box-01", UTC, Model(name="m", sha256="0" * 64), lambda: Clock(synchronised=True)
    )
    return StreamPipeline(stream, facts, OneCar(), OutboxSink(outbox, EvidenceStore(folder), stop))


def frame(ts):
    from datetime import timedelta

    return Frame(road((PARKED, 7)), ts, START + timedelta(seconds=ts))


def test_an_event_decided_while_stopping_on_a_full_disk_is_decided_again_after_the_restart(
    tmp_path,
):
    stop = threading.Event()
    stop.set()
    outbox = FullDisk(tmp_path / "outbox.db")
    pipeline = pipeline_on(outbox, tmp_path / "evidence", stop)
    for ts in range(10):
        pipeline.frame(frame(float(ts)))
    with pytest.raises(OutboxError):
        pipeline.frame(frame(10.0))  # the warning: seen without a doubt, and for longer than 4 s
    assert outbox.depth() == 0
    outbox.full = False
    pipeline = pipeline_on(outbox, tmp_path / "evidence", stop)
    pipeline.restore(outbox.load_state, 10.0, frame(10.0).wall)
    for ts in range(11, 30):
        pipeline.frame(frame(float(ts)))
    assert outbox.depth() == 1
    outbox.close()


def test_a_stopping_box_still_keeps_what_it_decides(tmp_path):
    stop = threading.Event()
    stop.set()
    outbox = Outbox(tmp_path / "outbox.db")
    pipeline = pipeline_on(outbox, tmp_path / "evidence", stop)
    for ts in range(12):
        pipeline.frame(frame(float(ts)))
    assert outbox.depth() == 1
    outbox.close()


def test_a_picture_that_cannot_be_kept_does_not_hold_up_its_event(tmp_path, monkeypatch):
    outbox = Outbox(tmp_path / "outbox.db")
    pipeline = pipeline_on(outbox, tmp_path / "evidence", threading.Event())
    for path in (tmp_path / "evidence",):
        path.rmdir()
        path.write_text("no folder any more")
    for ts in range(12):
        pipeline.frame(frame(float(ts)))
    assert outbox.depth() == 1
    assert outbox.pictures_to_upload(10) == []
    outbox.close()
