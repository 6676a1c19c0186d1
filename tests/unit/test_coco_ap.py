"""Average precision of small hand-computed cases, and the two formats of labels."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.evaluation.coco_ap import Found, Truth, average_precision
from scripts.evaluation.data_sets import BadDataSet, read_data_set

A = [0, 0, 10, 10]
A_ALMOST = [0, 0, 10, 8]  # IoU with A: 0.8
B = [20, 20, 30, 30]
NOWHERE = [50, 50, 60, 60]


def picture(
    found: list[tuple[list[int], float]], truth: list[list[int]], crowd: Sequence[list[int]] = ()
) -> tuple[Found, Truth]:
    """One picture: boxes with scores, objects, crowd regions."""
    return (
        Found(
            np.array([box for box, _ in found], float).reshape(-1, 4),
            np.array([score for _, score in found], float),
        ),
        Truth(
            np.array([*truth, *crowd], float).reshape(-1, 4),
            np.array([False] * len(truth) + [True] * len(crowd), bool),
        ),
    )


HALF = 51 / 101  # recall 0 to 0.50 of the 101 points


@pytest.mark.parametrize(
    ("pictures", "ap50", "ap"),
    [
        ([picture([(A, 0.9), (B, 0.8)], [A, B])], 1.0, 1.0),
        ([picture([(A, 0.9)], [A, B])], HALF, HALF),
        ([picture([], [A])], 0.0, 0.0),
        # The wrong box is less sure: it costs nothing. More sure: precision 1/2 everywhere.
        ([picture([(A, 0.9), (NOWHERE, 0.8)], [A])], 1.0, 1.0),
        ([picture([(A, 0.8), (NOWHERE, 0.9)], [A])], 0.5, 0.5),
        # IoU 0.8 is a hit at 0.50 to 0.80: 7 of 10 steps.
        ([picture([(A_ALMOST, 0.9)], [A])], 1.0, 0.7),
        # The same object twice: the second is a false alarm between the two hits.
        ([picture([(A, 0.9), (A, 0.8), (B, 0.7)], [A, B])], HALF + 50 / 101 * 2 / 3, None),
        # A crowd region swallows detections, and is no object.
        ([picture([(B, 0.9), (B, 0.9), (A, 0.5)], [A], crowd=[B])], 1.0, 1.0),
        # Order is by score over all pictures.
        ([picture([(NOWHERE, 0.9)], []), picture([(A, 0.8)], [A])], 0.5, 0.5),
    ],
)
def test_hand_computed(pictures: list[tuple[Found, Truth]], ap50: float, ap: float | None) -> None:
    steps = average_precision(pictures)
    assert steps is not None
    assert steps[0] == pytest.approx(ap50)
    if ap is not None:
        assert steps.mean() == pytest.approx(ap)


def test_without_objects_there_is_no_precision() -> None:
    assert average_precision([picture([(A, 0.9)], [], crowd=[B])]) is None


def test_only_a_hundred_boxes_of_a_picture_count() -> None:
    many = [(NOWHERE, 0.9)] * 100
    steps = average_precision([picture([*many, (A, 0.5)], [A])])
    assert steps is not None
    assert steps[0] == 0.0


def save(path: Path, width: int = 40, height: int = 20) -> None:
    """A black picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))


def test_coco_labels(tmp_path: Path) -> None:
    save(tmp_path / "val" / "b.png")
    save(tmp_path / "val" / "a.png")
    document = {
        "images": [{"id": 7, "file_name": "b.png"}, {"id": 3, "file_name": "a.png"}],
        "categories": [{"id": 44, "name": "car"}],
        "annotations": [
            {"image_id": 7, "category_id": 44, "bbox": [1, 2, 3, 4]},
            {"image_id": 7, "category_id": 44, "bbox": [5, 6, 7, 8], "iscrowd": 1},
        ],
    }
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "labels.json").write_text(json.dumps(document))
    a, b = read_data_set(tmp_path, ())
    assert (a.path.name, len(a.box), a.name) == ("a.png", 0, ())
    assert b.box.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    assert (b.name, b.crowd.tolist()) == (("car", "car"), [False, True])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("data.yaml", "names: [person, car]"),
        ("data.yaml", "names: {0: person, 1: car}"),
        ("classes.txt", "person\ncar\n"),
        (None, ""),
    ],
)
def test_yolo_labels(tmp_path: Path, file: str | None, text: str) -> None:
    save(tmp_path / "images" / "val" / "a.png")
    save(tmp_path / "images" / "val" / "b.png")
    (tmp_path / "labels" / "val").mkdir(parents=True)
    (tmp_path / "labels" / "val" / "a.txt").write_text("1 0.5 0.5 0.5 0.2\n\n")
    if file:
        (tmp_path / file).write_text(text)
    a, b = read_data_set(tmp_path, ("person", "car"))
    assert a.box.tolist() == [[10, 8, 30, 12]]
    assert (a.name, b.name) == (("car",), ())


@pytest.mark.parametrize("line", ["2 0.5 0.5 0.5 0.2", "-1 0 0 1 1", "car 0 0 1 1", "0 0.5"])
def test_a_label_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    save(tmp_path / "images" / "a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text(line)
    with pytest.raises(BadDataSet, match=r"a\.txt: a line is not"):
        read_data_set(tmp_path, ("person", "car"))


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(BadDataSet, match="neither COCO"):
        read_data_set(tmp_path, ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1}]}',
            "not COCO's format",
        ),
        (
            '{"images": [{"id": 1, "file_name": "a.png"}], "categories": [], "annotations": []}',
            "a.png is missing",
        ),
    ],
)
def test_coco_labels_that_cannot_be_read_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(BadDataSet, match=message):
        read_data_set(tmp_path, ())
