"""Sound while the box runs: a camera's own, a recording's; said in the state, calibrated."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli import app
from edge.clock import SystemClock
from edge.config import Config
from edge.config_file import load
from edge.events import Clock, Model
from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from edge.senses import Parts, Senses, Store, open_senses
from edge.sink import OutboxSink
from edge.telling import Facts
from edge.worker import Worker
from tests.ears import FULL_SCALE_DB, RATE_HZ, SQUARE, LoudIsMusic, Nobody, noise
from tests.rtsp.servers import ServerProcess
from tests.support import free_port, wait_for

TONE_DB = FULL_SCALE_DB - 9.03 - 4.2
"""GStreamer's tone: half of full scale, 440 Hz, which A weighting takes 4.2 dB off."""


def recording(path: Path, sound: np.ndarray) -> Path:
    """The samples as a WAV file."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        whole = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.rate = RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            made.mux(packet)
    return path


def tone(level_db: float, seconds: float = 10.0, full_db: float = FULL_SCALE_DB) -> np.ndarray:
    """A calibrator of this level before a microphone."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    made = np.sqrt(2) * 10 ** ((level_db - full_db) / 20) * np.sin(2 * np.pi * 1000 * at)
    return (made + noise(level_db - 50, seconds)).astype(np.float32)


def configured(folder: Path, sound: dict[str, object], **stream: object) -> Path:
    block = {"id": "plaza", "name": "广场", "sound": sound, "scenes": [SQUARE]}
    config = {
        "site": "pujin",
        "box": "box-01",
        "broker": {"url": "mqtt://127.0.0.1"},
        "central": {"url": "http://127.0.0.1:8000"},
        "streams": [block | stream],
    }
    path = folder / "streams.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


@contextmanager
def listening(config: Config, folder: Path) -> Iterator[tuple[Senses, Outbox]]:
    """What sees and hears, running; the outbox is closed last."""
    stop = threading.Event()
    outbox, pictures = Outbox(folder / "outbox.db"), EvidenceStore(folder / "evidence")
    store = Store(outbox, pictures, OutboxSink(outbox, pictures, stop))
    facts = Facts(
        "pujin", "box-01", UTC, Model(name="m", sha256="0" * 64), lambda: Clock(synchronised=True)
    )
    parts = Parts(facts, Nobody(), LoudIsMusic(), store, SystemClock())  # type: ignore[arg-type]
    senses = open_senses(config, parts)
    ears = [Worker(f"ear-{name}", ear.run) for name, ear in senses.listeners.items()]
    for thread in (*ears, *senses.sources, *senses.readers):
        thread.start()
    try:
        yield senses, outbox
    finally:
        stop.set()
        for thread in (*senses.readers, *senses.sources, *ears):
            assert thread.stop()
        outbox.close()


@pytest.mark.gst
def test_a_cameras_own_sound_is_measured(
    tmp_path: Path, gst_server: Callable[..., ServerProcess]
) -> None:
    camera = gst_server("--sound")
    path = configured(
        tmp_path, {"from": "stream", "level_at_full_scale_db": FULL_SCALE_DB}, url=camera.url
    )
    with listening(load(path), tmp_path) as (senses, outbox):
        ear = senses.listeners["plaza"]
        wait_for(lambda: ear.state.valid and (ear.state.laeq_1s_db or 0) > 90, what="the tone")
        assert ear.state.laeq_1s_db == pytest.approx(TONE_DB, abs=0.5)
        wait_for(lambda: ear.state.top == "Music", what="its name")
        assert not ear.state.calibrated  # nobody said when
        assert ear.crashes == 0
        ear.checkpoint()
        assert json.loads(outbox.load_state("plaza/square_dance/SQ-02") or b"{}")["wall"]


def test_a_recording_is_played_over_and_over(tmp_path: Path) -> None:
    recording(tmp_path / "loop.wav", noise(70, 1.5))
    path = configured(tmp_path, {"from": "file", "path": "loop.wav"})
    config = load(path)
    with listening(config, tmp_path) as (senses, _):
        ear = senses.listeners["plaza"]
        assert senses.watched == {}
        first = wait_for(lambda: ear.state if ear.state.valid else None, what="a level")
        begun_at = first.at
        # Longer than the recording is: it has begun again.
        wait_for(lambda: (ear.state.at - begun_at).total_seconds() >= 2, what="the second round")
        assert ear.state.laeq_10s_db == pytest.approx(70, abs=2)
        assert ear.state.dropped_s == 0


def test_a_recording_that_is_not_there_is_said_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configured(tmp_path, {"from": "file", "path": "missing.wav"})
    with listening(load(path), tmp_path) as (senses, _):
        wait_for(lambda: "recording_not_playable" in capsys.readouterr().out, what="the complaint")
        assert senses.listeners["plaza"].state.invalid == ["no_sound"]


def test_a_meter_beside_a_camera_gives_the_levels(tmp_path: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = SystemClock().wall().replace(microsecond=0) - timedelta(seconds=1)
            said = {"weighting": "A", "interval_s": 1.0, "class": 1, "serial": "312"}
            body = json.dumps(said | {"leq_db": 63.2, "at": at.isoformat()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/level"
    nobody = f"rtsp://127.0.0.1:{free_port()}/none"
    path = configured(tmp_path, {"from": "meter", "url": url, "serial": "312"}, url=nobody)
    try:
        with listening(load(path), tmp_path) as (senses, _):
            ear = senses.listeners["plaza"]
            wait_for(lambda: ear.state.valid, what="a level of the meter")
            assert ear.state.laeq_1s_db == 63.2
            assert ear.state.calibrated
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def calibrate(path: Path, *arguments: object) -> tuple[int, str]:
    command = ["calibrate", str(path), "--stream", "plaza", "--seconds", "6", *map(str, arguments)]
    done = CliRunner().invoke(app, command)
    return done.exit_code, done.stdout + done.stderr


def test_calibrate_keeps_a_record_that_decides_from_then_on(tmp_path: Path) -> None:
    path = configured(tmp_path, {"from": "microphone", "serial": "mic-7"})
    low, high = recording(tmp_path / "94.wav", tone(94)), recording(tmp_path / "114.wav", tone(108))
    code, said = calibrate(path, "--level", 94, "--media", low, "--calibrator", "cal-1")
    assert code == 0, said
    assert "full scale is 114.0" in said
    assert "Repeat with --level 114 within an hour" in said
    kept = json.loads((tmp_path / "data" / "calibration" / "plaza.json").read_text())
    assert kept["level_at_full_scale_db"] == pytest.approx(FULL_SCALE_DB, abs=0.05)
    assert (kept["microphone"], kept["calibrator"]) == ("mic-7", "cal-1")
    code, said = calibrate(path, "--level", 94, "--media", low)
    assert "changed by +0.00 dB since the calibration before" in said
    # 114 dB that arrive as 108: something turns the loud down.
    code, said = calibrate(path, "--level", 114, "--media", high)
    assert code == 2
    assert "automatic gain control or a limiter is on" in said
    assert "no longer counts" in said
    assert not (tmp_path / "data" / "calibration" / "plaza.json").exists()


@pytest.mark.parametrize(
    ("sound", "arguments", "said"),
    [
        ({"from": "microphone"}, ("--level", 94, "--media", "quiet.wav"), "no tone that stands"),
        ({"from": "microphone"}, ("--level", 90, "--media", "94.wav"), "no calibrator's level"),
        ({"from": "microphone"}, ("--level", 94, "--media", "none.wav"), "no such file"),
        ({"from": "meter", "url": "http://h/x"}, ("--level", 94), "calibrated by itself"),
    ],
)
def test_calibrate_says_why_not(
    tmp_path: Path, sound: dict[str, object], arguments: tuple[object, ...], said: str
) -> None:
    recording(tmp_path / "quiet.wav", noise(60, 10))
    recording(tmp_path / "94.wav", tone(94))
    url = {"url": "rtsp://127.0.0.1/x"} if sound["from"] == "meter" else {}
    path = configured(tmp_path, sound, **url)
    placed = [tmp_path / a if str(a).endswith(".wav") else a for a in arguments]
    code, answer = calibrate(path, *placed)
    assert code == 2
    assert said in answer
    assert not (tmp_path / "data").exists()
