# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""2-D convolution, 1x1 convolution and fully connected layers, by loops that any core runs.

int8 is `conv2d_bytes`'s, float32 of cores that may have an FPU `conv2d_floats`'s. For float32 of others there are
blocks of four output channels at one pixel: the four accumulators live in registers, and each input value is read once
for the four products. Padding costs nothing inside the loops: the range of kernel taps that read the input is computed
per row and column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.channel_table import ChannelTable
from tvm_stm32.kernels.conv2d_bytes import BytesSpecification, implement_bytes
from tvm_stm32.kernels.conv2d_floats import implement_floats
from tvm_stm32.kernels.convolution_geometry import Convolution, WindowOrder, first_tap, last_tap, reads_padding
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output
from tvm_stm32.kernels.narrow import Ranges
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Conv2D, FullyConnected, Network, Operator, Padding

#: output channels computed together
BLOCK = 4


@dataclass(frozen=True, slots=True)
class Conv2DSpecification(Convolution):
    """Of float32."""

    groups: int
    table: ChannelTable

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "fully_connected" if self.x[0] == self.y[0] and self.kernel == (1, 1) and self.x[1] == 1 else "conv2d"

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        shapes = self.describe_shapes() if self.family == "conv2d" else f"x {list(self.x)}, y {list(self.y)}"
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return f"{self.family}: {shapes}{groups}\n{self.table.describe()}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        order = WindowOrder(self.x[:2], self.y[:2], self.strides, self.padding)
        outputs = self.y[2] // self.groups
        last = self.y[2] - outputs + (outputs - 1) // BLOCK * BLOCK
        return order.distances(self.x[2], self.y[2], last, 4)


def pack_weights(weights: npt.NDArray[Any], groups: int) -> npt.NDArray[Any]:
    """Reorder OHWI weights into the order the loops read: per group, blocks of four outputs, taps, inputs, the four.

    Returns:
        A flat array; the outputs that do not fill a block follow their group's blocks, interleaved among themselves.
    """
    outputs = weights.shape[0] // groups
    runs = []
    for group in range(groups):
        rows = weights[group * outputs : (group + 1) * outputs].reshape(outputs, -1)
        runs += [rows[start : start + BLOCK].T.ravel() for start in range(0, outputs, BLOCK)]
    return np.concatenate(runs)


def build_conv2d(spec: Conv2DSpecification) -> Any:
    """The TIR function of `spec`: (x, weights, channels, y)."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    kernel_height, kernel_width = spec.kernel
    stride_y, stride_x = spec.strides
    dilation_y, dilation_x = spec.dilations
    top, left = spec.padding
    groups, table = spec.groups, spec.table
    group_inputs, group_outputs = channels // groups, out_channels // groups
    blocks, rest = divmod(group_outputs, BLOCK)
    depth = kernel_height * kernel_width * group_inputs
    pad_y = reads_padding(height, out_height, kernel_height, stride_y, dilation_y, top)
    pad_x = reads_padding(width, out_width, kernel_width, stride_x, dilation_x, left)

    @T.prim_func(s_tir=True)
    def conv2d(
        x: T.handle("float32"), weights: T.handle("float32"), channel_table: T.handle("float32"), y: T.handle("float32")
    ):  # fmt: skip
        X = T.decl_buffer((height, width, channels), "float32", data=x)
        W = T.decl_buffer((out_channels * depth,), "float32", data=weights)
        K = T.decl_buffer((out_channels, 1), "float32", data=channel_table)
        Y = T.decl_buffer((out_height, out_width, out_channels), "float32", data=y)
        acc = T.alloc_buffer((BLOCK,), "float32")

        @T.inline
        def block(oy, ox, row, column, first_input, channel, size):
            for j in T.unroll(size):
                acc[j] = K[channel + j, 0]
            for ky in T.serial(
                first_tap(row, dilation_y, pad_y), last_tap(row, dilation_y, kernel_height, height, pad_y)
            ):
                for kx in T.serial(
                    first_tap(column, dilation_x, pad_x), last_tap(column, dilation_x, kernel_width, width, pad_x)
                ):
                    for c in T.serial(group_inputs):
                        value: T.let = X[row + ky * dilation_y, column + kx * dilation_x, first_input + c]
                        for j in T.unroll(size):
                            acc[j] = (
                                acc[j]
                                + value * W[channel * depth + ((ky * kernel_width + kx) * group_inputs + c) * size + j]
                            )
            for j in T.unroll(size):
                Y[oy, ox, channel + j] = table.finish(acc[j], K, channel + j)

        for oy, ox, g in T.grid(out_height, out_width, groups):
            for b in T.serial(blocks):
                block(
                    oy, ox, oy * stride_y - top, ox * stride_x - left,
                    g * group_inputs, g * group_outputs + b * BLOCK, BLOCK,
                )  # fmt: skip
            if rest > 0:
                block(
                    oy, ox, oy * stride_y - top, ox * stride_x - left,
                    g * group_inputs, g * group_outputs + blocks * BLOCK, rest,
                )  # fmt: skip

    return conv2d


def implement_conv2d(network: Network, operator: Operator, target: Target, ranges: Ranges) -> Implementation:
    """A convolution, grouped or not."""
    attributes = operator.attributes
    assert isinstance(attributes, Conv2D)
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    geometry = (attributes.strides, attributes.dilations, attributes.padding, attributes.groups)
    return _implementation(network, operator, x.shape[1:], y.shape[1:], _values(weights), *geometry, target, ranges)


def implement_fully_connected(network: Network, operator: Operator, target: Target, ranges: Ranges) -> Implementation:
    """A fully connected layer: a 1x1 convolution over a column of rows."""
    assert isinstance(operator.attributes, FullyConnected)
    weights = network.input_tensors(operator)[1]
    y = network.output_tensors(operator)[0]
    outputs, inputs = weights.shape
    rows = y.elements // outputs
    data = _values(weights).reshape(outputs, 1, 1, inputs)
    shapes = (rows, 1, inputs), (rows, 1, outputs)
    return _implementation(network, operator, *shapes, data, (1, 1), (1, 1), Padding(), 1, target, ranges)


def _values(weights: Any) -> npt.NDArray[Any]:
    assert weights.data is not None
    values: npt.NDArray[Any] = weights.data
    return values


def _implementation(
    network: Network,
    operator: Operator,
    x_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
    weights: npt.NDArray[Any],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: Padding,
    groups: int,
    target: Target,
    ranges: Ranges,
) -> Implementation:
    table, rows = ChannelTable.of(network, operator, weights.reshape(weights.shape[0], -1), target, ranges, folded=True)
    if not table.requantization and target.dsp:
        return implement_floats(
            operator.inputs[0],
            operator.outputs[0],
            (x_shape[0], x_shape[1], x_shape[2]),
            (y_shape[0], y_shape[1], y_shape[2]),
            weights,
            rows.values,
            strides,
            dilations,
            (padding.top, padding.left),
            groups,
            table.bounds,
            target.fused,
        )
    form = BytesSpecification if table.requantization else Conv2DSpecification
    spec = form(
        x=(x_shape[0], x_shape[1], x_shape[2]),
        y=(y_shape[0], y_shape[1], y_shape[2]),
        kernel=(weights.shape[1], weights.shape[2]),
        strides=strides,
        dilations=dilations,
        padding=(padding.top, padding.left),
        groups=groups,
        table=table,
    )
    layout = f"{list(weights.shape)} OHWI, blocks of {BLOCK} outputs interleaved"
    packed = Constant("weights", pack_weights(weights, groups), layout)
    if isinstance(spec, BytesSpecification):
        return implement_bytes(operator.inputs[0], operator.outputs[0], spec, packed, rows)
    return Implementation(
        specification=spec,
        build=lambda: build_conv2d(spec),
        arguments=(
            Input(operator.inputs[0]),
            packed,
            rows,
            Output(operator.outputs[0]),
        ),
        macs=spec.y[0] * spec.y[1] * weights.size,
        overlaps=(Overlap(written=3, read=0, distances=spec.distances),),
        rounding=table.rounding,
    )
