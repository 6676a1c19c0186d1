"""`jinmu-edge calibrate`: hears a calibrator through the stream's own source, keeps the record."""

import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge.calibration_file import read_record, remove_record, write_record
from edge.clock import Clock
from edge.config import Config, Stream
from edge.errors import ConfigError, EdgeError
from edge.sound.block import SoundBlock
from edge.sound.calibration import CalibrationRecord, Occasion, calibrate
from edge.sound.filters import Floats
from edge.sound.microphone import Microphone, open_audio
from edge.sound.tone import CalibrationError
from edge.sound.worth import Worth
from edge.sound_config import FileSound, MeterSound, MicrophoneSound, StreamSound
from edge.source import FileSource, RtspSource, Source

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SETTLE_S = 1.0
"""So much of the beginning is not looked at: the coupler has just been put on."""
LOOK_EVERY_S = 60.0
PATIENCE_S = 20.0
"""So much longer than asked a microphone is waited for that is not there."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done: level of the calibrator, how long, from where."""

    level_db: float
    seconds: float
    media: Path | None = None
    calibrator: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A calibration that was kept, and where."""

    record: CalibrationRecord
    path: Path
    worth: str


def calibrate_stream(config: Config, stream: Stream, wish: Wish, clock: Clock) -> Done:
    """Record, judge, keep; EdgeError says why the recording cannot calibrate."""
    sound = stream.sound
    if sound is None:
        raise ConfigError(f"{stream.id} has no sound: there is no sound: in its block")
    if isinstance(sound, MeterSound):
        raise ConfigError(f"{stream.id}: a meter is calibrated by itself, not here")
    samples, rate_hz = _listen(stream, wish, clock)
    occasion = Occasion(clock.wall(), sound.serial, wish.calibrator, sound.calibration_valid_days)
    previous = read_record(config.data_dir, stream.id)
    try:
        record = calibrate(samples, rate_hz, wish.level_db, occasion, previous)
    except CalibrationError as error:
        if "gain_control" not in error.faults:
            raise
        # A level that depends on what else is loud is no level, whatever the first tone said.
        remove_record(config.data_dir, stream.id)
        raise EdgeError(f"{error}; the calibration before no longer counts") from None
    path = write_record(config.data_dir, stream.id, record)
    standing = Worth(record, sound.accuracy_class, sound.serial).standing(clock.wall())
    return Done(record, path, f"{standing.state}{standing.reason and f': {standing.reason}'}")


def said(done: Done) -> list[str]:
    """The record as lines for people."""
    record = done.record
    lines = [f"full scale is {record.level_at_full_scale_db:.2f} dB; {done.worth}"]
    if record.tone is not None:
        tone = record.tone
        lines.append(
            f"tone at {tone.frequency_hz:.1f} Hz, steady within ±{tone.fluctuation_db:.2f} dB,"
            f" noise {tone.snr_db:.0f} dB below it"
        )
    if record.drift_db is not None:
        lines.append(f"changed by {record.drift_db:+.2f} dB since the calibration before")
    if record.linearity_db is None:
        other = 114 if (record.nominal_db or 0) < 100 else 94
        lines.append(f"not yet known: automatic gain. Repeat with --level {other} within an hour")
    else:
        lines.append(f"no automatic gain: the step of 20 dB is right to {record.linearity_db:+.2f}")
    lines.append(f"holds until {record.expires_at:%Y-%m-%d}; kept in {done.path}")
    return lines


class _Enough(Exception):
    """So much has been heard."""


class _Collector:
    """Gathers the first channel of what comes, after the settling, until it is enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.parts: list[Floats] = []
        self.rate_hz = 0
        self._begun_ts: float | None = None
        self._count = 0

    def on_sound(self, block: SoundBlock) -> None:
        """Raises _Enough when there is enough."""
        if self._begun_ts is None:
            self._begun_ts = block.ts
        if block.ts - self._begun_ts < SETTLE_S:
            return
        if block.rate_hz != self.rate_hz:
            self.parts, self._count, self.rate_hz = [], 0, block.rate_hz
        self.parts.append(block.samples[0].astype(np.float64))
        self._count += len(self.parts[-1])
        if self._count >= self._seconds * self.rate_hz:
            raise _Enough


def _listen(stream: Stream, wish: Wish, clock: Clock) -> tuple[Floats, int]:
    collector = _Collector(wish.seconds)
    with suppress(_Enough):
        if isinstance(stream.sound, MicrophoneSound) and wish.media is None:
            _listen_here(stream.sound, wish, clock, collector)
        else:
            with closing(_source(stream, wish, clock, collector).frames()) as frames:
                for _ in frames:
                    pass
    if not collector.parts:
        raise EdgeError(f"{stream.id}: no sound was heard")
    return np.concatenate(collector.parts), collector.rate_hz


def _listen_here(sound: MicrophoneSound, wish: Wish, clock: Clock, collector: _Collector) -> None:
    stop = threading.Event()
    limit = threading.Timer(wish.seconds + PATIENCE_S, stop.set)
    limit.start()
    try:
        Microphone(sound.device, collector.on_sound, clock, open_audio()).run(stop)
    finally:
        limit.cancel()


def _source(stream: Stream, wish: Wish, clock: Clock, collector: _Collector) -> Source:
    media = wish.media
    if media is None and isinstance(stream.sound, FileSound):
        media = stream.sound.path
    if media is not None:
        return FileSource(media, LOOK_EVERY_S, EPOCH, collector.on_sound)
    if isinstance(stream.sound, StreamSound) and stream.url is not None:
        return RtspSource(stream.url, LOOK_EVERY_S, clock, collector.on_sound)
    raise ConfigError(f"{stream.id}: record the calibrator and give the recording: --media FILE")
