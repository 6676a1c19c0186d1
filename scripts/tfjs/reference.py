"""The TensorFlow.js graph computed with numpy in float64: what the conversion is checked against.

Written from the definition of the TensorFlow operations, sharing nothing with the conversion.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .graph import Array, Graph, Node

Floats = NDArray[np.float64]


def evaluate(graph: Graph, feeds: dict[str, Array]) -> dict[str, Array]:
    """Every tensor of the graph by name (`node`, or `node:1` for a second output)."""
    values: dict[str, Array] = {**graph.constants}
    values.update({name: array.astype(np.float64) for name, array in feeds.items()})
    for node in graph.nodes:
        result = OPERATIONS[node.op](node, [values[name] for name in node.inputs])
        if isinstance(result, list):
            values[node.name] = result[0]
            values.update({f"{node.name}:{i}": part for i, part in enumerate(result) if i})
        else:
            values[node.name] = result
    return values


def _windows(node: Node, x: Floats, size: tuple[int, int]) -> Floats:
    """(N, rows, columns, C, kernel rows, kernel columns) of an NHWC picture."""
    _, down, right, _ = node.attrs["strides"]
    return sliding_window_view(x, size, axis=(1, 2))[:, ::down, ::right]


def _conv(node: Node, values: list[Array]) -> Floats:
    x, kernel = values
    windows = _windows(node, x, kernel.shape[:2])
    result: Floats = np.einsum("nyxchw,hwco->nyxo", windows, kernel.astype(float), optimize=True)
    return result


def _max_pool(node: Node, values: list[Array]) -> Floats:
    rows, columns = node.attrs["ksize"][1:3]
    largest: Floats = _windows(node, values[0], (rows, columns)).max(axis=(4, 5))
    return largest


def _resize(_: Node, values: list[Array]) -> Array:
    x, (rows, columns) = values
    return _resize_axis(_resize_axis(x, 1, int(rows)), 2, int(columns))


def _resize_axis(x: Array, axis: int, size: int) -> Array:
    length = x.shape[axis]
    at = (np.arange(size) + 0.5) * (length / size) - 0.5
    low = np.floor(at).astype(int)
    part = (at - low).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    before = np.take(x, np.clip(low, 0, length - 1), axis)
    after = np.take(x, np.clip(low + 1, 0, length - 1), axis)
    mixed: Array = before + (after - before) * part
    return mixed


def _pad(_: Node, values: list[Array]) -> Array:
    fill = float(values[2]) if len(values) > 2 else 0.0
    return np.pad(values[0], values[1], constant_values=fill)


def _split(_: Node, values: list[Array]) -> list[Array]:
    x, lengths, axis = values
    return np.split(x, np.cumsum(lengths)[:-1], int(axis))


def _leaky_relu(node: Node, values: list[Array]) -> Array:
    return np.where(values[0] < 0, values[0] * node.attrs["alpha"], values[0])


def _sparse_to_dense(_: Node, values: list[Array]) -> Array:
    indices, shape, given, default = values
    dense = np.full(tuple(shape), default)
    for index, value in zip(indices.reshape(-1, len(shape)), given, strict=False):
        dense[tuple(index)] = value
    return dense


OPERATIONS: dict[str, Callable[[Node, list[Array]], Any]] = {
    "Add": lambda _, values: values[0] + values[1],
    "AddV2": lambda _, values: values[0] + values[1],
    "ConcatV2": lambda _, values: np.concatenate(values[:-1], int(values[-1])),
    "Conv2D": _conv,
    "Identity": lambda _, values: values[0],
    "LeakyRelu": _leaky_relu,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": lambda _, values: values[0].reshape(values[1]),
    "ResizeBilinear": _resize,
    "Sigmoid": lambda _, values: 1 / (1 + np.exp(-values[0])),
    "SparseToDense": _sparse_to_dense,
    "SplitV": _split,
    "Transpose": lambda _, values: values[0].transpose(values[1]),
}
