"""What became known of a stream's sound. Pure."""

from dataclasses import dataclass

from edge.sound.attribution import Heard
from edge.sound.frames import SecondFrame
from edge.sound.tags import Tags


@dataclass(frozen=True, slots=True)
class Given:
    """What became known: seconds that were measured, answers of the tagger with what follows."""

    seconds: tuple[SecondFrame, ...] = ()
    heard: tuple[tuple[Tags, Heard], ...] = ()
