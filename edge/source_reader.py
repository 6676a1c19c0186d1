"""The reader of a stream: one thread that keeps a source running for ever and fills a mailbox."""

import random
import threading
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from edge.backoff import Backoff
from edge.clock import Clock
from edge.errors import EdgeError
from edge.log import redact
from edge.mailbox import Mailbox
from edge.source import Source
from edge.types import Frame

log = structlog.get_logger()

STEADY_S = 10.0
"""A stream that was up for so long starts at the bottom of the back-off ladder when lost."""
REPORT_BROKEN_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class ReaderState:
    """What a reader has done so far."""

    up: bool = False
    why: str = "not connected yet"
    frames: int = 0
    drops: int = 0
    broken: int = 0
    reconnects: int = 0
    crashes: int = 0
    last_frame_wall: datetime | None = None


class StreamReader:
    """Runs `source` in a thread of its own and puts its frames into `mailbox`, for ever.

    It is used once: `start`, then `stop`. A stopped reader never touches the mailbox again, even
    if its thread is still held up in a connection that does not answer (it ends by itself).
    """

    def __init__(
        self,
        stream_id: str,
        source: Source,
        mailbox: Mailbox[Frame],
        clock: Clock,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._mailbox = mailbox
        self._clock = clock
        self._backoff = Backoff(rng)
        self._log = log.bind(stream=stream_id)
        self._state = ReaderState()
        self._ever_up = False
        self._said_lost = False
        self._up_since_ts = 0.0
        self._broken_said = (0, float("-inf"))
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"reader-{stream_id}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, limit_s: float = 3.0) -> bool:
        """No frame after this; waits for the thread up to `limit_s`, says whether it has ended."""
        with self._guard:
            self._stopped.set()
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def state(self) -> ReaderState:
        """Counters and whether the stream is up, at this moment."""
        return replace(self._state, drops=self._mailbox.drops, broken=self._source.broken.count)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._attempt()
            except Exception as error:  # a bug: shown, counted, and the stream goes on
                with suppress(Exception):  # a log that cannot be written must not end it either
                    self._crashed(error)
            self._stopped.wait(self._backoff.next_s())

    def _attempt(self) -> None:
        try:
            self._read_until_lost()
        except EdgeError as error:
            self._lost(str(error))

    def _read_until_lost(self) -> None:
        with closing(self._source.frames()) as frames:
            for frame in frames:
                with self._guard:
                    if self._stopped.is_set():
                        return
                    self._took(frame)  # first, so that whoever gets the frame sees the stream up
                    self._mailbox.put(frame)
        self._lost("the source ended")

    def _took(self, frame: Frame) -> None:
        if not self._state.up:
            self._up_since_ts = frame.ts
            self._log.info("stream_up", size=f"{frame.image.shape[1]}x{frame.image.shape[0]}")
            reconnects = self._state.reconnects + self._ever_up
            self._state = replace(self._state, up=True, why="", reconnects=reconnects)
            self._ever_up, self._said_lost = True, False
        if frame.ts - self._up_since_ts > STEADY_S:
            self._backoff.reset()
        self._state = replace(
            self._state, frames=self._state.frames + 1, last_frame_wall=frame.wall
        )
        self._report_broken()

    def _report_broken(self) -> None:
        count, said_ts = self._broken_said
        broken, now_ts = self._source.broken, self._clock.ts()
        if broken.count > count and now_ts - said_ts >= REPORT_BROKEN_EVERY_S:
            self._log.warning("stream_damaged", broken=broken.count - count, last=broken.last)
            self._broken_said = (broken.count, now_ts)

    def _lost(self, why: str) -> None:
        if self._stopped.is_set():
            return
        why = redact(why)
        self._state = replace(self._state, up=False, why=why)
        if not self._said_lost:
            self._log.warning("stream_lost", reason=why)
            self._said_lost = True

    def _crashed(self, error: Exception) -> None:
        text = redact("".join(traceback.format_exception(error)))
        self._state = replace(self._state, crashes=self._state.crashes + 1)
        self._log.error("reader_crashed", traceback=text)
        self._lost(f"fault in the reader: {type(error).__name__}")
