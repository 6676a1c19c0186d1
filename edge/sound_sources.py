"""Sources of sound that are not cameras: each is the body of a thread of its own."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from edge.clock import Clock
from edge.config import Config, Stream
from edge.errors import EdgeError
from edge.listen import Listener
from edge.sound.block import OnSound, SoundBlock
from edge.sound.meter import ExternalMeter, MeterSettings
from edge.sound.meter_frame import Wanted
from edge.sound.microphone import Audio, Microphone, open_audio
from edge.sound_config import FileSound, MeterSound, MicrophoneSound
from edge.source import FileSource

log = structlog.get_logger()

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
AGAIN_S = 5.0
ONE_PICTURE_S = 3600.0

Body = Callable[[threading.Event], None]


def audio_of(config: Config) -> Audio | None:
    """The sound system, where a stream needs it; ConfigError names what is to be installed."""
    needed = any(isinstance(stream.sound, MicrophoneSound) for stream in config.streams)
    return open_audio() if needed else None


def source_of(stream: Stream, listener: Listener, clock: Clock, audio: Audio | None) -> Body | None:
    """What reads the stream's sound; None where the camera brings it."""
    match stream.sound:
        case FileSound(path=path):
            return Player(path, listener.on_sound, clock).run
        case MicrophoneSound(device=device):
            assert audio is not None
            return Microphone(device, listener.on_sound, clock, audio).run
        case MeterSound() as sound:
            wanted = Wanted(sound.serial, sound.accuracy_class)
            url = sound.url.get_secret_value()
            settings = MeterSettings(stream.id, url, wanted, sound.ca_file)
            return ExternalMeter(settings, listener.on_frame, clock).run
        case _:
            return None


class _Stopped(Exception):
    """The thread is to end in the middle of the recording."""


class Player:
    """A recording that is played over and over at the speed of the clock, as if it were heard."""

    def __init__(self, path: Path, on_sound: OnSound, clock: Clock) -> None:
        self._path = path
        self._on_sound = on_sound
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Play until `stop` is set; a recording that cannot be read is tried again for ever."""
        said = ""
        while not stop.is_set():
            try:
                self._once(stop)
                said = ""
            except _Stopped:
                return
            except EdgeError as error:
                if str(error) != said:
                    log.error("recording_not_playable", path=str(self._path), reason=str(error))
                said = str(error)
                stop.wait(AGAIN_S)

    def _once(self, stop: threading.Event) -> None:
        began_ts = self._clock.ts()

        def paced(block: SoundBlock) -> None:
            if stop.wait(max(0.0, began_ts + block.end_ts - self._clock.ts())):
                raise _Stopped
            self._on_sound(replace(block, ts=began_ts + block.ts))

        for _ in FileSource(self._path, ONE_PICTURE_S, EPOCH, paced).frames():
            if stop.is_set():
                return
