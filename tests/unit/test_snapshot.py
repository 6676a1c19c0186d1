"""The snapshot that shows where the zones lie."""

import cv2
import numpy as np
import pytest

from edge.config import Stream
from edge.errors import ConfigError, EdgeError
from edge.picture import ZONE_BGR
from edge.snapshot import GROUND_BGR, of_recording, save, with_zones
from tests.clips import record
from tests.factories import LANE, fire_lane

GROUND = {
    "image": [[0.3, 0.6], [0.6, 0.6], [0.7, 0.9], [0.25, 0.9]],
    "metres": [[0, 12], [4, 12], [4, 0], [0, 0]],
}


def stream(**changes):
    return Stream.model_validate(
        {"id": "gate-east", "name": "东门", "url": "rtsp://127.0.0.1/x"}
        | {"scenes": [fire_lane(**changes).model_dump(exclude_none=True)]}
    )


def is_colour(picture, colour):
    return (np.abs(picture.astype(int) - colour).sum(axis=-1) < 30).mean()


def test_zones_lie_where_the_configuration_says_and_the_picture_stays():
    image = np.full((400, 600, 3), 120, np.uint8)
    before = image.copy()
    got = with_zones(image, stream())
    assert (image == before).all()
    assert got.shape == image.shape
    for x, y in LANE:
        part = got[int(y * 400) - 3 : int(y * 400) + 3, int(x * 600) - 3 : int(x * 600) + 3]
        assert is_colour(part, ZONE_BGR) > 0.5
    assert is_colour(got[250:350, 200:400], ZONE_BGR) == 0


def test_the_grid_is_faint_and_at_the_tenths():
    got = with_zones(np.full((400, 600, 3), 120, np.uint8), stream())
    line, beside = got[30:38, 60].mean(), got[30:38, 75].mean()
    assert beside == 120
    assert 20 < line - beside < 60


def test_ground_points_are_crosses():
    got = with_zones(np.full((400, 600, 3), 120, np.uint8), stream(ground=GROUND))
    for x, y in GROUND["image"]:
        part = got[int(y * 400) - 6 : int(y * 400) + 7, int(x * 600) - 6 : int(x * 600) + 7]
        assert is_colour(part, GROUND_BGR) > 0.1


def test_the_picture_of_a_moment(tmp_path):
    media = record(tmp_path / "street.mp4", 16)
    empty, car = of_recording(media, 1.0), of_recording(media, 14.0)
    part = (slice(80, 140), slice(100, 190))
    assert np.abs(empty[part].astype(int) - car[part]).mean() > 20
    with pytest.raises(ConfigError, match=r"ends at 15\.8 s, there is no picture at 99 s"):
        of_recording(media, 99)
    with pytest.raises(ConfigError, match="no such file"):
        of_recording(tmp_path / "none.mp4", 0)


@pytest.mark.parametrize("name", ["zones.png", "zones.JPG"])
def test_saved_and_read_again(tmp_path, name):
    save(np.full((40, 60, 3), 77, np.uint8), tmp_path / name)
    assert cv2.imread(str(tmp_path / name)).shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("name", "why"), [("zones.tiff", "must end in .png"), ("no/z.png", "No such file")]
)
def test_what_cannot_be_saved_is_said(tmp_path, name, why):
    with pytest.raises(EdgeError, match=why):
        save(np.zeros((4, 4, 3), np.uint8), tmp_path / name)
