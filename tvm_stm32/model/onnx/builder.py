# SPDX-License-Identifier: Apache-2.0
"""Builds the `Network` node by node: which tensor holds which ONNX value, in which layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import (
    Arithmetic,
    Attributes,
    Dequantize,
    Network,
    Operator,
    Quantization,
    Quantize,
    Reshape,
    Tensor,
    Transpose,
)
from tvm_stm32.model.onnx.graph import Graph, Node
from tvm_stm32.model.onnx.layout import Layout, inverse


@dataclass(frozen=True, slots=True)
class Value:
    """An ONNX value that is computed: the tensor that holds it, and how."""

    tensor: str
    layout: Layout

    @property
    def shape(self) -> tuple[int, ...]:
        """The ONNX shape."""
        return self.layout.shape


@dataclass(frozen=True, slots=True)
class Constant:
    """An ONNX value that is constant, in the ONNX layout. With a quantization it is ``scale * (values - zero_point)``.

    `origin` is the layer that dequantizes it.
    """

    name: str
    values: npt.NDArray[Any]
    quantization: Quantization | None = None
    origin: str = ""

    @property
    def real(self) -> npt.NDArray[np.float32]:
        """The values in float32, dequantized as onnxruntime does."""
        if self.quantization is None:
            return self.values.astype(np.float32)
        shape = [1] * self.values.ndim
        if self.quantization.axis is not None:
            shape[self.quantization.axis] = -1
        zero_points = np.array(self.quantization.zero_points, np.int64).reshape(shape)
        scales = np.array(self.quantization.scales, np.float32).reshape(shape)
        centred: npt.NDArray[np.float32] = (self.values.astype(np.int64) - zero_points).astype(np.float32)
        return centred * scales

    @property
    def shape(self) -> tuple[int, ...]:
        """The ONNX shape."""
        return self.values.shape

    def transpose(self, permutation: Sequence[int]) -> Constant:
        """The transposed constant, its channel axis followed."""
        quantization = self.quantization
        if quantization is not None and quantization.axis is not None:
            quantization = replace(quantization, axis=tuple(permutation).index(quantization.axis))
        return replace(self, values=self.values.transpose(permutation), quantization=quantization)


@dataclass(slots=True)
class Builder:
    """The network under construction, and what is known of each ONNX value so far."""

    graph: Graph
    network: Network
    values: dict[str, Value] = field(default_factory=dict)
    quantized: dict[str, Constant] = field(default_factory=dict)
    _moved: dict[tuple[str, Layout, tuple[int, ...]], str] = field(default_factory=dict)

    # --- reading ONNX values -----------------------------------------------------------------------------------------

    def shape(self, node: Node, name: str) -> tuple[int, ...]:
        """The inferred shape of a value of `node`."""
        if name not in self.graph.shapes:
            hint = "export the model with fixed shapes; onnxruntime.tools.symbolic_shape_infer may help"
            raise self.graph.error(node, f"the shape of {name!r} is not known at compile time", hint)
        return self.graph.shapes[name]

    def is_constant(self, name: str) -> bool:
        """Whether the value is constant."""
        return name in self.graph.constants or name in self.quantized

    def value(self, node: Node, position: int = 0) -> Value:
        """An input that is computed."""
        name = node.input(position)
        if name not in self.values:
            what = "a constant" if self.is_constant(name) else "missing"
            raise self.graph.error(node, f"input {position} is {what}; expected a computed value")
        return self.values[name]

    def constant(self, node: Node, position: int, role: str) -> Constant:
        """An input that is constant, perhaps quantized."""
        found = self.optional_constant(node, position, role)
        if found is None:
            raise self.graph.error(node, f"the {role} (input {position}) is missing")
        return found

    def optional_constant(self, node: Node, position: int, role: str) -> Constant | None:
        """An input that is constant, perhaps quantized; None when it is absent."""
        name = node.input(position)
        if not name:
            return None
        if name in self.quantized:
            return self.quantized[name]
        if name in self.graph.constants:
            return Constant(name, self.graph.constants[name])
        hint = "export the model so that this input is a constant (an initializer)"
        raise self.graph.error(node, f"the {role} (input {position}) must be constant, {name!r} is computed", hint)

    def integers(self, node: Node, position: int, role: str) -> list[int] | None:
        """The values of a constant integer input: axes, paddings; None when it is absent."""
        found = self.optional_constant(node, position, role)
        return None if found is None else [int(v) for v in found.values.reshape(-1)]

    # --- writing the network -----------------------------------------------------------------------------------------

    def fresh(self, name: str) -> str:
        """`name`, or the first of name_2, name_3, ... that no tensor has."""
        unique, count = name, 1
        while unique in self.network.tensors or (count > 1 and unique in self.graph.shapes):
            count += 1
            unique = f"{name}_{count}"
        return unique

    def emit(
        self,
        name: str,
        source: str,
        attributes: Attributes,
        inputs: list[str],
        output: Tensor,
    ) -> str:
        """Appends an operator and its output tensor; returns the tensor's name."""
        dtypes = {self.network.tensors[t].dtype for t in inputs} | {output.dtype}
        arithmetic = Arithmetic.FLOAT if dtypes == {"float32"} else Arithmetic.ONNX
        self.network.tensors[output.name] = output
        self.network.operators.append(Operator(name, source, attributes, inputs, [output.name], arithmetic))
        return output.name

    def result(
        self,
        node: Node,
        attributes: Attributes,
        inputs: list[str],
        shape: Sequence[int],
        layout: Layout,
        quantization: Quantization | None = None,
    ) -> None:
        """Appends the operator of `node`; its first output gets `shape` in the network and `layout` towards ONNX."""
        first = self.network.tensors[inputs[0]]
        if isinstance(attributes, Quantize | Dequantize):
            dtype = "float32" if isinstance(attributes, Dequantize) else "int8"
        else:
            dtype, quantization = first.dtype, first.quantization
        tensor = Tensor(self.fresh(node.outputs[0]), tuple(shape), dtype, quantization)
        self.emit(node.name, node.kind, attributes, inputs, tensor)
        self.values[node.outputs[0]] = Value(tensor.name, layout)

    def ordered_result(
        self, node: Node, attributes: Attributes, inputs: list[str], shape: Sequence[int], order: Sequence[int]
    ) -> None:
        """As `result`; the ONNX value's axes lie in memory in `order`, `shape` is in that order."""
        layout = Layout.contiguous(shape).transpose(inverse(order))
        self.result(node, attributes, inputs, shape, layout)

    def unary(self, node: Node, attributes: Attributes, quantization: Quantization | None = None) -> None:
        """Appends an element-wise operator of one input, in whatever layout that has."""
        value = self.value(node)
        shape = self.network.tensors[value.tensor].shape
        self.result(node, attributes, [value.tensor], shape, value.layout, quantization)

    def weights(self, constant: Constant, values: npt.NDArray[Any], axis: int | None = None) -> str:
        """The tensor of a constant with its `values` rearranged; channels of its quantization lie along `axis`."""
        tensor = Tensor(constant.name, values.shape, values.dtype.name, None, np.ascontiguousarray(values))
        if constant.quantization is None:
            tensor.data = tensor.data.astype(np.float32) if tensor.data is not None else None
            tensor.dtype = "float32"
            return self._constant_tensor(tensor)
        channels = axis if constant.quantization.axis is not None else None
        tensor.name = f"{constant.name}_quantized"
        tensor.quantization = replace(constant.quantization, axis=channels)
        name = self._constant_tensor(tensor)
        existing = next((op for op in self.network.consumers(name) if isinstance(op.attributes, Dequantize)), None)
        if existing is not None:
            return existing.outputs[0]
        output = Tensor(self.fresh(constant.name), values.shape, "float32")
        return self.emit(constant.origin, "DequantizeLinear", Dequantize(), [name], output)

    def placed(self, constant: Constant) -> str:
        """The tensor of a constant operand as it is."""
        return self.weights(constant, constant.values, constant.quantization.axis if constant.quantization else None)

    def _constant_tensor(self, tensor: Tensor) -> str:
        """Adds a constant unless an equal one of that name is there; returns its name."""
        existing = self.network.tensors.get(tensor.name)
        if existing is not None:
            if (
                existing.data is not None
                and tensor.data is not None
                and existing.quantization == tensor.quantization
                and np.array_equal(existing.data, tensor.data)
            ):
                return existing.name
            tensor.name = self.fresh(tensor.name)
        self.network.tensors[tensor.name] = tensor
        return tensor.name

    # --- layouts -----------------------------------------------------------------------------------------------------

    def reshaped(self, tensor: str, shape: Sequence[int]) -> str:
        """A tensor with the same elements in another shape."""
        source = self.network.tensors[tensor]
        if source.shape == tuple(shape):
            return tensor
        output = Tensor(self.fresh(f"{tensor}_reshaped"), tuple(shape), source.dtype, source.quantization)
        return self.emit(f"{tensor}/reshape", "Reshape", Reshape(), [tensor], output)

    def requantized(self, value: Value, quantization: Quantization) -> Value:
        """The same integers, standing for other real numbers: what quantized them need not be what dequantizes them."""
        source = self.network.tensors[value.tensor]
        if source.quantization == quantization:
            return value
        output = Tensor(self.fresh(f"{value.tensor}_requantized"), source.shape, source.dtype, quantization)
        return Value(
            self.emit(f"{value.tensor}/scale", "DequantizeLinear", Reshape(), [source.name], output), value.layout
        )

    def ordered(self, value: Value, order: Sequence[int]) -> str:
        """The tensor that holds `value` row-major with its axes in `order`; moves the data when they lie otherwise."""
        key = (value.tensor, value.layout, tuple(order))
        if key not in self._moved:
            self._moved[key] = self._order(value, order)
        return self._moved[key]

    def _order(self, value: Value, order: Sequence[int]) -> str:
        shape = tuple(value.shape[axis] for axis in order)
        if value.layout.is_ordered(order):
            return self.reshaped(value.tensor, shape)
        memory, permutation = value.layout.moves(order)
        source = self.network.tensors[self.reshaped(value.tensor, memory)]
        output = Tensor(
            self.fresh(f"{value.tensor}_transposed"),
            tuple(memory[axis] for axis in permutation),
            source.dtype,
            source.quantization,
        )
        moved = self.emit(f"{value.tensor}/transpose", "Transpose", Transpose(permutation), [source.name], output)
        return self.reshaped(moved, shape)

    def rename(self, old: str, new: str) -> None:
        """Gives a tensor another name."""
        tensor = self.network.tensors.pop(old)
        tensor.name = new
        self.network.tensors[new] = tensor
        for operator in self.network.operators:
            operator.inputs = [new if name == old else name for name in operator.inputs]
            operator.outputs = [new if name == old else name for name in operator.outputs]

    def refuse(self, node: Node, what: str, hint: str = "") -> ModelError:
        """The error about `node`."""
        return self.graph.error(node, what, hint)
