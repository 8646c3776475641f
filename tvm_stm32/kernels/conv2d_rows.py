# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Convolution by the rows microkernel: input rows are widened to int16 once, into a ring, and read from there.

Padding is the input's zero point in the ring, whose products are folded into the biases with all others. Narrow outputs
of odd width are computed column by column, from a ring that holds all rows: that leaves fewer pixels without a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.convolution_geometry import Convolution
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.ring import FloatRing, Ring
from tvm_stm32.kernels.microkernels.rows import Rows
from tvm_stm32.kernels.microkernels.stream import crossed, in_order, pack_stream, stream_words
from tvm_stm32.kernels.microkernels.widen import Widen
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap


class RingConvolution(Protocol):
    """A convolution that reads its input from a ring; columns: whether pixels of a column are computed together."""

    @property
    def x(self) -> tuple[int, int, int]:
        """(H, W, C)."""

    @property
    def y(self) -> tuple[int, int, int]:
        """(H, W, C)."""

    @property
    def strides(self) -> tuple[int, int]:
        """Down, across."""

    @property
    def padding(self) -> tuple[int, int]:
        """Top, left."""

    @property
    def groups(self) -> int:
        """Of channels."""

    @property
    def columns(self) -> bool:
        """Along which axis the microkernel goes."""

    @property
    def ring(self) -> Ring | FloatRing:
        """The ring, which calls the microkernel."""

    @property
    def types(self) -> tuple[str, str, str]:
        """Of x and y, of the stream, and of the ring."""

    @property
    def stream_words(self) -> int:
        """Values of the stream of one group."""

    def fill(self, to: Any, count: int) -> Any:
        """TIR: padding into the ring."""

    def widened(self, pixel: Any, to: Any, count: int) -> Any:
        """TIR: values of a row into the ring."""


def ring_distances(spec: RingConvolution) -> Distances:
    """How the output may overlap x: what is in the ring may be written over."""
    if spec.columns:
        return ANYWHERE
    size = np.dtype(spec.types[0]).itemsize
    inputs, outputs = size * spec.x[2], size * spec.y[2]
    stride, span = spec.strides[0], spec.ring.span
    ahead = max(span - stride, 0) - spec.padding[0]
    after = [(row * spec.y[1] * outputs, row * stride + ahead) for row in range(1, spec.y[0])]
    needed = [(written, max(row, 0) * spec.x[1] * inputs) for written, row in after if row < spec.x[0]]
    return Distances(least=max(written - read for written, read in needed)) if needed else ANYWHERE


@dataclass(frozen=True, slots=True)
class RowsSpecification(Convolution):
    """`ring` is the microkernel with its ring; columns: whether pixels of a column are computed together."""

    groups: int
    input_zero_point: int
    widen: Widen
    ring: Ring
    columns: bool = False

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "conv2d_columns" if self.columns else "conv2d_rows"

    @property
    def scratch(self) -> int:
        """Bytes of the ring."""
        return 2 * self.ring.span * self.ring.width

    @property
    def types(self) -> tuple[str, str, str]:
        """Of x and y, of the stream, and of the ring."""
        return "int8", "int32", "int16"

    def fill(self, to: Any, count: int) -> Any:
        """TIR: padding into the ring."""
        return T.call_extern("void", "tvm_ai_fill", to, self.input_zero_point, count)

    def widened(self, pixel: Any, to: Any, count: int) -> Any:
        """TIR: values of a row into the ring."""
        return T.call_extern("void", self.widen.name, pixel, to, count)

    @property
    def stream_words(self) -> int:
        """Words of the stream of one group."""
        rows = self.ring.rows
        return stream_words(rows.rows * rows.steps, rows.requantization.words, rows.channels)

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return (
            f"{self.family}: {self.describe_shapes()}{groups}\n"
            f"int8, input zero point {self.input_zero_point}; {self.ring.rows.requantization.describe()}\n"
            f"scratch: input rows as int16"
        )


def build_conv2d_rows(spec: RingConvolution) -> Any:
    """The TIR function of `spec`: (x, stream, scratch, y). The input rows that are new to an output row are widened."""
    height, width, channels = spec.x
    out_height, out_width, out_channels = spec.y
    stride, groups = spec.strides[0], spec.groups
    top, left = spec.padding
    ring, (dtype, stream_dtype, ring_dtype) = spec.ring, spec.types
    fresh = min(stride, ring.span)
    runs, run = (out_width, out_height) if spec.columns else (out_height, out_width)
    padded = top > 0 or (out_height - 1) * stride - top + ring.span > height
    words, group_outputs, fetched = spec.stream_words, out_channels // groups, width * channels

    def slot(row: Any) -> Any:
        return T.floormod(row + top, ring.span)

    def multiply(ring_row: Any, first: Any, stream: Any, to: Any) -> Any:
        return T.call_extern("void", ring.name, ring_row, first, stream, to, run)

    @T.prim_func(s_tir=True)
    def conv2d_rows(
        x: T.handle(dtype), stream: T.handle(stream_dtype), scratch: T.handle(ring_dtype), y: T.handle(dtype)
    ):
        X = T.decl_buffer((height, width * channels), dtype, data=x)
        S = T.decl_buffer((groups * words,), stream_dtype, data=stream)
        R = T.decl_buffer((ring.span, ring.width), ring_dtype, data=scratch)
        Y = T.decl_buffer((out_height, out_width * out_channels), dtype, data=y)

        @T.inline
        def widen_row(row):
            if not padded:
                T.evaluate(spec.widened(T.address_of(X[row, 0]), T.address_of(R[slot(row), left * channels]), fetched))
            else:
                if row >= 0 and row < height:
                    T.evaluate(
                        spec.widened(T.address_of(X[row, 0]), T.address_of(R[slot(row), left * channels]), fetched)
                    )
                else:
                    T.evaluate(spec.fill(T.address_of(R[slot(row), left * channels]), fetched))

        T.evaluate(spec.fill(T.address_of(R[0, 0]), ring.span * ring.width))
        if spec.columns:
            for i in range(ring.span):
                widen_row(i - top)
            for ox in range(runs):
                for g in range(groups):
                    T.evaluate(
                        multiply(
                            T.address_of(R[0, ox * spec.strides[1] * channels + g * (channels // groups)]),
                            0,
                            T.address_of(S[g * words]),
                            T.address_of(Y[0, ox * out_channels + g * group_outputs]),
                        )
                    )
        else:
            for i in range(ring.span - fresh):
                widen_row(i - top)
            for oy in range(runs):
                for i in range(fresh):
                    widen_row(oy * stride + ring.span - fresh + i - top)
                for g in range(groups):
                    T.evaluate(
                        multiply(
                            T.address_of(R[0, g * (channels // groups)]),
                            oy * stride,
                            T.address_of(S[g * words]),
                            T.address_of(Y[oy, g * group_outputs]),
                        )
                    )

    return conv2d_rows


def implement_rows(
    x: str,
    y: str,
    x_shape: tuple[int, int, int],
    y_shape: tuple[int, int, int],
    weights: npt.NDArray[np.int8],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
    rule: NarrowRule,
    columns: bool = False,
) -> Implementation | None:
    """The kernel for weights OHWI, or None where it does not apply: for rows of thousands of values.

    Values that are neighbours in the ring are read together: of a whole row of the kernel, unless groups or dilation
    are between them.
    """
    outputs, kernel_height, kernel_width, inputs = weights.shape
    channels = x_shape[2]
    apart = kernel_width > 1 and (groups > 1 or dilations[1] > 1)
    taps, together = (kernel_width, inputs) if apart else (1, kernel_width * inputs)
    spacing = dilations[1] * channels if apart else 0
    steps, group_outputs, form = -(-together // 2), outputs // groups, rule.requantization
    last = (y_shape[1] - 1) * strides[1] * channels + (taps - 1) * spacing + (groups - 1) * inputs + 2 * steps
    width = -(-max(last, (padding[1] + x_shape[1]) * channels) // 4) * 4
    run = y_shape[0] if columns else y_shape[1]
    microkernel = Rows(
        rows=kernel_height * taps,
        steps=steps,
        pixel_stride=2 * (strides[0] * width if columns else strides[1] * channels),
        channels=group_outputs,
        y_stride=outputs * (y_shape[1] if columns else 1),
        requantization=form,
        run=run,
    )
    if not microkernel.possible():
        return None
    span = (kernel_height - 1) * dilations[0] + 1 + (strides[0] * (y_shape[0] - 1) if columns else 0)
    ring = Ring(span, width, dilations[0], taps, spacing, microkernel)
    widen = Widen(crossed=inputs % 4 == 0)
    kernel = (kernel_height, kernel_width)
    spec = RowsSpecification(
        x_shape, y_shape, kernel, strides, dilations, padding, groups, rule.input_zero_point, widen, ring, columns
    )
    order = (crossed if widen.crossed else in_order)(together)
    parts = []
    for group in range(groups):
        own = slice(group * group_outputs, (group + 1) * group_outputs)
        rows = weights[own].reshape(group_outputs, kernel_height * taps, together)
        parts.append(pack_stream(rows, rule.of(own).biases, rule.of(own).layer, form, order))
    layout = f"{list(weights.shape)} OHWI with biases and requantization, as the rows microkernel reads them"
    return Implementation(
        specification=spec,
        build=lambda: build_conv2d_rows(spec),
        arguments=(Input(x), Constant("stream", np.concatenate(parts), layout), Scratch(spec.scratch), Output(y)),
        macs=y_shape[0] * y_shape[1] * weights.size,
        microkernels=(widen, microkernel, ring),
        overlaps=(Overlap(written=3, read=0, distances=ring_distances(spec)),),
        rounding=rule.requantization.describe(),
    )
