# SPDX-License-Identifier: Apache-2.0
"""Element by element: Add, Sub, Mul, Div, Relu, Clip, Sigmoid and its kin; and Softmax."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tvm_stm32.model.network import Activation, Add, Clamp, Function, Mul, Nonlinear, Softmax, Sub
from tvm_stm32.model.onnx.builder import Builder, Constant, Value
from tvm_stm32.model.onnx.graph import Node
from tvm_stm32.model.onnx.layout import Layout, channels_last

_FUNCTIONS = {
    "HardSigmoid": Function.HARD_SIGMOID,
    "HardSwish": Function.HARD_SWISH,
    "LeakyRelu": Function.LEAKY_RELU,
    "Sigmoid": Function.LOGISTIC,
    "Tanh": Function.TANH,
}
#: alpha and beta
_DEFAULTS = {"HardSigmoid": (0.2, 0.5), "LeakyRelu": (0.01, 0.0)}


def convert_binary(build: Builder, node: Node) -> None:
    """ONNX Add, Sub and Mul with broadcasting; Sub and Div by a float constant become Add and Mul."""
    attributes: Add | Sub | Mul = Add() if node.kind in ("Add", "Sub") else Mul()
    operands = [_operand(build, node, position) for position in (0, 1)]
    if node.kind in ("Sub", "Div"):
        second = operands[1]
        if isinstance(second, Constant) and second.quantization is None:
            with np.errstate(divide="ignore"):
                real = -second.real if node.kind == "Sub" else np.float32(1) / second.real
            operands[1] = replace(second, name=f"{second.name}_inverse", values=real)
        elif node.kind == "Sub":
            attributes = Sub()
        else:
            hint = "use Mul, or divide by float constants only"
            raise build.refuse(node, "Div by a computed or quantized value is not supported", hint)
    shape = build.shape(node, node.outputs[0])
    rank = len(shape)
    aligned = [_align(operand, rank) for operand in operands]
    values = [operand for operand in aligned if isinstance(operand, Value)]
    first = values[0]
    order = _common_order(values, rank)
    if order is not None:
        tensors = [
            build.ordered(operand, order) if isinstance(operand, Value) else build.placed(operand.transpose(order))
            for operand in aligned
        ]
        build.ordered_result(node, attributes, tensors, tuple(shape[axis] for axis in order), order)
        return
    # Neither channels last nor row-major, but all alike: work in the layout that is there.
    physical = build.network.tensors[first.tensor].shape
    tensors = []
    for operand in aligned:
        if isinstance(operand, Value):
            tensors.append(build.reshaped(operand.tensor, physical))
        elif operand.values.size == 1:
            tensors.append(build.placed(replace(operand, values=operand.values.reshape(1))))
        else:
            placed = first.layout.place(np.broadcast_to(operand.values, shape)).reshape(physical)
            tensors.append(build.weights(operand, placed))
    build.result(node, attributes, tensors, physical, first.layout)


def _operand(build: Builder, node: Node, position: int) -> Value | Constant:
    if build.is_constant(node.input(position)):
        return build.constant(node, position, "operand")
    return build.value(node, position)


def _align(operand: Value | Constant, rank: int) -> Value | Constant:
    """`operand` with axes of extent 1 put in front, as broadcasting does."""
    if isinstance(operand, Value):
        return Value(operand.tensor, Layout(((),) * (rank - len(operand.shape)) + operand.layout.axes))
    values, quantization = operand.values, operand.quantization
    missing = rank - values.ndim
    if quantization is not None and quantization.axis is not None:
        quantization = replace(quantization, axis=quantization.axis + missing)
    return replace(operand, values=values.reshape((1,) * missing + values.shape), quantization=quantization)


def _common_order(values: list[Value], rank: int) -> tuple[int, ...] | None:
    """The order of axes in which the fewest values have to move; None when all share another layout."""
    orders = [channels_last(rank), tuple(range(rank))]
    counts = [sum(value.layout.is_ordered(order) for value in values) for order in orders]
    if max(counts) == 0 and all(value.layout == values[0].layout for value in values):
        return None
    return orders[counts.index(max(counts))]


def convert_relu(build: Builder, node: Node) -> None:
    """ONNX Relu."""
    build.unary(node, Clamp(Activation(0.0, None)))


def convert_nonlinear(build: Builder, node: Node) -> None:
    """ONNX Sigmoid, Tanh, HardSigmoid, HardSwish, LeakyRelu."""
    alpha, beta = _DEFAULTS.get(node.kind, (0.0, 0.0))
    slope, offset = float(node.attributes.get("alpha", alpha)), float(node.attributes.get("beta", beta))
    build.unary(node, Nonlinear(_FUNCTIONS[node.kind], slope, offset))


def convert_prelu(build: Builder, node: Node) -> None:
    """ONNX PRelu with one slope for all channels, which is LeakyRelu."""
    slope = build.constant(node, 1, "slope")
    if slope.values.size != 1:
        hint = "use one slope for all channels: PReLU(num_parameters=1)"
        raise build.refuse(node, f"{slope.values.size} slopes are not supported", hint)
    build.unary(node, Nonlinear(Function.LEAKY_RELU, float(slope.real.reshape(-1)[0])))


def convert_clip(build: Builder, node: Node) -> None:
    """ONNX Clip, its bounds as attributes or, from opset 11, as inputs."""
    bounds: list[float | None] = []
    for position, name in enumerate(("min", "max"), start=1):
        bound = node.attributes.get(name)
        constant = build.optional_constant(node, position, name)
        if constant is not None:
            if constant.values.size != 1:
                raise build.refuse(node, f"{name} has {constant.values.size} values; expected one")
            bound = constant.real.reshape(-1)[0]
        limit = float(np.float32(bound)) if bound is not None else math.inf
        # The attributes' defaults are the ends of the float range: no bound.
        bounds.append(limit if abs(limit) < float(np.finfo(np.float32).max) else None)
    low, high = bounds
    if low is not None and high is not None and low > high:
        low = high  # ONNX: every value becomes the maximum
    build.unary(node, Clamp(Activation(low, high)))


def convert_softmax(build: Builder, node: Node) -> None:
    """ONNX Softmax over one axis; before opset 13 over all axes from `axis` on."""
    value = build.value(node)
    rank = len(value.shape)
    if rank == 0:
        raise build.refuse(node, "the input is a scalar")
    axis = int(node.attributes.get("axis", -1 if build.graph.opset >= 13 else 1)) % rank
    if build.graph.opset >= 13 or math.prod(value.shape[axis + 1 :]) == 1:
        order = (*(a for a in range(rank) if a != axis), axis)
        x = build.ordered(value, order)
        build.ordered_result(node, Softmax(), [x], tuple(value.shape[a] for a in order), order)
        return
    rows = (math.prod(value.shape[:axis]), math.prod(value.shape[axis:]))
    # Every element of a row counts alike, so their order within the row does not matter.
    layout = value.layout if value.layout.has_rows(axis) else Layout.contiguous(value.shape)
    x = value.tensor if layout == value.layout else build.ordered(value, range(rank))
    build.result(node, Softmax(), [build.reshaped(x, rows)], rows, layout)
