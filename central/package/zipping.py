"""A package as a ZIP, in pieces: no more of it is in memory than one part of a file."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from central.package.canonical import to_bytes
from central.package.files import Chosen, Content
from central.package.shapes import Package

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
README = "README.txt"
PLAIN_FILE = 0o644 << 16

TOLD = """\
证据包 {case_no}

核对:解压后在此目录运行  sha256sum -c SHA256SUMS
或者:jinmu-central package verify 文件.zip(另核对案卷日志的哈希链、设备签名)
清单 manifest.json 的哈希(审计日志中也记有):{seal}
{pictures_zh}

Evidence package {case_no}

To verify it: unpack, and in that folder run  sha256sum -c SHA256SUMS
or: jinmu-central package verify FILE.zip (checks the chain of the log and the boxes' seals, too)
Hash of manifest.json (manifest_sha256), which the audit log also holds: {seal}
{pictures_en}
"""
MASKED_TOLD = (
    "图片已遮挡人脸和车牌,由像素重新编码;原图的哈希见清单。",
    "Pictures have faces and plates covered and were encoded anew; the manifest names originals.",
)
RAW_TOLD = (
    "含未遮挡的原图:不得公开(国务院令第 799 号第二十二条)。",
    "It holds unmasked originals: not to be published (State Council order 799, article 22).",
)


def zipped(package: Package, chosen: tuple[Chosen, ...], *, raw: bool) -> Iterator[bytes]:
    """The ZIP of a sealed package whose `files` are `chosen`."""
    fixed = {README: _told(package, raw).encode(), MANIFEST: to_bytes(package)}
    sums = {name: hashlib.sha256(body).hexdigest() for name, body in fixed.items()}
    sums |= {file.name: file.sha256 for file in package.files}
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    fixed[SUMS] = lines.encode()
    contents = [Content(name, body) for name, body in fixed.items()]
    return _pieces([*contents, *(one.content for one in chosen)], package.made_at)


def _pieces(contents: Iterable[Content], at: datetime) -> Iterator[bytes]:
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_STORED) as archive:
        for content in contents:
            info = ZipInfo(content.name, at.timetuple()[:6])
            info.external_attr = PLAIN_FILE
            with archive.open(info, "w") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                    yield pipe.take()
    yield pipe.take()


def _told(package: Package, raw: bool) -> str:
    pictures_zh, pictures_en = RAW_TOLD if raw else MASKED_TOLD
    return TOLD.format(
        case_no=package.case.case_no,
        seal=package.manifest_sha256,
        pictures_zh=pictures_zh,
        pictures_en=pictures_en,
    )


class _Pipe(io.RawIOBase):
    """What was written and not yet taken; it cannot go back, so sizes follow their files."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._waiting += content
        return len(content)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
