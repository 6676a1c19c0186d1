"""The conversion: every rule against numpy on small graphs, and what it refuses."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.tfjs.compare import compare, compare_outputs
from scripts.tfjs.graph import UnknownGraph, read_graph
from scripts.tfjs.to_onnx import convert

NAMES = {"x": "image", "out": "out"}


def text(value: str) -> dict[str, str]:
    """A string attribute as the format stores it."""
    return {"s": base64.b64encode(value.encode()).decode()}


def numbers(*values: int) -> dict[str, Any]:
    """A list attribute."""
    return {"list": {"i": [str(value) for value in values]}}


CONV = {
    "data_format": text("NHWC"),
    "padding": text("VALID"),
    "dilations": numbers(1, 1, 1, 1),
    "strides": numbers(1, 2, 2, 1),
}
POOL = {**CONV, "ksize": numbers(1, 3, 3, 1)}
HALF_PIXEL = {"half_pixel_centers": {"b": True}, "align_corners": {"b": False}}
PADS = [[0, 0], [0, 0], [1, 2], [0, 1]]


def write(folder: Path, nodes: list[tuple[Any, ...]], constants: dict[str, np.ndarray]) -> None:
    """A graph with input x (1, 2, 6, 8) and output `out`, stored as TensorFlow.js does."""
    weights, data = [], b""
    for name, array in constants.items():
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": "int32"}
        if array.dtype == np.float16:
            entry |= {"dtype": "float32", "quantization": {"dtype": "float16"}}
        weights.append(entry)
        data += array.tobytes()
    stored = [{"name": "x", "op": "Placeholder", "attr": {}}]
    stored += [{"name": name, "op": "Const", "attr": {}} for name in constants]
    stored += [{"name": n, "op": op, "input": i, "attr": attr} for n, op, i, attr in nodes]

    def tensor(*sizes: int) -> dict[str, Any]:
        return {"tensorShape": {"dim": [{"size": str(size)} for size in sizes]}}

    document = {
        "format": "graph-model",
        "signature": {
            "inputs": {"x:0": tensor(1, 2, 6, 8)},
            "outputs": {"out:0": tensor(*_shape(nodes))},
        },
        "modelTopology": {"node": stored},
        "weightsManifest": [{"weights": weights}],
    }
    (folder / "m.json").write_text(json.dumps(document))
    (folder / "m.bin").write_bytes(data)


def _shape(nodes: list[tuple[Any, ...]]) -> tuple[int, ...]:
    (operation,) = (op for name, op, _, _ in nodes if name == "out")
    return SHAPES.get(operation, (1, 2, 6, 8))


SHAPES = {
    "MaxPool": (1, 4, 4, 2),
    "Reshape": (1, 96),
    "Add": (1, 3, 3, 2),
    "ConcatV2": (1, 4, 6, 8),
}
"""Shape of `out` by the operation that makes it (those below), where it is not that of x."""

I32, F16 = np.int32, np.float16
TO_NHWC, TO_NCHW = np.array([0, 2, 3, 1], I32), np.array([0, 3, 1, 2], I32)
KERNEL = np.random.default_rng(1).normal(0, 1, (3, 3, 2, 3)).astype(F16)

CASES: dict[str, tuple[list[tuple[Any, ...]], dict[str, np.ndarray]]] = {
    "padding and bias go into the convolution": (
        [
            ("p", "Pad", ["x", "pads"], {}),
            ("t", "Transpose", ["p", "nhwc"], {}),
            ("c", "Conv2D", ["t", "kernel"], CONV),
            ("b", "Add", ["c", "bias"], {}),
            ("u", "Transpose", ["b", "cols"], {}),
            ("v", "Transpose", ["u", "cols"], {}),
            ("out", "Add", ["w", "w"], {}),
            ("w", "LeakyRelu", ["v"], {"alpha": {"f": 0.1}}),
        ],
        {
            "pads": np.array([[0, 0], [0, 0], [1, 1], [0, 0]], I32),
            "nhwc": TO_NHWC,
            "kernel": KERNEL[..., :2],
            "bias": np.array([1, -2], F16),
            "cols": np.array([0, 3, 2, 1], I32),
        },
    ),
    "padding goes into the pool": (
        [
            ("p", "PadV2", ["x", "pads", "low"], {}),
            ("t", "Transpose", ["p", "nhwc"], {}),
            ("out", "MaxPool", ["t"], POOL),
        ],
        {"pads": np.array(PADS, I32), "nhwc": TO_NHWC, "low": np.array(-np.inf, F16)},
    ),
    "padding that nothing absorbs stays": (
        [
            ("p", "Pad", ["x", "pads"], {}),
            ("l", "LeakyRelu", ["p"], {"alpha": {"f": 0.3}}),
            ("s", "SplitV", ["l", "lengths", "axis"], {}),
            ("out", "Sigmoid", ["s:1"], {}),
        ],
        {
            "pads": np.array([[0, 0], [1, 1], [0, 0], [0, 0]], I32),
            "lengths": np.array([2, 2], I32),
            "axis": np.array(1, I32),
        },
    ),
    "joining along a permuted axis": (
        [
            ("t", "Transpose", ["x", "nhwc"], {}),
            ("s", "Sigmoid", ["t"], {}),
            ("j", "ConcatV2", ["t", "s", "last"], {}),
            ("k", "Transpose", ["j", "nchw"], {}),
            ("out", "ConcatV2", ["k", "one"], {}),
        ],
        {
            "nhwc": TO_NHWC,
            "nchw": TO_NCHW,
            "last": np.array(3, I32),
            "one": np.array(1, I32),
        },
    ),
    "a shape computed from constants": (
        [
            ("z", "SparseToDense", ["none", "two", "void", "zero"], {}),
            ("a", "AddV2", ["shape", "z"], {}),
            ("t", "Transpose", ["x", "nhwc"], {}),
            ("out", "Reshape", ["t", "a"], {}),
        ],
        {
            "none": np.zeros((0, 1), I32),
            "two": np.array([2], I32),
            "void": np.zeros(0, I32),
            "zero": np.array(0, I32),
            "shape": np.array([1, -1], I32),
            "nhwc": TO_NHWC,
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_is_what_numpy_computes(tmp_path: Path, case: str) -> None:
    write(tmp_path, *CASES[case])
    graph = read_graph(tmp_path / "m.json", tmp_path / "m.bin")
    model, builder = convert(graph, NAMES)
    picture = np.random.default_rng(2).normal(0, 1, (1, 2, 6, 8)).astype(np.float32)
    found = compare(model, builder, picture) + compare_outputs(model, builder, NAMES, picture)
    assert found[-1].name == "out"
    assert max(item.difference for item in found) < 1e-5


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("out", "Softmax", ["x"], {}), "operation Softmax is not known"),
        (
            ("out", "Conv2D", ["x", "kernel"], {**CONV, "padding": text("SAME")}),
            "padding is 'SAME', not 'VALID'",
        ),
        (("out", "Add", ["x", "bias"], {}), "not the bias of a convolution"),
        (("out", "Sigmoid", ["y"], {}), "inputs that no node makes"),
        (("out", "Sigmoid", ["out"], {}), "a circle"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, node: tuple[Any, ...], message: str) -> None:
    write(tmp_path, [node], {"kernel": KERNEL, "bias": np.array([1, 2], F16)})
    with pytest.raises(UnknownGraph, match=message):
        convert(read_graph(tmp_path / "m.json", tmp_path / "m.bin"), NAMES)


def test_weights_of_another_length_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [("out", "Sigmoid", ["x"], {})], {"kernel": KERNEL})
    (tmp_path / "m.bin").write_bytes(KERNEL.tobytes() + b"\0\0")
    with pytest.raises(UnknownGraph, match="the weights hold"):
        read_graph(tmp_path / "m.json", tmp_path / "m.bin")
