"""Pixel level: vehicles and people cut out of real clips, over real backgrounds, real detector."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge.detector import OnnxDetector, load_detector
from edge.types import SCENE_KINDS, Box, Detector, Image

from .drive import play
from .kept import KeptDetector
from .kinds import named
from .levels import Outcome
from .maker import Look, Site
from .paint import Sprite, infrared_tint, put, sprite, weathered
from .score import judge
from .world import Scenario, Thing

ROOT = Path(__file__).resolve().parent.parent.parent
MODEL = "nanodet-g-416"
RATES_FPS = (1.0, 1.0, 0.5, 0.5, 0.5)
"""By the scenario's number: half the rate is a rate of the field, and half the time."""
PIXEL_KINDS = (
    "plain", "passing", "people", "already_there", "clouds", "hidden", "empty_day", "outage",
    "restart", "relay", "headlights", "rain", "shake", "infrared", "together", "people_only",
    "empty_night", "leaves_hidden", "same_place", "short_stops",
)  # fmt: skip
DIFFERENT = 20
"""Grey levels by which a thing differs from the empty street, by eye on the clips."""
FEATHER_PX = 5

Floats = NDArray[np.float32]


class NoMedia(Exception):
    """A clip is missing; one line."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a thing is to be cut out: moment of the clip and box, by hand from detections.

    `squash` is a factor for its height: cars seen from straight above become cars seen from a pole.
    """

    clip: str
    at_s: float
    box: Box
    squash: float = 1.0


@dataclass(frozen=True, slots=True)
class _Stage:
    """A camera: its clip, when its picture is empty, its lane, and how large vehicles are in it."""

    clip: str
    empty: tuple[float, float]
    polygon: tuple[tuple[float, float], ...]
    scale: float
    people: float


CARS = (
    _Cut("lane_parked.mp4", 10.64, (0.12, 0.38, 0.41, 0.99), 0.75),
    _Cut("lane_parked.mp4", 11.84, (0.13, 0.16, 0.38, 0.60), 0.75),
    _Cut("lane_parked.mp4", 20.0, (0.09, 0.12, 0.36, 0.52)),
    _Cut("lane_passing.mp4", 6.8, (0.34, 0.0, 0.56, 0.65), 0.55),
    _Cut("lane_passing.mp4", 16.16, (0.11, 0.0, 0.35, 0.72), 0.55),
    _Cut("lane_passing.mp4", 16.88, (0.40, 0.14, 0.64, 0.90), 0.55),
    _Cut("lane_passing.mp4", 26.4, (0.15, 0.0, 0.45, 0.78), 0.55),
)
"""Cars that the bundled model finds in most clean pictures (scores of 0.3 to 0.6): what it can see
at all is measured by eval_detector, here the question is what the lane makes of it."""
PEOPLE = (
    _Cut("street.mp4", 48.0, (0.75, 0.42, 0.798, 0.60)),
    _Cut("street.mp4", 48.0, (0.598, 0.40, 0.665, 0.585)),
    _Cut("street.mp4", 48.0, (0.793, 0.455, 0.84, 0.68)),
)
STAGES = {
    "parking": _Stage(
        "lane_parked.mp4",
        (0.5, 9.0),
        ((0.04, 0.1), (0.75, 0.1), (0.9, 0.97), (0.04, 0.97)),
        1.0,
        2.0,
    ),
    "road": _Stage(
        "lane_passing.mp4",
        (8.8, 12.5),
        ((0.1, 0.1), (0.9, 0.1), (0.95, 0.98), (0.05, 0.98)),
        0.9,
        2.0,
    ),
    "street": _Stage(
        "street.mp4", (0.0, 60.0), ((0.3, 0.38), (0.8, 0.33), (0.99, 0.5), (0.99, 0.88)), 0.75, 1.1
    ),
}


def look(name: str, seed: int, keep: Path | None = None) -> Outcome:
    """Play a scenario at pixel level; `keep` is a folder for what the detector said of each
    picture. NoMedia when a clip is missing."""
    number = int(name.rpartition("-")[2])
    kind_at = PIXEL_KINDS.index(name.rpartition("-")[0])
    stage = list(STAGES)[(number + kind_at) % len(STAGES)]
    scenario = named(name, seed, _site(stage), RATES_FPS[number % len(RATES_FPS)])
    if keep is None:
        played = play(scenario, SpriteCamera(scenario, _detector()))
    else:
        detector = KeptDetector(_detector(), keep / f"{name}-{seed}.json")
        played = play(scenario, SpriteCamera(scenario, detector))
        detector.save()
    return Outcome(scenario, played, judge(scenario, played))


class SpriteCamera:
    """Real sprites over a real background, seen by the real detector."""

    def __init__(self, scenario: Scenario, detector: Detector) -> None:
        self.detector = detector
        self._scenario = scenario
        self._rng = np.random.default_rng((scenario.seed, 1))
        self._tint = infrared_tint(scenario.seed)

    def picture(self, at_s: float) -> Image:
        """The picture of that moment."""
        frames = _empty_frames(self._scenario.stage)
        scene = frames[int(at_s) % len(frames)].astype(np.float32)
        for thing in self._scenario.things:
            box = thing.box(at_s)
            if box is not None:
                put(scene, _sprite_of(thing), box)
        return weathered(scene, self._scenario.weather, at_s, self._rng, self._tint)[0]


@lru_cache(maxsize=1)
def _detector() -> OnnxDetector:
    return load_detector(ROOT / "models", MODEL, ["CPUExecutionProvider"], 1, SCENE_KINDS)


def _sprite_of(thing: Thing) -> Sprite:
    """Odd looks are the mirror image of the even one before."""
    if thing.what == "board":
        return sprite("board", thing.look)
    cut = (CARS if thing.what == "vehicle" else PEOPLE)[thing.look // 2]
    colour, opacity = cut_out(cut)
    return (colour[:, ::-1], opacity[:, ::-1]) if thing.look % 2 else (colour, opacity)


@lru_cache(maxsize=4)
def _site(name: str) -> Site:
    stage = STAGES[name]
    height, width = _empty_frames(name)[0].shape[:2]
    size = (width, height)
    return Site(
        name,
        stage.polygon,
        _looks(CARS, stage.scale, size),
        _looks(PEOPLE, stage.people, size),
    )


def _looks(cuts: Sequence[_Cut], scale: float, size: tuple[int, int]) -> tuple[Look, ...]:
    looks = []
    for number, cut in enumerate(cuts):
        height, width = cut_out(cut)[1].shape
        for mirrored in (0, 1):
            looks.append(
                (
                    2 * number + mirrored,
                    scale * width / size[0],
                    scale * cut.squash * height / size[1],
                )
            )
    return tuple(looks)


@lru_cache(maxsize=16)
def cut_out(cut: _Cut) -> Sprite:
    """Colour (H, W, 3) and opacity (H, W) of a thing, its edges feathered."""
    frame = _frames(cut.clip, (cut.at_s,))[0].astype(np.float32)
    empty = _background(cut.clip)
    # The camera's own exposure follows bright cars: compare in its present light.
    gain = float(np.median(frame / np.maximum(empty, 1)))
    height, width = frame.shape[:2]
    rows = slice(round(cut.box[1] * height), round(cut.box[3] * height))
    cols = slice(round(cut.box[0] * width), round(cut.box[2] * width))
    differs = np.abs(frame - gain * empty).max(axis=2)[rows, cols] > DIFFERENT
    mask = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros(mask.shape, np.float32)
    cv2.drawContours(whole, [max(contours, key=cv2.contourArea)], -1, (1.0,), -1)
    x, y, wide, tall = cv2.boundingRect((whole > 0).astype(np.uint8))
    soft = cv2.GaussianBlur(cv2.erode(whole, np.ones((3, 3))), (FEATHER_PX, FEATHER_PX), 0)
    inner = (slice(y, y + tall), slice(x, x + wide))
    colour = np.minimum(frame[rows, cols][inner] / gain, 255)
    return np.asarray(colour, np.float32), np.asarray(soft[inner], np.float32)


@lru_cache(maxsize=4)
def _background(clip: str) -> Floats:
    """The clip's picture without what moves: the median of many frames."""
    begin, end = next(stage.empty for stage in STAGES.values() if stage.clip == clip)
    frames = _frames(clip, tuple(np.linspace(begin, end - 0.5, 25)))
    return np.asarray(np.median(np.array(frames), axis=0), np.float32)


@lru_cache(maxsize=4)
def _empty_frames(name: str) -> list[Image]:
    """Real frames without a vehicle in the lane, one a second."""
    stage = STAGES[name]
    return _frames(stage.clip, tuple(np.arange(stage.empty[0], stage.empty[1] - 0.5, 1.0)))


def _frames(clip: str, times: Sequence[float]) -> list[Image]:
    """The first frame at or after each of the rising times."""
    frames: list[Image] = []
    with av.open(str(_path(clip))) as container:
        for frame in container.decode(video=0):
            while len(frames) < len(times) and (frame.time or 0.0) >= times[len(frames)]:
                frames.append(frame.to_ndarray(format="bgr24").astype(np.uint8))
            if len(frames) == len(times):
                break
    return frames


def _path(clip: str) -> Path:
    media = Path(os.environ.get("JINMU_MEDIA", ROOT.parent / "shared" / "media"))
    path = ROOT / "samples" / clip if clip == "street.mp4" else media / clip
    if not path.exists():
        raise NoMedia(f"{path} is missing; JINMU_MEDIA names the folder of the clips")
    return path
