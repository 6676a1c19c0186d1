"""Sources: a blocking iterator of frames from a camera (until it is lost) or from a recording.

Picture and sound come from one connection. A camera's loss is SourceLost; only a recording ends.
"""

from __future__ import annotations  # av's Packet is generic for the type checker alone

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import SecretStr

from edge.clock import Clock
from edge.errors import ConfigError, SourceLost
from edge.source_decode import Broken, OnSound, PictureDecoder, SoundDecoder, to_image
from edge.source_guard import MAX_PIXELS, Limits, open_recording, open_rtsp, reason
from edge.source_time import Anchor, KeyframeGauge, Picker
from edge.types import Frame

DEFAULT_LIMITS = Limits()

if TYPE_CHECKING:
    AnyPacket = Packet[VideoStream] | Packet[AudioStream]


class Source(Protocol):
    """Something that gives frames."""

    @property
    def broken(self) -> Broken:
        """What could not be used so far, over all connections."""
        ...

    def frames(self) -> Generator[Frame, None, None]:
        """Frames in order of time; raises SourceLost when a live stream breaks."""
        ...


class RtspSource:
    """A camera. Each call of `frames` is one connection."""

    def __init__(
        self,
        url: SecretStr,
        analyse_every_s: float,
        clock: Clock,
        on_sound: OnSound | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self._url = url
        self._every_s = analyse_every_s
        self._clock = clock
        self._on_sound = on_sound
        self.broken = Broken()

    def frames(self) -> Generator[Frame, None, None]:
        """Frames that are due, `analyse_every_s` apart; raises SourceLost when the camera is gone.

        Keyframes alone are decoded once they are seen to come often enough. Sound goes to
        `on_sound`, called in this thread; without it the camera is not asked for sound.
        """
        with self._open() as container:
            video, audio = _streams(container, self._on_sound)
            if video is None:
                raise SourceLost("the camera sends no picture")
            if video.width * video.height > MAX_PIXELS:
                raise SourceLost(f"a picture of {video.width}x{video.height} is refused")
            looker = _Looker(video, self._every_s, self.broken, self._clock.ts())
            sound = SoundDecoder(self.broken)
            for packet in _packets(container, video, audio):
                now_ts = self._clock.ts()
                if isinstance(packet.stream, AudioStream):
                    for block in sound.decode_live(packet, now_ts):
                        assert self._on_sound is not None
                        self._on_sound(block)
                else:
                    for picture, ts in looker.take(packet, now_ts):
                        yield self._frame(picture, ts)
                looker.check(now_ts, self._limits.picture_s)
        raise SourceLost("the camera ended the stream")

    def _open(self) -> InputContainer:
        begun_ts = self._clock.ts()
        try:
            return open_rtsp(self._url, self._on_sound is not None, self._limits)
        except SourceLost:
            # FFmpeg calls an answer that never came invalid data too.
            if self._clock.ts() - begun_ts < self._limits.open_s:
                raise
        raise SourceLost("no answer in time")

    def _frame(self, picture: VideoFrame, ts: float) -> Frame:
        wall = self._clock.wall() - timedelta(seconds=self._clock.ts() - ts)
        return Frame(to_image(picture), ts, wall)


class FileSource:
    """A recording: media time is the clock, as fast as the machine allows, always the same."""

    def __init__(
        self,
        path: Path,
        analyse_every_s: float,
        start: datetime,
        on_sound: OnSound | None = None,
    ) -> None:
        self._path = path
        self._every_s = analyse_every_s
        self._start = start
        self._on_sound = on_sound
        self.broken = Broken()

    def frames(self) -> Generator[Frame, None, None]:
        """The first frame at or after each multiple of `analyse_every_s`; ends with the recording.

        `ts` counts from the recording's beginning, `wall` is `start` plus that. Raises SourceLost
        when the file cannot be read, ConfigError when it does not exist or holds nothing of use.
        """
        with open_recording(self._path) as container:
            video, audio = _streams(container, self._on_sound)
            if video is None and audio is None:
                raise ConfigError(f"{self._path}: neither picture nor sound that is asked for")
            zero_s = (container.start_time or 0) / av.time_base
            pictures = PictureDecoder(video, self.broken, threads=0) if video else None
            sound = SoundDecoder(self.broken)
            picker = Picker(self._every_s, slack=0.0, origin_ts=0.0)
            ts = 0.0
            for packet in _packets(container, video, audio):
                if isinstance(packet.stream, AudioStream):
                    for block in sound.decode_recorded(packet, zero_s):
                        assert self._on_sound is not None
                        self._on_sound(block)
                elif pictures is not None:
                    for picture, media_s in pictures.decode(packet):
                        ts = max(ts, media_s - zero_s if media_s is not None else ts)
                        if picker.wants(ts):
                            yield Frame(to_image(picture), ts, self._start + timedelta(seconds=ts))


class _Looker:
    """Decides which pictures of one connection are looked at, and of what time they are."""

    def __init__(self, video: VideoStream, every_s: float, broken: Broken, now_ts: float) -> None:
        self._decoder = PictureDecoder(video, broken)
        self._broken = broken
        self._anchor = Anchor()
        self._gauge = KeyframeGauge(every_s)
        self._picker = Picker(every_s)
        self._good_ts = now_ts

    def take(
        self, packet: Packet[VideoStream], now_ts: float
    ) -> Iterator[tuple[VideoFrame, float]]:
        """Pictures, with their times, that are due once `packet` has arrived."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.time_base is not None:
            stamp_s = float(stamp * packet.time_base)
            self._anchor.observe(stamp_s, now_ts)
            self._gauge.observe(stamp_s, packet.is_keyframe)
        broken_before = self._broken.count
        for picture, media_s in self._decoder.decode(packet, self._gauge.keyframes_suffice):
            ts = self._anchor.ts(media_s, now_ts)
            if self._picker.wants(ts):
                yield picture, ts
        if self._broken.count == broken_before:
            self._good_ts = now_ts

    def check(self, now_ts: float, limit_s: float) -> None:
        """SourceLost when nothing of the picture could be used for `limit_s`."""
        if now_ts - self._good_ts > limit_s:
            what = f"; {self._broken.last}" if self._broken.last else ""
            raise SourceLost(f"no usable picture for {limit_s:.0f} s{what}")


def _streams(
    container: InputContainer, on_sound: OnSound | None
) -> tuple[VideoStream | None, AudioStream | None]:
    video = next((s for s in container.streams.video if s.codec_context), None)
    audio = next((s for s in container.streams.audio if s.codec_context), None)
    return video, audio if on_sound is not None else None


def _packets(
    container: InputContainer, video: VideoStream | None, audio: AudioStream | None
) -> Iterator[AnyPacket]:
    """Packets of both streams as they come, the last of each empty; SourceLost when it breaks."""
    packets = container.demux([stream for stream in (video, audio) if stream is not None])
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:
            why = reason(error)
            break
        if packet is None:
            return
        yield cast("AnyPacket", packet)
    raise SourceLost(why)
