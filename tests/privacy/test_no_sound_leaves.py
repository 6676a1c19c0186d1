"""During a run with sound no file and no socket carries a waveform or a mel patch.

Watched by strace, below every library: all bytes that the process gives to the kernel for a file,
a pipe or a socket. What the test would find, it is shown to find.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.delivery import EvidenceServer, FilingCentral
from tests.evenings import SOUND, sound_of_evening
from tests.privacy.box import sound_of
from tests.privacy.needles import hits, needles
from tests.support import MEDIA, ROOT
from tests.taggers import real_tagger

STRACE = shutil.which("strace")
GIVING = "write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg"
PAST_US = "sendfile,splice,vmsplice,tee,process_vm_writev,io_uring_enter,mmap"
"""Other ways out: none of them is used, but mappings, of which none may be a shared file's."""

pytestmark = [pytest.mark.media, pytest.mark.tagger]

_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (MEDIA / SOUND).exists():
        pytest.skip(f"{MEDIA / SOUND} is not there")
    if STRACE is None or subprocess.run([STRACE, "true"], capture_output=True).returncode:
        pytest.skip("strace is not there, or may not trace here (Debian: strace)")
    return sound_of_evening(tmp_path_factory.mktemp("sound") / "cut.flac", 95)


def watched(folder: Path, *arguments: object) -> list[str]:
    """The trace of the program `box` with these arguments, one call per line."""
    trace = folder / "trace"
    command = [STRACE, "-f", "-y", "-xx", "-s", "10000000", "--seccomp-bpf", "-o", trace]
    command += ["-e", f"trace={GIVING},{PAST_US}", sys.executable, "-m", "tests.privacy.box"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*map(str, command), *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return trace.read_text().splitlines()


def given(trace: list[str]) -> bytes:
    """All bytes that were given to the kernel."""
    calls = [line for line in trace if "mmap(" not in line]
    return b"|".join(
        bytes.fromhex(text.replace("\\x", "")) for line in calls for text in _TEXT.findall(line)
    )


def mapped(line: str) -> bytes:
    """Name of the file that a call maps; empty for plain memory."""
    name = re.search(r"<((?:\\x[0-9a-f]{2})*)>", line)
    return bytes.fromhex(name[1].replace("\\x", "")) if name else b""


def test_no_file_and_no_socket_carries_sound(tmp_path: Path, media: Path, broker: Broker) -> None:
    real_tagger()
    box = tmp_path / "box"
    box.mkdir()
    central = FilingCentral(broker.port, tmp_path)
    central.start()
    server = EvidenceServer()
    try:
        with server.serving():
            trace = watched(tmp_path, box, media, broker.url, server.url)
    finally:
        central.stop()
    everything = given(trace)
    # It did hear, tell and show: otherwise this proves nothing.
    assert everything.count(b'"stage":"confirmed"') >= 2  # to the disk and to the broker
    assert b"level_curve" in everything
    assert len(everything) > 500_000
    assert list(hits(everything, needles(sound_of(media)))) == []
    others = [line for line in trace if re.search(r"\b(sendfile|splice|vmsplice|tee)\(", line)]
    assert [line for line in others if "= -1" not in line] == []
    shared = [line for line in trace if "MAP_SHARED" in line and "PROT_WRITE" in line]
    assert {mapped(line)[-4:] for line in shared} <= {b"-shm"}  # SQLite's index of pages
    left = b"".join(file.read_bytes() for file in box.rglob("*") if file.is_file())
    assert list(hits(left, needles(sound_of(media)))) == []


def test_what_would_be_found_is_found(tmp_path: Path, media: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    wanted = needles(sound_of(media))
    everything = given(watched(tmp_path, box, media, "leak"))
    assert set(hits(everything, wanted)) == set(wanted)
    for number in (0, 1):  # the first piece went to a file, the second through a socket
        assert set(hits(everything, {k: v[number : number + 1] for k, v in wanted.items()})) == set(
            wanted
        )
