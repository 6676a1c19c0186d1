"""Turns the raw outputs of a detector into boxes: one decoder per kind of head, then NMS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from edge.manifest import (
    DetrHead,
    Head,
    InputSpec,
    NanodetHead,
    NanodetLevel,
    Size,
    YoloEnd2EndHead,
    YoloHead,
)

Floats = NDArray[np.float32]
Outputs = Mapping[str, NDArray[Any]]
Shape = tuple[int | None, ...]
"""Shape of a tensor; None is any length."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Boxes before NMS: `box_px` (N, 4) float32 x1, y1, x2, y2 in input pixels, `score` (N,)
    float32, `index` (N,) int64 of the class."""

    box_px: Floats
    score: Floats
    index: NDArray[np.int64]


def output_shapes(head: Head, class_count: int, spec: InputSpec) -> dict[str, Shape]:
    """The outputs that a model with this head must have, by name."""
    match head:
        case NanodetHead():
            return _nanodet_shapes(head, class_count, spec.size_px)
        case YoloHead():
            return {head.output: (1, 4 + class_count, None)}
        case YoloEnd2EndHead():
            return {head.output: (1, None, 6)}
        case DetrHead():
            extra = head.activation == "softmax"
            return {head.boxes: (1, None, 4), head.logits: (1, None, class_count + extra)}
        case _:
            assert_never(head)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`score_min`: least score of a box. `classes` (K,) int64, rising: only these compete for a
    box; None is all of them."""

    score_min: float
    classes: NDArray[np.int64] | None = None


def decode(head: Head, outputs: Outputs, input_px: Size, wanted: Wanted) -> Candidates:
    """Every box whose best wanted class scores enough; a box that is not finite is dropped.

    `outputs` have the shapes of `output_shapes`, in float32 or float16.
    """
    match head:
        case NanodetHead():
            found = _nanodet(head, outputs, input_px, wanted)
        case YoloHead():
            found = _yolo(outputs[head.output], wanted)
        case YoloEnd2EndHead():
            found = _yolo_end2end(outputs[head.output], wanted)
        case DetrHead():
            found = _detr(head, outputs, input_px, wanted)
        case _:
            assert_never(head)
    return _finite(found)


def nms(box: Floats, score: Floats, group: NDArray[np.int64], iou_max: float) -> NDArray[np.int64]:
    """Indices of the boxes to keep, best score first: within a group no two overlap by more than
    `iou_max` (intersection over union). Equal scores keep their order."""
    order = np.argsort(-score, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        rival = (iou(box[best], box[rest]) > iou_max) & (group[rest] == group[best])
        order = rest[~rival]
    return np.array(kept, np.int64)


def iou(box: Floats, others: Floats) -> Floats:
    """Intersection over union of one box (4,) with others (N, 4); 0 where neither has an area."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.clip(sides, 0, None), axis=1)
    union = _area(box[None]) + _area(others) - common
    ratio: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return ratio


def _area(box: Floats) -> Floats:
    area: Floats = np.prod(np.clip(box[:, 2:] - box[:, :2], 0, None), axis=1)
    return area


def _nanodet_shapes(head: NanodetHead, class_count: int, input_px: Size) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for level in head.levels:
        columns, rows = _grid(input_px, level.stride_px)
        cells = columns * rows
        shapes[level.scores] = (1, cells, class_count)
        shapes[level.bins] = (1, cells, 4 * head.bin_count)
    return shapes


def _nanodet(head: NanodetHead, outputs: Outputs, input_px: Size, wanted: Wanted) -> Candidates:
    levels = [_nanodet_level(level, outputs, input_px, wanted) for level in head.levels]
    return Candidates(
        np.concatenate([level.box_px for level in levels]),
        np.concatenate([level.score for level in levels]),
        np.concatenate([level.index for level in levels]),
    )


def _nanodet_level(
    level: NanodetLevel, outputs: Outputs, input_px: Size, wanted: Wanted
) -> Candidates:
    cell, score, index = _best(outputs[level.scores][0], wanted)
    raw = outputs[level.bins][0][cell].astype(np.float32)
    bins = raw.reshape(len(cell), 4, raw.shape[1] // 4)
    distance = _softmax(bins) @ np.arange(bins.shape[2], dtype=np.float32) * level.stride_px
    rows, columns = np.divmod(cell, _grid(input_px, level.stride_px)[0])
    centre = (np.stack([columns, rows], axis=1).astype(np.float32) + 0.5) * level.stride_px
    return Candidates(np.hstack([centre - distance[:, :2], centre + distance[:, 2:]]), score, index)


def _grid(input_px: Size, stride_px: int) -> Size:
    """Columns and rows of cells."""
    return -(-input_px[0] // stride_px), -(-input_px[1] // stride_px)


def _yolo(output: NDArray[Any], wanted: Wanted) -> Candidates:
    rows = output[0].T
    row, score, index = _best(rows[:, 4:], wanted)
    return Candidates(_corners(rows[row, :4].astype(np.float32)), score, index)


def _yolo_end2end(output: NDArray[Any], wanted: Wanted) -> Candidates:
    rows = output[0].astype(np.float32)
    rows = rows[rows[:, 4] >= wanted.score_min]
    index = np.rint(rows[:, 5]).astype(np.int64)
    if wanted.classes is not None:
        kept = np.isin(index, wanted.classes)
        rows, index = rows[kept], index[kept]
    return Candidates(rows[:, :4], rows[:, 4], index)


def _detr(head: DetrHead, outputs: Outputs, input_px: Size, wanted: Wanted) -> Candidates:
    logits = outputs[head.logits][0].astype(np.float32)
    soft = head.activation == "softmax"
    scores = _softmax(logits)[:, :-1] if soft else 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    row, score, index = _best(scores, wanted)
    box = _corners(outputs[head.boxes][0][row].astype(np.float32))
    return Candidates(box * np.array(input_px * 2, np.float32), score, index)


def _best(
    scores: NDArray[Any], wanted: Wanted
) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Rows whose best wanted class scores enough, that score and that class."""
    if wanted.classes is not None:
        scores = scores[:, wanted.classes]
    rows = np.flatnonzero(scores.max(axis=1, initial=0.0) >= wanted.score_min)
    column = scores[rows].argmax(axis=1)
    score = scores[rows, column].astype(np.float32)
    return rows, score, column if wanted.classes is None else wanted.classes[column]


def _corners(box: Floats) -> Floats:
    half = box[:, 2:] / 2
    return np.hstack([box[:, :2] - half, box[:, :2] + half])


def _softmax(values: Floats) -> Floats:
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _finite(found: Candidates) -> Candidates:
    good = np.isfinite(found.box_px).all(axis=1) & np.isfinite(found.score)
    if good.all():
        return found
    return Candidates(found.box_px[good], found.score[good], found.index[good])
