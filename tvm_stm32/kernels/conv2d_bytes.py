# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Convolutions and fully connected layers of int8 on any core: two pixels by four output channels at a time.

The products are a microkernel's, over runs of inputs that follow each other in memory: a row of the window, or the
channels of one tap. The input's zero point is folded into the biases. Where windows reach into padding, input rows are
copied into a scratch of the window's height between margins of the zero point, so that no loop needs to know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.channel_table import ChannelTable
from tvm_stm32.kernels.convolution_geometry import Convolution, WindowOrder, reads_padding
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Microkernel, Output, Scratch
from tvm_stm32.kernels.microkernels.products import BLOCK, PixelPair, SinglePixel
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap


@dataclass(frozen=True, slots=True)
class BytesSpecification(Convolution):
    """`table` has what requantizes each channel."""

    groups: int
    table: ChannelTable

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "fully_connected_bytes" if self.y[:2] == self.x[:2] == self.kernel == (1, 1) else "conv2d_bytes"

    @property
    def padded(self) -> bool:
        """Whether any window reaches outside the input."""
        return any(
            reads_padding(self.x[axis], self.y[axis], self.kernel[axis], self.strides[axis], self.dilations[axis], top)
            for axis, top in enumerate(self.padding)
        )

    @property
    def span(self) -> int:
        """Input rows from the first to the last one of a window."""
        return (self.kernel[0] - 1) * self.dilations[0] + 1

    @property
    def row_bytes(self) -> int:
        """Bytes from one row that windows read to the next: of the input, or of its padded copy."""
        width = self.x[1]
        if self.padded:
            reach = (self.y[1] - 1) * self.strides[1] + (self.kernel[1] - 1) * self.dilations[1] + 1
            width = max(reach, self.padding[1] + width)
        return width * self.x[2]

    @property
    def kept(self) -> int:
        """Rows of a window that the next one below reads too."""
        return max(self.span - self.strides[0], 0)

    @property
    def run(self) -> int:
        """Inputs in a row that one call of the microkernel takes."""
        inputs = self.x[2] // self.groups
        return inputs * self.kernel[1] if self.groups == self.dilations[1] == 1 else inputs

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        if not self.padded:
            order = WindowOrder(self.x[:2], self.y[:2], self.strides, self.padding)
            outputs = self.y[2] // self.groups
            last = self.y[2] - outputs + (outputs - 1) // BLOCK * BLOCK
            return order.distances(self.x[2], self.y[2], last, 1, pixels=2)
        rows = [((row + 1) * self.strides[0] - self.padding[0] + self.kept, row + 1) for row in range(self.y[0] - 1)]
        written, read = self.y[1] * self.y[2], self.x[1] * self.x[2]
        needed = [done * written - max(first, 0) * read for first, done in rows if first < self.x[0]]
        return Distances(least=max(needed)) if needed else ANYWHERE

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        shapes = self.describe_shapes() if self.family == "conv2d_bytes" else f"x {list(self.x)}, y {list(self.y)}"
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        scratch = "\nscratch: the rows of a window with their padding" if self.padded else ""
        return f"{self.family}: {shapes}{groups}\n{self.table.describe()}{scratch}"


def build_conv2d_bytes(spec: BytesSpecification) -> Any:
    """The TIR function of `spec`: (x, weights, channel_table[, scratch], y)."""
    return _build_padded(spec) if spec.padded else _build_direct(spec)


def _row_of(spec: BytesSpecification) -> Any:
    """The TIR macro ``row(X, first, W, K, Y, out, sums)``: outputs from ``Y[out]`` on, inputs from ``X[first]`` on."""
    table = spec.table
    inputs, outputs = spec.x[2] // spec.groups, spec.y[2] // spec.groups
    blocks, rest = divmod(outputs, BLOCK)
    kernel_height, kernel_width = spec.kernel
    depth = kernel_height * kernel_width * inputs
    runs, run = kernel_width * inputs // spec.run, spec.run
    pixel_bytes, channels = spec.strides[1] * spec.x[2], spec.y[2]
    line_bytes, tap_bytes = spec.dilations[0] * spec.row_bytes, spec.dilations[1] * spec.x[2]

    def products(x: Any, weights: Any, sums: Any, pixels: int) -> Any:
        if pixels == 2:
            return T.call_extern("void", PixelPair().name, x, pixel_bytes, weights, run, sums)
        return T.call_extern("void", SinglePixel().name, x, weights, run, sums)

    @T.inline
    def block(X, first, W, K, Y, out, sums, channel, pixels):
        for p in T.unroll(pixels):
            for j in T.unroll(BLOCK):
                sums[p * BLOCK + j] = K[channel + j, 0]
        for ky in T.serial(kernel_height):
            for kx in T.serial(runs):
                T.evaluate(
                    products(
                        T.address_of(X[first + ky * line_bytes + kx * tap_bytes]),
                        T.address_of(W[channel * depth + (ky * runs + kx) * run * BLOCK]),
                        T.address_of(sums[0]),
                        pixels,
                    )
                )
        for j in T.serial(BLOCK):
            for p in T.serial(pixels):
                Y[out + p * channels + channel + j] = table.finish(sums[p * BLOCK + j], K, channel + j)

    @T.inline
    def remainder(X, first, W, K, Y, out, sums, channel):
        for j in T.unroll(rest):
            sums[j] = K[channel + j, 0]
        for ky in T.serial(kernel_height):
            for kx in T.serial(runs):
                for i in T.serial(run):
                    for j in T.unroll(rest):
                        sums[j] = sums[j] + T.cast(X[first + ky * line_bytes + kx * tap_bytes + i], "int32") * T.cast(
                            W[channel * depth + ((ky * runs + kx) * run + i) * rest + j], "int32"
                        )
        for j in T.unroll(rest):
            Y[out + channel + j] = table.finish(sums[j], K, channel + j)

    @T.inline
    def pixels_of(X, first, W, K, Y, out, sums, pixels):
        for g in T.serial(spec.groups):
            for b in T.serial(blocks):
                block(X, first + g * inputs, W, K, Y, out, sums, g * outputs + b * BLOCK, pixels)
            if rest > 0:
                for p in T.serial(pixels):
                    remainder(
                        X, first + g * inputs + p * pixel_bytes, W, K, Y, out + p * channels, sums,
                        g * outputs + blocks * BLOCK,
                    )  # fmt: skip

    @T.inline
    def row(X, first, W, K, Y, out, sums):
        for pair in T.serial(spec.y[1] // 2):
            pixels_of(X, first + 2 * pair * pixel_bytes, W, K, Y, out + 2 * pair * channels, sums, 2)
        if spec.y[1] % 2 > 0:
            pixels_of(X, first + (spec.y[1] - 1) * pixel_bytes, W, K, Y, out + (spec.y[1] - 1) * channels, sums, 1)

    return row


def _build_direct(spec: BytesSpecification) -> Any:
    """Windows are read from the input itself."""
    out_height, out_width, out_channels = spec.y
    height, row_bytes, stride = spec.x[0], spec.row_bytes, spec.strides[0]
    weights_size = out_channels * spec.kernel[0] * spec.kernel[1] * (spec.x[2] // spec.groups)
    columns, row = spec.table.columns, _row_of(spec)

    @T.prim_func(s_tir=True)
    def conv2d_bytes(
        x: T.handle("int8"), weights: T.handle("int8"), channel_table: T.handle("int32"), y: T.handle("int8")
    ):
        X = T.decl_buffer((height * row_bytes,), "int8", data=x)
        W = T.decl_buffer((weights_size,), "int8", data=weights)
        K = T.decl_buffer((out_channels, columns), "int32", data=channel_table)
        Y = T.decl_buffer((out_height * out_width * out_channels,), "int8", data=y)
        sums = T.alloc_buffer((2 * BLOCK,), "int32")
        for oy in T.serial(out_height):
            row(X, oy * stride * row_bytes, W, K, Y, oy * out_width * out_channels, sums)

    return conv2d_bytes


def _build_padded(spec: BytesSpecification) -> Any:
    """Windows are read from copies of their rows, between margins."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    span, kept, stride, row_bytes = spec.span, spec.kept, spec.strides[0], spec.row_bytes
    top, margin = spec.padding[0], spec.padding[1] * channels
    weights_size = out_channels * spec.kernel[0] * spec.kernel[1] * (channels // spec.groups)
    columns, row, zero_point = spec.table.columns, _row_of(spec), spec.table.zero_point

    def fill(to: Any, count: int) -> Any:
        return T.call_extern("void", "tvm_ai_fill_bytes", to, zero_point, count)

    def copy(to: Any, source: Any, count: int) -> Any:
        return T.call_extern("void", "tvm_ai_copy_bytes", to, source, count)

    def move(to: Any, source: Any, count: int) -> Any:
        return T.call_extern("void", "tvm_ai_move_bytes", to, source, count)

    @T.prim_func(s_tir=True)
    def conv2d_bytes(
        x: T.handle("int8"),
        weights: T.handle("int8"),
        channel_table: T.handle("int32"),
        scratch: T.handle("int8"),
        y: T.handle("int8"),
    ):  # fmt: skip
        X = T.decl_buffer((height, width * channels), "int8", data=x)
        W = T.decl_buffer((weights_size,), "int8", data=weights)
        K = T.decl_buffer((out_channels, columns), "int32", data=channel_table)
        R = T.decl_buffer((span * row_bytes,), "int8", data=scratch)
        Y = T.decl_buffer((out_height * out_width * out_channels,), "int8", data=y)
        sums = T.alloc_buffer((2 * BLOCK,), "int32")

        @T.inline
        def load(slot, line):
            if line >= 0 and line < height:
                T.evaluate(copy(T.address_of(R[slot * row_bytes + margin]), T.address_of(X[line, 0]), width * channels))
            else:
                T.evaluate(fill(T.address_of(R[slot * row_bytes + margin]), width * channels))

        T.evaluate(fill(T.address_of(R[0]), span * row_bytes))
        for i in T.serial(kept):
            load(i, i - top)
        for oy in T.serial(out_height):
            for i in T.serial(span - kept):
                load(kept + i, oy * stride - top + kept + i)
            row(R, 0, W, K, Y, oy * out_width * out_channels, sums)
            if kept > 0:
                T.evaluate(move(T.address_of(R[0]), T.address_of(R[(span - kept) * row_bytes]), kept * row_bytes))

    return conv2d_bytes


def implement_bytes(x: str, y: str, spec: BytesSpecification, weights: Constant, channels: Constant) -> Implementation:
    """The kernel for packed `weights` and a table of `channels` whose biases have the zero point folded in."""
    if spec.kernel == spec.strides == (1, 1) and not spec.padded and spec.x[:2] == spec.y[:2]:
        pixels = spec.x[0] * spec.x[1]  # one row of pixels
        spec = replace(spec, x=(1, pixels, spec.x[2]), y=(1, pixels, spec.y[2]))
    scratch = (Scratch(spec.span * spec.row_bytes),) if spec.padded else ()
    width, outputs = spec.y[1], spec.y[2] // spec.groups
    used: list[Microkernel] = [SinglePixel()] if outputs >= BLOCK else []
    if outputs >= BLOCK and width > 1:
        used.append(PixelPair())
    return Implementation(
        specification=spec,
        build=lambda: build_conv2d_bytes(spec),
        arguments=(Input(x), weights, channels, *scratch, Output(y)),
        macs=spec.y[0] * spec.y[1] * weights.values.size,
        microkernels=tuple(used),
        overlaps=(Overlap(written=3 + len(scratch), read=0, distances=spec.distances),),
        rounding=spec.table.rounding,
    )
