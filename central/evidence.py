"""Pictures by content: checked before anything decodes them, on disk before anything names them."""

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from central.crash import crash_point

MAX_BYTES = 4 * 1024 * 1024
MAX_PIXELS = 40_000_000
# Each scan of a progressive picture decodes all of it again; cameras make one, editors about ten.
MAX_SCANS = 100
SCAN = b"\xff\xda"
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Start-of-frame markers of JPEG: all of C0-CF but DHT (C4), JPG (C8) and DAC (CC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_END_OR_SCAN = frozenset({0xD9, 0xDA})


class BadPicture(Exception):
    """The upload is refused; `code` is for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a picture in pixels."""

    width_px: int
    height_px: int


class EvidenceFiles:
    """The folder of pictures: `ab/abcdef….jpg`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def set_up(self) -> int:
        """Make the folder and remove what an interrupted upload left; number of files removed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        leftovers = list(self._folder.glob("*/*.part"))
        for path in leftovers:
            path.unlink(missing_ok=True)
        return len(leftovers)

    def path_of(self, sha256: str) -> Path:
        """Where the picture is or would be; raises ValueError for what is not a SHA-256."""
        if _SHA256.fullmatch(sha256) is None:
            raise ValueError("not a SHA-256 in small hexadecimal digits")
        return self._folder / sha256[:2] / f"{sha256}.jpg"

    def find(self, sha256: str) -> Path | None:
        """The picture's file if it is there; never through a link: only what `write` made counts.

        Raises ValueError for what is not a SHA-256.
        """
        path = self.path_of(sha256)
        return path if path.is_file() and not path.is_symlink() else None

    def remove(self, sha256: str) -> None:
        """Take a picture away; nothing when it is not there."""
        path = self.path_of(sha256)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync_folder(path.parent)

    def write(self, sha256: str, content: bytes) -> None:
        """Put the picture on disk so that it survives a power cut: file, name and folder synced."""
        path = self.path_of(sha256)
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._folder)
        part = path.with_name(f"{sha256}.{os.urandom(4).hex()}.part")
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                crash_point("evidence.before_fsync")
                os.fsync(file.fileno())
            crash_point("evidence.after_fsync")
            part.replace(path)
            crash_point("evidence.after_rename")
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        crash_point("evidence.after_folder_fsync")


def check(sha256: str, content: bytes, most_bytes: int = MAX_BYTES) -> Size:
    """Size of an uploaded picture; raises BadPicture for whatever is not the named JPEG."""
    if len(content) > most_bytes:
        raise BadPicture("too_large", f"at most {most_bytes} bytes are allowed")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BadPicture("wrong_hash", "the content has another SHA-256 than its name")
    size = jpeg_size(content)
    if size is None:
        raise BadPicture("not_jpeg", "the content is not a JPEG picture")
    if not 0 < size.width_px * size.height_px <= MAX_PIXELS:
        text = f"{size.width_px}x{size.height_px} pixels, at most {MAX_PIXELS} are allowed"
        raise BadPicture("too_many_pixels", text)
    if content.count(SCAN) > MAX_SCANS:
        raise BadPicture("too_many_scans", f"at most {MAX_SCANS} scans are allowed")
    return size


def jpeg_size(content: bytes) -> Size | None:
    """Size that a JPEG's frame header claims, without decoding; None when there is no header."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _END_OR_SCAN:
            return None
        elif marker in _FRAMES:
            return _frame_size(content[at + 4 : at + 9])
        else:
            at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
    return None


def _frame_size(header: bytes) -> Size | None:
    """Size from precision (1 byte), height and width (2 bytes each)."""
    if len(header) < 5:
        return None
    return Size(int.from_bytes(header[3:5], "big"), int.from_bytes(header[1:3], "big"))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
