# SPDX-License-Identifier: Apache-2.0
"""MaxPool, AveragePool, their global forms, ReduceMax and ReduceMean."""

from __future__ import annotations

import math
from dataclasses import replace

from tvm_stm32.model.network import Mean, Padding, Pool2D, Summation
from tvm_stm32.model.onnx.builder import Builder
from tvm_stm32.model.onnx.graph import Node
from tvm_stm32.model.onnx.layout import Layout, channels_last, inverse
from tvm_stm32.model.onnx.window import Window, plane, plane_result, read_window


def convert_pool(build: Builder, node: Node) -> None:
    """ONNX MaxPool and AveragePool over NCHW or NCW."""
    value = build.value(node)
    mode = "max" if node.kind == "MaxPool" else "average"
    if any(build.graph.consumers(name) or name in build.graph.outputs for name in node.outputs[1:] if name):
        raise build.refuse(node, "the indices of the maxima are not supported", "use the first output alone")
    x = plane(build, node, value)
    kernel = tuple(int(n) for n in node.attributes["kernel_shape"])
    if len(kernel) != len(value.shape) - 2 or min(kernel) < 1:
        raise build.refuse(node, f"kernel_shape is {list(kernel)}; expected {len(value.shape) - 2} positive numbers")
    window = read_window(build, node, value.shape[2:], kernel)
    if window.dilations != (1, 1):
        raise build.refuse(node, "dilated pooling is not supported", "use dilations of 1")
    padding = window.padding
    if max(padding.top, padding.bottom) >= window.kernel[0] or max(padding.left, padding.right) >= window.kernel[1]:
        raise build.refuse(node, "the padding is as large as the kernel", "use pads smaller than kernel_shape")
    count_padding = mode == "average" and bool(node.attributes.get("count_include_pad", 0))
    if count_padding and node.attributes.get("ceil_mode", 0) and padding != _floor_padding(node, padding):
        hint = "set count_include_pad or ceil_mode to 0"
        raise build.refuse(node, "ceil_mode together with count_include_pad is not supported", hint)
    attributes = Pool2D(
        mode,
        window.kernel,
        window.strides,
        padding,
        count_padding and padding != Padding(),
        summation=_summation(build, window, value.shape[2:]) if mode == "average" else Summation.ROWS,
    )
    shape = (1, *window.output, value.shape[1])
    plane_result(build, node, attributes, [x], shape, len(value.shape))


def _summation(build: Builder, window: Window, spatial: tuple[int, ...]) -> Summation:
    """The order in which onnxruntime's ``MlasPool`` adds; from opset 19 on it does not use that function."""
    if build.graph.opset >= 19:
        return Summation.ROWS
    if window.kernel[-len(spatial) :] == spatial and window.strides == (1, 1) and window.padding == Padding():
        return Summation.FOUR_LANES
    padded = spatial[-1] + window.padding.left + window.padding.right
    columns = len(spatial) == 2 and window.strides[1] <= 2 and max(window.kernel) <= 32 and padded <= 2045
    return Summation.COLUMNS if columns else Summation.ROWS


def _floor_padding(node: Node, ceiled: Padding) -> Padding:
    """The padding that the file states; the other modes of auto_pad never have partial windows."""
    if node.attributes.get("auto_pad", b"NOTSET") != b"NOTSET":
        return ceiled
    pads = [int(n) for n in node.attributes.get("pads", [0, 0, 0, 0])]
    if len(pads) == 2:
        return Padding(0, pads[0], 0, pads[1])
    return Padding(*pads)


def convert_global_pool(build: Builder, node: Node) -> None:
    """ONNX GlobalAveragePool and GlobalMaxPool."""
    value = build.value(node)
    x = plane(build, node, value)
    _, height, width, channels = build.network.tensors[x].shape
    mode = "max" if node.kind == "GlobalMaxPool" else "average"
    summation = Summation.FOUR_LANES if mode == "average" else Summation.ROWS
    attributes = Pool2D(mode, (height, width), summation=summation)
    plane_result(build, node, attributes, [x], (1, 1, 1, channels), len(value.shape))


def convert_reduce_max(build: Builder, node: Node) -> None:
    """ONNX ReduceMax over the spatial axes of NCHW or NCW, as a global pool."""
    value = build.value(node)
    rank = len(value.shape)
    reduced = _reduced_axes(build, node, rank)
    if rank not in (3, 4) or reduced != list(range(2, rank)):
        hint = "reduce all spatial axes, the third and those after it"
        raise build.refuse(node, f"the maximum over the axes {reduced} of {rank} is not supported", hint)
    x = plane(build, node, value)
    _, height, width, channels = build.network.tensors[x].shape
    kept = rank if node.attributes.get("keepdims", 1) else 2
    layout = Layout.contiguous((1, 1, 1, channels)).transpose(inverse(channels_last(4)))
    layout = layout.reshape((1, channels, *(1,) * (kept - 2))) or layout
    build.result(node, Pool2D("max", (height, width)), [x], (1, 1, 1, channels), layout)


def _reduced_axes(build: Builder, node: Node, rank: int) -> list[int]:
    """The axes that a reduction of a value of `rank` leaves out, sorted; they are an attribute or an input."""
    axes = node.attributes.get("axes")
    if axes is None:
        axes = build.integers(node, 1, "axes")
    if not axes:
        return [] if node.attributes.get("noop_with_empty_axes", 0) else list(range(rank))
    return sorted({int(axis) % rank for axis in axes})


def convert_reduce_mean(build: Builder, node: Node) -> None:
    """ONNX ReduceMean, its axes as attribute or, from opset 18, as input."""
    value = build.value(node)
    rank = len(value.shape)
    reduced = _reduced_axes(build, node, rank)
    if not reduced:
        build.values[node.outputs[0]] = value
        return
    order = channels_last(rank) if value.layout.is_ordered(channels_last(rank)) else tuple(range(rank))
    x = build.ordered(value, order)
    attributes = Mean(
        tuple(sorted(order.index(axis) for axis in reduced)),
        keep_dims=True,
        # onnxruntime sums trailing axes with vector instructions, others row by row
        summation=Summation.EIGHT_LANES if reduced == list(range(reduced[0], rank)) else Summation.ROWS,
    )
    shape = tuple(1 if axis in reduced else value.shape[axis] for axis in order)
    layout = Layout.contiguous(shape).transpose(inverse(order))
    if not node.attributes.get("keepdims", 1):
        kept = [axis for axis in range(rank) if axis not in reduced]
        squeezed = Layout(tuple(layout.axes[axis] for axis in kept))
        if squeezed == Layout.contiguous(squeezed.shape):
            attributes, shape = replace(attributes, keep_dims=False), squeezed.shape
        layout = squeezed
    assert math.prod(shape) == math.prod(layout.shape)
    build.result(node, attributes, [x], shape, layout)
