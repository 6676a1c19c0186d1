"""Forty pictures as an attacker, a broken camera or a careless phone would send them (goal B2)."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

Fate = Literal["refused", "shown", "unreadable", "any"]
"""`refused` at the upload, `shown` after encoding anew, `unreadable`, or whatever is safe."""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    content: bytes
    fate: Fate
    code: str = ""


def jpeg(width: int = 64, height: int = 48, *flags: int) -> bytes:
    image = np.full((height, width, 3), (40, 90, 160), np.uint8)
    cv2.rectangle(image, (4, 4), (width // 2, height // 2), (200, 200, 20), -1)
    done, encoded = cv2.imencode(".jpg", image, list(flags))
    assert done
    return encoded.tobytes()


PLAIN = jpeg()
PROGRESSIVE = jpeg(64, 48, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def with_segment(marker: int, body: bytes, base: bytes = PLAIN) -> bytes:
    """The segment right behind the start of the picture."""
    return base[:2] + segment(marker, body) + base[2:]


def resized(width: int, height: int, base: bytes = PLAIN) -> bytes:
    """The same bytes, but the frame header claims another size."""
    at = next(
        base.find(bytes((0xFF, kind))) for kind in (0xC0, 0xC2) if bytes((0xFF, kind)) in base
    )
    return base[: at + 5] + struct.pack(">HH", height, width) + base[at + 9 :]


def bomb(width: int = 13000, height: int = 13000, length: int = 631) -> bytes:
    """The small file that claims a huge picture: 1.0 GB and 1.9 s in an unguarded decoder."""
    base = resized(width, height)
    return base[: length - 2] + b"\xff\xd9" if len(base) > length else base.ljust(length, b"\0")


def exif(orientation: int) -> bytes:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    body = b"Exif\0\0MM\0\x2a\0\0\0\x08" + b"\0\x01" + entry + b"\0\0\0\0"
    return with_segment(0xE1, body + b"GPS-SECRET-PLACE")


def cmyk() -> bytes:
    """A plain picture whose frame header says four components; an honest CMYK file is below."""
    at = PLAIN.find(b"\xff\xc0")
    head = PLAIN[at : at + 19]
    four = b"\xff\xc0\x00\x14" + head[4:9] + b"\x04" + head[10:] + b"\x04\x11\x01"
    return with_segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02", PLAIN[:at] + four + PLAIN[at + 19 :])


def png(width: int = 8, height: int = 8, extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x7f" * 3 * width for _ in range(height)))
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


HTML = b"<html><script>alert(document.cookie)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def cases() -> Iterator[Case]:
    """All of them; what matters of each stands in its name."""
    yield Case("bomb of 631 bytes", bomb(), "refused", "too_many_pixels")
    yield Case("bomb 65535 x 65535", bomb(65535, 65535), "refused", "too_many_pixels")
    yield Case("bomb 65535 x 1000", bomb(65535, 1000), "refused", "too_many_pixels")
    yield Case(
        "bomb, progressive", resized(13000, 13000, PROGRESSIVE), "refused", "too_many_pixels"
    )
    yield Case("bomb behind a small thumbnail", with_segment(0xE1, b"Exif\0\0" + PLAIN, bomb()),
               "refused", "too_many_pixels")  # fmt: skip
    yield Case("claims 40 Mpx, holds a stamp", bomb(8000, 5000), "any")
    yield Case("claims 40 Mpx, progressive", resized(8000, 5000, PROGRESSIVE), "any")
    yield Case("claims 65500 x 600", bomb(65500, 600), "any")
    yield Case("claims 1 x 65000", bomb(1, 65000), "any")
    yield Case("a thousand scans", PROGRESSIVE[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 1000,
               "refused", "too_many_scans")  # fmt: skip
    yield Case("size 0 x 0", resized(0, 0), "refused", "too_many_pixels")
    yield Case("size 100 x 0", resized(100, 0), "refused", "too_many_pixels")
    yield Case("empty", b"", "refused", "not_jpeg")
    yield Case("two bytes", b"\xff\xd8", "refused", "not_jpeg")
    yield Case("cut in the header", PLAIN[:100], "refused", "not_jpeg")
    yield Case("cut in the middle", PLAIN[: len(PLAIN) - 60], "any")
    yield Case("cut behind the scan's head", PLAIN[: PLAIN.find(b"\xff\xda") + 14], "any")
    yield Case("no tables", PLAIN[:2] + PLAIN[PLAIN.find(b"\xff\xc0") :], "any")
    yield Case("scan without a frame", b"\xff\xd8" + PLAIN[PLAIN.find(b"\xff\xda") :],
               "refused", "not_jpeg")  # fmt: skip
    yield Case("bit dust in the scan", PLAIN[:-80] + b"\x5a\xa5" * 39 + b"\xff\xd9", "any")
    yield Case("12 bits a sample", PLAIN.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"),
               "unreadable")  # fmt: skip
    yield Case("arithmetic coding claimed", PLAIN.replace(b"\xff\xc0", b"\xff\xc9", 1), "any")
    yield Case("lossless claimed", PLAIN.replace(b"\xff\xc0", b"\xff\xc3", 1), "unreadable")
    yield Case("segment longer than the file", PLAIN[:2] + b"\xff\xe1\xff\xff" + PLAIN[2:],
               "refused", "not_jpeg")  # fmt: skip
    yield Case("segment of length 0", PLAIN[:2] + b"\xff\xe1\0\0" + PLAIN[2:], "any")
    yield Case("only padding", b"\xff\xd8" + b"\xff" * 100_000, "refused", "not_jpeg")
    yield Case(
        "ten thousand comments", PLAIN[:2] + segment(0xFE, b"x") * 10_000 + PLAIN[2:], "shown"
    )
    yield Case("CMYK claimed", cmyk(), "any")
    yield Case("grey", cv2.imencode(".jpg", np.full((40, 60), 99, np.uint8))[1].tobytes(), "shown")
    yield Case("progressive", PROGRESSIVE, "shown")
    yield Case("EXIF, turned, with a place", exif(6), "shown")
    yield Case("EXIF, mirrored", exif(5), "shown")
    yield Case("EXIF orientation 9", exif(9), "shown")
    yield Case("HTML in a comment", with_segment(0xFE, HTML), "shown")
    yield Case("HTML behind the end", PLAIN + HTML, "shown")
    yield Case("archive behind the end", PLAIN + b"PK\x03\x04evil.exe" + b"\0" * 5000, "shown")
    yield Case("PNG", png(), "refused", "not_jpeg")
    yield Case("animated PNG", png(extra=struct.pack(">I", 8) + b"acTL" + b"\0" * 12),
               "refused", "not_jpeg")  # fmt: skip
    yield Case("GIF that is HTML", b"GIF89a/*" + HTML + b"*/", "refused", "not_jpeg")
    yield Case("SVG", SVG, "refused", "not_jpeg")
    yield Case("HTML", HTML, "refused", "not_jpeg")
    yield Case("TIFF", b"II*\0\x08\0\0\0" + b"\0" * 100, "refused", "not_jpeg")
    yield Case("PDF with a picture", b"%PDF-1.7\n" + PLAIN, "refused", "not_jpeg")
    yield Case("PHP behind JPEG's first bytes", b"\xff\xd8\xff<?php system($_GET[0]);",
               "refused", "not_jpeg")  # fmt: skip


SECRETS = (b"GPS-SECRET-PLACE", b"<script", b"PK\x03\x04", b"Exif")
"""What must not be in a rendition."""
