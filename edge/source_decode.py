"""From packets to pictures: only what is needed is decoded, broken pictures are counted."""

from __future__ import annotations  # av's Packet is generic for the type checker alone

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from edge.sound.block import OnSound as OnSound
from edge.sound.block import SoundBlock as SoundBlock
from edge.source_guard import MAX_PIXELS, reason
from edge.source_time import Anchor
from edge.types import Image


@dataclass(slots=True)
class Broken:
    """Packets and pictures that could not be used, folded: how many, and what was last."""

    count: int = 0
    last: str = ""

    def add(self, why: str) -> None:
        self.count += 1
        self.last = why


class PictureDecoder:
    """Decodes the packets of one video stream."""

    def __init__(self, stream: VideoStream, broken: Broken, threads: int = 1) -> None:
        self._codec = stream.codec_context
        self._time_base = stream.time_base
        self._codec.options = {"max_pixels": str(MAX_PIXELS)}
        # One thread each: a box has more cameras than cores, and frame threads delay pictures.
        self._codec.thread_count = threads
        self._broken = broken
        self._whole_since_keyframe = False

    def decode(
        self, packet: Packet[VideoStream], keyframes_only: bool = False
    ) -> Iterator[tuple[VideoFrame, float | None]]:
        """Pictures, with media seconds, that come out when `packet` goes in (if empty: the rest).

        With `keyframes_only` the other packets are thrown away, and each keyframe comes out at
        once. After it decoding waits for a keyframe before it goes on with all packets.
        """
        if packet.is_keyframe or not packet.size:
            self._whole_since_keyframe = not keyframes_only
        elif keyframes_only or not self._whole_since_keyframe:
            self._whole_since_keyframe = False
            return
        try:
            pictures = self._codec.decode(packet if packet.size else None)
            if keyframes_only and packet.size:
                pictures += self._codec.decode(None)
                self._codec.flush_buffers()
        except av.FFmpegError as error:
            self._broken.add(reason(error))
            return
        for picture in pictures:
            if picture.is_corrupt:
                self._broken.add("picture damaged on the way")
            else:
                yield picture, self._media_s(picture)

    def _media_s(self, picture: VideoFrame) -> float | None:
        # Not picture.time: PyAV leaves it out when the decoder is drained.
        if picture.pts is None or self._time_base is None:
            return None
        return float(picture.pts * self._time_base)


def to_image(picture: VideoFrame) -> Image:
    """BGR pixels of a decoded picture: (H, W, 3) uint8, the frame's own size."""
    return cast(Image, picture.to_ndarray(format="bgr24"))


class SoundDecoder:
    """Decodes the packets of one audio stream."""

    def __init__(self, broken: Broken) -> None:
        self._broken = broken
        self._anchor = Anchor()
        self._planar = av.AudioResampler(format="fltp")

    def decode_live(self, packet: Packet[AudioStream], now_ts: float) -> Iterator[SoundBlock]:
        """Blocks with times on the monotonic clock, anchored like pictures are."""
        for frame in self._decode(packet):
            if frame.time is not None:
                self._anchor.observe(frame.time + frame.samples / frame.sample_rate, now_ts)
            yield _block(frame, self._anchor.ts(frame.time, now_ts))

    def decode_recorded(self, packet: Packet[AudioStream], zero_s: float) -> Iterator[SoundBlock]:
        """Blocks with media times counted from `zero_s`."""
        for frame in self._decode(packet):
            yield _block(frame, (frame.time or 0.0) - zero_s)

    def _decode(self, packet: Packet[AudioStream]) -> list[AudioFrame]:
        try:
            return [out for frame in packet.decode() for out in self._planar.resample(frame)]
        except (av.FFmpegError, ValueError) as error:  # ValueError: rate or channels changed
            self._planar = av.AudioResampler(format="fltp")
            self._broken.add(reason(error) if isinstance(error, av.FFmpegError) else str(error))
            return []


def _block(frame: AudioFrame, ts: float) -> SoundBlock:
    return SoundBlock(cast(NDArray[np.float32], frame.to_ndarray()), frame.sample_rate, ts)
