"""`jinmu-edge snapshot`: one frame of a stream with its zones and a ruler to read corners off."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from edge.clock import Clock
from edge.config import Stream
from edge.errors import ConfigError, EdgeError, SourceLost
from edge.geometry import Polygon
from edge.overlay import outline
from edge.picture import INK_BGR, ZONE_BGR, write
from edge.source import FileSource, RtspSource
from edge.types import Image

GRID = 10
GRID_SHARE = 0.35
"""How much of the grid's lines covers the picture: faint, so that painted marks stay visible."""
TEXT_PX = 14
SEEK_EVERY_S = 0.1
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
GROUND_BGR = (255, 200, 60)
SUFFIXES = (".png", ".jpg", ".jpeg")


def of_camera(stream: Stream, clock: Clock) -> Image:
    """The first picture the stream's camera gives; SourceLost says why it gives none."""
    if stream.url is None:
        raise ConfigError(f"{stream.id} has no camera: there is no url in its block")
    source = RtspSource(stream.url, stream.analyse_every_s, clock)
    with closing(source.frames()) as frames:
        for frame in frames:
            return frame.image
    raise SourceLost("the camera sends no picture")


def of_recording(media: Path, at_s: float) -> Image:
    """The picture `at_s` seconds into a recording (the last before it, if it is shorter by less
    than a tenth of a second); ConfigError when the recording ends earlier."""
    last_ts = 0.0
    with closing(FileSource(media, SEEK_EVERY_S, EPOCH).frames()) as frames:
        for frame in frames:
            last_ts = frame.ts
            if frame.ts >= at_s - 1e-6:
                return frame.image
    raise ConfigError(f"{media}: ends at {last_ts:.1f} s, there is no picture at {at_s:g} s")


def with_zones(image: Image, stream: Stream) -> Image:
    """A copy with a grid of tenths, labelled as fractions, and the stream's zones and their names.

    Four ground points, where a zone has them, are crosses with their metres.
    """
    canvas = _grid(image)
    height, width = canvas.shape[:2]
    for scene in stream.scenes:
        corners = np.round(scene.polygon_rel * (width, height)).astype(np.int32)
        outline(canvas, corners, ZONE_BGR, dashed=False)
        for (x, y), (px, py) in zip(scene.polygon, corners.tolist(), strict=True):
            cv2.circle(canvas, (px, py), 4, ZONE_BGR, -1, cv2.LINE_AA)
            _label(canvas, f"{x:.2f}, {y:.2f}", (px + 6, py + TEXT_PX + 4), TEXT_PX)
        name = f"{scene.place} · {scene.scene}"
        left, top = _anchor(scene.polygon_rel)
        _label(canvas, name, (int(left * width) + 6, int(top * height) - 8), TEXT_PX + 4)
        ground = getattr(scene, "ground", None)
        if ground is not None:
            _ground(canvas, ground.image, ground.metres)
    return canvas


def save(image: Image, path: Path) -> None:
    """Write it as PNG or JPEG by the name's ending; EdgeError for another or for a bad place."""
    if path.suffix.lower() not in SUFFIXES:
        raise EdgeError(f"{path}: the name must end in {', '.join(SUFFIXES)}")
    done, data = cv2.imencode(path.suffix.lower(), image)
    if not done:
        raise EdgeError(f"{path}: a picture of {image.shape} could not be encoded")
    try:
        path.write_bytes(bytes(data))
    except OSError as error:
        raise EdgeError(f"{path}: cannot be written: {error.strerror}") from None


def _anchor(polygon: Polygon) -> tuple[float, float]:
    """The corner nearest to the top left of the picture."""
    left, top = polygon[polygon.sum(axis=1).argmin()].tolist()
    return left, top


def _grid(image: Image) -> Image:
    height, width = image.shape[:2]
    lines = image.copy()
    for step in range(1, GRID):
        x, y = round(step * width / GRID), round(step * height / GRID)
        cv2.line(lines, (x, 0), (x, height), INK_BGR, 1)
        cv2.line(lines, (0, y), (width, y), INK_BGR, 1)
    canvas = np.asarray(cv2.addWeighted(lines, GRID_SHARE, image, 1 - GRID_SHARE, 0), np.uint8)
    for step in range(1, GRID):
        x, y = round(step * width / GRID), round(step * height / GRID)
        write(canvas, f"{step / GRID:.1f}", (x - 10, TEXT_PX), TEXT_PX)
        write(canvas, f"{step / GRID:.1f}", (2, y + 5), TEXT_PX)
    return canvas


def _ground(
    canvas: Image, image: list[tuple[float, float]], metres: list[tuple[float, float]]
) -> None:
    height, width = canvas.shape[:2]
    for (x, y), (east, north) in zip(image, metres, strict=True):
        at = (round(x * width), round(y * height))
        cv2.drawMarker(canvas, at, GROUND_BGR, cv2.MARKER_TILTED_CROSS, 14, 2)
        _label(canvas, f"{east:g}, {north:g} m", (at[0] + 8, at[1] - 6), TEXT_PX)


def _label(canvas: Image, text: str, at_px: tuple[int, int], size_px: int) -> None:
    """Text moved so far that it lies in the picture."""
    height, width = canvas.shape[:2]
    x = max(2, min(at_px[0], width - round(0.52 * size_px * len(text))))
    y = max(size_px + 2, min(at_px[1], height - 4))
    write(canvas, text, (x, y), size_px)
