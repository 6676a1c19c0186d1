"""Evidence pictures: what was decided, drawn on a copy, as JPEG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np

from edge.errors import EdgeError
from edge.evidence_set import Role
from edge.geometry import Polygon
from edge.patch import Grey
from edge.scenes.base import Mark
from edge.types import Image

LONGEST_SIDE_PX = 1280
JPEG_QUALITY = 85

ZONE_BGR = (0, 200, 255)
MARK_BGR = (60, 60, 255)
PAPER_BGR = (24, 20, 16)
INK_BGR = (242, 237, 232)

ROLE_WORDS: Mapping[Role, str] = {
    "arrival": "到达",
    "warned": "预警",
    "confirmed": "确认",
    "ongoing": "持续",
    "severity": "程度变化",
    "cleared": "解除",
    "context": "空置时",
    "loudest": "最响时",
}


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands under an evidence picture; `dwell_s` None: nothing stands there."""

    place: str
    stream_name: str
    role: Role
    dwell_s: float | None
    wall: datetime

    def text(self) -> str:
        """`FL-0317 东门消防通道 · 确认 · 停留 0:05:00 · 2026-11-24 21:59:10 +0800`."""
        dwell = [] if self.dwell_s is None else [f"停留 {duration(self.dwell_s)}"]
        moment = self.wall.strftime("%Y-%m-%d %H:%M:%S %z")
        where = f"{self.place} {self.stream_name}"
        return " · ".join([where, ROLE_WORDS[self.role], *dwell, moment])


def duration(seconds: float) -> str:
    """`0:05:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def luma(image: Image) -> Grey:
    """Brightness of a picture (H, W, 3) as (H, W) uint8 (ITU-R BT.601)."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def fit(image: Image) -> Image:
    """The picture with its longer side at most LONGEST_SIDE_PX; the same array if it already is."""
    height, width = image.shape[:2]
    scale = LONGEST_SIDE_PX / max(height, width)
    if scale >= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def annotate(image: Image, polygon: Polygon, marks: Sequence[Mark], caption: Caption) -> Image:
    """A copy with zone, marks and a caption strip below; `image` itself is not touched."""
    height, width = image.shape[:2]
    strip_px = max(26, height // 20)
    canvas = np.empty((height + strip_px, width, 3), dtype=np.uint8)
    canvas[:height], canvas[height:] = image, PAPER_BGR
    line_px = max(1, round(max(height, width) / 500))
    corners_px = np.round(polygon * (width, height)).astype(np.int32)
    cv2.polylines(canvas, [corners_px], True, ZONE_BGR, line_px, cv2.LINE_AA)
    for mark in marks:
        _draw_mark(canvas, mark, (width, height), line_px)
    write(canvas, caption.text(), (8, height + round(strip_px * 0.7)), round(strip_px * 0.62))
    return canvas


def _draw_mark(canvas: Image, mark: Mark, size_px: tuple[int, int], line_px: int) -> None:
    width, height = size_px
    x1, x2 = round(mark.box[0] * width), round(mark.box[2] * width)
    y1, y2 = round(mark.box[1] * height), round(mark.box[3] * height)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), MARK_BGR, line_px, cv2.LINE_AA)
    text_px = max(13, height // 36)
    room_px = width - text_px * len(mark.text) // 2
    write(canvas, mark.text, (max(0, min(x1, room_px)), max(text_px, y1 - 5)), text_px)


def write(canvas: Image, text: str, at_px: tuple[int, int], size_px: int) -> None:
    """Text of `size_px` with a dark rim, readable on any ground; Chinese comes with OpenCV 5.

    `at_px` is the left end of the base line.
    """
    font = cv2.FontFace("sans")
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        cv2.putText(canvas, text, (at_px[0] + dx, at_px[1] + dy), PAPER_BGR, font, size_px, 500)
    cv2.putText(canvas, text, at_px, INK_BGR, font, size_px, 500)


def jpeg(image: Image) -> bytes:
    """The picture as JPEG; raises EdgeError when it cannot be encoded."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise EdgeError(f"a picture of {image.shape} could not be encoded as JPEG")
    return bytes(data)


def from_jpeg(data: bytes) -> Image:
    """The picture of a JPEG that we made; raises EdgeError when it is none."""
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise EdgeError(f"{len(data)} bytes are no JPEG")
    return np.asarray(image, dtype=np.uint8)
