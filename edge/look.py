"""The inference worker: one thread that looks at the newest frame of every stream in turn."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from edge.clock import Clock
from edge.mailbox import Mailbox, take_any
from edge.outbox import Outbox, OutboxError
from edge.pipeline import StreamPipeline
from edge.source_reader import ReaderState
from edge.types import Frame

log = structlog.get_logger()

TURN_S = 0.5
BLIND_AFTER = 3.0
"""Times `analyse_every_s` without a frame, but at least BLIND_AFTER_S: the stream is blind."""
BLIND_AFTER_S = 3.0
CHECKPOINT_EVERY_S = 10.0
OCCUPIED_EVERY_S = 3.0
"""What the zones know is small; while somebody stands there it is kept more often."""


@dataclass(slots=True)
class Watched:
    """One stream as the worker sees it; `build` makes its pipeline, also after a crash."""

    build: Callable[[], StreamPipeline]
    mailbox: Mailbox[Frame]
    reader_state: Callable[[], ReaderState]
    pipeline: StreamPipeline
    last_ts: float
    looked: int = 0
    crashes: int = 0
    kept_ts: float = float("-inf")

    @property
    def blind_after_s(self) -> float:
        """Seconds without a frame after which the zones are unobserved."""
        return max(BLIND_AFTER_S, BLIND_AFTER * self.pipeline.stream.analyse_every_s)


class Looker:
    """Feeds the pipelines. A bug in one stream's pipeline restarts that pipeline alone."""

    def __init__(
        self, streams: Mapping[str, Watched], outbox: Outbox, clock: Clock, heartbeat: Path
    ) -> None:
        """`heartbeat` is a file that is touched while the worker turns."""
        self._streams = streams
        self._outbox = outbox
        self._clock = clock
        self._heartbeat = heartbeat
        self._kept_ts = clock.ts()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; every change that was decided is on the disk by then."""
        boxes = {name: stream.mailbox for name, stream in self._streams.items()}
        bell = next((box.bell for box in boxes.values()), threading.Condition())
        self._heartbeat.touch()
        while not stop.is_set():
            for name, frame in take_any(boxes, bell, TURN_S).items():
                self._look(self._streams[name], frame)
            self._note_blind()
            if self._clock.ts() - self._kept_ts >= CHECKPOINT_EVERY_S:
                self.checkpoint()

    def _look(self, stream: Watched, frame: Frame) -> None:
        if frame.ts <= stream.last_ts:
            return  # older than a moment already judged blind
        stream.last_ts = frame.ts
        self._guarded(stream, lambda: stream.pipeline.frame(frame))
        stream.looked += 1
        self._keep_occupied(stream)

    def _keep_occupied(self, stream: Watched) -> None:
        """A box that dies must know since when somebody stands there, and until when for sure."""
        pipeline, ts = stream.pipeline, self._clock.ts()
        if keep_now(pipeline, ts - stream.kept_ts):
            stream.kept_ts = ts
            self._save(pipeline.zone_state(ts, self._clock.wall()))

    def _note_blind(self) -> None:
        now_ts, wall = self._clock.ts(), self._clock.wall()
        for stream in self._streams.values():
            if now_ts - stream.last_ts >= stream.blind_after_s:
                self._blind(stream, now_ts, wall)

    def _blind(self, stream: Watched, now_ts: float, wall: datetime) -> None:
        reason = stream.reader_state().why or "the camera sends no new picture"
        stream.last_ts = now_ts
        self._guarded(stream, lambda: stream.pipeline.blind(now_ts, wall, reason))

    def _guarded(self, stream: Watched, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # A bug: shown, counted, and this stream goes on from its last kept state.
            stream.crashes += 1
            log.exception("pipeline_crashed", stream=stream.pipeline.stream.id)
            stream.pipeline = stream.build()

    def checkpoint(self) -> None:
        """Keep the state of all scenes, so that a restart continues the same incidents."""
        self._kept_ts, wall = self._clock.ts(), self._clock.wall()
        states = [s.pipeline.state(self._kept_ts, wall) for s in self._streams.values()]
        self._save({key: blob for state in states for key, blob in state.items()})
        self._heartbeat.touch()

    def _save(self, state: Mapping[str, bytes]) -> None:
        try:
            self._outbox.save_state(state)
        except OutboxError as error:
            log.error("checkpoint_failed", reason=str(error))


def keep_now(pipeline: StreamPipeline, since_kept_s: float) -> bool:
    """Whether what the zones know is worth keeping before the next checkpoint."""
    return pipeline.began or (pipeline.occupied and since_kept_s >= OCCUPIED_EVERY_S)
