"""Where a region of a frame lies in the input of a model, and back."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.manifest import Fit, Size
from edge.types import Box


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A region of a frame placed in a model's input; all in whole pixels.

    `crop_px` is x1, y1, x2, y2 of the region in the frame (end excluded), `placed_px` is x1, y1,
    x2, y2 of the same region in the input.
    """

    frame_px: Size
    crop_px: tuple[int, int, int, int]
    placed_px: tuple[int, int, int, int]

    def to_frame(self, box_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) in input pixels as fractions of the frame, cut at the region's border."""
        x1, y1, x2, y2 = self.crop_px
        seen = (box_px - self._offset()) * self._scale() + np.array([x1, y1, x1, y1], np.float32)
        low = np.array([x1, y1, x1, y1], np.float32)
        high = np.array([x2, y2, x2, y2], np.float32)
        inside: NDArray[np.float32] = np.clip(seen, low, high) / self._frame()
        return inside

    def to_input(self, box_rel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) in fractions of the frame as input pixels."""
        x1, y1, _, _ = self.crop_px
        seen = box_rel * self._frame() - np.array([x1, y1, x1, y1], np.float32)
        return (seen / self._scale() + self._offset()).astype(np.float32)

    def _offset(self) -> NDArray[np.float32]:
        left, top, _, _ = self.placed_px
        return np.array([left, top, left, top], np.float32)

    def _scale(self) -> NDArray[np.float32]:
        across = (self.crop_px[2] - self.crop_px[0]) / (self.placed_px[2] - self.placed_px[0])
        down = (self.crop_px[3] - self.crop_px[1]) / (self.placed_px[3] - self.placed_px[1])
        return np.array([across, down, across, down], np.float32)

    def _frame(self) -> NDArray[np.float32]:
        width, height = self.frame_px
        return np.array([width, height, width, height], np.float32)


def place(region_rel: Box, frame_px: Size, input_px: Size, fit: Fit) -> Letterbox:
    """How `region_rel` of a frame is brought into an input of `input_px`.

    The region is rounded outwards to whole pixels and cut at the frame. ValueError when it has no
    area inside the frame.
    """
    crop = _crop(region_rel, frame_px)
    width, height = crop[2] - crop[0], crop[3] - crop[1]
    if fit == "stretch":
        return Letterbox(frame_px, crop, (0, 0, *input_px))
    scale = min(input_px[0] / width, input_px[1] / height)
    placed_w = min(max(round(width * scale), 1), input_px[0])
    placed_h = min(max(round(height * scale), 1), input_px[1])
    left = (input_px[0] - placed_w) // 2 if fit == "letterbox_centre" else 0
    top = (input_px[1] - placed_h) // 2 if fit == "letterbox_centre" else 0
    return Letterbox(frame_px, crop, (left, top, left + placed_w, top + placed_h))


def _crop(region_rel: Box, frame_px: Size) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = region_rel
    width, height = frame_px
    if not all(map(math.isfinite, region_rel)):
        raise ValueError(f"region {region_rel} is not finite")
    left, top = max(math.floor(x1 * width), 0), max(math.floor(y1 * height), 0)
    right, bottom = min(math.ceil(x2 * width), width), min(math.ceil(y2 * height), height)
    if left >= right or top >= bottom:
        raise ValueError(f"region {region_rel} has no area inside the frame")
    return left, top, right, bottom
