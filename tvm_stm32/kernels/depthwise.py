# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Depthwise convolution: four channels at one pixel, accumulators in registers, taps outside the input skipped.

float32 of cores that may have an FPU is `conv2d_floats`'s, as long as there are as many outputs as inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.channel_table import ChannelTable
from tvm_stm32.kernels.conv2d_floats import implement_floats
from tvm_stm32.kernels.convolution_geometry import Convolution, WindowOrder, first_tap, last_tap, reads_padding
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output
from tvm_stm32.kernels.narrow import Ranges
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import DepthwiseConv2D, Network, Operator

#: output channels computed together
BLOCK = 4


@dataclass(frozen=True, slots=True)
class DepthwiseSpecification(Convolution):
    """`y` has `multiplier` channels for each one of `x`."""

    multiplier: int
    table: ChannelTable

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "depthwise"

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        multiplier = f", multiplier {self.multiplier}" if self.multiplier > 1 else ""
        return f"{self.family}: {self.describe_shapes()}{multiplier}\n{self.table.describe()}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        order = WindowOrder(self.x[:2], self.y[:2], self.strides, self.padding)
        last = (self.y[2] - 1) // BLOCK * BLOCK
        item_size = np.dtype(self.table.dtype).itemsize
        if self.multiplier == 1:
            return order.distances_by_channel(self.y[2], last, item_size)
        return order.distances(self.x[2], self.y[2], last, item_size)


def build_depthwise(spec: DepthwiseSpecification) -> Any:
    """The TIR function of `spec`: (x, weights, channel_table, y)."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    kernel_height, kernel_width = spec.kernel
    stride_y, stride_x = spec.strides
    dilation_y, dilation_x = spec.dilations
    top, left = spec.padding
    multiplier, table = spec.multiplier, spec.table
    dtype, sum_dtype, columns = table.dtype, table.sum_dtype, table.columns
    blocks, rest = divmod(out_channels, BLOCK)
    pad_y = reads_padding(height, out_height, kernel_height, stride_y, dilation_y, top)
    pad_x = reads_padding(width, out_width, kernel_width, stride_x, dilation_x, left)

    @T.prim_func(s_tir=True)
    def depthwise(x: T.handle(dtype), weights: T.handle(dtype), channel_table: T.handle(sum_dtype), y: T.handle(dtype)):
        X = T.decl_buffer((height, width, channels), dtype, data=x)
        W = T.decl_buffer((kernel_height, kernel_width, out_channels), dtype, data=weights)
        K = T.decl_buffer((out_channels, columns), sum_dtype, data=channel_table)
        Y = T.decl_buffer((out_height, out_width, out_channels), dtype, data=y)
        acc = T.alloc_buffer((BLOCK,), sum_dtype)

        @T.inline
        def block(oy, ox, row, column, channel, size):
            for j in T.unroll(size):
                acc[j] = K[channel + j, 0]
            for ky in T.serial(
                first_tap(row, dilation_y, pad_y), last_tap(row, dilation_y, kernel_height, height, pad_y)
            ):
                for kx in T.serial(
                    first_tap(column, dilation_x, pad_x), last_tap(column, dilation_x, kernel_width, width, pad_x)
                ):
                    for j in T.unroll(size):
                        acc[j] = acc[j] + table.centre(
                            X[row + ky * dilation_y, column + kx * dilation_x, T.floordiv(channel + j, multiplier)]
                        ) * T.cast(W[ky, kx, channel + j], sum_dtype)
            for j in T.unroll(size):
                Y[oy, ox, channel + j] = table.finish(acc[j], K, channel + j)

        for oy, ox in T.grid(out_height, out_width):
            for b in T.serial(blocks):
                block(oy, ox, oy * stride_y - top, ox * stride_x - left, b * BLOCK, BLOCK)
            if rest > 0:
                block(oy, ox, oy * stride_y - top, ox * stride_x - left, blocks * BLOCK, rest)

    return depthwise


def implement_depthwise(network: Network, operator: Operator, target: Target, ranges: Ranges) -> Implementation:
    """A depthwise convolution, weights [1, KH, KW, C * multiplier]."""
    attributes = operator.attributes
    assert isinstance(attributes, DepthwiseConv2D)
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    assert weights.data is not None
    _, kernel_height, kernel_width, outputs = weights.shape
    taps = weights.data.reshape(-1, outputs).T
    table, rows = ChannelTable.of(network, operator, taps, target, ranges, folded=False)
    spec = DepthwiseSpecification(
        x=(x.shape[1], x.shape[2], x.shape[3]),
        y=(y.shape[1], y.shape[2], y.shape[3]),
        kernel=(kernel_height, kernel_width),
        strides=attributes.strides,
        dilations=attributes.dilations,
        padding=(attributes.padding.top, attributes.padding.left),
        multiplier=attributes.multiplier,
        table=table,
    )
    if not table.requantization and target.dsp and attributes.multiplier == 1 < outputs:
        ohwi, window = (
            weights.data.astype(np.float32).transpose(3, 1, 2, 0),
            (spec.strides, spec.dilations, spec.padding),
        )
        shapes = (operator.inputs[0], operator.outputs[0], spec.x, spec.y)
        return implement_floats(*shapes, ohwi, rows.values, *window, outputs, table.bounds, target.fused)
    return Implementation(
        specification=spec,
        build=lambda: build_depthwise(spec),
        arguments=(
            Input(operator.inputs[0]),
            Constant("weights", np.ascontiguousarray(weights.data), f"{list(weights.shape)} 1HWC"),
            rows,
            Output(operator.outputs[0]),
        ),
        macs=spec.y[0] * spec.y[1] * weights.elements,
        overlaps=(Overlap(written=3, read=0, distances=spec.distances),),
        rounding=table.rounding,
    )
