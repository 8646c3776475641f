# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Maximum and average over windows: four channels at a time, taps outside the input skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.convolution_geometry import WindowOrder, first_tap, last_tap, reads_padding
from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.microkernels.gather import CHANNELS, GATHERED, Gather
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.model.network import Network, Operator, Pool2D

#: channels computed together
BLOCK = 4


class PoolRule(Protocol):
    """How the values of a window become one. Equal rules compute the same."""

    @property
    def family(self) -> str:
        """Such as "max_pool"."""

    @property
    def dtype(self) -> str:
        """Type of input and output."""

    @property
    def accumulator(self) -> str:
        """Type in which values are gathered."""

    def describe(self) -> str:
        """The arithmetic, for the comment above the C function."""

    def start(self) -> Any:
        """TIR: the accumulator before the first value."""

    def gather(self, accumulator: Any, value: Any) -> Any:
        """TIR: the accumulator after one more value."""

    def finish(self, accumulator: Any, count: Any) -> Any:
        """TIR: the output of a window of `count` values."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PoolSpecification:
    """Shapes without the batch: `x` and `y` (H, W, C), `kernel` (H, W); padding is (top, left)."""

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    padding: tuple[int, int]
    count_padding: bool
    rule: PoolRule
    gathering: Gather | None  # of four channels in a word; None: channel by channel

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return self.rule.family

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        (kh, kw), (sh, sw) = self.kernel, self.strides
        shape = f"x {list(self.x)}, y {list(self.y)}, kernel {kh}x{kw}, stride {sh}x{sw}"
        shape += f", padding {self.padding[0]}, {self.padding[1]} (top, left)"
        shape += ", padding counts" if self.count_padding else ""
        return f"{self.family}: {shape}\n{self.rule.describe()}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        order = WindowOrder(self.x[:2], self.y[:2], self.strides, self.padding)
        last = (self.y[2] - 1) // BLOCK * BLOCK
        return order.distances_by_channel(self.y[2], last, np.dtype(self.rule.dtype).itemsize)


def number(taps: tuple[Any, Any]) -> Any:
    """TIR: how many taps there are from the first to the last."""
    return taps[1] - taps[0]


def build_pool(spec: PoolSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    height, width, channels = spec.x
    out_height, out_width, _ = spec.y
    kernel_height, kernel_width = spec.kernel
    stride_y, stride_x = spec.strides
    top, left = spec.padding
    rule, dtype, accumulator = spec.rule, spec.rule.dtype, spec.rule.accumulator
    gathering: Any = spec.gathering
    blocks, rest = divmod(channels, BLOCK)
    whole_rows = kernel_width == width and out_width == 1 and left == 0
    pad_y = reads_padding(height, out_height, kernel_height, stride_y, 1, top)
    pad_x = reads_padding(width, out_width, kernel_width, stride_x, 1, left)

    def rows(row: Any) -> tuple[Any, Any]:
        """TIR: the first tap inside the input and one past the last, downwards."""
        return first_tap(row, 1, pad_y), last_tap(row, 1, kernel_height, height, pad_y)

    def columns(column: Any) -> tuple[Any, Any]:
        """TIR: the same across."""
        return first_tap(column, 1, pad_x), last_tap(column, 1, kernel_width, width, pad_x)

    def count(row: Any, column: Any) -> Any:
        """TIR: the taps of a window that count."""
        if spec.count_padding:
            return T.int32(kernel_height * kernel_width)
        return number(rows(row)) * number(columns(column))

    def gather(gathered: Any, pixel: Any, pixels: Any) -> Any:
        """TIR: four channels of neighbouring pixels from `pixel` on."""
        return gathering.gather(gathered, T.address_of(pixel), channels, pixels)

    @T.prim_func(s_tir=True)
    def pool(x: T.handle(dtype), y: T.handle(dtype)):
        X = T.decl_buffer((height, width, channels), dtype, data=x)
        Y = T.decl_buffer((out_height, out_width, channels), dtype, data=y)
        acc = T.alloc_buffer((BLOCK,), accumulator)
        total = T.alloc_buffer((1,), GATHERED)

        @T.inline
        def gathered(oy, ox, row, column, channel):
            """Four channels in a word; windows as wide as the input are one run of pixels."""
            total[0] = gathering.empty()
            if whole_rows:
                total[0] = gather(total[0], X[row + rows(row)[0], 0, channel], number(rows(row)) * width)
            else:
                for ky in T.serial(*rows(row)):
                    total[0] = gather(
                        total[0], X[row + ky, column + columns(column)[0], channel], number(columns(column))
                    )
            for j in T.unroll(BLOCK):
                Y[oy, ox, channel + j] = rule.finish(gathering.result(total[0], j), count(row, column))

        @T.inline
        def block(oy, ox, row, column, channel, size):
            for j in T.unroll(size):
                acc[j] = rule.start()
            for ky in T.serial(first_tap(row, 1, pad_y), last_tap(row, 1, kernel_height, height, pad_y)):
                for kx in T.serial(first_tap(column, 1, pad_x), last_tap(column, 1, kernel_width, width, pad_x)):
                    for j in T.unroll(size):
                        acc[j] = rule.gather(acc[j], X[row + ky, column + kx, channel + j])
            for j in T.unroll(size):
                Y[oy, ox, channel + j] = rule.finish(acc[j], count(row, column))

        for oy, ox in T.grid(out_height, out_width):
            for b in T.serial(blocks):
                if gathering is not None:
                    gathered(oy, ox, oy * stride_y - top, ox * stride_x - left, b * BLOCK)
                else:
                    block(oy, ox, oy * stride_y - top, ox * stride_x - left, b * BLOCK, BLOCK)
            if rest > 0:
                block(oy, ox, oy * stride_y - top, ox * stride_x - left, blocks * BLOCK, rest)

    return pool


def implement_pool_by(
    network: Network, operator: Operator, rule: PoolRule, gathering: Gather | None = None
) -> Implementation:
    """The kernel of a pooling operator that computes `rule`, a word of channels at once where `gathering` is given."""
    attributes = operator.attributes
    assert isinstance(attributes, Pool2D)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    spec = PoolSpecification(
        x=(x.shape[1], x.shape[2], x.shape[3]),
        y=(y.shape[1], y.shape[2], y.shape[3]),
        kernel=attributes.kernel,
        strides=attributes.strides,
        padding=(attributes.padding.top, attributes.padding.left),
        count_padding=attributes.count_padding and attributes.mode == "average",
        rule=rule,
        gathering=gathering if x.shape[3] >= CHANNELS else None,
    )
    arguments = (Input(operator.inputs[0]), Output(operator.outputs[0]))
    overlaps = (Overlap(written=1, read=0, distances=spec.distances),)
    microkernels = (spec.gathering,) if spec.gathering else ()
    return Implementation(spec, lambda: build_pool(spec), arguments, microkernels=microkernels, overlaps=overlaps)
