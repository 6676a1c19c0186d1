"""Tiny taggers for the tests, real ONNX files whose answer is known, and the real one's folder."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.sound.tagger import OnnxTagger, load_tagger
from tests.support import ROOT

WINDOW_S, STEP_S, RATE_HZ = 1.0, 0.5, 8000


def tiny_tagger(shape: tuple[int, ...], classes: int = 4) -> bytes:
    """Class 0 scores the rms of the input (1 at most), the others 0.25, 0.5, 0.75.

    The input is `sound`, the output `found`, 1xC.
    """
    numbers: dict[str, np.ndarray[Any, np.dtype[Any]]] = {
        "limit": np.array(1, np.float32),
        "row": np.array([1, 1], np.int64),
        "others": np.array([[0.25, 0.5, 0.75][: classes - 1]], np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["sound", "sound"], ["square"]),
            helper.make_node("ReduceMean", ["square"], ["mean"], keepdims=0),
            helper.make_node("Sqrt", ["mean"], ["rms"]),
            helper.make_node("Min", ["rms", "limit"], ["limited"]),
            helper.make_node("Reshape", ["limited", "row"], ["first"]),
            helper.make_node("Concat", ["first", "others"], ["found"], axis=1),
        ],
        "tiny",
        [helper.make_tensor_value_info("sound", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, [1, classes])],
        [numpy_helper.from_array(value, key) for key, value in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def wave_manifest(content: bytes, **changes: Any) -> dict[str, Any]:
    """What to write beside a tiny tagger that takes 8000 samples of 8 kHz every 4000."""
    return {
        "name": "tiny",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "obtain": "the tests",
        "input": {
            "kind": "waveform",
            "name": "sound",
            "rate_hz": RATE_HZ,
            "window_s": WINDOW_S,
            "step_s": STEP_S,
        },
        "output": {"name": "found", "activation": "none"},
        "groups": {
            "music": {"classes": ["tune"]},
            "speech": {"classes": ["voice"]},
            "wind": {"classes": ["gust", "breeze"], "merge": "sum"},
            "vehicle": {"classes": ["gust", "voice"], "merge": "max"},
            **{group: {"classes": []} for group in ("rain", "thunder", "whip", "noise")},
        },
        "classes": ["tune", "voice", "gust", "breeze"],
        **changes,
    }


def install(folder: Path, content: bytes | None = None, **changes: Any) -> Path:
    """Put a tagger and its manifest into `folder` as `tiny`; the path of the model."""
    content = tiny_tagger((1, round(WINDOW_S * RATE_HZ))) if content is None else content
    (folder / "tiny.onnx").write_bytes(content)
    (folder / "tiny.json").write_text(json.dumps(wave_manifest(content, **changes)))
    return folder / "tiny.onnx"


def real_tagger() -> OnnxTagger:
    """The real tagger; without its weights skipped here, failed where CI is set."""
    if not (ROOT / "models" / "yamnet.data").exists():
        missing = "the weights of YAMNet are missing: run scripts/fetch_tagger"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return load_tagger(ROOT / "models")
