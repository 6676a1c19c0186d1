"""A camera for the tests of its health: a real street, and everything that may happen to it."""

import io
from collections.abc import Callable, Iterator

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from tests.support import ROOT

Grey = NDArray[np.uint8]
Look = Callable[[Grey, float], Grey]
"""What happens to a live picture at a time."""

LOOKS_PER_S = 2


def decoded(path: str, every: int = 1) -> Iterator[tuple[float, Grey]]:
    """Time and luma of every so many pictures of a clip."""
    with av.open(path) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if number % every == 0:
                yield float(frame.time or 0.0), frame.to_ndarray(format="gray")


def street() -> list[Grey]:
    """A minute of the sample camera, two pictures a second, (576, 768)."""
    return [picture for _, picture in decoded(str(ROOT / "samples" / "street.mp4"), 5)]


class Camera:
    """Live pictures of a scene with sensor noise that never comes back. Seeded."""

    def __init__(self, scene: list[Grey], noise: float = 1.5, seed: int = 1) -> None:
        self._scene = scene
        self._rng = np.random.default_rng(seed)
        self._noise = [self._rng.normal(0, noise, scene[0].shape).astype(np.float32)] * bool(noise)

    def at(self, ts: float) -> Grey:
        """What the camera sees at `ts`; the minute begins again, the noise does not."""
        scene = self._scene[int(ts * LOOKS_PER_S) % len(self._scene)]
        return with_noise(scene, self._noise, self._rng)


def with_noise(
    scene: NDArray[np.generic], noise: list[NDArray[np.float32]], rng: np.random.Generator
) -> Grey:
    """Add one of infinitely many shifts of a noise picture."""
    picture = scene.astype(np.float32)
    for layer in noise:
        picture += np.roll(layer, tuple(rng.integers(0, layer.shape)), (0, 1))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def noisy(picture: NDArray[np.floating], sigma: float, ts: float) -> Grey:
    """Sensor noise over a computed picture, another one at every time."""
    rng = np.random.default_rng(int(ts * 1000) + 17)
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(sigma)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def box_blur(picture: Grey, side: int) -> NDArray[np.floating]:
    """Mean over a square of an odd side, twice: a lens out of focus."""
    values = picture.astype(np.float32)
    half = side // 2
    for axis in (0, 1, 0, 1):
        around = [(half + 1, half) if a == axis else (0, 0) for a in (0, 1)]
        sums = np.cumsum(np.pad(values, around, "edge"), axis, dtype=np.float64)
        sums = sums if axis else sums.T
        means = (sums[:, side:] - sums[:, :-side]) / side
        values = means if axis else means.T
    return values


def encoded(pictures: list[Grey], **options: str) -> list[Grey]:
    """The pictures after H.264 at ten a second, with a keyframe every two seconds."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.height, stream.width = pictures[0].shape
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "20", "bf": "0", "threads": "1", **options}
        for picture in pictures:
            frame = VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as clip:
        return [frame.to_ndarray(format="gray") for frame in clip.decode(video=0)]
