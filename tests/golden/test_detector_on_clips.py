"""The bundled model on real frames: the parked van, the parked car, the empty lane."""

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from edge.detector import OnnxDetector, load_detector
from edge.manifest import read_manifest
from edge.types import Box, Detections, Image
from tests.support import MEDIA, ROOT

VAN: Box = (0.845, 0.075, 0.942, 0.172)
VAN_REGION: Box = (0.7, 0.0, 1.0, 0.3)
CAR: Box = (0.124, 0.155, 0.319, 0.482)
MODEL = "nanodet-g-416"


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    """The bundled model."""
    return load_detector(ROOT / "models", MODEL, ["CPUExecutionProvider"], 1)


def frame(clip: str, at_s: float) -> Image:
    """The first frame of a clip at or after `at_s`."""
    if not (MEDIA / clip).exists():
        pytest.skip(f"{MEDIA / clip} is not there")
    with av.open(str(MEDIA / clip)) as container:
        for picture in container.decode(video=0):
            if picture.time >= at_s:
                return picture.to_ndarray(format="bgr24")
    raise AssertionError(f"{clip} ends before {at_s} s")


def overlap(box: np.ndarray, other: Box) -> float:
    """Intersection over union."""
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    common = max(across, 0) * max(down, 0)
    own = (box[2] - box[0]) * (box[3] - box[1])
    return common / (own + (other[2] - other[0]) * (other[3] - other[1]) - common)


def at(found: Detections, place: Box) -> list[tuple[str, float]]:
    """Kind and score of what was found there."""
    near = [overlap(box, place) > 0.6 for box in found.box_rel]
    return [(k, s) for k, s, ok in zip(found.kind, found.score, near, strict=True) if ok]


@pytest.mark.media
@pytest.mark.parametrize("at_s", [0, 20, 40, 60])
def test_the_van_is_one_vehicle_whatever_the_model_calls_it(
    detector: OnnxDetector, at_s: float
) -> None:
    image = frame("people_walking.mp4", at_s)
    ((whole, whole_score),) = at(detector.detect(image), VAN)
    ((near, near_score),) = at(detector.detect(image, VAN_REGION), VAN)
    assert whole == near == "vehicle"
    assert whole_score > 0.4
    assert near_score > 0.5


@pytest.mark.media
@pytest.mark.parametrize("at_s", [14, 40, 100, 130])
def test_the_parked_car(detector: OnnxDetector, at_s: float) -> None:
    ((kind, score),) = at(detector.detect(frame("lane_parked.mp4", at_s)), CAR)
    assert kind == "vehicle"
    assert score > 0.44


@pytest.mark.media
@pytest.mark.parametrize(
    ("clip", "at_s"),
    [("lane_parked.mp4", 5), ("lane_parked.mp4", 150), ("lane_passing.mp4", 11)],
)
def test_an_empty_lane_has_no_vehicle(detector: OnnxDetector, clip: str, at_s: float) -> None:
    assert "vehicle" not in detector.detect(frame(clip, at_s)).kind


@pytest.mark.media
def test_people_are_persons(detector: OnnxDetector) -> None:
    found = detector.detect(frame("people_walking.mp4", 45))
    for place in [(0.405, 0.359, 0.439, 0.502), (0.728, 0.42, 0.772, 0.585)]:
        assert [kind for kind, _ in at(found, place)] == ["person"]


def test_noise_and_flat_pictures_have_nothing(detector: OnnxDetector) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (540, 960, 3), np.uint8)
    for image in (noise, np.zeros_like(noise), np.full_like(noise, 255)):
        assert len(detector.detect(image)) == 0


def test_the_same_picture_gives_the_same_answer_after_another(detector: OnnxDetector) -> None:
    rng = np.random.default_rng(2)
    first = np.kron(rng.integers(0, 256, (9, 16, 3), np.uint8), np.ones((40, 40, 1), np.uint8))
    low = detector.manifest.model_copy(update={"score_min": 0.02})
    eager = OnnxDetector(low, detector._session)
    before = eager.detect(first)
    eager.detect(np.rot90(first).copy())
    after = eager.detect(first)
    assert len(before) > 0
    assert before.name == after.name
    assert (before.box_rel == after.box_rel).all()
    assert (before.score == after.score).all()


def test_the_bundled_model_keeps_its_promises() -> None:
    manifest = read_manifest(ROOT / "models", MODEL)
    assert (ROOT / "models" / manifest.file).stat().st_size <= 8_000_000
    assert len(manifest.classes) == 80
    merged = {manifest.kind_of(name) for name in ("car", "bus", "truck")}
    assert merged == {"vehicle"}
    assert manifest.kind_of("person") == "person"
    assert manifest.accuracy, "written by scripts/eval_detector"


@pytest.mark.media
def test_the_recorded_accuracy_is_what_a_run_measures(tmp_path: Path) -> None:
    if not (MEDIA / "lane_parked.mp4").exists():
        pytest.skip(f"{MEDIA} is not there")
    environment = {**os.environ, "JINMU_MEDIA": str(MEDIA)}
    for name in (f"{MODEL}.json", f"{MODEL}.onnx"):
        (tmp_path / name).write_bytes((ROOT / "models" / name).read_bytes())
    street = str(tmp_path / "street")
    options = ["--by", "kind", "--models", str(tmp_path), "--write-manifest", "again"]
    for script, *arguments in (["make_street_frames", street], ["eval_detector", street, *options]):
        run = [sys.executable, str(ROOT / "scripts" / script), *arguments]
        subprocess.run(run, check=True, env=environment, capture_output=True)
    (recorded, measured) = read_manifest(tmp_path, MODEL).accuracy
    assert measured.per_class["vehicle"] == pytest.approx(recorded.per_class["vehicle"], abs=0.02)
    assert measured.per_class["person"] == pytest.approx(recorded.per_class["person"], abs=0.02)
    assert measured.objects == recorded.objects == 45
