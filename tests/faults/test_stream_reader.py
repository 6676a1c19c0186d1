"""The reader of a stream: it says each change once, outlives bugs, and stops when told to."""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs

from edge import log
from edge.clock import SystemClock
from edge.errors import SourceLost
from edge.mailbox import Mailbox
from edge.source import RtspSource, Source
from edge.source_decode import Broken
from edge.source_reader import StreamReader
from edge.types import Frame
from tests.faults.test_hostile_camera import CANARY, TALKS, USERINFO, source
from tests.rtsp import hostile
from tests.rtsp.hostile import listening
from tests.support import wait_for


class Crashing:
    """A source with a bug, whose error even holds an address."""

    broken = Broken()
    runs = 0

    def frames(self) -> Generator[Frame, None, None]:
        self.runs += 1
        raise KeyError(f"rtsp://{USERINFO}10.0.0.1/x")
        yield


Start = Callable[..., StreamReader]


@pytest.fixture
def start_reader() -> Iterator[Start]:
    readers: list[StreamReader] = []

    def start(camera: Source, mailbox: Mailbox[Frame] | None = None) -> StreamReader:
        box = mailbox or Mailbox(threading.Condition())
        readers.append(StreamReader("gate", camera, box, SystemClock(), rng=lambda: 0.0))
        readers[-1].start()
        return readers[-1]

    yield start
    for reader in readers:
        assert reader.stop(15)


def test_a_stream_that_is_retried_says_so_once(start_reader: Start) -> None:
    with capture_logs() as logs, listening(hostile.reset) as camera:
        reader = start_reader(source(camera.url(USERINFO)))
        wait_for(lambda: camera.connections >= 3)
        assert not reader.state().up
    assert [entry["event"] for entry in logs] == ["stream_lost"]
    assert logs[0]["stream"] == "gate"


@contextmanager
def program_log() -> Iterator[None]:
    """The program's own log on stderr, as `jinmu-edge run` sets it up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.set_up("debug")
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.mark.parametrize("name", ["resets", "401 without end", "answers rubbish", "no SDP"])
def test_the_log_of_a_failing_camera_holds_no_password(
    name: str, start_reader: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    with program_log(), listening(TALKS[name][0]) as camera:
        reader = start_reader(source(camera.url(USERINFO)))
        wait_for(lambda: reader.state().why != "not connected yet")
        assert reader.stop(15)
    out, err = capfd.readouterr()
    assert "stream_lost" in err
    assert CANARY not in out + err + repr(reader.state())


def test_a_bug_is_logged_counted_and_does_not_end_the_stream(
    start_reader: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    with program_log():
        reader = start_reader(Crashing())
        wait_for(lambda: reader.state().crashes >= 2)
        assert reader.stop(15)
    out, err = capfd.readouterr()
    assert "reader_crashed" in err
    assert "KeyError" in err
    assert CANARY not in out + err + repr(reader.state())


def test_a_log_that_cannot_be_written_does_not_end_the_stream(start_reader: Start) -> None:
    def broken_pipe(*_: object) -> str:
        raise BrokenPipeError

    structlog.configure(processors=[broken_pipe])
    try:
        reader = start_reader(Crashing())
        wait_for(lambda: reader.state().crashes >= 2)
    finally:
        structlog.reset_defaults()


@pytest.mark.parametrize("talk", [hostile.stall, hostile.playing(hostile.stall)])
def test_a_reader_held_up_by_a_silent_camera_can_be_stopped_at_once(talk: hostile.Talk) -> None:
    mailbox: Mailbox[Frame] = Mailbox(threading.Condition())
    with listening(talk) as camera:
        patient = RtspSource(SecretStr(camera.url()), 1.0, SystemClock())
        reader = StreamReader("gate", patient, mailbox, SystemClock())
        reader.start()
        wait_for(lambda: camera.connections == 1)
        begun_ts = time.monotonic()
        reader.stop(limit_s=0.5)
        assert time.monotonic() - begun_ts < 2
    assert mailbox.take() is None


def test_nothing_comes_from_a_reader_that_was_stopped(start_reader: Start) -> None:
    mailbox: Mailbox[Frame] = Mailbox(threading.Condition())
    go_on = threading.Event()

    class Held:
        broken = Broken()

        def frames(self) -> Generator[Frame, None, None]:
            frame = Frame(np.zeros((4, 4, 3), np.uint8), 1.0, SystemClock().wall())
            yield frame
            go_on.wait()
            yield frame

    reader = start_reader(Held(), mailbox)
    wait_for(mailbox.take)
    assert not reader.stop(limit_s=0)
    go_on.set()
    assert reader.stop(10)
    assert mailbox.take() is None


def test_a_storm_of_broken_pictures_is_one_line(start_reader: Start) -> None:
    class Storm:
        def __init__(self) -> None:
            self.broken = Broken()

        def frames(self) -> Generator[Frame, None, None]:
            for number in range(1000):
                self.broken.add("picture damaged on the way")
                yield Frame(np.zeros((4, 4, 3), np.uint8), number / 25, SystemClock().wall())
            raise SourceLost("gone")

    with capture_logs() as logs:
        reader = start_reader(Storm())
        wait_for(lambda: reader.state().why == "gone")
    assert [entry["event"] for entry in logs][:3] == ["stream_up", "stream_damaged", "stream_lost"]
    assert reader.state().broken >= 1000
