# SPDX-License-Identifier: Apache-2.0
"""Operators that move values: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Identity, Dropout, Pad, Concat."""

from __future__ import annotations

from tvm_stm32.model.network import Concat, Pad
from tvm_stm32.model.onnx.builder import Builder, Value
from tvm_stm32.model.onnx.graph import Node
from tvm_stm32.model.onnx.layout import Layout, channels_last


def convert_reshape(build: Builder, node: Node) -> None:
    """ONNX Reshape, Flatten, Squeeze and Unsqueeze: the layout changes, nothing is computed."""
    value = build.value(node)
    shape = build.shape(node, node.outputs[0])
    layout = value.layout.reshape(shape)
    if layout is not None:
        build.values[node.outputs[0]] = Value(value.tensor, layout)
        return
    tensor = build.ordered(value, range(len(value.shape)))
    build.values[node.outputs[0]] = Value(tensor, Layout.contiguous(shape))


def convert_transpose(build: Builder, node: Node) -> None:
    """ONNX Transpose: the layout changes, nothing is computed."""
    value = build.value(node)
    rank = len(value.shape)
    permutation = [int(axis) for axis in node.attributes.get("perm", range(rank - 1, -1, -1))]
    if sorted(permutation) != list(range(rank)):
        raise build.refuse(node, f"perm {permutation} is no permutation of {rank} axes")
    build.values[node.outputs[0]] = Value(value.tensor, value.layout.transpose(permutation))


def convert_identity(build: Builder, node: Node) -> None:
    """ONNX Identity, and Dropout at inference: the same value."""
    name = node.outputs[0]
    if node.kind == "Dropout":
        training = build.integers(node, 2, "training_mode")
        used = [n for n in node.outputs[1:] if n and (build.graph.consumers(n) or n in build.graph.outputs)]
        if used or (training is not None and any(training)):
            raise build.refuse(node, "Dropout in training mode is not supported", "export the model in evaluation mode")
    build.values[name] = build.value(node)


def convert_pad(build: Builder, node: Node) -> None:
    """ONNX Pad with a constant; widths and value as attributes or, from opset 11, as inputs."""
    value = build.value(node)
    rank = len(value.shape)
    mode = node.attributes.get("mode", b"constant").decode(errors="replace")
    if mode != "constant":
        raise build.refuse(node, f"padding mode {mode!r} is not supported", "use constant padding")
    pads = node.attributes.get("pads")
    widths = list(pads) if pads is not None else build.integers(node, 1, "pads")
    axes = build.integers(node, 3, "axes")
    axes = list(range(rank)) if axes is None else [axis % rank for axis in axes]
    if widths is None or len(widths) != 2 * len(axes) or len(set(axes)) != len(axes) or min(widths, default=0) < 0:
        raise build.refuse(node, f"the pads are {widths}; expected {2 * len(axes)} numbers, none negative")
    fill = float(node.attributes.get("value", 0.0))
    constant = build.optional_constant(node, 2, "constant_value")
    if constant is not None and constant.values.size:
        fill = float(constant.real.reshape(-1)[0])
    by_axis = {axis: (int(widths[i]), int(widths[i + len(axes)])) for i, axis in enumerate(axes)}
    if len(value.shape) > 1 and by_axis.get(0, (0, 0)) != (0, 0):
        raise build.refuse(node, "padding the batch is not supported")
    order = _order(value)
    x = build.ordered(value, order)
    permuted = tuple(by_axis.get(axis, (0, 0)) for axis in order)
    shape = tuple(value.shape[axis] + sum(by_axis.get(axis, (0, 0))) for axis in order)
    build.ordered_result(node, Pad(permuted, fill if fill else None), [x], shape, order)


def convert_concat(build: Builder, node: Node) -> None:
    """ONNX Concat; some of the inputs may be constants."""
    operands = [
        build.constant(node, position, "input") if build.is_constant(name) else build.value(node, position)
        for position, name in enumerate(node.inputs)
    ]
    shapes = [operand.shape for operand in operands]
    rank = len(shapes[0])
    if any(len(shape) != rank for shape in shapes):
        raise build.refuse(node, "the inputs have different numbers of dimensions")
    axis = int(node.attributes["axis"]) % rank
    orders = [_order(operand) for operand in operands if isinstance(operand, Value)]
    order = max(dict.fromkeys(orders), key=orders.count)
    if len(operands) == 1:
        build.values[node.outputs[0]] = build.value(node)
        return
    tensors = [
        build.ordered(operand, order) if isinstance(operand, Value) else build.placed(operand.transpose(order))
        for operand in operands
    ]
    extents = list(shapes[0])
    extents[axis] = sum(shape[axis] for shape in shapes)
    build.ordered_result(node, Concat(order.index(axis)), tensors, tuple(extents[a] for a in order), order)


def _order(value: Value) -> tuple[int, ...]:
    """Channels last where the value lies so, else the order of ONNX."""
    rank = len(value.shape)
    return channels_last(rank) if value.layout.is_ordered(channels_last(rank)) else tuple(range(rank))
