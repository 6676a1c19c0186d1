"""A microphone at this box, by PortAudio (extra `microphone`), at its own rate.

A microphone that is pulled out is waited for, for ever; the time without it is a gap. What the
sound card had to throw away is a gap too: the clock of the samples begins anew behind it.
"""

import queue
import random
import threading
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.backoff import Backoff
from edge.changes import Changes
from edge.clock import Clock
from edge.errors import ConfigError, SourceLost
from edge.sound.block import OnSound, SoundBlock
from edge.source_time import Anchor

RATES_HZ = (48_000, 44_100, 16_000)
"""Tried before what the driver names: a device of the kernel takes only rates it really has."""
MOST_CHANNELS = 2
SILENT_S = 3.0
"""No block for so long: the microphone is gone, whatever the library says."""
STEADY_S = 10.0
"""A microphone that was there for so long starts at the bottom of the back-off ladder when lost."""
WAITING_BLOCKS = 100
"""About three seconds: sound is in memory for as short as can be."""
TURN_S = 0.5

Samples = NDArray[np.float32]
Deliver = Callable[[Samples, bool], None]
"""Takes samples of shape (N, channels), and whether something was lost before them."""


class Capture(Protocol):
    """A microphone that is open."""

    rate_hz: int

    def active(self) -> bool:
        """Whether it still gives sound."""
        ...

    def close(self) -> None:
        """Never raises."""
        ...


class Audio(Protocol):
    """The sound system of the machine."""

    def open(self, device: str, deliver: Deliver) -> Capture:
        """Open a microphone by its name, "" for the default; raises SourceLost."""
        ...


class Microphone:
    """Body of a worker: gives the sound of one microphone to `on_sound`, in the worker's thread."""

    def __init__(self, device: str, on_sound: OnSound, clock: Clock, audio: Audio) -> None:
        self._device = device
        self._on_sound = on_sound
        self._clock = clock
        self._audio = audio
        self._changes = Changes()
        self._backoff = Backoff(random.random)
        self.up = False

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set."""
        while not stop.is_set():
            try:
                self._listen(stop)
            except SourceLost as error:
                self.up = False
                self._changes.note(
                    "microphone_lost", True, device=self._device or "default", reason=str(error)
                )
                stop.wait(self._backoff.next_s())
        self.up = False

    def _listen(self, stop: threading.Event) -> None:
        inbox = _Inbox()
        capture = self._audio.open(self._device, inbox.put)
        try:
            self._read(capture, inbox, stop)
        finally:
            capture.close()

    def _read(self, capture: Capture, inbox: "_Inbox", stop: threading.Event) -> None:
        times = SampleClock(capture.rate_hz)
        begun_ts = heard_ts = self._clock.ts()
        while not stop.is_set():
            taken = inbox.take(TURN_S)
            now_ts = self._clock.ts()
            if taken is None:
                if not capture.active():
                    raise SourceLost("the microphone was pulled out")
                if now_ts - heard_ts > SILENT_S:
                    raise SourceLost(f"the microphone gives nothing for {SILENT_S:g} s")
                continue
            samples, arrived_lost = taken
            heard_ts = now_ts
            self._took(now_ts - begun_ts)
            ts = times.take(len(samples), now_ts, arrived_lost)
            self._on_sound(SoundBlock(samples.T, capture.rate_hz, ts))

    def _took(self, up_s: float) -> None:
        self.up = True
        self._changes.note("microphone_lost", False, device=self._device or "default")
        if up_s > STEADY_S:
            self._backoff.reset()


class SampleClock:
    """Times of blocks by the count of their samples, fixed to the monotonic clock. Pure."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._anchor = Anchor()
        self._count = 0

    def take(self, count: int, now_ts: float, lost: bool) -> float:
        """Time of the first of `count` samples that have come by `now_ts`.

        When something was `lost` before them, the count begins anew with this block.
        """
        if lost:
            self._anchor = Anchor(last_ts=self._anchor.last_ts)
        start_s = self._count / self._rate_hz
        self._count += count
        self._anchor.observe(self._count / self._rate_hz, now_ts)
        return self._anchor.ts(start_s, now_ts)


class _Inbox:
    """From PortAudio's thread, which must not wait, to ours."""

    def __init__(self) -> None:
        self._blocks: queue.Queue[tuple[Samples, bool]] = queue.Queue(WAITING_BLOCKS)
        self._lost = False

    def put(self, samples: Samples, lost: bool) -> None:
        """Leave a block; what finds no room is a gap before the next one."""
        try:
            self._blocks.put_nowait((samples, lost or self._lost))
            self._lost = False
        except queue.Full:
            self._lost = True

    def take(self, timeout_s: float) -> tuple[Samples, bool] | None:
        """The next block, None when none came in time."""
        try:
            return self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return None


def open_audio() -> "PortAudio":
    """PortAudio, once in a program: all microphones share it.

    Raises ConfigError naming what is to be installed.
    """
    try:
        library = import_module("sounddevice")
    except ImportError:
        raise ConfigError(
            "a microphone needs the extra `microphone`: pip install 'jinmu[microphone]'"
        ) from None
    except OSError:
        raise ConfigError(
            "a microphone needs the library PortAudio: apt-get install libportaudio2"
        ) from None
    return PortAudio(library)


class PortAudio:
    """The sound system by way of the package sounddevice."""

    def __init__(self, library: ModuleType) -> None:
        self._library: Any = library
        self._guard = threading.Lock()
        self._open = 0

    def open(self, device: str, deliver: Deliver) -> Capture:
        """Open a microphone; the list of devices is made anew when none is open."""
        with self._guard:
            try:
                self._refresh()
                stream = self._stream(device, deliver)
                stream.start()
            # ValueError: no such name; sounddevice raises its own error for everything else.
            except (ValueError, self._library.PortAudioError) as error:
                raise SourceLost(" ".join(str(error).split())) from None
            self._open += 1
        return _Opened(stream, self._closed)

    def _refresh(self) -> None:
        # PortAudio looks for devices at its start alone; only a new start finds one that is back.
        if not self._open:
            self._library._terminate()
            self._library._initialize()

    def _closed(self) -> None:
        with self._guard:
            self._open -= 1

    def _stream(self, device: str, deliver: Deliver) -> Any:
        def heard(samples: Samples, _count: int, _time: Any, status: Any) -> None:
            deliver(samples.copy(), bool(status.input_overflow))

        info = self._library.query_devices(device or None, "input")
        rate_hz, channels = self._form(info)
        return self._library.InputStream(
            samplerate=rate_hz,
            channels=channels,
            device=info["index"],
            dtype="float32",
            latency="high",
            callback=heard,
        )

    def _form(self, info: Any) -> tuple[int, int]:
        """Rate and channels that the device takes as they are; the driver's own as a last resort.

        All channels of a stereo device, because a driver that makes one of two mixes them.
        """
        own, device = info["max_input_channels"], info["index"]
        channels = own if own <= MOST_CHANNELS else 1
        for rate_hz in RATES_HZ:
            try:
                self._library.check_input_settings(device, channels, "float32", None, rate_hz)
            except self._library.PortAudioError:
                continue
            return rate_hz, channels
        return round(info["default_samplerate"]), channels


class _Opened:
    def __init__(self, stream: Any, closed: Callable[[], None]) -> None:
        self._stream = stream
        self._closed = closed
        self.rate_hz = round(stream.samplerate)

    def active(self) -> bool:
        return bool(self._stream.active)

    def close(self) -> None:
        try:
            self._stream.close(ignore_errors=True)
        finally:
            self._closed()
