"""The scenes of the box. A new scene is one file beside this one and one line in each table."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from edge.scenes import fire_lane, square_dance
from edge.scenes.base import Scene

PictureParams = fire_lane.Params
"""Union of the blocks of the scenes that look."""
SoundParams = square_dance.Params
"""Union of the blocks of the scenes that listen."""

AnyParams = Annotated[PictureParams | SoundParams, Field(discriminator="scene")]
"""A block of `scenes:`, told apart by its key `scene`."""

SCENES: Mapping[str, Callable[[Any], Scene]] = {
    "fire_lane": fire_lane.FireLane,
}
"""What looks at pictures."""

SOUND_SCENES: Mapping[str, Callable[[Any], square_dance.SquareDance]] = {
    "square_dance": square_dance.SquareDance,
}
"""What listens, and counts people in pictures where there are some."""
