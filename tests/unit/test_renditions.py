"""Three forms of a picture: drawn, untouched, masked."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from edge.errors import EdgeError
from edge.evidence_set import Shot
from edge.picture import from_jpeg, jpeg
from edge.renditions import STRIP_PX, Setting, renditions
from edge.scenes.base import Mark
from edge.timeline import Span
from edge.types import FULL_FRAME
from tests.factories import LANE, PARKED, START, detections

SETTING = Setting("FL-0317", "东门消防通道", np.array(LANE), ZoneInfo("Asia/Shanghai"))
MARKS = (Mark(PARKED, "car 0.60"),)
PERSON = (0.7, 0.1, 0.75, 0.35)
HEAD = (slice(42, 60), slice(452, 476))
CAR_PLATE = (slice(270, 300), slice(200, 370))


class Sees:
    """A detector that finds one person, whatever it is shown."""

    def detect(self, image, region_rel=FULL_FRAME):
        return detections((PERSON, 0.4, "person"), kind="person")


def shot():
    image = np.random.default_rng(1).integers(0, 256, (400, 640, 3), np.uint8)
    return Shot(jpeg(image), 300.0, START + timedelta(seconds=300), MARKS, 290.0)


def detail(image, part):
    return float(np.abs(np.diff(image[part].astype(int), axis=1)).mean())


def test_roles_bytes_and_moment():
    one = shot()
    drawn, original, masked = renditions("confirmed", one, SETTING, Sees())
    roles = [r.role for r in (drawn, original, masked)]
    assert roles == ["confirmed", "confirmed_original", "confirmed_masked"]
    assert original.jpeg == one.jpeg
    assert {r.wall.isoformat() for r in (drawn, original, masked)} == {"2026-11-24T22:04:00+08:00"}


def test_only_the_masked_one_hides_heads_and_plates():
    one = shot()
    drawn, _, masked = (from_jpeg(r.jpeg) for r in renditions("warned", one, SETTING, Sees()))
    image = from_jpeg(one.jpeg)
    assert drawn.shape == masked.shape
    for part in (HEAD, CAR_PLATE):
        assert detail(drawn, part) > 0.8 * detail(image, part)
        assert detail(masked, part) < 0.2 * detail(image, part)
    elsewhere = (slice(60, 120), slice(20, 200))
    assert detail(masked, elsewhere) > 0.8 * detail(image, elsewhere)


def test_zone_and_marks_are_on_both_drawn_ones():
    for rendition in renditions("arrival", shot(), SETTING, Sees())[::2]:
        picture = from_jpeg(rendition.jpeg).astype(int)
        line = picture[200, 150:180]  # upper edge of the zone: yellow
        assert (line[:, 2] - line[:, 0]).mean() > 80


def test_the_timeline_stands_below_when_there_is_one():
    spans = [Span("occupied", 10.0, 300.0, 0.4)]
    plain = from_jpeg(renditions("cleared", shot(), SETTING, Sees())[0].jpeg)
    longer = from_jpeg(renditions("cleared", shot(), SETTING, Sees(), spans)[0].jpeg)
    assert longer.shape[0] == plain.shape[0] + 22 + STRIP_PX + 4
    assert (longer[-40] - longer[-40].mean()).max() < 255


def test_what_is_no_jpeg_is_refused():
    with pytest.raises(EdgeError, match="no JPEG"):
        from_jpeg(b"nonsense")
