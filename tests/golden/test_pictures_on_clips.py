"""Masks and the annotated clip on real frames, with the bundled model."""

import json
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest

from edge.annotate import Annotator
from edge.detector import load_detector
from edge.masking import look, mask, regions
from edge.scenes.base import zone_region
from tests.factories import START, fire_lane
from tests.looks import looks
from tests.support import MEDIA, ROOT

pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def detector():
    return load_detector(ROOT / "models", "nanodet-g-416", ["CPUExecutionProvider"], 1)


def frame(clip, at_s):
    if not (MEDIA / clip).exists():
        pytest.skip(f"{MEDIA / clip} is not there")
    with av.open(str(MEDIA / clip)) as container:
        for picture in container.decode(video=0):
            if picture.time >= at_s:
                return picture.to_ndarray(format="bgr24")
    raise AssertionError(f"{clip} ends before {at_s} s")


def labelled():
    frames = json.loads((ROOT / "tests" / "golden" / "street_frames.json").read_text())["frames"]
    return [(f["clip"], f["at_s"], f["objects"]) for f in frames if "people" in f["clip"]]


@pytest.mark.parametrize(("clip", "at_s", "objects"), labelled())
def test_every_labelled_head_and_plate_is_covered(detector, clip, at_s, objects):
    image = frame(clip, at_s)
    found = look(detector, image)
    covered = np.zeros(image.shape[:2], bool)
    for region in regions(found, (image.shape[1], image.shape[0])):
        x1, y1, x2, y2 = region.box_px
        covered[y1:y2, x1:x2] = True
    for kind, x1, y1, x2, y2, *crowd in objects:
        if crowd:
            continue
        width, height = x2 - x1, y2 - y1
        left, right = round(x1 + 0.2 * width), round(x2 - 0.2 * width)
        top, bottom = (y1, y1 + 0.14 * height) if kind == "person" else (y1 + 6, y2 - 6)
        assert covered[round(top) : round(bottom), left:right].mean() > 0.95, (kind, x1, y1)
    # Still evidence: nine tenths of the street are as they were.
    same = (mask(image, found) == image).all(axis=2)
    assert same[~covered].all()
    assert covered.mean() < 0.1


def test_the_annotated_clip_lasts_as_long_as_the_recording(detector, tmp_path):
    lane = fire_lane(polygon=[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    media, out = MEDIA / "lane_passing.mp4", tmp_path / "out.mp4"
    if not media.exists():
        pytest.skip(f"{media} is not there")
    region = zone_region(lane.polygon_rel)
    with Annotator(media, out, START, ZoneInfo("Asia/Shanghai")) as annotator:
        for seen, zone in looks(media, lane, 2.0, lambda f: detector.detect(f.image, region)):
            annotator.looked(seen, [zone])
    with av.open(str(out)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (768, 432 + 64)
        assert container.duration / av.time_base == pytest.approx(30.16, abs=0.2)
        times = [picture.time for picture in container.decode(video=0)]
    assert np.diff(times).max() < 0.17
