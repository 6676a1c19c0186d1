"""The detector on tiny models: what goes in, where boxes come out, and every bad model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.detector import OnnxDetector, load_detector
from edge.errors import ModelError
from tests.models import install, tiny_model

CPU = ["CPUExecutionProvider"]


def load(folder: Path) -> OnnxDetector:
    """The tiny model of a folder."""
    return load_detector(folder, "tiny", CPU, 1)


def plain(blue: int, green: int, red: int, width: int = 64, height: int = 64) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, 3), (blue, green, red), np.uint8)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize(("colour", "first"), [("BGR", 204), ("RGB", 51)])
def test_the_input_has_the_colour_order_and_layout_of_the_manifest(
    tmp_path: Path, layout: str, colour: str, first: int
) -> None:
    changes = {"layout": layout, "colour": colour}
    install(tmp_path, tiny_model(layout), input_changes=changes)
    found = load(tmp_path).detect(plain(204, 102, 51))
    assert found.score.tolist() == pytest.approx([first / 255])


@pytest.mark.parametrize(("colour", "expected"), [("BGR", (200 - 100) / 200), ("RGB", 0.5)])
def test_mean_and_deviation_are_in_the_model_s_channel_order(
    tmp_path: Path, colour: str, expected: float
) -> None:
    changes = {"colour": colour, "mean": [100, 0, 0], "std": [200, 1, 1]}
    install(tmp_path, input_changes=changes)
    found = load(tmp_path).detect(plain(200, 0, 200))
    assert found.score.tolist() == pytest.approx([expected])


@pytest.mark.parametrize(
    ("fit", "width", "height", "box"),
    [
        ("stretch", 64, 32, [0.25, 0.25, 0.75, 0.5]),
        ("letterbox_centre", 64, 32, [0.25, 0.0, 0.75, 0.5]),
        ("letterbox_top_left", 64, 32, [0.25, 0.5, 0.75, 1.0]),
        ("letterbox_centre", 32, 64, [0.0, 0.25, 1.0, 0.5]),
    ],
)
def test_boxes_come_back_as_fractions_of_the_frame(
    tmp_path: Path, fit: str, width: int, height: int, box: list[float]
) -> None:
    install(tmp_path, input_changes={"fit": fit, "pad_value": 255})
    found = load(tmp_path).detect(plain(255, 255, 255, width, height))
    assert found.box_rel.tolist() == [pytest.approx(box)]
    assert (found.name, found.kind) == (("truck",), ("vehicle",))
    assert found.box_rel.dtype == found.score.dtype == np.float32


def test_boxes_of_a_region_are_fractions_of_the_whole_frame(tmp_path: Path) -> None:
    install(tmp_path)
    found = load(tmp_path).detect(plain(255, 255, 255), (0.5, 0.5, 1.0, 1.0))
    assert found.box_rel.tolist() == [pytest.approx([0.625, 0.625, 0.875, 0.75])]


def test_only_the_region_is_looked_at(tmp_path: Path) -> None:
    install(tmp_path)
    image = plain(0, 0, 0)
    image[32:, 32:] = 255
    detector = load(tmp_path)
    assert len(detector.detect(image)) == 0
    assert detector.detect(image, (0.5, 0.5, 1.0, 1.0)).score.tolist() == [1.0]


def test_nothing_of_the_picture_before_stays_in_the_padding(tmp_path: Path) -> None:
    install(tmp_path, input_changes={"fit": "letterbox_centre"})
    detector = load(tmp_path)
    assert len(detector.detect(plain(255, 255, 255, 64, 64))) == 1
    assert len(detector.detect(plain(255, 255, 255, 64, 32))) == 0  # the first pixel is padding


def test_the_picture_is_not_changed(tmp_path: Path) -> None:
    install(tmp_path)
    image = plain(9, 8, 7)
    image.flags.writeable = False
    load(tmp_path).detect(image)
    assert (image == plain(9, 8, 7)).all()


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.float32)],
)
def test_what_is_not_a_picture_is_refused(tmp_path: Path, image: np.ndarray) -> None:
    install(tmp_path)
    with pytest.raises(ValueError, match="not uint8"):
        load(tmp_path).detect(image)


@pytest.mark.parametrize(
    "region", [(0.5, 0, 0.5, 1), (1.1, 0, 1.2, 1), (0, 0, float("nan"), 1), (0.9, 0, 0.1, 1)]
)
def test_a_region_outside_the_picture_is_refused(tmp_path: Path, region: Any) -> None:
    install(tmp_path)
    with pytest.raises(ValueError, match="region"):
        load(tmp_path).detect(plain(1, 1, 1), region)


def fault(folder: Path, providers: list[str] | None = None, threads: int = 1) -> str:
    """The error that loading ends with; it must be one line."""
    with pytest.raises(ModelError) as caught:
        load_detector(folder, "tiny", CPU if providers is None else providers, threads)
    (line,) = str(caught.value).splitlines()
    return line


def test_no_model_of_that_name(tmp_path: Path) -> None:
    assert fault(tmp_path) == f"{tmp_path}/tiny.json: no model of that name; models there: none"


@pytest.mark.parametrize("name", ["../tiny", "/etc/passwd", "", "."])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "models").mkdir()
    install(tmp_path)
    with pytest.raises(ModelError, match="no model of that name"):
        load_detector(tmp_path / "models", name, CPU, 1)


def test_the_file_is_missing(tmp_path: Path) -> None:
    install(tmp_path).unlink()
    assert fault(tmp_path) == f"{tmp_path}/tiny.onnx: missing; get it with: the tests"


def test_the_file_was_altered(tmp_path: Path) -> None:
    path = install(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    assert fault(tmp_path).startswith(f"{path}: sha256 is ")
    assert "the manifest tiny.json says" in fault(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", tiny_model()[:200]])
def test_the_file_is_no_onnx_model(tmp_path: Path, content: bytes) -> None:
    path = install(tmp_path, content)
    assert fault(tmp_path).startswith(f"{path}: not a model that onnxruntime can load: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tiny_model(side_px=64), "input 'image' is 1x3x64x64, the manifest says 1x3x32x32"),
        (tiny_model("NHWC"), "input 'image' is 1x32x32x3, the manifest says 1x3x32x32"),
        (tiny_model(name="x"), "inputs are ['x'], the manifest says 'image'"),
    ],
)
def test_the_input_is_another(tmp_path: Path, content: bytes, message: str) -> None:
    path = install(tmp_path, content)
    assert fault(tmp_path) == f"{path}: {message}"


def test_an_input_of_open_size_takes_the_manifest_s(tmp_path: Path) -> None:
    install(tmp_path, tiny_model(side_px="side"))
    assert load(tmp_path).infer()["found"].shape == (1, 1, 6)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (
            {"kind": "yolo", "output": "found"},
            "output 'found' is 1x1x6, head 'yolo' of the manifest needs 1x6xN",
        ),
        ({"kind": "yolo", "output": "output0"}, "does not run: "),
    ],
)
def test_the_outputs_are_others(tmp_path: Path, head: dict[str, str], message: str) -> None:
    path = install(tmp_path, head=head)
    assert fault(tmp_path).startswith(f"{path}: {message}")


def test_the_provider_is_not_there(tmp_path: Path) -> None:
    path = install(tmp_path)
    message = fault(tmp_path, ["Cuda"])
    assert message.startswith(f"{path}: execution provider 'Cuda' is not in this onnxruntime; ")
    assert "CPUExecutionProvider" in message


@pytest.mark.parametrize(("providers", "threads"), [([], 1), (CPU, 0)])
def test_nothing_to_run_on(tmp_path: Path, providers: list[str], threads: int) -> None:
    install(tmp_path)
    assert "at least one" in fault(tmp_path, providers, threads)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["sha256"], "abc", "sha256: "),
        (["file"], "../other.onnx", "file: "),
        (["surprise"], 1, "surprise: "),
        (["name"], "other", "name: is 'other'"),
        (["head", "kind"], "ssd", "head: "),
        (["input", "std"], [1, 0, 1], "input.std: "),
        (["input", "width_px"], 0, "input.width_px: "),
        (["kinds"], {"lorry": "vehicle"}, "kinds: 'lorry' is not one of the classes"),
        (["classes"], ["truck", "truck"], "classes: a name occurs twice"),
        (["score_min"], 1.5, "score_min: "),
    ],
)
def test_the_manifest_is_wrong(
    tmp_path: Path, path: list[str], value: object, message: str
) -> None:
    install(tmp_path)
    manifest = tmp_path / "tiny.json"
    document = json.loads(manifest.read_text())
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    manifest.write_text(json.dumps(document))
    assert fault(tmp_path).startswith(f"{manifest}: {message}")


def test_the_manifest_is_no_json(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "tiny.json").write_text("{")
    assert fault(tmp_path).startswith(f"{tmp_path}/tiny.json: the file: ")
