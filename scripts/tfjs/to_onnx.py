"""Maps the operations of a TensorFlow.js graph one by one to ONNX.

TensorFlow computes convolutions channels-last, ONNX channels-first, so the source is full of
transpositions and paddings. Here a TensorFlow tensor is a *view* of an ONNX tensor (permuted,
padded): a transposition only changes the view, and a convolution swallows the padding. Data is
moved only where no operator can absorb the difference.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, helper

from .builder import Builder, Value, View
from .graph import Array, Graph, Node, UnknownGraph

OPSET = 13
"""Old enough for every execution provider in use, new enough for Split sizes as an input."""

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)


def convert(graph: Graph, names: dict[str, str]) -> tuple[onnx.ModelProto, Builder]:
    """The graph as an ONNX model, and the builder that knows which tensor became which.

    `names` gives the ONNX names of the graph's inputs and outputs. UnknownGraph on any operation,
    layout or attribute that is not known.
    """
    builder = Builder(graph)
    for name, shape in graph.inputs.items():
        builder.values[name] = View(names[name], tuple(range(len(shape))))
    for node in graph.nodes:
        if node.op not in RULES:
            raise UnknownGraph(f"{node.name}: operation {node.op} is not known")
        builder.values[node.name] = RULES[node.op](builder, node)
    for name in graph.outputs:
        _finish(builder, builder.view(name), names[name])
    return _model(builder, names), builder


def _finish(builder: Builder, view: View, name: str) -> None:
    view = builder.plain(view)
    if view.perm == tuple(range(len(view.perm))):
        builder.emit("Identity", [view.tensor], name)
    else:
        builder.emit("Transpose", [view.tensor], name, perm=list(view.perm))


def _model(builder: Builder, names: dict[str, str]) -> onnx.ModelProto:
    def infos(shapes: dict[str, tuple[int, ...]]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(names[name], TensorProto.FLOAT, shape)
            for name, shape in sorted(shapes.items(), key=lambda item: names[item[0]])
        ]

    body = helper.make_graph(
        builder.nodes,
        "graph",
        infos(builder.graph.inputs),
        infos(builder.graph.outputs),
        builder.initialisers,
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=8, producer_name="jinmu")
    onnx.checker.check_model(model, full_check=True)
    return model


def _require(node: Node, **wanted: object) -> None:
    for key, value in wanted.items():
        if node.attrs.get(key) != value:
            raise UnknownGraph(f"{node.name}: {key} is {node.attrs.get(key)!r}, not {value!r}")


def _spatial(node: Node, view: View, fill: float) -> list[int]:
    """Paddings as ONNX wants them (top, left, bottom, right) of a view that is NCHW inside."""
    if not view.pads:
        return [0, 0, 0, 0]
    batch, channel, rows, columns = view.pads
    if batch != (0, 0) or channel != (0, 0) or view.fill != fill:
        raise UnknownGraph(f"{node.name}: cannot absorb padding {view.pads} of {view.fill}")
    return [rows[0], columns[0], rows[1], columns[1]]


def _conv(builder: Builder, node: Node) -> View:
    _require(node, data_format="NHWC", padding="VALID", dilations=[1, 1, 1, 1])
    tensor, view = builder.laid_out(builder.view(node.inputs[0]), TO_NCHW)
    kernel = builder.constant(node.inputs[1]).transpose(3, 2, 0, 1)
    output = builder.emit(
        "Conv",
        [tensor, builder.weight(node.inputs[1], kernel)],
        kernel_shape=list(kernel.shape[2:]),
        pads=_spatial(node, view, 0.0),
        strides=node.attrs["strides"][1:3],
    )
    return View(output, TO_NHWC)


def _max_pool(builder: Builder, node: Node) -> View:
    _require(node, data_format="NHWC", padding="VALID")
    tensor, view = builder.laid_out(builder.view(node.inputs[0]), TO_NCHW)
    output = builder.emit(
        "MaxPool",
        [tensor],
        kernel_shape=node.attrs["ksize"][1:3],
        pads=_spatial(node, view, -np.inf),
        strides=node.attrs["strides"][1:3],
    )
    return View(output, TO_NHWC)


def _add(builder: Builder, node: Node) -> Value:
    left, right = node.inputs
    if left not in builder.values or isinstance(builder.values[left], np.ndarray):
        return builder.constant(left) + builder.constant(right)
    if right in builder.graph.constants:
        return _bias(builder, node)
    a, b = builder.plain(builder.view(left)), builder.plain(builder.view(right))
    if a.perm != b.perm:
        raise UnknownGraph(f"{node.name}: adds tensors of different layout")
    return View(builder.emit("Add", [a.tensor, b.tensor]), a.perm)


def _bias(builder: Builder, node: Node) -> View:
    """An addition of one number per channel goes into the convolution before it."""
    source, name = node.inputs
    view, bias = builder.view(source), builder.constant(name)
    last = builder.nodes
    convolution = next((n for n in last if view.tensor in n.output and n.op_type == "Conv"), None)
    if (
        convolution is None
        or bias.ndim != 1
        or view.perm[-1] != 1
        or builder.graph.uses(source) > 1
    ):
        raise UnknownGraph(f"{node.name}: adds a constant that is not the bias of a convolution")
    builder.nodes.remove(convolution)
    convolution.input.append(builder.weight(name, bias))
    builder.nodes.append(convolution)
    builder.absorbed.add(source)
    return view


def _transpose(builder: Builder, node: Node) -> View:
    view = builder.view(node.inputs[0])
    axes = builder.constant(node.inputs[1])
    return replace(view, perm=tuple(view.perm[int(axis)] for axis in axes))


def _pad(builder: Builder, node: Node) -> View:
    view = builder.plain(builder.view(node.inputs[0]))
    pads = [(0, 0)] * len(view.perm)
    for axis, (before, after) in zip(view.perm, builder.constant(node.inputs[1]), strict=True):
        pads[axis] = (int(before), int(after))
    fill = float(builder.constant(node.inputs[2])) if node.op == "PadV2" else 0.0
    return View(view.tensor, view.perm, tuple(pads), fill)


def _leaky_relu(builder: Builder, node: Node) -> View:
    view = builder.plain(builder.view(node.inputs[0]))
    return View(builder.emit("LeakyRelu", [view.tensor], alpha=node.attrs["alpha"]), view.perm)


def _sigmoid(builder: Builder, node: Node) -> View:
    view = builder.plain(builder.view(node.inputs[0]))
    return View(builder.emit("Sigmoid", [view.tensor]), view.perm)


def _concat(builder: Builder, node: Node) -> View:
    views = [builder.plain(builder.view(name)) for name in node.inputs[:-1]]
    perm = views[0].perm
    if any(view.perm != perm for view in views):
        raise UnknownGraph(f"{node.name}: joins tensors of different layout")
    axis = perm[int(builder.constant(node.inputs[-1]))]
    return View(builder.emit("Concat", [view.tensor for view in views], axis=axis), perm)


def _resize(builder: Builder, node: Node) -> View:
    """Both take the centre of a pixel at half its width, and the nearest pixel at the border."""
    _require(node, half_pixel_centers=True, align_corners=False)
    tensor, view = builder.laid_out(builder.plain(builder.view(node.inputs[0])), TO_NCHW)
    size = builder.constant(node.inputs[1])
    channels = _channels(builder, view.tensor)
    sizes = builder.initialiser(f"sizes_{len(builder.nodes)}", np.array([1, channels, *size]))
    output = builder.emit(
        "Resize",
        [tensor, "", "", sizes],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    return View(output, TO_NHWC)


def _channels(builder: Builder, tensor: str) -> int:
    """Channels (axis 1) of an ONNX tensor: those of the convolution that it was computed by."""
    node = next(node for node in builder.nodes if tensor in node.output)
    if node.op_type != "Conv":
        return _channels(builder, node.input[0])
    (cast,) = (cast for cast in builder.nodes if node.input[1] in cast.output)
    (kernel,) = (tensor for tensor in builder.initialisers if tensor.name in cast.input)
    return int(kernel.dims[0])


def _split(builder: Builder, node: Node) -> tuple[View, ...]:
    view = builder.plain(builder.view(node.inputs[0]))
    lengths = builder.constant(node.inputs[1]).astype(np.int64)
    axis = view.perm[int(builder.constant(node.inputs[2]))]
    sizes = builder.initialiser(f"lengths_{len(builder.nodes)}", lengths)
    outputs = [f"split_{len(builder.nodes)}_{part}" for part in range(len(lengths))]
    builder.nodes.append(helper.make_node("Split", [view.tensor, sizes], outputs, axis=axis))
    return tuple(View(output, view.perm) for output in outputs)


def _reshape(builder: Builder, node: Node) -> View:
    view = builder.view(node.inputs[0])
    tensor, view = builder.laid_out(view, tuple(range(len(view.perm))))
    if view.pads:
        raise UnknownGraph(f"{node.name}: reshapes a padded tensor")
    shape = builder.constant(node.inputs[1]).astype(np.int64)
    target = builder.initialiser(f"shape_{len(builder.nodes)}", shape)
    return View(builder.emit("Reshape", [tensor, target]), tuple(range(len(shape))))


def _sparse_to_dense(builder: Builder, node: Node) -> Array:
    indices, shape, _, default = (builder.constant(name) for name in node.inputs)
    if indices.size:
        raise UnknownGraph(f"{node.name}: only an empty SparseToDense is known")
    return np.full(tuple(shape), default)


def _identity(builder: Builder, node: Node) -> View:
    return builder.view(node.inputs[0])


RULES: dict[str, Callable[[Builder, Node], Value]] = {
    "Add": _add,
    "AddV2": _add,
    "ConcatV2": _concat,
    "Conv2D": _conv,
    "Identity": _identity,
    "LeakyRelu": _leaky_relu,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "PadV2": _pad,
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Sigmoid": _sigmoid,
    "SparseToDense": _sparse_to_dense,
    "SplitV": _split,
    "Transpose": _transpose,
}
