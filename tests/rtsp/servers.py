"""Fixtures: RTSP servers as processes of their own, to be killed and started again."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import ROOT, free_port

DEBIAN_PACKAGES = (
    "gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly python3-gi"
)
GST_PYTHON = "/usr/bin/python3"
GST_SERVER = Path(__file__).with_name("gst_server.py")
_PROBE = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
needed = ("x264enc", "rtph264pay", "videotestsrc", "alawenc", "qtdemux", "h264parse")
missing = [name for name in needed if not Gst.ElementFactory.find(name)]
assert not missing, missing
"""


@dataclass
class ServerProcess:
    """An RTSP server on a port it keeps when started again; `start` returns once it listens."""

    command: list[str]
    port: int
    url: str = ""
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self.command, "--port", str(self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, f"{self.command[0]} did not start: exit {self._process.wait()}"

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def rtsp_camera() -> Iterator[Callable[..., ServerProcess]]:
    """Starts `scripts/rtsp_camera` with further arguments."""
    yield from _servers([str(ROOT / "scripts" / "rtsp_camera")])


@pytest.fixture(scope="session")
def gst_installed() -> None:
    """Skips, naming what to install, where GStreamer's RTSP server is missing."""
    probe = [GST_PYTHON, "-c", _PROBE]
    if not Path(GST_PYTHON).exists() or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip(f"GStreamer's RTSP server is missing: apt-get install {DEBIAN_PACKAGES}")


@pytest.fixture
def gst_server(gst_installed: None) -> Iterator[Callable[..., ServerProcess]]:
    """Starts GStreamer's RTSP server with further arguments (see `gst_server.py`)."""
    yield from _servers([GST_PYTHON, str(GST_SERVER)])


def _servers(command: list[str]) -> Iterator[Callable[..., ServerProcess]]:
    started: list[ServerProcess] = []

    def start(*arguments: str) -> ServerProcess:
        server = ServerProcess([*command, *arguments], free_port())
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()
