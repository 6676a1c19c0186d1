"""What a square-dance scene is given at one moment."""

from dataclasses import dataclass
from datetime import datetime

from edge.scenes.dance_verdict import Meter
from edge.scenes.gathering import Look
from edge.sound.attribution import Heard
from edge.sound.frames import SecondFrame
from edge.sound.tags import Tags


@dataclass(frozen=True, slots=True)
class SoundView:
    """Everything since the last view; sound, picture and `ts` are on one monotonic clock.

    `wall` is local and aware: rules follow the clock on the wall of the site. `seconds` may be
    empty (no sound is never silence); `heard` are the tagger's answers with what followed from
    each; `people` is None when there was no picture.
    """

    ts: float
    wall: datetime
    meter: Meter
    seconds: tuple[SecondFrame, ...] = ()
    heard: tuple[tuple[Tags, Heard], ...] = ()
    people: Look | None = None
