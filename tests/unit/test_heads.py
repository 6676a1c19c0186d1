"""Each head decodes a hand-made table; NMS merges what is one object."""

import numpy as np
import pytest

from edge.heads import Candidates, Wanted, decode, iou, nms, output_shapes
from edge.manifest import (
    DetrHead,
    InputSpec,
    NanodetHead,
    NanodetLevel,
    YoloEnd2EndHead,
    YoloHead,
)

SIZE = (64, 32)
SPEC = InputSpec(
    name="image",
    width_px=64,
    height_px=32,
    layout="NCHW",
    colour="BGR",
    mean=(0, 0, 0),
    std=(1, 1, 1),
    fit="stretch",
)
NANODET = NanodetHead(
    kind="nanodet",
    bin_count=3,
    levels=(
        NanodetLevel(stride_px=16, scores="s16", bins="b16"),
        NanodetLevel(stride_px=32, scores="s32", bins="b32"),
    ),
)


def rows(found: Candidates) -> list[tuple[list[float], float, int]]:
    """Boxes, scores and classes as plain numbers that can be compared."""
    return [
        (np.round(box, 3).tolist(), round(float(score), 3), int(index))
        for box, score, index in zip(found.box_px, found.score, found.index, strict=True)
    ]


def nanodet_outputs() -> dict[str, np.ndarray]:
    """Two levels of a 64 x 32 input without anything in them: 4 x 2 and 2 x 1 cells."""
    return {
        "s16": np.zeros((1, 8, 2), np.float32),
        "b16": np.zeros((1, 8, 12), np.float32),
        "s32": np.zeros((1, 2, 2), np.float32),
        "b32": np.zeros((1, 2, 12), np.float32),
    }


def sure(*bins: int) -> np.ndarray:
    """Logits (12,) that leave no doubt about a bin for left, top, right, bottom."""
    logits = np.full((4, 3), -100, np.float32)
    logits[range(4), bins] = 100
    return logits.ravel()


def test_nanodet_distances_are_from_the_cell_centre_in_strides() -> None:
    outputs = nanodet_outputs()
    outputs["s16"][0, 5, 1] = 0.8  # second row, second column: centre 24, 24
    outputs["b16"][0, 5] = sure(0, 1, 2, 1)
    assert rows(decode(NANODET, outputs, SIZE, Wanted(0.5))) == [([24, 8, 56, 40], 0.8, 1)]


def test_nanodet_takes_the_mean_of_the_distribution() -> None:
    outputs = nanodet_outputs()
    outputs["s32"][0, 1, 0] = 0.9  # centre 48, 16; even logits over bins 0, 1, 2: distance 1
    assert rows(decode(NANODET, outputs, SIZE, Wanted(0.5))) == [([16, -16, 80, 48], 0.9, 0)]


def test_only_wanted_classes_compete_for_a_box() -> None:
    outputs = nanodet_outputs()
    outputs["s16"][0, 5] = (0.4, 0.9)
    wanted = Wanted(0.3, np.array([0]))
    ((_, score, index),) = rows(decode(NANODET, outputs, SIZE, wanted))
    assert (score, index) == (0.4, 0)
    end2end = np.array([[[1, 2, 3, 4, 0.9, 1], [5, 6, 7, 8, 0.8, 0]]], np.float32)
    head = YoloEnd2EndHead(kind="yolo_end2end", output="o")
    assert rows(decode(head, {"o": end2end}, SIZE, wanted)) == [([5, 6, 7, 8], 0.8, 0)]


def test_nanodet_without_a_score_finds_nothing() -> None:
    assert rows(decode(NANODET, nanodet_outputs(), SIZE, Wanted(0.5))) == []


def test_yolo_is_centre_and_size_column_by_column() -> None:
    output = np.zeros((1, 6, 3), np.float32)
    output[0, :, 1] = [20, 10, 8, 4, 0.3, 0.7]
    output[0, :, 2] = [20, 10, 8, 4, 0.49, 0.2]
    found = decode(YoloHead(kind="yolo", output="o"), {"o": output}, SIZE, Wanted(0.5))
    assert rows(found) == [([16, 8, 24, 12], 0.7, 1)]


def test_yolo_end2end_is_corners_score_class() -> None:
    output = np.array([[[1, 2, 3, 4, 0.9, 1], [5, 6, 7, 8, 0.1, 0]]], np.float32)
    found = decode(
        YoloEnd2EndHead(kind="yolo_end2end", output="o"), {"o": output}, SIZE, Wanted(0.5)
    )
    assert rows(found) == [([1, 2, 3, 4], 0.9, 1)]


@pytest.mark.parametrize(
    ("activation", "logits", "score"),
    [
        ("sigmoid", [[0.0, np.log(4.0)], [-9.0, -9.0]], 0.8),
        ("softmax", [[0.0, np.log(8.0), 0.0], [0.0, 0.0, 9.0]], 0.8),
    ],
)
def test_detr_boxes_are_fractions_of_the_input(
    activation: str, logits: list[list[float]], score: float
) -> None:
    head = DetrHead(kind="detr", boxes="b", logits="l", activation=activation)
    outputs = {
        "b": np.array([[[0.5, 0.5, 0.25, 0.5], [0.1, 0.1, 0.1, 0.1]]], np.float32),
        "l": np.array([logits], np.float32),
    }
    assert rows(decode(head, outputs, SIZE, Wanted(0.5))) == [([24, 8, 40, 24], score, 1)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_box_that_is_not_finite_is_dropped(bad: float) -> None:
    output = np.array([[[1, 2, bad, 4, 0.9, 1], [1, 2, 3, 4, 0.8, 0]]], np.float32)
    found = decode(
        YoloEnd2EndHead(kind="yolo_end2end", output="o"), {"o": output}, SIZE, Wanted(0.5)
    )
    assert rows(found) == [([1, 2, 3, 4], 0.8, 0)]


def test_a_score_that_is_not_a_number_is_not_a_score() -> None:
    outputs = nanodet_outputs()
    outputs["s16"][0, 5, 1] = np.nan
    assert rows(decode(NANODET, outputs, SIZE, Wanted(0.0001))) == []


def test_half_precision_outputs_decode_alike() -> None:
    output = np.zeros((1, 6, 1), np.float16)
    output[0, :, 0] = [20, 10, 8, 4, 0.25, 0.75]
    found = decode(YoloHead(kind="yolo", output="o"), {"o": output}, SIZE, Wanted(0.5))
    assert found.box_px.dtype == found.score.dtype == np.float32
    assert rows(found) == [([16, 8, 24, 12], 0.75, 1)]


@pytest.mark.parametrize(
    ("head", "shapes"),
    [
        (
            NANODET,
            {"s16": (1, 8, 2), "b16": (1, 8, 12), "s32": (1, 2, 2), "b32": (1, 2, 12)},
        ),
        (YoloHead(kind="yolo", output="o"), {"o": (1, 6, None)}),
        (YoloEnd2EndHead(kind="yolo_end2end", output="o"), {"o": (1, None, 6)}),
        (
            DetrHead(kind="detr", boxes="b", logits="l", activation="softmax"),
            {"b": (1, None, 4), "l": (1, None, 3)},
        ),
    ],
)
def test_the_shapes_that_a_head_needs(head: object, shapes: dict[str, object]) -> None:
    assert output_shapes(head, 2, SPEC) == shapes


CAR = [10, 10, 50, 40]
SAME_CAR = [12, 10, 50, 40]
NEXT_CAR = [48, 10, 90, 40]


@pytest.mark.parametrize(
    ("boxes", "scores", "groups", "kept"),
    [
        ([CAR, SAME_CAR], [0.5, 0.6], [0, 0], [1]),  # car and truck on one vehicle: one kind
        ([CAR, SAME_CAR], [0.5, 0.6], [0, 1], [1, 0]),  # a person before a car: two kinds
        ([CAR, NEXT_CAR], [0.5, 0.6], [0, 0], [1, 0]),  # bumper to bumper
        ([CAR, CAR, CAR], [0.5, 0.5, 0.5], [0, 0, 0], [0]),
        ([], [], [], []),
    ],
)
def test_nms_keeps_one_box_for_each_object(
    boxes: list[list[int]], scores: list[float], groups: list[int], kept: list[int]
) -> None:
    box = np.array(boxes, np.float32).reshape(-1, 4)
    found = nms(box, np.array(scores, np.float32), np.array(groups, np.int64), 0.6)
    assert found.tolist() == kept


def test_iou_of_boxes_without_area_is_zero() -> None:
    flat = np.array([5, 5, 5, 9], np.float32)
    assert iou(flat, np.array([[5, 5, 5, 9], [0, 0, 10, 10]], np.float32)).tolist() == [0, 0]
