"""The detector: a picture in, objects out, by ONNX Runtime."""

import hashlib
import threading
from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge import heads
from edge.errors import ModelError
from edge.letterbox import Letterbox, place
from edge.manifest import InputSpec, Manifest, read_manifest
from edge.types import FULL_FRAME, Box, Detections, Detector, Image


def load_detector(
    models_dir: Path,
    name: str,
    providers: list[str],
    threads: int = 1,
    kinds: Collection[str] | None = None,
) -> "OnnxDetector":
    """The model `models_dir/name.json` describes, verified, loaded and warmed up.

    `providers` are names of ONNX Runtime's execution providers, the preferred one first; `kinds`
    are the kinds of objects to look for, None for all. ModelError with one line that names the file
    and the remedy on every fault.
    """
    manifest = read_manifest(models_dir, name)
    path = models_dir / manifest.file
    session = _open(path, _verified(path, manifest), providers, threads)
    detector = OnnxDetector(manifest, session, kinds)
    if not detector.knows_any:
        looked_for = ", ".join(kinds or ())
        raise ModelError(f"{path}: no class of {name}.json is a kind that is needed: {looked_for}")
    _check_input(path, manifest.input, session)
    _warm_up(path, detector)
    return detector


class OnnxDetector:
    """Finds objects with one ONNX model.

    Not for several threads at once: the input buffer is reused from picture to picture.
    """

    def __init__(
        self,
        manifest: Manifest,
        session: ort.InferenceSession,
        kinds: Collection[str] | None = None,
    ) -> None:
        """`kinds`: only classes of these kinds compete for a box; None is all of them."""
        self.name = manifest.name
        self.sha256 = manifest.sha256
        self.manifest = manifest
        self._session = session
        self._buffer = _InputBuffer(manifest.input)
        self._kinds = tuple(manifest.kind_of(name) for name in manifest.classes)
        wanted = [i for i, kind in enumerate(self._kinds) if kinds is None or kind in kinds]
        self._classes = None if kinds is None else np.array(wanted, np.int64)
        self.knows_any = bool(wanted)
        distinct = {kind: number for number, kind in enumerate(dict.fromkeys(self._kinds))}
        self._group = np.array([distinct[kind] for kind in self._kinds], np.int64)

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        """Look at `region_rel` of `image`; boxes come back in fractions of the whole image.

        Within a kind (car and truck are vehicles) no two boxes overlap by more than the manifest
        allows. ValueError when the image is not (H, W, 3) uint8 or the region is outside it.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"image is {image.dtype} {image.shape}, not uint8 (H, W, 3)")
        spec = self.manifest.input
        box = place(region_rel, (image.shape[1], image.shape[0]), spec.size_px, spec.fit)
        self._buffer.fill(image, box)
        return self._found(self.infer(), box)

    def infer(self) -> dict[str, NDArray[np.float32]]:
        """The raw outputs, by name, for what lies in the input buffer."""
        names = list(heads.output_shapes(self.manifest.head, 1, self.manifest.input))
        values = self._session.run(names, {self.manifest.input.name: self._buffer.tensor})
        return dict(zip(names, values, strict=True))

    def _found(self, outputs: heads.Outputs, box: Letterbox) -> Detections:
        manifest = self.manifest
        size = manifest.input.size_px
        wanted = heads.Wanted(manifest.score_min, self._classes)
        seen = heads.decode(manifest.head, outputs, size, wanted)
        if seen.index.size and not 0 <= seen.index.min() <= seen.index.max() < len(self._kinds):
            raise ValueError(f"{self.name}: the model gave a class that the manifest has not")
        kept = heads.nms(seen.box_px, seen.score, self._group[seen.index], manifest.iou_max)
        index = seen.index[kept]
        return Detections(
            box_rel=box.to_frame(seen.box_px[kept]),
            score=seen.score[kept],
            name=tuple(manifest.classes[i] for i in index),
            kind=tuple(self._kinds[i] for i in index),
        )


class SharedDetector:
    """A detector for several threads: one looks at a time."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        """As the detector does it, as soon as nobody else looks."""
        with self._lock:
            return self._detector.detect(image, region_rel)


class _InputBuffer:
    """The model's input, laid out once and overwritten picture by picture."""

    def __init__(self, spec: InputSpec) -> None:
        width, height = spec.size_px
        channels_first = spec.layout == "NCHW"
        shape = (1, 3, height, width) if channels_first else (1, height, width, 3)
        self.tensor = np.zeros(shape, np.float32)
        order = slice(None, None, -1 if spec.colour == "RGB" else 1)
        mean, std = (np.array(v, np.float32)[order, None, None] for v in (spec.mean, spec.std))
        self._factor, self._offset = 1 / std, mean / std
        # Planes of blue, green, red whatever the model's order: numpy is slow on triples.
        planes = self.tensor[0] if channels_first else self.tensor[0].transpose(2, 0, 1)
        self._target = planes[order]
        self._canvas = np.full((height, width, 3), spec.pad_value, np.uint8)
        self._pad_value = spec.pad_value
        self._placed = (0, 0, 0, 0)

    def fill(self, image: Image, box: Letterbox) -> None:
        """Scale the region of `image` straight into the canvas and normalise it."""
        if box.placed_px != self._placed:
            self._canvas[:] = self._pad_value
            self._placed = box.placed_px
        x1, y1, x2, y2 = box.crop_px
        left, top, right, bottom = box.placed_px
        target = self._canvas[top:bottom, left:right]
        size = (right - left, bottom - top)
        # Bilinear, as in training; averaging areas costs 25 times as much on a 1080p frame.
        cv2.resize(image[y1:y2, x1:x2], size, dst=target, interpolation=cv2.INTER_LINEAR)
        np.multiply(self._canvas.transpose(2, 0, 1), self._factor, out=self._target)
        np.subtract(self._target, self._offset, out=self._target)


def _verified(path: Path, manifest: Manifest) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; get it with: {manifest.obtain}") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != manifest.sha256:
        raise ModelError(
            f"{path}: sha256 is {digest[:12]}…, the manifest {manifest.name}.json says "
            f"{manifest.sha256[:12]}…; get the right file with: {manifest.obtain}"
        )
    return content


def _open(path: Path, content: bytes, providers: list[str], threads: int) -> ort.InferenceSession:
    available = ort.get_available_providers()
    for provider in providers:
        if provider not in available:
            raise ModelError(
                f"{path}: execution provider {provider!r} is not in this onnxruntime; "
                f"available: {', '.join(available)}"
            )
    if not providers or threads < 1:
        raise ModelError(f"{path}: needs at least one execution provider and one thread")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone: they come back as exceptions
    try:
        session = ort.InferenceSession(content, options, providers=providers)
    except Exception as error:  # onnxruntime has no common base for its errors
        raise ModelError(f"{path}: not a model that onnxruntime can load: {_line(error)}") from None
    if providers[0] not in session.get_providers():
        raise ModelError(f"{path}: execution provider {providers[0]!r} does not start here")
    return session


def _check_input(path: Path, spec: InputSpec, session: ort.InferenceSession) -> None:
    wanted = (
        (1, 3, spec.height_px, spec.width_px)
        if spec.layout == "NCHW"
        else (1, spec.height_px, spec.width_px, 3)
    )
    inputs = {entry.name: entry for entry in session.get_inputs()}
    if list(inputs) != [spec.name]:
        raise ModelError(f"{path}: inputs are {sorted(inputs)}, the manifest says {spec.name!r}")
    entry = inputs[spec.name]
    if entry.type != "tensor(float)":
        raise ModelError(f"{path}: input {spec.name!r} is {entry.type}, must be tensor(float)")
    if not _fits(tuple(entry.shape), wanted):
        raise ModelError(
            f"{path}: input {spec.name!r} is {_shape(entry.shape)}, "
            f"the manifest says {_shape(wanted)}"
        )


def _warm_up(path: Path, detector: OnnxDetector) -> None:
    """Run once: allocates everything and shows what the outputs really look like."""
    manifest = detector.manifest
    wanted = heads.output_shapes(manifest.head, len(manifest.classes), manifest.input)
    try:
        outputs = detector.infer()
    except Exception as error:  # onnxruntime has no common base for its errors
        raise ModelError(f"{path}: does not run: {_line(error)}") from None
    for name, shape in wanted.items():
        got = outputs[name].shape
        if len(got) != len(shape) or not _fits(got, shape):
            raise ModelError(
                f"{path}: output {name!r} is {_shape(got)}, "
                f"head {manifest.head.kind!r} of the manifest needs {_shape(shape)}"
            )


def _fits(got: tuple[object, ...], wanted: heads.Shape) -> bool:
    """True when every fixed length agrees; a dynamic one (a name or None) agrees with all."""
    pairs = zip(got, wanted, strict=False)
    return len(got) == len(wanted) and all(
        not isinstance(a, int) or b is None or a == b for a, b in pairs
    )


def _shape(shape: tuple[object, ...] | list[object]) -> str:
    return "x".join("N" if side is None else str(side) for side in shape)


def _line(error: Exception) -> str:
    """The first line of onnxruntime's message, without its own address in front."""
    return str(error).strip().splitlines()[0].rsplit("] : ", 1)[-1][:200]
