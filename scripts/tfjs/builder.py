"""The ONNX graph while it is being made, and what each TensorFlow tensor has become in it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .graph import Array, Graph, UnknownGraph


@dataclass(frozen=True, slots=True)
class View:
    """A TensorFlow tensor: axis i is axis `perm[i]` of ONNX `tensor`, grown by `pads` of `fill`.

    `pads` holds (before, after) for each axis of the ONNX tensor.
    """

    tensor: str
    perm: tuple[int, ...]
    pads: tuple[tuple[int, int], ...] = ()
    fill: float = 0.0


Value = View | Array | tuple[View, ...]


@dataclass(slots=True)
class Builder:
    """The ONNX graph so far and what each TensorFlow tensor has become."""

    graph: Graph
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[TensorProto] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    absorbed: set[str] = field(default_factory=set)

    def emit(self, op: str, inputs: list[str], output: str = "", **attrs: Any) -> str:
        """Add one ONNX node with one output; the output's name."""
        output = output or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attrs))
        return output

    def weight(self, name: str, array: Array) -> str:
        """A float16 initialiser and the cast that makes it float32 (once, when it is loaded)."""
        return self.emit("Cast", [self.initialiser(name, array)], to=TensorProto.FLOAT)

    def initialiser(self, name: str, array: Array) -> str:
        """Store `array` in the model under `name`, which is returned."""
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def constant(self, name: str) -> Array:
        """The constant of that name, stored or computed from constants."""
        value = self.values.get(name, self.graph.constants.get(name))
        if not isinstance(value, np.ndarray):
            raise UnknownGraph(f"{name} should be a constant")
        return value

    def view(self, name: str) -> View:
        """The view that the tensor of that name has become."""
        base, _, index = name.partition(":")
        value = self.values[base]
        if isinstance(value, tuple):
            return value[int(index or 0)]
        if not isinstance(value, View):
            raise UnknownGraph(f"{name} should not be a constant")
        return value

    def plain(self, view: View) -> View:
        """The same tensor without pending paddings."""
        if not view.pads:
            return view
        ends = [pad[side] for side in (0, 1) for pad in view.pads]
        sizes = self.initialiser(f"pads_{len(self.nodes)}", np.array(ends, np.int64))
        fill = self.initialiser(f"fill_{len(self.nodes)}", np.array(view.fill, np.float32))
        return View(self.emit("Pad", [view.tensor, sizes, fill]), view.perm)

    def laid_out(self, view: View, axes: tuple[int, ...]) -> tuple[str, View]:
        """The ONNX tensor that is `view` transposed by `axes`, and the view with its paddings."""
        perm = tuple(view.perm[axis] for axis in axes)
        if perm == tuple(range(len(perm))):
            return view.tensor, view
        view = self.plain(view)
        return self.emit("Transpose", [view.tensor], perm=list(perm)), view
