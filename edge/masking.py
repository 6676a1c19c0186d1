"""Makes faces and number plates unrecognisable in the copy of a picture that leaves the house.

There is no model of faces or plates here: where they can be follows from the boxes of persons and
vehicles, generously, because a masked wall costs little and a shown face cannot be taken back.
Limit: a person or vehicle that the detector does not find at all (see `look`) is not masked.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import FULL_FRAME, Box, Detections, Detector, Image

SCORE_MIN = 0.2
"""As low as detectors are asked to go: a wrong mask is harmless."""
BLOWN_UP, BETTER, WITHIN = 4.0, 1.4, 0.9
"""A vehicle of four times the area round another with 1.4 times its score is no second vehicle but
a mistake about the first. Of persons every box counts: a child stands in front of an adult."""

LOOKS: tuple[Box, ...] = (FULL_FRAME, (0.0, 0.0, 0.6, 1.0), (0.4, 0.0, 1.0, 1.0))
"""Whole frame and two overlapping halves: small persons are found in the halves, large ones in
the whole. Three inferences per picture."""

BLOCKS_ACROSS = 4
"""Pixelation leaves at most so many blocks across a face or plate (at 8 people still recognise
faces they know; a plate has 7 signs)."""
LEAST_BLOCK_PX = 4
SMALLEST_HEAD_PX = 6

HEAD_SHARE = 0.26
"""Of a standing person's height: a head takes 1/8 of it, the rest is for boxes that are off."""
HEAD_OF_WIDTH = 0.85
"""Head and neck are at most so many box widths high, also when only the upper body is seen."""
HEAD_ABOVE, HEAD_BESIDE = 0.05, 0.15
"""Margin above of the box's height, and to each side of its width."""

WINDSCREEN = (0.0, 0.54)
PLATES = (0.5, 0.97)
"""Bands of a vehicle's box (shares of its height from the top) that hold people behind glass and
plates, whichever side is seen: car, van, bus, lorry."""
FACE_OF_VEHICLE, PLATE_OF_VEHICLE = 0.09, 0.2
"""Width of a face (0.16 m) and of a plate (0.44 m) as share of the width of a vehicle's front."""
PLATE_OF_TWO_WHEELER = 0.25


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle x1, y1, x2, y2 in whole pixels (end excluded) and the blocks it is reduced to."""

    box_px: tuple[int, int, int, int]
    block_px: int


def look(detector: Detector, image: Image) -> Detections:
    """Everything in the whole frame that `mask` should know of; boxes may overlap."""
    seen = [detector.detect(image, region) for region in LOOKS]
    return Detections(
        box_rel=np.concatenate([s.box_rel for s in seen]),
        score=np.concatenate([s.score for s in seen]),
        name=tuple(name for s in seen for name in s.name),
        kind=tuple(kind for s in seen for kind in s.kind),
    )


def mask(image: Image, detections: Detections) -> Image:
    """A copy whose faces and number plates cannot be recognised; the rest is bit-identical.

    `detections` are those of the whole frame (`look`), in any order, overlapping or not.
    """
    height, width = image.shape[:2]
    copy = image.copy()
    # The coarsest last, each made from the picture itself: a mask is never made finer by another.
    for region in sorted(
        regions(detections, (width, height)), key=lambda r: (r.block_px, r.box_px)
    ):
        x1, y1, x2, y2 = region.box_px
        copy[y1:y2, x1:x2] = _coarse(image[y1:y2, x1:x2], region.block_px)
    return copy


def regions(detections: Detections, size_px: tuple[int, int]) -> list[Region]:
    """Where faces and plates can be in a frame of `size_px` (width, height)."""
    boxes_px = detections.box_rel.astype(np.float64) * (2 * size_px)
    parts: list[Part] = []
    for index in np.flatnonzero(detections.score >= SCORE_MIN):
        x1, y1, x2, y2 = (float(v) for v in boxes_px[index])
        if x2 - x1 < 1 or y2 - y1 < 1:
            continue
        match detections.kind[index]:
            case "person":
                parts += _head((x1, y1, x2, y2))
            case "vehicle" if not _blown_up(boxes_px, detections, int(index)):
                parts += _glass_and_plates((x1, y1, x2, y2))
            case "two_wheeler":
                parts.append(((x1, y1, x2, y2), PLATE_OF_TWO_WHEELER * min(x2 - x1, y2 - y1)))
    return [_region(part, size_px) for part in parts]


def _blown_up(boxes_px: NDArray[np.float64], detections: Detections, index: int) -> bool:
    """Whether a weak vehicle is a better one blown up: it would hide half the street."""
    x1, y1, x2, y2 = boxes_px.T
    area = (x2 - x1) * (y2 - y1)
    left, top, right, bottom = boxes_px[index]
    inner_w = (np.minimum(x2, right) - np.maximum(x1, left)).clip(0)
    inner_h = (np.minimum(y2, bottom) - np.maximum(y1, top)).clip(0)
    within = inner_w * inner_h >= WITHIN * area
    better = (np.array(detections.kind) == "vehicle") & (
        detections.score >= BETTER * detections.score[index]
    )
    return bool((within & better & (area * BLOWN_UP < area[index])).any())


Part = tuple[Box, float]
"""A rectangle in pixels, and how wide a face or plate in it is."""


def _head(box_px: Box) -> Iterator[Part]:
    x1, y1, x2, y2 = box_px
    width, height = x2 - x1, y2 - y1
    head = min(height, max(HEAD_SHARE * height, HEAD_OF_WIDTH * width, SMALLEST_HEAD_PX))
    beside, above = HEAD_BESIDE * width + 1, HEAD_ABOVE * height + 1
    # Faces are 0.6 of a head's height; of a head that fills its box, not of the generous part.
    across = 0.6 * min(head, max(HEAD_SHARE * height / 2, 0.4 * width))
    yield (x1 - beside, y1 - above, x2 + beside, y1 + head), across


def _glass_and_plates(box_px: Box) -> Iterator[Part]:
    x1, y1, x2, y2 = box_px
    height = y2 - y1
    front = min(x2 - x1, 1.2 * height)  # seen from the side the front's width follows the height
    for (top, bottom), share in ((WINDSCREEN, FACE_OF_VEHICLE), (PLATES, PLATE_OF_VEHICLE)):
        yield (x1, y1 + top * height, x2, y1 + bottom * height), share * front


def _region(part: Part, size_px: tuple[int, int]) -> Region:
    (left, top, right, bottom), across_px = part
    width, height = size_px
    x1, x2 = (min(max(x, 0), width) for x in (math.floor(left), math.ceil(right)))
    y1, y2 = (min(max(y, 0), height) for y in (math.floor(top), math.ceil(bottom)))
    block_px = max(LEAST_BLOCK_PX, math.ceil(across_px / BLOCKS_ACROSS))
    return Region((x1, y1, x2, y2), block_px)


def _coarse(part: Image, block_px: int) -> Image:
    """Means of blocks, blurred over a block: nothing finer than a block remains."""
    height, width = part.shape[:2]
    if not height or not width:
        return part
    cells = (-(-width // block_px), -(-height // block_px))
    small = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    blocks = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    kernel = (block_px | 1, block_px | 1)
    return np.asarray(cv2.blur(blocks, kernel, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)
