"""The way of sound: measured and tagged → judged every second → event with a curve → sink."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from edge.config import Stream
from edge.dance_telling import DanceTeller
from edge.dance_zone import DanceZone
from edge.events import Model, SoundState, wire_time
from edge.picture import jpeg
from edge.pipeline import Sink
from edge.scenes.dance_verdict import Meter
from edge.scenes.dance_view import SoundView
from edge.scenes.gathering import Look
from edge.sound.attribution import Heard
from edge.sound.block import SoundBlock
from edge.sound.calibration import Standing
from edge.sound.ear import Ear
from edge.sound.frames import Invalid, SecondFrame
from edge.sound.given import Given
from edge.sound.lately import Lately
from edge.sound.level import MeterSetup
from edge.sound.mic_health import MicChange, MicHealth
from edge.sound.tagger import OnnxTagger
from edge.sound.tags import Tags
from edge.sound.worth import Worth
from edge.telling import Facts, device_events
from edge.types import Detector, Frame

STALLED_S = 3.0
"""Without sound for so long, time goes on by the clock."""
LONGEST_LEAP_S = 120.0
"""A longer time without any call is judged once: the machine slept."""
_EPSILON_S = 1e-6


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a stream is heard: the tagger, the setup of the meter, what its levels are worth.

    `wall_of` gives the aware wall time of a moment of the sound's clock. `metered`: an instrument
    of its own gives the levels; samples are for the tagger alone.
    """

    tagger: OnnxTagger
    setup: MeterSetup
    worth: Worth
    wall_of: Callable[[float], datetime]
    metered: bool = False


class SoundPipeline:
    """Everything that happens to the sound of one stream. Not for several threads, but for `saw`.

    Time goes by the sound itself, second by second, so a recording gives the same as its original;
    `clock` takes over where no sound comes.
    """

    def __init__(
        self,
        stream: Stream,
        facts: Facts,
        hearing: Hearing,
        eyes: Detector,
        sink: Sink,
    ) -> None:
        """`eyes` find people to be masked."""
        self.stream = stream
        self._facts = facts
        self._hearing = hearing
        self._sink = sink
        self._ear = Ear(hearing.setup, hearing.tagger)
        self._zones = [DanceZone(stream.id, params, jpeg) for params in stream.sound_scenes]
        model = Model(name=hearing.tagger.name, sha256=hearing.tagger.sha256)
        self._teller = DanceTeller(stream, facts, model, eyes)
        self._health = MicHealth()
        self._health_key = f"{stream.id}/microphone"
        self._looks: dict[str, deque[Look]] = {z.key: deque(maxlen=64) for z in self._zones}
        self._lately = Lately()
        self._seconds: deque[SecondFrame] = deque()
        self._answers: deque[tuple[Tags, Heard]] = deque()
        self._heard_ts = float("-inf")
        self._next_ts: float | None = None
        self.latest = SoundState(invalid=["no_sound"])
        """How it sounds; may be read by another thread."""

    def saw(self, frame: Frame, looks: Mapping[str, Look]) -> None:
        """People in a picture by place; may be called by another thread."""
        for zone in self._zones:
            zone.note(frame)
            if zone.params.place in looks:
                self._looks[zone.key].append(looks[zone.params.place])

    def hear(self, block: SoundBlock) -> None:
        """Take the next block; whatever was decided is with the sink when this returns."""
        given = self._ear.tag(block) if self._hearing.metered else self._ear.hear(block)
        self._take(given)
        if not self._hearing.metered:
            self._advance(block.ts, block.end_ts)

    def measured(self, second: SecondFrame) -> None:
        """Take the next second of an instrument that measures by itself."""
        self._take(Given(seconds=(second,)))
        self._advance(second.ts, second.ts + 1)

    def clock(self, now_ts: float, expected: bool = True) -> None:
        """Time goes on although no sound comes; `expected`: its source is there."""
        if self._next_ts is None:
            self._next_ts = now_ts + STALLED_S
        if now_ts - self._heard_ts >= STALLED_S:
            self._go_on(now_ts, expected)

    def _take(self, given: Given) -> None:
        self._seconds.extend(given.seconds)
        self._answers.extend(given.heard)

    def _advance(self, from_ts: float, until_ts: float) -> None:
        if self._next_ts is None:
            self._next_ts = from_ts + 1
        self._heard_ts = max(self._heard_ts, until_ts)
        self._go_on(self._heard_ts, expected=True)

    def _go_on(self, until_ts: float, expected: bool) -> None:
        """Judge every second up to a moment."""
        assert self._next_ts is not None
        if until_ts - self._next_ts > LONGEST_LEAP_S:
            self._next_ts = until_ts
        while self._next_ts <= until_ts + _EPSILON_S:
            self._judge(self._next_ts, expected)
            self._next_ts += 1

    def _judge(self, ts: float, expected: bool) -> None:
        wall = self._hearing.wall_of(ts).astimezone(self._facts.zone)
        given = self._until(ts)
        worth = _own_word(self._hearing.worth, given)
        now = worth.standing(wall)
        if now.state == "expired":
            doubted = tuple(s.doubted(Invalid.CALIBRATION_EXPIRED) for s in given.seconds)
            given = replace(given, seconds=doubted)
        self._lately.add(given)
        self.latest = self._lately.state(ts, now.state == "calibrated", self._local)
        why = now.reason if now.state == "expired" else ""
        self._tell_changes(self._health.update(ts, given.seconds, expected, why), ts, wall)
        for zone in self._zones:
            view = SoundView(
                ts,
                wall,
                Meter(now, worth.accuracy_class),
                given.seconds,
                given.heard,
                self._newest_look(zone),
            )
            self._decide(zone, view, worth)

    def _decide(self, zone: DanceZone, view: SoundView, worth: Worth) -> None:
        decided = zone.decide(view)
        if not decided.reports:
            return
        said = worth.on_the_wire(view.wall)
        told = [self._teller.tell(zone, decided, report, said) for report in decided.reports]
        self._sink.put(told, {zone.key: zone.dump(view.ts, view.wall)})

    def _until(self, ts: float) -> Given:
        """What was heard up to a moment; a second that came late is in it too."""
        seconds, answers = [], []
        while self._seconds and self._seconds[0].ts + 1 <= ts + _EPSILON_S:
            seconds.append(self._seconds.popleft())
        while self._answers and _end_ts(self._answers[0][0]) <= ts + _EPSILON_S:
            answers.append(self._answers.popleft())
        return Given(tuple(seconds), tuple(answers))

    def _newest_look(self, zone: DanceZone) -> Look | None:
        looks, newest = self._looks[zone.key], None
        while looks:
            newest = looks.popleft()
        return newest

    def _local(self, ts: float) -> datetime:
        return wire_time(self._hearing.wall_of(ts).astimezone(self._facts.zone))

    def _tell_changes(self, changes: list[MicChange], ts: float, wall: datetime) -> None:
        told = device_events(self._facts, self.stream.id, changes, ts, wall)
        if told:
            self._sink.put(told, {self._health_key: self._health.dump(ts)})

    def state(self, ts: float, wall: datetime) -> dict[str, bytes]:
        """What must survive a restart."""
        zones = {zone.key: zone.dump(ts, wall) for zone in self._zones}
        return zones | {self._health_key: self._health.dump(ts)}

    def restore(self, load: Callable[[str], bytes | None], ts: float, wall: datetime) -> None:
        """Continue what was going on when the box went down."""
        for zone in self._zones:
            if (blob := load(zone.key)) is not None:
                zone.load(blob, ts, wall)
        if (blob := load(self._health_key)) is not None:
            self._health.load(blob, ts)


def _end_ts(tags: Tags) -> float:
    return tags.ts + tags.span_s


def _own_word(worth: Worth, given: Given) -> Worth:
    """The worth after what an instrument says of its own calibration."""
    expired = any(Invalid.CALIBRATION_EXPIRED in second.invalid for second in given.seconds)
    if not expired or worth.own is None:
        return worth
    return replace(worth, own=Standing("expired", "the meter says that its calibration expired"))
