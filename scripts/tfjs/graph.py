"""The TensorFlow.js graph model: a JSON file of nodes and a file of weights."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class UnknownGraph(Exception):
    """The graph holds something that this converter was not written for."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation; `inputs` are tensor names (`name` or `name:1`), `attrs` plain values."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attrs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """Operations in an order in which every input is known before it is used.

    `constants` keep the type they are stored in (float16, int32); `inputs` and `outputs` map
    tensor names to shapes.
    """

    nodes: tuple[Node, ...]
    constants: dict[str, Array]
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]

    def uses(self, name: str) -> int:
        """How many operations read the tensor."""
        return sum(tensor == name for node in self.nodes for tensor in node.inputs)


def read_graph(model: Path, weights: Path) -> Graph:
    """The graph model stored in `model` (JSON) and `weights`; UnknownGraph on what is not known."""
    document = json.loads(model.read_text(encoding="utf-8"))
    if document.get("format") != "graph-model":
        raise UnknownGraph(f"{model.name}: format is {document.get('format')!r}, not 'graph-model'")
    (group,) = document["weightsManifest"]
    constants = _read_weights(group["weights"], weights.read_bytes())
    stored = [_node(raw) for raw in document["modelTopology"]["node"]]
    signature = document["signature"]
    return Graph(
        nodes=_in_order([n for n in stored if n.op not in {"Const", "Placeholder"}], stored),
        constants=constants,
        inputs=_shapes(signature["inputs"]),
        outputs=_shapes(signature["outputs"]),
    )


def tensor_name(name: str) -> str:
    """`x:0` and `x` are the same tensor."""
    return name.removesuffix(":0")


def _read_weights(entries: list[dict[str, Any]], data: bytes) -> dict[str, Array]:
    found: dict[str, Array] = {}
    at = 0
    for entry in entries:
        dtype = np.dtype(_stored_type(entry))
        count = int(np.prod(entry["shape"], dtype=np.int64))
        found[entry["name"]] = np.frombuffer(data, dtype, count, at).reshape(entry["shape"])
        at += count * dtype.itemsize
    if at != len(data):
        raise UnknownGraph(f"the weights hold {len(data)} bytes, the graph tells of {at}")
    return found


def _stored_type(entry: dict[str, Any]) -> str:
    quantised = entry.get("quantization")
    kind = quantised["dtype"] if quantised else entry["dtype"]
    known = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}
    if kind not in known:
        raise UnknownGraph(f"{entry['name']}: weights of type {kind!r}")
    return known[kind]


def _node(raw: dict[str, Any]) -> Node:
    inputs = tuple(tensor_name(name) for name in raw.get("input", ()))
    return Node(raw["name"], raw["op"], inputs, {k: _attr(v) for k, v in raw["attr"].items()})


def _attr(value: dict[str, Any]) -> object:
    match value:
        case {"s": text}:
            return base64.b64decode(text).decode()
        case {"i": number}:
            return int(number)
        case {"f": number}:
            return float(number)
        case {"b": flag}:
            return bool(flag)
        case {"list": {"i": numbers}}:
            return [int(number) for number in numbers]
        case _:
            return value


def _shapes(signature: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    return {
        tensor_name(name): tuple(int(dim["size"]) for dim in entry["tensorShape"]["dim"])
        for name, entry in sorted(signature.items())
    }


def _in_order(work: list[Node], stored: list[Node]) -> tuple[Node, ...]:
    waiting = {node.name for node in work}
    unknown = {
        name for node in work for name in node.inputs if name.split(":")[0] not in _names(stored)
    }
    if unknown:
        raise UnknownGraph(f"inputs that no node makes: {sorted(unknown)}")
    order: list[Node] = []
    while waiting:
        ready = [n for n in work if n.name in waiting and not (_parents(n) & waiting)]
        if not ready:
            raise UnknownGraph(f"a circle through {sorted(waiting)[0]}")
        order += ready
        waiting -= {node.name for node in ready}
    return tuple(order)


def _parents(node: Node) -> set[str]:
    return {name.split(":")[0] for name in node.inputs}


def _names(nodes: list[Node]) -> set[str]:
    return {node.name for node in nodes}
