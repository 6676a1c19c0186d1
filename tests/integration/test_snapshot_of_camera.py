"""A snapshot of a live camera."""

from collections.abc import Callable

import pytest

from edge.clock import SystemClock
from edge.config import Stream
from edge.errors import SourceLost
from edge.snapshot import of_camera, with_zones
from tests.factories import fire_lane
from tests.rtsp.servers import ServerProcess
from tests.support import free_port


def stream(url: str) -> Stream:
    scene = fire_lane().model_dump(exclude_none=True)
    return Stream.model_validate({"id": "gate", "name": "东门", "url": url, "scenes": [scene]})


def test_one_picture_of_a_camera(rtsp_camera: Callable[..., ServerProcess]) -> None:
    watched = stream(rtsp_camera().url)
    image = of_camera(watched, SystemClock())
    assert image.std() > 5
    assert with_zones(image, watched).shape == image.shape


def test_a_camera_that_is_not_there_is_said_without_its_password() -> None:
    url = f"rtsp://user:secret@127.0.0.1:{free_port()}/x"
    with pytest.raises(SourceLost) as lost:
        of_camera(stream(url), SystemClock())
    assert "refused" in str(lost.value)
    assert "secret" not in str(lost.value)
