"""Pictures on the box's disk, named by their content."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from edge.crash import crash_point

_SHA256 = re.compile(r"[0-9a-f]{64}")


class EvidenceStore:
    """A folder of JPEG files `ab/cdef….jpg`; safe for several threads, for one process.

    A picture is complete and on the disk before `put` returns, so a row that names it may be
    committed after that. Raises OSError when the disk is full or broken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, jpeg: bytes) -> str:
        """Keep a picture for good; gives the sha256 of its bytes in hexadecimal."""
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
        # A name of its own per writer: two threads may keep the same picture at once.
        temporary = path.with_suffix(f".{os.urandom(4).hex()}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(jpeg)
                file.flush()
                crash_point("evidence.before_fsync")
                os.fsync(file.fileno())
            crash_point("evidence.after_fsync")
            temporary.replace(path)
            crash_point("evidence.after_rename")
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        crash_point("evidence.after_folder_fsync")
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """The picture, or None when it is not kept."""
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, sha256: str) -> None:
        """Forget a picture; nothing happens when it is not kept."""
        self._path(sha256).unlink(missing_ok=True)

    def remove_orphans(self, known: Collection[str]) -> int:
        """Remove files that no event names and left-overs of writing; gives how many.

        Only for the start of the program, before anything is put.
        """
        removed = 0
        for path in self._files():
            if path.parent.name + path.stem not in known or path.suffix != ".jpg":
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _files(self) -> Iterator[Path]:
        yield from self._folder.glob("[0-9a-f][0-9a-f]/*.jpg")
        yield from self._folder.glob("[0-9a-f][0-9a-f]/*.tmp")

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a sha256 in hexadecimal: {sha256[:80]!r}")
        return self._folder / sha256[:2] / f"{sha256[2:]}.jpg"


def _sync_folder(folder: Path) -> None:
    """Make a new name in the folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
