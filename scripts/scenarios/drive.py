"""Plays a scenario through the box's own pipeline, with its clocks, outages and restarts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from edge.config import Stream
from edge.events import Clock, DeviceData, IncidentData, Model
from edge.look import BLIND_AFTER, BLIND_AFTER_S, CHECKPOINT_EVERY_S, keep_now
from edge.pipeline import StreamPipeline
from edge.scenes.base import Reading
from edge.telling import Facts, Told
from edge.types import Detector, Frame, Image

from .watch import watched
from .world import Restart, Scenario, within

START = datetime(2026, 11, 24, 13, 59, tzinfo=UTC)
BOOT_TS = (1000.0, 7.0, 250_000.0, 3.0)
"""What the monotonic clock shows when the process starts for the first, second … time."""
NO_MODEL = Model(name="fake", sha256="0" * 64)


class Camera(Protocol):
    """Where pictures come from, and the detector that looks at them."""

    @property
    def detector(self) -> Detector:
        """What looks at its pictures."""
        ...

    def picture(self, at_s: float) -> Image:
        """The picture of that moment; the detector is ready for it."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One event of an incident, with the scenario's time at which it was told."""

    told_s: float
    since_s: float
    data: IncidentData


@dataclass(slots=True)
class Played:
    """What the box said of a scenario."""

    messages: list[Message] = field(default_factory=list)
    device: list[tuple[float, str]] = field(default_factory=list)
    """When which condition of the device was raised."""
    readings: list[tuple[float, Reading]] = field(default_factory=list)


class _Disk:
    """Keeps what was told, and the newest state, as the outbox does."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.played = Played()

    def put(self, told: Sequence[Told], state: Mapping[str, bytes]) -> None:
        self.kept.update(state)
        for item in told:
            data: object = item.event.data
            told_s = (item.event.time - START).total_seconds()
            if isinstance(data, IncidentData):
                since_s = (data.since - START).total_seconds()
                self.played.messages.append(Message(told_s, since_s, data))
            elif isinstance(data, DeviceData) and data.state == "raised":
                self.played.device.append((told_s, data.condition))


def play(scenario: Scenario, camera: Camera) -> Played:
    """Everything the box says of the scenario."""
    box = _Box(scenario, camera)
    with watched(box.note):
        box.boot(0.0)
        for at_s in frame_times(scenario):
            box.until(at_s)
            box.frame(at_s)
        box.until(scenario.duration_s)
    return box.disk.played


def frame_times(scenario: Scenario) -> list[float]:
    """When pictures come that are looked at."""
    rng = np.random.default_rng((scenario.seed, 6))
    step_s = 1 / scenario.feed.fps
    count = int(scenario.duration_s / step_s)
    jitter = scenario.feed.jitter * step_s * (rng.random(count) - 0.5)
    times = np.maximum(0.0, np.arange(count) * step_s + jitter)
    return [float(t) for t in times if not within(scenario.feed.gaps, float(t))]


class _Box:
    """The worker of the box (edge/look.py) under a clock that is set from outside."""

    def __init__(self, scenario: Scenario, camera: Camera) -> None:
        self.disk = _Disk()
        self._camera = camera
        self._stream = _stream(scenario)
        self._restarts = list(scenario.feed.restarts)
        self._blind_after_s = max(BLIND_AFTER_S, BLIND_AFTER / scenario.feed.fps)
        self._boots = 0
        self._offset_s = 0.0
        self._now_s = self._last_s = self._kept_s = self._zones_kept_s = 0.0
        self._pipeline = self._build()

    def note(self, reading: Reading) -> None:
        """Take down what the zone was said to be."""
        self.disk.played.readings.append((self._now_s, reading))

    def boot(self, at_s: float) -> None:
        """The process starts: another monotonic clock, the state from the disk."""
        self._now_s = self._last_s = self._kept_s = at_s
        self._offset_s = BOOT_TS[self._boots % len(BOOT_TS)] - at_s
        self._boots += 1
        self._pipeline = self._build()
        self._pipeline.restore(self.disk.kept.get, *self._clocks())

    def until(self, at_s: float) -> None:
        """Let the time pass without a picture."""
        while self._restarts and self._restarts[0].at_s <= at_s:
            self._down(self._restarts.pop(0))
        while at_s - self._last_s >= self._blind_after_s:
            self._now_s = self._last_s = self._last_s + self._blind_after_s
            self._pipeline.blind(*self._clocks(), "the camera sends no new picture")
            self._checkpoint()

    def frame(self, at_s: float) -> None:
        """Look at the picture of that moment."""
        self._now_s = self._last_s = at_s
        image = self._camera.picture(at_s)
        self._pipeline.frame(Frame(image, *self._clocks()))
        if keep_now(self._pipeline, at_s - self._zones_kept_s):
            self._zones_kept_s = at_s
            self.disk.kept.update(self._pipeline.zone_state(*self._clocks()))
        self._checkpoint()

    def _down(self, restart: Restart) -> None:
        self.until(restart.at_s)
        if not restart.killed:
            self._now_s = restart.at_s
            self._keep()
        self.boot(restart.at_s + restart.away_s)

    def _checkpoint(self) -> None:
        if self._now_s - self._kept_s >= CHECKPOINT_EVERY_S:
            self._kept_s = self._now_s
            self._keep()

    def _keep(self) -> None:
        self.disk.kept.update(self._pipeline.state(*self._clocks()))

    def _clocks(self) -> tuple[float, datetime]:
        return self._now_s + self._offset_s, START + timedelta(seconds=self._now_s)

    def _build(self) -> StreamPipeline:
        clock: Callable[[], Clock] = lambda: Clock(synchronised=True)  # noqa: E731
        facts = Facts("site", "box", UTC, NO_MODEL, clock)
        return StreamPipeline(self._stream, facts, self._camera.detector, self.disk)


def _stream(scenario: Scenario) -> Stream:
    return Stream.model_validate(
        {
            "id": "camera",
            "name": "camera",
            "url": "rtsp://127.0.0.1/x",
            "watch_picture": True,
            "analyse_every_s": 1 / scenario.feed.fps,
            # A vehicle that comes back is another occupation here, so that each can be counted.
            "scenes": [scenario.block() | {"reopen_within_s": 0}],
        }
    )
