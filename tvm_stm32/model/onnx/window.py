# SPDX-License-Identifier: Apache-2.0
"""The sliding window of convolutions and pools: kernel, strides, dilations and padding in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.model.network import Attributes, Padding
from tvm_stm32.model.onnx.builder import Builder, Value
from tvm_stm32.model.onnx.graph import Node
from tvm_stm32.model.onnx.layout import Layout, channels_last, inverse

NHWC = channels_last(4)


@dataclass(frozen=True, slots=True)
class Window:
    """One-dimensional windows have a height of 1."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    padding: Padding
    output: tuple[int, int]  #: height and width of what the window yields


def plane(build: Builder, node: Node, value: Value) -> str:
    """The tensor of a value of shape (N, C, H, W) or (N, C, W) as NHWC.

    Raises:
        ModelError: the value has another rank.
    """
    if len(value.shape) not in (3, 4):
        dimensions = len(value.shape) - 2
        raise build.refuse(node, f"{dimensions} spatial dimensions are not supported", "use one or two")
    layout = value.layout
    if len(value.shape) == 3:
        batch, channels, width = value.shape
        layout = layout.reshape((batch, channels, 1, width)) or layout
    return build.ordered(Value(value.tensor, layout), NHWC)


def plane_result(
    build: Builder, node: Node, attributes: Attributes, inputs: list[str], shape: tuple[int, int, int, int], rank: int
) -> None:
    """Appends the operator of `node` whose output has the NHWC `shape`; the ONNX value has `rank` dimensions."""
    layout = Layout.contiguous(shape).transpose(inverse(NHWC))
    if rank == 3:
        layout = layout.reshape((shape[0], shape[3], shape[2])) or layout
    build.result(node, attributes, inputs, shape, layout)


def read_window(build: Builder, node: Node, spatial: tuple[int, ...], kernel: tuple[int, ...]) -> Window:
    """The window of `node` over an input of `spatial` extents (width, or height and width).

    With ``ceil_mode`` the padding at the bottom and right grows until the last, partial window is a full one.

    Raises:
        ModelError: attributes that contradict each other, or a window that is larger than the padded input.
    """
    dimensions = len(spatial)
    strides = _attribute(build, node, "strides", [1] * dimensions)
    dilations = _attribute(build, node, "dilations", [1] * dimensions)
    begin, end = _padding(build, node, spatial, kernel, strides, dilations)
    ceil = bool(node.attributes.get("ceil_mode", 0))
    output = []
    for axis in range(dimensions):
        span = (kernel[axis] - 1) * dilations[axis] + 1
        steps, rest = divmod(spatial[axis] + begin[axis] + end[axis] - span, strides[axis])
        if steps < 0:
            raise build.refuse(node, f"the window of {span} is larger than the padded input along spatial axis {axis}")
        # A partial window that would start in the padding at the end does not exist.
        if ceil and rest and (steps + 1) * strides[axis] < spatial[axis] + begin[axis]:
            end[axis] += strides[axis] - rest
            steps += 1
        output.append(steps + 1)
    rows = [0] * (2 - dimensions)
    ones = [1] * (2 - dimensions)
    top, left = (*rows, *begin)
    bottom, right = (*rows, *end)
    return Window(
        kernel=_pair([*ones, *kernel]),
        strides=_pair([*ones, *strides]),
        dilations=_pair([*ones, *dilations]),
        padding=Padding(top, left, bottom, right),
        output=_pair([*ones, *output]),
    )


def _padding(
    build: Builder,
    node: Node,
    spatial: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: list[int],
    dilations: list[int],
) -> tuple[list[int], list[int]]:
    """Padding before and after each spatial axis."""
    mode = node.attributes.get("auto_pad", b"NOTSET").decode(errors="replace")
    dimensions = len(spatial)
    if mode in ("NOTSET", ""):
        pads = [int(n) for n in node.attributes.get("pads", [0] * 2 * dimensions)]
        if len(pads) != 2 * dimensions or min(pads) < 0:
            raise build.refuse(node, f"the pads are {pads}; expected {2 * dimensions} numbers, none negative")
        return pads[:dimensions], pads[dimensions:]
    if mode == "VALID":
        return [0] * dimensions, [0] * dimensions
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise build.refuse(node, f"auto_pad is {mode!r}", "use NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    begin, end = [], []
    for size, extent, stride, dilation in zip(spatial, kernel, strides, dilations, strict=True):
        outputs = -(-size // stride)
        total = max((outputs - 1) * stride + (extent - 1) * dilation + 1 - size, 0)
        less, more = total // 2, total - total // 2
        begin.append(less if mode == "SAME_UPPER" else more)
        end.append(more if mode == "SAME_UPPER" else less)
    return begin, end


def _attribute(build: Builder, node: Node, name: str, default: list[int]) -> list[int]:
    """A list with one positive number per spatial axis."""
    values = [int(n) for n in node.attributes.get(name, default)]
    if len(values) != len(default) or min(values) < 1:
        raise build.refuse(node, f"{name} is {values}; expected {len(default)} positive numbers")
    return values


def _pair(values: list[int]) -> tuple[int, int]:
    return values[0], values[1]
