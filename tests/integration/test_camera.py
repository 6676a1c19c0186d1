"""A live camera: frames at the wanted rate with true times, picture and sound, loss and return."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from edge.clock import SystemClock
from edge.errors import SourceLost
from edge.mailbox import Mailbox, take_any
from edge.source import RtspSource
from edge.source_decode import SoundBlock
from edge.source_guard import Limits
from edge.source_reader import StreamReader
from edge.types import Frame
from tests.rtsp.servers import ServerProcess
from tests.support import ROOT, wait_for

IMPATIENT = Limits(open_s=5, read_s=2, picture_s=5)
StartServer = Callable[..., ServerProcess]


@pytest.fixture(params=["ours", pytest.param("gstreamer", marks=pytest.mark.gst)])
def camera(request: pytest.FixtureRequest) -> ServerProcess:
    """One camera of each server: a keyframe every second."""
    if request.param == "ours":
        return request.getfixturevalue("rtsp_camera")()
    return request.getfixturevalue("gst_server")()


def source(url: str, every_s: float = 1.0, **further: object) -> RtspSource:
    return RtspSource(SecretStr(url), every_s, SystemClock(), limits=IMPATIENT, **further)  # type: ignore[arg-type]


def first(camera: RtspSource, count: int) -> list[Frame]:
    with closing(camera.frames()) as frames:
        return list(islice(frames, count))


def test_frames_come_as_often_as_wanted_with_times_of_the_boxs_clock(camera: ServerProcess) -> None:
    clock = SystemClock()
    begun_ts, begun_wall = clock.ts(), clock.wall()
    frames = first(source(camera.url, 0.5), 8)
    assert all(begun_ts <= frame.ts <= clock.ts() for frame in frames)
    assert all(begun_wall <= frame.wall <= clock.wall() for frame in frames)
    gaps_s = [later.ts - earlier.ts for earlier, later in pairwise(frames[2:])]
    assert gaps_s == pytest.approx([0.5] * len(gaps_s), abs=0.06)
    assert frames[0].image.dtype == np.uint8
    assert frames[0].image.shape[2] == 3


def test_where_keyframes_suffice_they_come_on_time(camera: ServerProcess) -> None:
    clock = SystemClock()
    times: list[float] = []
    with closing(source(camera.url, 1.0).frames()) as frames:
        for frame in islice(frames, 6):
            times.append(frame.ts)
            assert clock.ts() - frame.ts < 0.5  # it does not wait for the next one
    gaps_s = [later - earlier for earlier, later in pairwise(times[3:])]
    assert gaps_s == pytest.approx([1.0] * len(gaps_s), abs=0.06)


def test_several_clients_are_served_at_once(rtsp_camera: StartServer) -> None:
    camera = rtsp_camera()
    counts: list[int] = []
    clients = [
        threading.Thread(target=lambda: counts.append(len(first(source(camera.url, 0.2), 5))))
        for _ in range(8)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join(30)
    assert counts == [5] * 8


@pytest.mark.gst
def test_a_server_that_asks_for_a_digest_gets_it(gst_server: StartServer) -> None:
    camera = gst_server("--user", "admin", "--password", "p@ss/word")
    url = camera.url.replace("rtsp://", "rtsp://admin:p%40ss%2Fword@")
    assert len(first(source(url, 0.2), 2)) == 2
    with pytest.raises(SourceLost, match="user name or password"):
        first(source(camera.url.replace("rtsp://", "rtsp://admin:wrong@")), 1)


def test_our_camera_asks_for_a_password_too(rtsp_camera: StartServer) -> None:
    camera = rtsp_camera("--user", "admin", "--password", "p@ss/word")
    url = camera.url.replace("rtsp://", "rtsp://admin:p%40ss%2Fword@")
    assert len(first(source(url, 0.2), 2)) == 2
    with pytest.raises(SourceLost, match="user name or password"):
        first(source(camera.url), 1)


@pytest.mark.gst
def test_picture_and_sound_come_from_one_connection(gst_server: StartServer) -> None:
    camera = gst_server("--sound")
    blocks: list[SoundBlock] = []
    with closing(source(camera.url, 0.5, on_sound=blocks.append).frames()) as connection:
        frames = list(islice(connection, 8))
        assert established(camera.port) == 1
    samples = np.concatenate([block.samples[0] for block in blocks])
    rate_hz = blocks[0].rate_hz
    assert rate_hz == 8000
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert np.argmax(spectrum) * rate_hz / len(samples) == pytest.approx(440, abs=5)
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(0.5 / 2**0.5, rel=0.1)
    # Both run on the same clock, to the jitter of one packet.
    assert blocks[-1].ts == pytest.approx(frames[-1].ts, abs=0.3)
    settled = blocks[len(blocks) // 2 :]  # what waited while the connection was made came at once
    length_s = sum(block.samples.shape[1] for block in settled[:-1]) / rate_hz
    assert settled[-1].ts - settled[0].ts == pytest.approx(length_s, abs=0.1)


def test_the_sample_camera_sends_a_second_files_sound_beside_its_picture(
    rtsp_camera: StartServer,
) -> None:
    camera = rtsp_camera("--path", "/square", "--sound", str(ROOT / "samples" / "square.m4a"))
    blocks: list[SoundBlock] = []
    with closing(source(camera.url, 0.5, on_sound=blocks.append).frames()) as connection:
        frames = list(islice(connection, 6))
        assert established(camera.port) == 1
    assert frames[0].image.shape == (576, 768, 3)
    assert blocks[0].rate_hz == 16_000
    samples = np.concatenate([block.samples[0] for block in blocks])
    assert len(samples) > 16_000
    # The fountain that it begins with, at the level that it was made with.
    assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-42, abs=2)
    assert blocks[-1].ts == pytest.approx(frames[-1].ts, abs=0.5)


def established(port: int) -> int:
    """Connections of this machine to `port` (its remote end), from /proc."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [(line.split()[2], line.split()[3]) for line in lines]
    return sum(remote.endswith(f":{port:04X}") and state == "01" for remote, state in ends)


@pytest.mark.gst
def test_sound_is_not_asked_for_when_nobody_listens(gst_server: StartServer) -> None:
    camera = gst_server("--sound")
    assert len(first(source(camera.url, 0.2), 3)) == 3


class Watched:
    """A reader with its mailbox; everything that comes is kept as (ts, size)."""

    def __init__(self, camera: RtspSource) -> None:
        self.bell = threading.Condition()
        self.mailbox: Mailbox[Frame] = Mailbox(self.bell)
        self.reader = StreamReader("gate", camera, self.mailbox, SystemClock(), rng=lambda: 0.5)

    def next_frame(self, limit_s: float = 20) -> Frame:
        got = wait_for(lambda: take_any({"gate": self.mailbox}, self.bell, 0.1), limit_s)
        return got["gate"]


@pytest.fixture
def watched() -> Iterator[Callable[[RtspSource], Watched]]:
    started: list[Watched] = []

    def start(camera: RtspSource) -> Watched:
        started.append(Watched(camera))
        started[-1].reader.start()
        return started[-1]

    yield start
    for one in started:
        one.reader.stop(10)


def test_a_camera_that_dies_and_returns_is_found_again(
    camera: ServerProcess, watched: Callable[[RtspSource], Watched]
) -> None:
    one = watched(source(camera.url, 0.2))
    before = one.next_frame()
    assert one.reader.state().up
    camera.kill()
    wait_for(lambda: not one.reader.state().up, 10)
    assert one.reader.state().why
    camera.start()
    wait_for(lambda: one.reader.state().up, 20)
    after = one.next_frame()
    state = one.reader.state()
    assert after.ts > before.ts
    assert (state.reconnects, state.crashes) == (1, 0)
    assert state.frames > 1


def test_a_camera_that_is_not_there_at_first_is_found_when_it_comes(
    rtsp_camera: StartServer, watched: Callable[[RtspSource], Watched]
) -> None:
    camera = rtsp_camera()
    camera.kill()
    one = watched(source(camera.url, 0.2))
    wait_for(lambda: one.reader.state().why == "connection refused", 10)
    camera.start()
    one.next_frame()
    assert one.reader.state().reconnects == 0


def test_time_runs_on_over_the_rounds_of_the_file(rtsp_camera: StartServer, tmp_path: Path) -> None:
    clip = tmp_path / "short.mp4"
    cut = ["--clip", ROOT / "samples" / "street.mp4", "--seconds", "2", "--out", clip]
    make = [ROOT / "scripts" / "make_sample_camera", *cut]
    subprocess.run(make, check=True, capture_output=True)
    camera = rtsp_camera("--file", str(clip), "--path", "/short")
    frames = first(source(camera.url, 0.5), 12)  # three rounds of two seconds
    gaps_s = [later.ts - earlier.ts for earlier, later in pairwise(frames[2:])]
    assert gaps_s == pytest.approx([0.5] * len(gaps_s), abs=0.11)
