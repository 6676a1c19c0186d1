"""Average precision by COCO's rules: 101 recall points, IoU 0.50 to 0.95, 100 boxes a picture.

Crowd regions take any number of detections without counting them. Boxes are x1, y1, x2, y2 in
pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

IOU_STEPS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS = np.linspace(0.0, 1.0, 101)
BOXES_A_PICTURE = 100


@dataclass(frozen=True, slots=True)
class Found:
    """Detections of one class in one picture: `box` (N, 4), `score` (N,)."""

    box: Floats
    score: Floats


@dataclass(frozen=True, slots=True)
class Truth:
    """Labelled objects of one class in one picture: `box` (N, 4), `crowd` (N,)."""

    box: Floats
    crowd: Flags


def average_precision(pictures: Sequence[tuple[Found, Truth]]) -> Floats | None:
    """Average precision (10,) at each of `IOU_STEPS` of one class over all pictures.

    None when no object that counts is labelled.
    """
    objects = sum(int((~truth.crowd).sum()) for _, truth in pictures)
    if objects == 0:
        return None
    judged = [_judge(_best(found), truth) for found, truth in pictures]
    score = np.concatenate([scores for scores, _, _ in judged])
    hit = np.concatenate([hits for _, hits, _ in judged], axis=1)
    ignored = np.concatenate([skips for _, _, skips in judged], axis=1)
    order = np.argsort(-score, kind="stable")
    curves = zip(hit[:, order], ignored[:, order], strict=True)
    return np.array([_area(hits[~skips], objects) for hits, skips in curves])


def _best(found: Found) -> Found:
    order = np.argsort(-found.score, kind="stable")[:BOXES_A_PICTURE]
    return Found(found.box[order], found.score[order])


def _judge(found: Found, truth: Truth) -> tuple[Floats, Flags, Flags]:
    """Scores (N,), and for each IoU step (10, N): is it a hit, is it ignored."""
    overlap = _overlap(found.box, truth)
    hit = np.zeros((len(IOU_STEPS), len(found.score)), bool)
    ignored = np.zeros_like(hit)
    for step, threshold in enumerate(IOU_STEPS):
        taken = np.zeros(len(truth.crowd), bool)
        for number, row in enumerate(overlap):
            match = _match(row, threshold, taken, truth.crowd)
            if match is None:
                continue
            taken[match] = True
            hit[step, number] = not truth.crowd[match]
            ignored[step, number] = truth.crowd[match]
    return found.score, hit, ignored


def _match(overlap: Floats, threshold: float, taken: Flags, crowd: Flags) -> int | None:
    """The free object with the largest overlap, else a crowd region; None if none is enough."""
    for eligible in (~crowd & ~taken, crowd):
        enough = np.flatnonzero(eligible & (overlap >= threshold))
        if enough.size:
            # The last of equals, as COCO's own loop ends with.
            return int(enough[::-1][np.argmax(overlap[enough[::-1]])])
    return None


def _overlap(box: Floats, truth: Truth) -> Floats:
    """IoU (N, M); for a crowd region the share of the detection that lies in it."""
    low = np.maximum(box[:, None, :2], truth.box[None, :, :2])
    high = np.minimum(box[:, None, 2:], truth.box[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    own = _size(box)[:, None]
    union = np.where(truth.crowd[None], own, own + _size(truth.box)[None] - common)
    ratio: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return ratio


def _size(box: Floats) -> Floats:
    size: Floats = np.clip(box[:, 2:] - box[:, :2], 0, None).prod(axis=1)
    return size


def _area(hit: Flags, objects: int) -> float:
    """Mean, over the recall points, of the best precision at that recall or beyond."""
    hits = np.cumsum(hit)
    recall = hits / objects
    precision = hits / np.arange(1, len(hit) + 1)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(recall, RECALL_POINTS, side="left")].mean())
