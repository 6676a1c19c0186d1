"""The sound of one stream while the box runs: a thread that measures, judges and keeps."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from edge.clock import Clock
from edge.events import SoundState
from edge.outbox import Outbox, OutboxError
from edge.scenes.gathering import Look
from edge.sound.block import SoundBlock
from edge.sound.frames import SecondFrame
from edge.sound.inbox import Inbox, Item
from edge.sound_pipeline import SoundPipeline
from edge.types import Frame

log = structlog.get_logger()

TURN_S = 0.5
CHECKPOINT_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Ends:
    """What a listener is tied to. `expected`: the source of the sound is there."""

    clock: Clock
    outbox: Outbox
    expected: Callable[[], bool]


class Listener:
    """Feeds one sound pipeline. A bug restarts that pipeline alone, from its last kept state.

    `on_sound`, `on_frame` and `saw` are for other threads.
    """

    def __init__(self, build: Callable[[], SoundPipeline], ends: Ends) -> None:
        self._build = build
        self._ends = ends
        self._inbox = Inbox()
        self._pipeline = build()
        self._kept_ts = ends.clock.ts()
        self.crashes = 0

    def on_sound(self, block: SoundBlock) -> None:
        """A piece of sound from a source."""
        self._inbox.put(block)

    def on_frame(self, second: SecondFrame) -> None:
        """A second that an instrument of its own has measured."""
        self._inbox.put(second)

    def saw(self, frame: Frame, people: Mapping[str, Look]) -> None:
        """People in a picture, by place."""
        self._pipeline.saw(frame, people)

    @property
    def state(self) -> SoundState:
        """How it sounds."""
        dropped_s = round(self._inbox.dropped_s, 1)
        return self._pipeline.latest.model_copy(update={"dropped_s": dropped_s})

    def run(self, stop: threading.Event) -> None:
        """Listen until `stop` is set; every change that was decided is on the disk by then."""
        while not stop.is_set():
            for item in self._inbox.take(TURN_S):
                self._guarded(lambda item=item: self._feed(item))  # type: ignore[misc]
            self._guarded(self._go_on)
            if self._ends.clock.ts() - self._kept_ts >= CHECKPOINT_EVERY_S:
                self.checkpoint()

    def _feed(self, item: Item) -> None:
        if isinstance(item, SoundBlock):
            self._pipeline.hear(item)
        else:
            self._pipeline.measured(item)

    def _go_on(self) -> None:
        self._pipeline.clock(self._ends.clock.ts(), self._ends.expected())

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # A bug: shown, counted, and this stream goes on from its last kept state.
            self.crashes += 1
            log.exception("sound_pipeline_crashed", stream=self._pipeline.stream.id)
            self._pipeline = self._build()

    def checkpoint(self) -> None:
        """Keep the state of all squares, so that a restart continues the same evening."""
        self._kept_ts, wall = self._ends.clock.ts(), self._ends.clock.wall()
        try:
            self._ends.outbox.save_state(self._pipeline.state(self._kept_ts, wall))
        except OutboxError as error:
            log.error("checkpoint_failed", reason=str(error))
