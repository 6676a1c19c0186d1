"""A tagger whose answer is known, blocks of sound, and a sound pipeline that tells a list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from edge.config import Stream
from edge.events import Clock, DeviceEvent, IncidentEvent, Model
from edge.sound.block import SoundBlock
from edge.sound.calibration import declared
from edge.sound.level import MeterSetup
from edge.sound.tags import Scores, Tags
from edge.sound.worth import Worth
from edge.sound_pipeline import Hearing, SoundPipeline
from edge.telling import Facts, Told
from edge.types import FULL_FRAME, Box, Detections, Image
from tests.factories import detections

RATE_HZ = 16_000
FULL_SCALE_DB = 114.0
START = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
STEP_S, SPAN_S = 0.48, 0.975

SQUARE = {
    "scene": "square_dance",
    "place": "SQ-02",
    "rules": [{"from": "00:00", "to": "24:00", "limit_db": 65}],
    "min_people": 0,
    "warn_after_s": 10,
    "dissuade_after_s": 5,
    "recheck_after_s": 5,
    "window_s": 10,
    "clear_after_s": 20,
    "background_min_s": 20,
}


class LoudIsMusic:
    """A tagger that calls everything above -50 dB re full scale music."""

    name, sha256, rate_hz = "loud-is-music", "1" * 64, RATE_HZ

    def stream(self) -> "LoudIsMusic":
        fresh = LoudIsMusic()
        fresh.waiting, fresh.begin_ts = np.zeros(0, np.float32), None
        return fresh

    waiting: Any
    begin_ts: float | None

    def push(self, samples: np.ndarray, ts: float) -> list[Tags]:
        end_ts = (self.begin_ts or 0.0) + len(self.waiting) / RATE_HZ
        if self.begin_ts is None or abs(end_ts - ts) > 0.05:
            self.waiting, self.begin_ts = np.zeros(0, np.float32), ts
        self.waiting = np.concatenate([self.waiting, samples])
        return list(self._answers())

    def _answers(self) -> Iterator[Tags]:
        step, span = round(STEP_S * RATE_HZ), round(SPAN_S * RATE_HZ)
        while len(self.waiting) >= span:
            loud = float(np.sqrt(np.mean(self.waiting[:span] ** 2))) > 10 ** (-50 / 20)
            scores = Scores(music=0.9) if loud else Scores()
            assert self.begin_ts is not None
            yield Tags(self.begin_ts, SPAN_S, scores, "Music" if loud else "Silence", 0.9)
            self.waiting, self.begin_ts = self.waiting[step:], self.begin_ts + STEP_S


class Nobody:
    """A detector that sees nothing."""

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        return detections()


def noise(db: float, seconds: float, rate_hz: int = RATE_HZ, seed: int = 1) -> np.ndarray:
    """White noise whose level is `db`, (N,) float32."""
    rms = 10 ** ((db - FULL_SCALE_DB) / 20)
    made = np.random.default_rng(seed).normal(0, rms, round(seconds * rate_hz))
    return made.astype(np.float32)


def blocks(
    sound: np.ndarray, ts: float = 0.0, size: int = 1600, rate_hz: int = RATE_HZ
) -> Iterator[SoundBlock]:
    """The sound in pieces, the first at `ts`."""
    for start in range(0, len(sound), size):
        yield SoundBlock(sound[None, start : start + size], rate_hz, ts + start / rate_hz)


@dataclass
class Heap:
    """A sink that keeps what it is told."""

    told: list[Told] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)

    def put(self, told: Sequence[Told], state: Mapping[str, bytes]) -> None:
        self.told += told
        self.state |= state

    @property
    def incidents(self) -> list[tuple[str, str]]:
        """Stage and severity of every incident event."""
        events = [t.event for t in self.told if isinstance(t.event, IncidentEvent)]
        return [(event.data.stage, event.data.severity) for event in events]

    @property
    def conditions(self) -> list[tuple[str, str]]:
        """Condition and state of every device event."""
        events = [t.event for t in self.told if isinstance(t.event, DeviceEvent)]
        return [(event.data.condition, event.data.state) for event in events]


def stream(sound: Mapping[str, Any] | None = None, **square: Any) -> Stream:
    """A square that is heard by a microphone, without a camera."""
    block: dict[str, Any] = {"id": "plaza", "name": "广场", "scenes": [SQUARE | square]}
    return Stream.model_validate(block | {"sound": sound or {"from": "microphone"}})


def pipeline(
    heap: Heap, worth: Worth | None = None, metered: bool = False, **square: Any
) -> SoundPipeline:
    """The pipeline of that square; its clock begins at START."""
    worth = worth or Worth(declared(FULL_SCALE_DB, START - timedelta(days=1)))
    facts = Facts(
        "pujin", "box-01", UTC, Model(name="m", sha256="0" * 64), lambda: Clock(synchronised=True)
    )
    hearing = Hearing(
        LoudIsMusic(),  # type: ignore[arg-type]
        MeterSetup(FULL_SCALE_DB),
        worth,
        lambda ts: START + timedelta(seconds=ts),
        metered,
    )
    return SoundPipeline(stream(**square), facts, hearing, Nobody(), heap)
