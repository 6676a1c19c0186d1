"""What a pipeline tells an Observer, made by its own parts over a recording, without a detector."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from edge.incident import Incident
from edge.observer import ZoneLook
from edge.picture import luma
from edge.reopen import Birth
from edge.scenes.base import View
from edge.scenes.fire_lane import FireLane, Params
from edge.source import FileSource
from edge.types import Detections, Frame
from tests.factories import START


def looks(
    media: Path, params: Params, every_s: float, detect: Callable[[Frame], Detections]
) -> Iterator[tuple[Frame, ZoneLook]]:
    """Every frame that is looked at, with what one lane's scene and incident made of it."""

    def born(_since_ts: float) -> Birth:
        return Birth("an-incident")

    scene, incident = FireLane(params), Incident(params, 3.5 * every_s)
    for frame in FileSource(media, every_s, START).frames():
        seen = detect(frame)
        wall = START + timedelta(seconds=frame.ts)
        reading = scene.update(View(frame.ts, wall, luma(frame.image), seen))
        reports = incident.update(reading, frame.ts, params.own_thresholds, born)
        dwell_s = incident.dwell_s(frame.ts)
        yield (
            frame,
            ZoneLook(params.place, params.polygon_rel, seen, reading, tuple(reports), dwell_s),
        )
