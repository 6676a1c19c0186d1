"""Tiny detectors for the tests: real ONNX files whose answer is known."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge.manifest import Manifest, write_manifest

SIDE_PX = 32
BOX_PX = (8.0, 8.0, 24.0, 16.0)


def tiny_model(layout: str = "NCHW", side_px: int | str = SIDE_PX, name: str = "image") -> bytes:
    """One box, BOX_PX, of class 0, whose score is the first value of the input.

    The output `found` is 1x1x6, as YOLO end to end has it.
    """
    shape = [1, 3, side_px, side_px] if layout == "NCHW" else [1, side_px, side_px, 3]
    numbers = {
        "start": np.zeros(4, np.int64),
        "end": np.ones(4, np.int64),
        "one": np.ones(3, np.int64),
        "corners": np.array([[BOX_PX]], np.float32),
        "class": np.zeros((1, 1, 1), np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Slice", [name, "start", "end"], ["first"]),
            helper.make_node("Reshape", ["first", "one"], ["score"]),
            helper.make_node("Concat", ["corners", "score", "class"], ["found"], axis=2),
        ],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, 1, 6])],
        [numpy_helper.from_array(value, key) for key, value in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    content: bytes = model.SerializeToString()
    onnx.checker.check_model(content)
    return content


def install(folder: Path, content: bytes | None = None, **changes: Any) -> Path:
    """Put a model and its manifest into `folder` as `tiny`; the path of the model.

    `changes` replace parts of the manifest; `input_changes` parts of its input.
    """
    content = tiny_model() if content is None else content
    (folder / "tiny.onnx").write_bytes(content)
    values: dict[str, Any] = {
        "name": "tiny",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "obtain": "the tests",
        "input": {
            "name": "image",
            "width_px": SIDE_PX,
            "height_px": SIDE_PX,
            "layout": "NCHW",
            "colour": "BGR",
            "mean": [0, 0, 0],
            "std": [255, 255, 255],
            "fit": "stretch",
            **changes.pop("input_changes", {}),
        },
        "head": {"kind": "yolo_end2end", "output": "found"},
        "classes": ["truck", "dog"],
        "kinds": {"truck": "vehicle"},
        "score_min": 0.1,
        "iou_max": 0.6,
        **changes,
    }
    write_manifest(folder, Manifest.model_validate(values))
    return folder / "tiny.onnx"
