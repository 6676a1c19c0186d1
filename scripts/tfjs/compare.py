"""Compares a converted model with the numpy reference, tensor by tensor."""

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from .builder import Builder, View
from .graph import Array, Graph
from .reference import evaluate


@dataclass(frozen=True, slots=True)
class Difference:
    """Largest absolute difference of one tensor, beside the largest absolute value in it."""

    name: str
    op: str
    difference: float
    largest: float


def compare(model: onnx.ModelProto, builder: Builder, picture: Array) -> list[Difference]:
    """Differences of every tensor of the graph that exists in the model, in graph order.

    `picture` is the model's input. Runs the model unoptimised, so that each node is really
    computed; `compare_outputs` checks what the optimiser makes of it.
    """
    reference = evaluate(builder.graph, _feeds(builder.graph, picture))
    computed = _run_all(model, picture)
    found: list[Difference] = []
    for node in builder.graph.nodes:
        value = builder.values[node.name]
        if isinstance(value, np.ndarray) or node.name in builder.absorbed:
            continue
        for index, view in enumerate(value if isinstance(value, tuple) else (value,)):
            name = f"{node.name}:{index}" if index else node.name
            found.append(_difference(name, node.op, reference[name], _seen(view, computed)))
    return found


def compare_outputs(
    model: onnx.ModelProto, builder: Builder, names: dict[str, str], picture: Array
) -> list[Difference]:
    """Differences of the outputs when the model runs with every optimisation."""
    reference = evaluate(builder.graph, _feeds(builder.graph, picture))
    session = _session(model, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
    wanted = [names[name] for name in builder.graph.outputs]
    outputs = session.run(wanted, {session.get_inputs()[0].name: picture})
    return [
        _difference(names[name], "output", reference[name], output)
        for name, output in zip(builder.graph.outputs, outputs, strict=True)
    ]


def _feeds(graph: Graph, picture: Array) -> dict[str, Array]:
    (name,) = graph.inputs
    return {name: picture}


def _run_all(model: onnx.ModelProto, picture: Array) -> dict[str, Array]:
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    known = {output.name for output in model.graph.output}
    inner = [name for node in model.graph.node for name in node.output if name not in known]
    open_model.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inner
    )
    session = _session(open_model, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    names = [output.name for output in session.get_outputs()]
    input_name = session.get_inputs()[0].name
    outputs = session.run(names, {input_name: picture})
    return {input_name: picture, **dict(zip(names, outputs, strict=True))}


def _session(model: onnx.ModelProto, level: ort.GraphOptimizationLevel) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    content = model.SerializeToString()
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _seen(view: View, computed: dict[str, Array]) -> Array:
    tensor = computed[view.tensor]
    if view.pads:
        tensor = np.pad(tensor, view.pads, constant_values=view.fill)
    return tensor.transpose(view.perm)


def _difference(name: str, op: str, expected: Array, got: Array) -> Difference:
    if expected.shape != got.shape:
        return Difference(name, op, np.inf, np.inf)
    same = expected == got
    gap = np.where(same, 0.0, np.abs(np.where(same, 0.0, expected) - np.where(same, 0.0, got)))
    finite = np.abs(expected[np.isfinite(expected)])
    return Difference(name, op, float(gap.max()), float(finite.max(initial=0.0)))
