"""The manifest of a model: what the file is, what goes in, what comes out and how good it is."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from edge.errors import ModelError

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.onnx$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Triple = tuple[float, float, float]
Fit = Literal["stretch", "letterbox_centre", "letterbox_top_left"]
Size = tuple[int, int]
"""Width, height in pixels."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputSpec(_Closed):
    """The model's picture: float32, (value - mean) / std in its own channel order.

    `fit` says how a frame is brought to `width_px` x `height_px`: stretched, or scaled alike in
    both directions and filled up with `pad_value` (picture in the centre, or at the top left).
    """

    name: str
    width_px: int = Field(ge=32, le=4096)
    height_px: int = Field(ge=32, le=4096)
    layout: Literal["NCHW", "NHWC"]
    colour: Literal["BGR", "RGB"]
    mean: Triple
    std: Triple
    fit: Fit
    pad_value: int = Field(default=0, ge=0, le=255)

    @property
    def size_px(self) -> Size:
        """Width and height."""
        return self.width_px, self.height_px


class NanodetLevel(_Closed):
    """One stride of NanoDet: class scores 1xNxC after the sigmoid, distance bins 1xNx(4B)."""

    stride_px: int = Field(ge=1)
    scores: str
    bins: str


class NanodetHead(_Closed):
    """Distances left, top, right, bottom from the centre of a cell, as distributions over bins."""

    kind: Literal["nanodet"]
    bin_count: int = Field(ge=2, le=64)
    levels: Annotated[tuple[NanodetLevel, ...], Field(min_length=1)]


class YoloHead(_Closed):
    """YOLO v8 and v11: 1x(4+C)xN, centre x, centre y, width, height in input pixels, C scores."""

    kind: Literal["yolo"]
    output: str


class YoloEnd2EndHead(_Closed):
    """YOLO v10 and 26: 1xNx6, x1, y1, x2, y2 in input pixels, score, class."""

    kind: Literal["yolo_end2end"]
    output: str


class DetrHead(_Closed):
    """DETR, RT-DETR, D-FINE: boxes 1xNx4 (centre, size; 0-1), logits 1xNxC.

    With `softmax` the logits have one more class, the last: no object.
    """

    kind: Literal["detr"]
    boxes: str
    logits: str
    activation: Literal["sigmoid", "softmax"]


Head = Annotated[NanodetHead | YoloHead | YoloEnd2EndHead | DetrHead, Field(discriminator="kind")]


class Accuracy(_Closed):
    """What `scripts/eval_detector` measured on one data set; never written by hand.

    `ap` is COCO's mean over IoU 0.50 to 0.95, `ap50` at IoU 0.50, both the mean over the classes
    that occur (or over the kinds, see `by`); `per_class` holds (ap, ap50) of each.
    """

    data_set: str
    by: Literal["class", "kind"]
    measured_on: date
    images: int = Field(ge=1)
    objects: int = Field(ge=1)
    ap: Fraction
    ap50: Fraction
    per_class: dict[str, tuple[Fraction, Fraction]]


class Manifest(_Closed):
    """Everything that is known about one model file; `models/<name>.json`.

    `kinds` merges classes for the scenes; a class that is not in it is its own kind. `obtain`
    says in a few words how a missing file is got back.
    """

    name: ModelName
    file: FileName
    sha256: Sha256
    licence: str
    source: str
    obtain: str
    input: InputSpec
    head: Head
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    kinds: dict[str, str]
    score_min: Fraction
    iou_max: Fraction
    accuracy: tuple[Accuracy, ...] = ()

    def kind_of(self, name: str) -> str:
        """The kind that scenes reason about ("vehicle") of a class of the model ("truck")."""
        return self.kinds.get(name, name)


def read_manifest(models_dir: Path, name: str) -> Manifest:
    """`models_dir/name.json`; ModelError naming the file and what is wrong in it."""
    path = models_dir / f"{name}.json"
    known = sorted(p.stem for p in models_dir.glob("*.json"))
    if name not in known:
        there = ", ".join(known) or "none"
        raise ModelError(f"{path}: no model of that name; models there: {there}")
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelError(f"{path}: {_first(error)}") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    return _consistent(path, manifest)


def write_manifest(models_dir: Path, manifest: Manifest) -> Path:
    """Write `models_dir/name.json`, the same text for the same manifest; the path."""
    path = models_dir / f"{manifest.name}.json"
    values = manifest.model_dump(mode="json")
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _consistent(path: Path, manifest: Manifest) -> Manifest:
    if manifest.name != path.stem:
        raise ModelError(f"{path}: name: is {manifest.name!r}, the file name says {path.stem!r}")
    strangers = sorted(set(manifest.kinds) - set(manifest.classes))
    if strangers:
        raise ModelError(f"{path}: kinds: {strangers[0]!r} is not one of the classes")
    if len(set(manifest.classes)) != len(manifest.classes):
        raise ModelError(f"{path}: classes: a name occurs twice")
    if min(manifest.input.std) <= 0:
        raise ModelError(f"{path}: input.std: every value must be above 0")
    return manifest


def _first(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    more = error.error_count() - 1
    return f"{where}: {fault['msg']}" + (f" (and {more} more)" if more else "")
