"""Writes pictures with their times as a video that any player shows at real speed."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import structlog
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge.errors import EdgeError
from edge.types import Image

log = structlog.get_logger()

ENCODERS = ("libx264", "mpeg4")
TICKS_PER_S = 10_000
OPTIONS = {"libx264": {"preset": "veryfast", "crf": "24"}, "mpeg4": {"qscale": "4"}}
THREADS = 2
"""Fixed: what x264 writes depends on it, and the same recording shall give the same clip."""


def encoder(names: Sequence[str] = ENCODERS) -> str:
    """The first encoder of `names` that this FFmpeg has; raises EdgeError when it has none."""
    for name in names:
        try:
            found = av.codec.Codec(name, "w").name
        except av.codec.codec.UnknownCodecError:
            continue
        if name != names[0]:
            log.warning("encoder_missing", wanted=names[0], used=name)
        return found
    raise EdgeError(f"this FFmpeg can write no video: none of {', '.join(names)}")


class ClipWriter:
    """One mp4 being written. Its size is that of the first picture, made even."""

    def __init__(self, path: Path, frames_per_s: int) -> None:
        """Pictures come about `frames_per_s` apart at most; EdgeError when `path` is no place."""
        self._path = path
        self._rate = frames_per_s
        self._codec = encoder()
        # Not under its name before it is whole: a clip that breaks off is not taken for a clip.
        self._part = path.with_name(path.name + ".part")
        self._stream: VideoStream | None = None
        self._last_pts = -1
        try:
            self._part.touch()  # FFmpeg opens it only with the first picture
        except OSError as error:
            raise EdgeError(f"{path}: cannot be written: {error.strerror}") from None
        options = {"movflags": "+faststart"}
        self._out: OutputContainer = av.open(str(self._part), "w", format="mp4", options=options)

    def write(self, picture: Image, ts: float) -> None:
        """Show `picture` from `ts` (seconds, rising) on; EdgeError when the disk takes no more."""
        if self._stream is None:
            self._stream = self._begin(picture)
        size = (self._stream.width, self._stream.height)
        if (picture.shape[1], picture.shape[0]) != size:
            picture = np.asarray(cv2.resize(picture, size), dtype=np.uint8)
        frame = VideoFrame.from_ndarray(picture, format="bgr24")
        pts = max(round(ts * TICKS_PER_S), self._last_pts + 1)
        frame.pts, self._last_pts = pts, pts
        frame.time_base = Fraction(1, TICKS_PER_S)
        self._mux(frame)

    def _begin(self, picture: Image) -> VideoStream:
        height, width = picture.shape[:2]
        added = self._out.add_stream(self._codec, rate=self._rate, options=OPTIONS[self._codec])
        stream = cast(VideoStream, added)
        stream.width, stream.height = width - width % 2, height - height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
        stream.codec_context.thread_count = THREADS
        stream.codec_context.gop_size = 5 * self._rate
        return stream

    def _mux(self, frame: VideoFrame | None) -> None:
        assert self._stream is not None
        try:
            for packet in self._stream.encode(frame):
                packet.duration = packet.duration or TICKS_PER_S // self._rate
                self._out.mux(packet)
        except av.FFmpegError as error:
            raise EdgeError(f"{self._path}: cannot be written: {error.strerror}") from None

    def close(self, whole: bool) -> None:
        """Finish the file; unless `whole` nothing is left of it."""
        try:
            if self._stream is not None and whole:
                self._mux(None)
            self._out.close()
            if whole:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)
