"""Values for tests: detections, scene blocks, pictures with a vehicle drawn in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from edge.picture import luma
from edge.scenes.base import View
from edge.scenes.fire_lane import Params
from edge.types import Box, Detections, Image

START = datetime(2026, 11, 24, 13, 59, tzinfo=UTC)

LANE = [(0.2, 0.5), (0.8, 0.5), (0.8, 0.95), (0.2, 0.95)]
PARKED: Box = (0.3, 0.4, 0.6, 0.8)


def fire_lane(**changes: Any) -> Params:
    """A lane block with short thresholds."""
    block: dict[str, Any] = {
        "scene": "fire_lane",
        "place": "FL-0317",
        "polygon": LANE,
        "warn_after_s": 20,
        "file_after_s": 60,
        "clear_after_s": 10,
    }
    return Params.model_validate(block | changes)


def detections(*found: tuple[Box, float, str], kind: str = "vehicle") -> Detections:
    """Detections from (box, score, name) in the order given."""
    return Detections(
        box_rel=np.array([box for box, _, _ in found], dtype=np.float32).reshape(-1, 4),
        score=np.array([score for _, score, _ in found], dtype=np.float32),
        name=tuple(name for _, _, name in found),
        kind=tuple(kind for _ in found),
    )


def texture(seed: int, height: int, width: int, low: int, high: int) -> Image:
    """Blocky texture that survives block means, (height, width, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(low, high, (12, 12), dtype=np.uint8)
    rows = np.arange(height) * 12 // height
    cols = np.arange(width) * 12 // width
    return np.repeat(coarse[rows][:, cols][..., None], 3, axis=2)


def road(
    *things: tuple[Box, int], light: float = 1.0, height: int = 180, width: int = 320
) -> Image:
    """A street picture with textured things (box, seed) standing on it, in a given light."""
    image = texture(1, height, width, 90, 110)
    for (x1, y1, x2, y2), seed in things:
        top, bottom = round(y1 * height), round(y2 * height)
        left, right = round(x1 * width), round(x2 * width)
        image[top:bottom, left:right] = texture(seed, bottom - top, right - left, 20, 230)
    return np.clip(image * light, 0, 255).astype(np.uint8)


def view(ts: float, image: Image | None, seen: Detections | None = None) -> View:
    """What a scene sees `ts` seconds after START."""
    wall = START + timedelta(seconds=ts)
    if image is None:
        return View(ts, wall, blind_reason="no signal")
    return View(ts, wall, luma(image), detections() if seen is None else seen)
