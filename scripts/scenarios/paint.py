"""Observation level: small pictures with enough in them to exercise the appearance check."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Box, Image

from .world import Rng, Scenario, Weather, within

WIDTH_PX, HEIGHT_PX = 320, 180
SPRITE_PX = 64

Floats = NDArray[np.float32]
Sprite = tuple[Floats, Floats]
"""Colour (H, W, 3) and opacity (H, W), 0-255 and 0-1."""


class Painter:
    """Paints one scenario, picture by picture in order of time."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._rng = np.random.default_rng((scenario.seed, 1))
        self._street = street(scenario.seed)
        self._tint = infrared_tint(scenario.seed)

    def picture(self, at_s: float) -> tuple[Image, tuple[float, float]]:
        """The picture (HEIGHT_PX, WIDTH_PX, 3) of a moment, and its shift in fractions."""
        scene = self._street.copy()
        for thing in self._scenario.things:
            box = thing.box(at_s)
            if box is not None:
                put(scene, sprite(thing.what, thing.look), box)
        return weathered(scene, self._scenario.weather, at_s, self._rng, self._tint)


def weathered(
    scene: Floats, weather: Weather, at_s: float, rng: Rng, tint: Floats
) -> tuple[Image, tuple[float, float]]:
    """The scene (H, W, 3) as a camera sees it then, and by how much it is shifted, in fractions.

    `scene` is changed. `tint` (3,) says how bright blue, green and red are to an infrared camera.
    """
    height, width = scene.shape[:2]
    infrared = within(weather.infrared, at_s)
    if infrared:
        scene[:] = (scene @ tint)[..., None]
    scene *= np.float32(_gain(weather, at_s))
    _shade(scene, weather, at_s)
    _beam(scene, weather, at_s)
    if weather.rain:
        _rain(scene, weather.rain, rng)
    image = cv2.convertScaleAbs(np.maximum(scene, 0, out=scene))
    dx, dy = 0.0, 0.0
    if weather.shake_px:
        dx, dy = (float(v) * weather.shake_px / 320 for v in rng.normal(0, 1, 2))
        dy *= width / height
        move = np.array([[1, 0, dx * width], [0, 1, dy * height]])
        image = cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    sigma = weather.noise * (2.5 if infrared else 1.0)
    noisy = cv2.add(image, _noise((height, width), sigma, rng), dtype=cv2.CV_8U)
    return np.asarray(noisy, np.uint8), (dx, dy)


def _gain(weather: Weather, at_s: float) -> float:
    times, gains = zip(*weather.light, strict=True)
    return float(np.interp(at_s, times, gains))


def _shade(scene: Floats, weather: Weather, at_s: float) -> None:
    """Darken what lies behind each shadow's edge."""
    height, width = scene.shape[:2]
    for (begin, end), gain in weather.shadows:
        part = (at_s - begin) / (end - begin)
        edge = (part + np.linspace(-0.15, 0.15, height)) * width
        if edge.max() > 0:
            behind = np.arange(width)[None, :] < edge[:, None]
            scene *= np.where(behind, np.float32(gain), np.float32(1))[..., None]


def _beam(scene: Floats, weather: Weather, at_s: float) -> None:
    """Add the glare of headlights that sweep from one side to the other."""
    height, width = scene.shape[:2]
    for begin, end in weather.beams:
        if begin <= at_s <= end:
            centre = (at_s - begin) / (end - begin) * 1.6 - 0.3
            x = np.arange(width, dtype=np.float32) / width - centre
            y = np.arange(height, dtype=np.float32) / height - 0.65
            across, down = np.exp(-((x / 0.18) ** 2)), np.exp(-((y / 0.3) ** 2))
            scene += 110 * np.outer(down, across)[..., None]


def _rain(scene: Floats, strength: float, rng: Rng) -> None:
    """Wash out the contrast and draw streaks."""
    height, width = scene.shape[:2]
    scene *= np.float32(1 - 0.25 * strength)
    scene += np.float32(40 * strength)
    count, tall = int(120 * strength), 11 * height // 180
    top = rng.integers(0, height - tall, count)[:, None]
    left = np.broadcast_to(rng.integers(0, width, count)[:, None], (count, tall))
    scene[top + np.arange(tall), left] += 45


@lru_cache(maxsize=4)
def _noise_tile(shape: tuple[int, int], sigma: float) -> NDArray[np.int16]:
    """Noise (2 H, 2 W, 3), the same in all colours, for windows of (H, W)."""
    rng = np.random.default_rng(99)
    tile = rng.normal(0, sigma, (2 * shape[0], 2 * shape[1], 1)).round().astype(np.int16)
    return np.repeat(tile, 3, axis=2)


def _noise(shape: tuple[int, int], sigma: float, rng: Rng) -> NDArray[np.int16]:
    """Noise (H, W, 3): a random window of one tile, which is fast."""
    top, left = rng.integers(0, shape[0]), rng.integers(0, shape[1])
    return _noise_tile(shape, sigma)[top : top + shape[0], left : left + shape[1]]


def put(scene: Floats, thing: Sprite, box: Box) -> None:
    """Lay a sprite over the scene (H, W, 3) in the box, which may reach outside."""
    height, width = scene.shape[:2]
    left, right = round(box[0] * width), round(box[2] * width)
    top, bottom = round(box[1] * height), round(box[3] * height)
    size = (max(1, right - left), max(1, bottom - top))
    rows, cols = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return
    inner = (
        slice(rows.start - top, rows.stop - top),
        slice(cols.start - left, cols.stop - left),
    )
    colour = cv2.resize(thing[0], size, interpolation=cv2.INTER_AREA)[inner]
    opacity = cv2.resize(thing[1], size, interpolation=cv2.INTER_AREA)[inner][..., None]
    scene[rows, cols] += opacity * (colour - scene[rows, cols])


def _blocks(rng: Rng, cells: int, size: tuple[int, int], spread: float) -> Floats:
    """Smooth random texture (height, width), zero mean."""
    coarse = rng.normal(0, spread, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), np.float32)


@lru_cache(maxsize=8)
def street(seed: int) -> Floats:
    """An empty street (HEIGHT_PX, WIDTH_PX, 3): from smooth asphalt to cobbles, with marks."""
    rng = np.random.default_rng((seed, 2))
    size = (WIDTH_PX, HEIGHT_PX)
    rough = rng.choice([1.5, 3.0, 6.0, 10.0])
    grey = np.full((HEIGHT_PX, WIDTH_PX), rng.uniform(75, 130), np.float32)
    for cells in (5, 20, 60):
        grey += _blocks(rng, cells, size, rough / 2)
    grey[: HEIGHT_PX // 5] += _blocks(rng, 14, size, 35)[: HEIGHT_PX // 5]
    if rng.random() < 0.7:
        for x in rng.uniform(0.1, 0.9, 3):
            lean = rng.uniform(-0.2, 0.2)
            start, end = (int(x * WIDTH_PX), 40), (int((x + lean) * WIDTH_PX), HEIGHT_PX)
            cv2.line(grey, start, end, (205.0,), 3)
    colour = grey[..., None] * (1 + rng.normal(0, 0.03, 3).astype(np.float32))
    return np.asarray(np.clip(colour, 5, 250), np.float32)


@lru_cache(maxsize=256)
def sprite(what: str, look: int) -> Sprite:
    """What a thing looks like; the same for the same numbers."""
    rng = np.random.default_rng((look, 3))
    if what == "vehicle":
        return _vehicle(rng)
    if what == "person":
        return _person(rng)
    return _board(rng)


def _vehicle(rng: Rng) -> Sprite:
    """A body with windows, wheels and lamps; some are as grey as the road."""
    n = SPRITE_PX
    body = rng.uniform(30, 225, 3) if rng.random() < 0.4 else np.full(3, rng.uniform(25, 230))
    colour = np.broadcast_to(body.astype(np.float32), (n, n, 3)).copy()
    colour += _blocks(rng, 8, (n, n), rng.uniform(4, 14))[..., None]
    top, bottom = sorted(rng.uniform((0.06, 0.38), (0.2, 0.55)))
    glass = rng.uniform(20, 70) if body.mean() > 75 else rng.uniform(90, 150)
    colour[int(top * n) : int(bottom * n), int(0.14 * n) : int(0.86 * n)] = glass
    colour[int(top * n) : int(bottom * n), int(rng.uniform(0.4, 0.6) * n)] = body
    colour[int(0.8 * n) :, int(0.1 * n) : int(0.28 * n)] = 22
    colour[int(0.8 * n) :, int(0.7 * n) : int(0.88 * n)] = 22
    colour[int(0.6 * n) : int(0.68 * n), int(0.04 * n) : int(0.16 * n)] = rng.uniform(120, 250)
    colour[int(0.6 * n) : int(0.68 * n), int(0.84 * n) : int(0.96 * n)] = rng.uniform(120, 250)
    y = (np.arange(n) + 0.5)[:, None] / n
    x = abs((np.arange(n) + 0.5)[None, :] / n - 0.5)
    opacity = ((x < 0.36 + 0.3 * y) & (x < 0.48) & (y < 0.97)).astype(np.float32)
    return np.asarray(np.clip(colour, 3, 252), np.float32), opacity


def _person(rng: Rng) -> Sprite:
    n = SPRITE_PX
    colour = np.zeros((n, n, 3), np.float32)
    colour[: n // 6] = rng.uniform(40, 190)
    colour[n // 6 : n // 2] = rng.uniform(15, 230, 3)
    colour[n // 2 :] = rng.uniform(15, 120, 3)
    y = (np.arange(n) + 0.5)[:, None] / n
    x = abs((np.arange(n) + 0.5)[None, :] / n - 0.5)
    head = (y < 0.17) & (x < 0.2)
    opacity = (head | ((y >= 0.17) & (x < 0.44))).astype(np.float32)
    return colour, opacity


def _board(rng: Rng) -> Sprite:
    """Plain, or with large letters."""
    n = SPRITE_PX
    colour = np.full((n, n, 3), rng.uniform(40, 230), np.float32)
    if rng.random() < 0.5:
        colour += _blocks(rng, 6, (n, n), 40)[..., None]
    return np.clip(colour, 0, 255), np.ones((n, n), np.float32)


def infrared_tint(seed: int) -> Floats:
    """How bright blue, green and red are to the camera at night; not as by day."""
    mix = np.random.default_rng((seed, 4)).dirichlet((1, 1, 2))
    return np.asarray(mix, np.float32)
