"""The same pipeline over a recording: media time is the clock, the same result every time."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TextIO

from edge.config import Stream
from edge.events import Clock, to_json
from edge.pipeline import StreamPipeline
from edge.sound.block import SoundBlock
from edge.sound_pipeline import SoundPipeline
from edge.source import FileSource
from edge.telling import Picture, Told


@dataclass(slots=True)
class PrintSink:
    """Writes one event per line, and pictures into a folder when there is one."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    folder: Path | None = None
    count: int = 0

    def put(self, told: Sequence[Told], state: Mapping[str, bytes]) -> None:
        del state  # a recording has no tomorrow
        for item in told:
            self.count += 1
            numbered = item.event.model_copy(update={"seq": self.count})
            self.out.write(to_json(numbered).decode() + "\n")
            self._save(item.pictures)
        self.out.flush()

    def _save(self, pictures: Sequence[Picture]) -> None:
        if self.folder is None:
            return
        for picture in pictures:
            name = f"{self.count:04}-{picture.ref.role}-{picture.ref.sha256[:12]}.jpg"
            (self.folder / name).write_bytes(picture.jpeg)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is replayed: a file that stands in for a stream, and when it began."""

    stream: Stream
    media: Path
    start: datetime


@dataclass(frozen=True, slots=True)
class Pipelines:
    """What a recording goes through."""

    picture: StreamPipeline
    sound: SoundPipeline | None = None


def recording_clock() -> Clock:
    """Nobody knows how right the clock of a recording was."""
    return Clock(synchronised=False)


def replay(recording: Recording, pipelines: Pipelines, progress: Callable[[float], None]) -> None:
    """Run the recording through the pipelines; `progress` is told the seconds of media done.

    Its own sound stands in for the stream's. Raises ConfigError when there is no such recording or
    nothing in it to look at or to hear, SourceLost when it is damaged.
    """
    sound = pipelines.sound

    def heard(block: SoundBlock) -> None:
        assert sound is not None
        sound.hear(block)
        progress(block.end_ts)

    source = FileSource(
        recording.media,
        recording.stream.analyse_every_s,
        recording.start,
        None if sound is None else heard,
    )
    for frame in source.frames():
        pipelines.picture.frame(frame)
        if sound is not None:
            sound.clock(frame.ts, expected=False)  # a recording without sound is no dead microphone
        progress(frame.ts)
