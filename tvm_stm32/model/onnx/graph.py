# SPDX-License-Identifier: Apache-2.0
"""The ONNX graph as plain data: nodes with decoded attributes, constants as arrays, shapes and types by name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx.helper

from tvm_stm32.errors import ModelError
from tvm_stm32.model.describe import LAYER_HINT

#: more than any microcontroller has, less than what overflows an index
MAX_ELEMENTS = 2**29


@dataclass(slots=True)
class Node:
    """An operator of the file. An absent optional input is the empty name."""

    name: str
    kind: str  #: operator type, with its domain when that is not ONNX's own
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]

    def input(self, position: int) -> str:
        """The name of the input at `position`; empty when it is absent."""
        return self.inputs[position] if position < len(self.inputs) else ""


@dataclass(slots=True)
class Graph:
    """Nodes in an order in which they can run.

    `shapes` and `dtypes` (NumPy's names) know every value that inference could follow.
    """

    path: Path
    opset: int
    nodes: list[Node]
    constants: dict[str, npt.NDArray[Any]]
    inputs: list[str]
    outputs: list[str]
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)

    def consumers(self, value: str) -> list[Node]:
        """The nodes that read `value`."""
        return [node for node in self.nodes if value in node.inputs]

    def describe(self, value: str) -> str:
        """Type and shape, such as ``float32[1,3,32,32]``."""
        if not value:
            return "none"
        shape = ",".join(str(extent) for extent in self.shapes[value]) if value in self.shapes else "?"
        return f"{self.dtypes.get(value, '?')}[{shape}]"

    def error(self, node: Node, what: str, hint: str = LAYER_HINT) -> ModelError:
        """The error about a node: where it is, its types and shapes."""
        sources = ", ".join(self.describe(name) for name in node.inputs)
        results = ", ".join(self.describe(name) for name in node.outputs)
        where = f'{self.path}, layer "{node.name}", {node.kind} ({sources}) -> ({results})'
        return ModelError(what, where, hint)


def read_graph(model: Any, path: Path) -> Graph:
    """The graph of a checked ModelProto, with the shapes and types that it declares.

    Raises:
        ModelError: a constant that cannot be read, or a tensor of absurd size.
    """
    proto = model.graph
    constants = {tensor.name: _array(tensor, tensor.name, path) for tensor in proto.initializer}
    if proto.sparse_initializer:
        raise ModelError("sparse constants are not supported", str(path), "export the model with dense weights")
    graph = Graph(
        path=path,
        opset=next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1),
        nodes=_nodes(proto.node),
        constants=constants,
        inputs=[value.name for value in proto.input if value.name not in constants],
        outputs=[value.name for value in proto.output],
    )
    for value in (*proto.value_info, *proto.input, *proto.output):
        _declare(graph, value)
    for name, array in constants.items():
        graph.shapes[name], graph.dtypes[name] = array.shape, array.dtype.name
    return graph


def _nodes(protos: Any) -> list[Node]:
    """Every node under a name of its own: the file's, or its type and position."""
    taken = {proto.name for proto in protos}
    nodes: list[Node] = []
    used: set[str] = set()
    for index, proto in enumerate(protos):
        name = proto.name
        while not name or name in used or (name != proto.name and name in taken):
            name = f"{name or proto.op_type}_{index}"
        used.add(name)
        domain = "" if proto.domain in ("", "ai.onnx") else f"{proto.domain}."
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        nodes.append(Node(name, domain + proto.op_type, list(proto.input), list(proto.output), attributes))
    return nodes


def _declare(graph: Graph, value: Any) -> None:
    """Takes over a declared type, and the shape when it is closed."""
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        return
    if kind.elem_type:
        graph.dtypes[value.name] = element_type(kind.elem_type)
    if kind.HasField("shape") and all(dimension.HasField("dim_value") for dimension in kind.shape.dim):
        shape = tuple(int(dimension.dim_value) for dimension in kind.shape.dim)
        if math.prod(shape) > MAX_ELEMENTS:
            where = f"{graph.path}, tensor {value.name!r}"
            raise ModelError(f"the shape {list(shape)} is too large", where, "the file is probably damaged")
        graph.shapes[value.name] = shape


def element_type(code: int) -> str:
    """NumPy's name of an ONNX element type; ONNX's own, or its number, where NumPy has none."""
    if code not in onnx.TensorProto.DataType.values():
        return f"type {code}"
    try:
        return str(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(code)).name)
    except Exception:  # KeyError or TypeError, by version
        return str(onnx.TensorProto.DataType.Name(code)).lower()


def _array(tensor: Any, name: str, path: Path) -> npt.NDArray[Any]:
    try:
        return np.asarray(onnx.numpy_helper.to_array(tensor))
    except Exception as error:  # ValueError and TypeError, by kind of damage
        detail = f"the constant {name!r} cannot be read ({error})"
        raise ModelError(detail, str(path), "the file is damaged: copy or export it again") from error
