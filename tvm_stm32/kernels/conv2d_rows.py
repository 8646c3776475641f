# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Convolution by the rows microkernel: input rows are widened to int16 once, into a ring, and read from there.

1x1 convolutions and fully connected layers widen runs of pixels instead. Padding is the input's zero point in the
ring, whose products are folded into the biases with all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.ring import Ring
from tvm_stm32.kernels.microkernels.rows import Rows, pack_stream
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap


@dataclass(frozen=True, slots=True)
class RowsSpecification:
    """Shapes without the batch, (H, W, C); padding is (top, left); `ring` is the microkernel with its ring.

    run: pixels widened together when input and output pixels correspond one to one.
    """

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    padding: tuple[int, int]
    input_zero_point: int
    crossed: bool
    run: int
    ring: Ring

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "fully_connected_rows" if self.x[:2] == self.y[:2] == self.kernel == (1, 1) else "conv2d_rows"

    @property
    def flat(self) -> bool:
        """Whether input and output pixels correspond one to one."""
        return self.kernel == self.strides == (1, 1) and self.padding == (0, 0) and self.x[:2] == self.y[:2]

    @property
    def scratch(self) -> int:
        """Bytes of the ring, or of a widened run and the pair of values that may be read past it."""
        if self.flat:
            return 2 * (self.run * self.x[2] + 4)
        return 2 * self.ring.span * self.ring.width

    @property
    def backwards(self) -> bool:
        """Whether runs are computed from the last to the first, so that a growing output can start where x does."""
        return self.flat and self.y[2] > self.x[2]

    @property
    def distances(self) -> Distances:
        """How the output may overlap x: what is in the scratch may be written over."""
        inputs, outputs = self.x[2], self.y[2]
        if self.flat:
            runs, growth = -(-self.x[0] * self.x[1] // self.run), self.run * (outputs - inputs)
            if runs == 1:
                return ANYWHERE
            return Distances(most=growth) if self.backwards else Distances(least=growth)
        stride, span = self.strides[0], self.ring.span
        ahead = max(span - stride, 0) - self.padding[0]
        after = [(row * self.y[1] * outputs, row * stride + ahead) for row in range(1, self.y[0])]
        needed = [(written, max(row, 0) * self.x[1] * inputs) for written, row in after if row < self.x[0]]
        return Distances(least=max(written - read for written, read in needed)) if needed else ANYWHERE

    @property
    def overlaps(self) -> tuple[Overlap, ...]:
        """The output over x, and x in the second half of a scratch that holds all of it."""
        output = Overlap(written=3, read=0, distances=self.distances)
        elements = self.x[0] * self.x[1] * self.x[2]
        if not self.flat or self.run < self.x[0] * self.x[1]:
            return (output,)
        return (output, Overlap(written=2, read=0, distances=Distances(least=elements)))

    @property
    def widen(self) -> str:
        """The helper that widens inputs in the order of the stream."""
        return "tvm_ai_widen_crossed" if self.crossed else "tvm_ai_widen"

    @property
    def stream_words(self) -> int:
        """Words of the stream of all channels."""
        return self.ring.rows.block_words * (-(-self.y[2] // 4))

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        (kh, kw), (sh, sw) = self.kernel, self.strides
        rows = self.ring.rows
        addends = "two addends a channel, by sign" if rows.signed else "one addend a channel"
        return (
            f"{self.family}: x {list(self.x)}, y {list(self.y)}, kernel {kh}x{kw}, stride {sh}x{sw},"
            f" padding {self.padding[0]}, {self.padding[1]} (top, left)\n"
            f"int8, input zero point {self.input_zero_point}; requantized by multiply-high and shift {rows.shift},"
            f" {addends}: proven equal to the model's rounding\n"
            f"scratch: input rows as int16"
        )


def build_conv2d_rows(spec: RowsSpecification) -> Any:
    """The TIR function of `spec`: (x, stream, scratch, y)."""
    return _build_flat(spec) if spec.flat else _build_ring(spec)


def _build_ring(spec: RowsSpecification) -> Any:
    """Row by row: the input rows that are new to an output row go into the ring."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    stride = spec.strides[0]
    top, left = spec.padding
    ring, zero_point = spec.ring, spec.input_zero_point
    fresh = min(stride, ring.span)
    padded = top > 0 or (out_height - 1) * stride - top + ring.span > height

    def slot(row: Any) -> Any:
        return T.floormod(row + top, ring.span)

    def fill(to: Any, count: int) -> Any:
        return T.call_extern("void", "tvm_ai_fill", to, zero_point, count)

    def widened(pixel: Any, to: Any) -> Any:
        return T.call_extern("void", spec.widen, pixel, to, width * channels)

    def multiply(ring_row: Any, first: Any, stream: Any, to: Any) -> Any:
        return T.call_extern("void", ring.name, ring_row, first, stream, to, out_width)

    @T.prim_func(s_tir=True)
    def conv2d_rows(x: T.handle("int8"), stream: T.handle("int32"), scratch: T.handle("int16"), y: T.handle("int8")):
        X = T.decl_buffer((height, width * channels), "int8", data=x)
        S = T.decl_buffer((spec.stream_words,), "int32", data=stream)
        R = T.decl_buffer((ring.span, ring.width), "int16", data=scratch)
        Y = T.decl_buffer((out_height, out_width * out_channels), "int8", data=y)

        @T.inline
        def widen_row(row):
            if not padded:
                T.evaluate(widened(T.address_of(X[row, 0]), T.address_of(R[slot(row), left * channels])))
            else:
                if row >= 0 and row < height:
                    T.evaluate(widened(T.address_of(X[row, 0]), T.address_of(R[slot(row), left * channels])))
                else:
                    T.evaluate(fill(T.address_of(R[slot(row), left * channels]), width * channels))

        T.evaluate(fill(T.address_of(R[0, 0]), ring.span * ring.width))
        for i in range(ring.span - fresh):
            widen_row(i - top)
        for oy in range(out_height):
            for i in range(fresh):
                widen_row(oy * stride + ring.span - fresh + i - top)
            T.evaluate(multiply(T.address_of(R[0, 0]), oy * stride, T.address_of(S[0]), T.address_of(Y[oy, 0])))

    return conv2d_rows


def _build_flat(spec: RowsSpecification) -> Any:
    """Runs of pixels, widened together."""
    channels, out_channels = spec.x[2], spec.y[2]
    run, pixels = spec.run, spec.x[0] * spec.x[1]

    def widened(pixel: Any, to: Any, count: int) -> Any:
        return T.call_extern("void", spec.widen, pixel, to, count * channels)

    def multiply(ring_row: Any, stream: Any, to: Any, count: int) -> Any:
        return T.call_extern("void", spec.ring.name, ring_row, 0, stream, to, count)

    @T.prim_func(s_tir=True)
    def conv2d_flat(x: T.handle("int8"), stream: T.handle("int32"), scratch: T.handle("int16"), y: T.handle("int8")):
        X = T.decl_buffer((pixels, channels), "int8", data=x)
        S = T.decl_buffer((spec.stream_words,), "int32", data=stream)
        R = T.decl_buffer((run * channels,), "int16", data=scratch)
        Y = T.decl_buffer((pixels, out_channels), "int8", data=y)

        @T.inline
        def run_of(first, count):
            T.evaluate(widened(T.address_of(X[first, 0]), T.address_of(R[0]), count))
            T.evaluate(multiply(T.address_of(R[0]), T.address_of(S[0]), T.address_of(Y[first, 0]), count))

        if spec.backwards:
            if pixels % run > 0:
                run_of(pixels // run * run, pixels % run)
            for i in range(pixels // run):
                run_of((pixels // run - 1 - i) * run, run)
        else:
            for i in range(pixels // run):
                run_of(i * run, run)
            if pixels % run > 0:
                run_of(pixels // run * run, pixels % run)

    return conv2d_flat


def implement_rows(
    x: str,
    y: str,
    x_shape: tuple[int, int, int],
    y_shape: tuple[int, int, int],
    weights: npt.NDArray[np.int8],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: tuple[int, int],
    rule: NarrowRule | None,
    scratch: int,
) -> Implementation | None:
    """The kernel for weights OHWI (ungrouped), or None where it does not apply.

    A run of pixels takes up to a quarter of `scratch` bytes: more of them at once saves next to nothing.
    """
    channels, kernel_height, kernel_width, inputs = weights.shape
    stride_x = strides[1]
    if rule is None or (dilations[1] != 1 and kernel_width > 1):
        return None
    crossed = inputs % 4 == 0
    steps = -(-kernel_width * inputs // 2)
    left = padding[1]
    reach = max((y_shape[1] - 1) * stride_x * inputs + 2 * steps, (left + x_shape[1]) * inputs)
    flat = (kernel_height, kernel_width, *strides, *padding) == (1, 1, 1, 1, 0, 0) and x_shape[:2] == y_shape[:2]
    spec_rows = Rows(
        rows=kernel_height,
        steps=steps,
        pixel_stride=2 * stride_x * inputs,
        channels=channels,
        shift=rule.layer.shift,
        signed=rule.layer.signed,
        pair=(x_shape[0] * x_shape[1] if flat else y_shape[1]) > 1,
        single=bool((x_shape[0] * x_shape[1] if flat else y_shape[1]) % 2),
    )
    if not spec_rows.possible():
        return None
    span = (kernel_height - 1) * dilations[0] + 1
    ring = Ring(spec_rows, span, -(-reach // 4) * 4, dilations[0])
    run = min(x_shape[0] * x_shape[1], max(2, scratch // 4 // (2 * inputs) & ~1))
    spec = RowsSpecification(
        x_shape, y_shape, (kernel_height, kernel_width), strides, padding, rule.input_zero_point, crossed, run, ring
    )
    order = np.arange(2 * steps)
    order[order >= kernel_width * inputs] = -1
    if crossed:
        order = order.reshape(-1, 2, 2).swapaxes(1, 2).ravel()
    stream = pack_stream(weights.reshape(channels, kernel_height, -1), rule.biases, rule.layer, order.reshape(-1, 2))
    layout = f"{list(weights.shape)} OHWI with biases and requantization, as the rows microkernel reads them"
    return Implementation(
        specification=spec,
        build=lambda: build_conv2d_rows(spec),
        arguments=(Input(x), Constant("stream", stream, layout), Scratch(spec.scratch), Output(y)),
        macs=y_shape[0] * y_shape[1] * weights.size,
        microkernels=(spec_rows, ring),
        overlaps=spec.overlaps,
    )
