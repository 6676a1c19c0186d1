"""Pictures as they are shown: made from the originals in a process of their own, and kept.

The originals stay untouched; what browsers get was decoded and encoded again by
`central.reencode`, once, when somebody looks at it for the first time.
"""

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Literal

import structlog

CPU_S = 8.0
"""Work that one picture may cost; a slow machine needs 2 s for 40 megapixels."""
LIMIT_S = 60.0
"""From handing a picture over to its answer, for a worker that hangs without working. Longer by
far than the work: a sound picture must not be condemned because the machine was busy."""
START_S = 60.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
PICTURES_PER_WORKER = 500

Variant = Literal["shown", "thumbnail"]

log = structlog.get_logger()


class Unreadable(Exception):
    """The picture cannot be shown: it is damaged, too large for the worker, or took too long."""


class _Broken(Exception):
    """The worker died or hangs."""


class Renditions:
    """The folder of shown pictures and thumbnails, and the worker that makes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.limit_s = LIMIT_S
        self.cpu_s = CPU_S
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self._made = 0

    def set_up(self) -> None:
        """Make the folder and sweep away what an end in the middle left."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*/*.part"):
            path.unlink(missing_ok=True)

    def path_of(self, sha256: str, variant: Variant, original: Path) -> Path:
        """The file to show, made now if need be; raises Unreadable. Waits for its turn."""
        path = self._path(sha256, variant)
        if path.is_file():
            return path
        with self._lock:
            if not path.is_file():
                self._make(sha256, original)
        return path

    def anew(self, content: bytes) -> bytes:
        """A picture made from the pixels of another one; raises Unreadable. Waits for its turn."""
        with self._lock:
            shown, _ = self._made_anew(content)
        if not shown:
            raise Unreadable("the picture cannot be read")
        return shown

    def forget(self, sha256: str) -> None:
        """Take away what was made of a picture, whose original must be gone already."""
        with self._lock:
            for path in (self._folder / sha256[:2]).glob(f"{sha256}.*"):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._end()

    def _path(self, sha256: str, variant: Variant) -> Path:
        return self._folder / sha256[:2] / f"{sha256}.{variant}.jpg"

    def _make(self, sha256: str, original: Path) -> None:
        unreadable = self._path(sha256, "shown").with_suffix(".unreadable")
        if unreadable.exists():
            raise Unreadable("the picture cannot be read")
        shown, small = self._made_anew(original.read_bytes(), sha256)
        self._path(sha256, "shown").parent.mkdir(parents=True, exist_ok=True)
        if not shown or not small:
            unreadable.touch()  # so that a hostile picture costs its time only once
            raise Unreadable("the picture cannot be read")
        self._write(self._path(sha256, "thumbnail"), small)
        self._write(self._path(sha256, "shown"), shown)

    def _made_anew(self, content: bytes, sha256: str = "") -> tuple[bytes, bytes]:
        """Both renditions of a picture, empty when it is unreadable or ended the worker."""
        try:
            return self._ask(content)
        except _Broken as why:
            self._end()
            log.warning("picture_unreadable", sha256=sha256, reason=str(why))
            return b"", b""

    def _write(self, path: Path, content: bytes) -> None:
        """Not synced: it can be made again."""
        part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
        part.write_bytes(content)
        part.replace(path)

    def _ask(self, content: bytes) -> tuple[bytes, bytes]:
        """Both renditions of a picture, empty when it is unreadable; raises _Broken."""
        worker = self._running()
        self._made += 1
        return _exchange(worker, content, time.monotonic() + self.limit_s)

    def _running(self) -> subprocess.Popen[bytes]:
        """The worker, started when there is none or when it has made many pictures."""
        if self._worker is not None and self._made >= PICTURES_PER_WORKER:
            self._end()
        if self._worker is None:
            self._worker = _start(self.cpu_s)
            self._made = 0
            # Importing the libraries does not count against the time limit of a picture.
            _exchange(self._worker, b"", time.monotonic() + START_S)
        return self._worker

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _exchange(
    worker: subprocess.Popen[bytes], content: bytes, until_s: float
) -> tuple[bytes, bytes]:
    """Both answers for a picture; raises _Broken."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    _deliver(worker.stdin.fileno(), len(content).to_bytes(4, "big") + content, until_s)
    answers = worker.stdout.fileno()
    return _receive(answers, until_s), _receive(answers, until_s)


def _start(cpu_s: float) -> subprocess.Popen[bytes]:
    """A worker without our environment: no database address or broker password reaches it."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    worker = subprocess.Popen(  # noqa: S603 a number
        [sys.executable, "-m", "central.reencode", str(cpu_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        cwd=Path(__file__).resolve().parent.parent,
        close_fds=True,
        start_new_session=True,
    )
    assert worker.stdin is not None
    os.set_blocking(worker.stdin.fileno(), False)
    return worker


def _deliver(descriptor: int, content: bytes, until_s: float) -> None:
    rest = memoryview(content)
    while rest:
        _, ready, _ = select.select([], [descriptor], [], max(0.0, until_s - time.monotonic()))
        if not ready:
            raise _Broken("the worker does not listen")
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            continue
        except OSError:
            raise _Broken("the worker has died") from None


def _receive(descriptor: int, until_s: float) -> bytes:
    size = int.from_bytes(_exactly(descriptor, 4, until_s), "big")
    if size > MAX_ANSWER_BYTES:
        raise _Broken("the worker answers nonsense")
    return _exactly(descriptor, size, until_s)


def _exactly(descriptor: int, count: int, until_s: float) -> bytes:
    content = bytearray()
    while len(content) < count:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, until_s - time.monotonic()))
        if not ready:
            raise _Broken("it took too long")
        part = os.read(descriptor, count - len(content))
        if not part:
            raise _Broken("the worker has died")
        content += part
    return bytes(content)
