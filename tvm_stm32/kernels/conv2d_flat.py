# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""1x1 convolution and fully connected layers of several rows, by the flat microkernel: pixels are widened in runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.convolution_geometry import PixelRuns
from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.flat import HEADER, LONGEST, UNROLLS, Flat
from tvm_stm32.kernels.microkernels.stream import block_words, crossed, pack_stream, stream_words
from tvm_stm32.kernels.microkernels.widen import WidenPairs
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import Distances, Overlap


@dataclass(frozen=True, slots=True)
class FlatSpecification(PixelRuns):
    """Shapes without the batch, (H, W, C). run: most pixels that are widened together, even, plus one."""

    groups: int
    run: int
    microkernel: Flat

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "fully_connected_flat" if self.x[1] == self.y[1] == 1 else "conv2d_flat"

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """First pixel and number of pixels of each run."""
        pixels = self.pixels
        whole = (pixels - 2) // self.run if pixels % self.run == 1 else pixels // self.run
        firsts = [index * self.run for index in range(whole)]
        rest = pixels - whole * self.run
        return [(first, self.run) for first in firsts] + ([(whole * self.run, rest)] if rest else [])

    @property
    def steps(self) -> int:
        """Pairs of values of a pixel of one group."""
        return -(-self.x[2] // self.groups // 2)

    @property
    def widen(self) -> WidenPairs:
        """The microkernel that widens pixels."""
        return WidenPairs(self.x[2] // self.groups % 4 == 0)

    @property
    def slice_values(self) -> int:
        """Values in the scratch of one group of a run."""
        longest = max(count for _, count in self.pieces)
        return -(-longest // 2) * 4 * self.steps

    @property
    def stream_words(self) -> int:
        """Words of the stream of one group."""
        channels = self.y[2] // self.groups
        return HEADER + stream_words(self.steps, self.microkernel.requantization.words, channels)

    @property
    def overlap(self) -> Distances:
        """How the output may overlap x: what is in the scratch may be written over."""
        return self.distances([first for first, _ in self.pieces])

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        sy, sx = self.strides
        groups = f", {self.groups} groups" if self.groups > 1 else ""
        return (
            f"{self.family}: x {list(self.x)}, y {list(self.y)}, kernel 1x1, stride {sy}x{sx}{groups}\n"
            f"int8; {self.microkernel.requantization.describe()}\n"
            f"scratch: pixels as int16"
        )


def build_conv2d_flat(spec: FlatSpecification) -> Any:
    """The TIR function of `spec`: (x, stream, scratch, y)."""
    (height, width, channels), (_, out_width, out_channels) = spec.x, spec.y
    (stride_y, stride_x), groups, rows = spec.strides, spec.groups, spec.rows
    group_inputs, group_outputs = channels // groups, out_channels // groups
    pieces, size, words = spec.pieces, spec.slice_values, spec.stream_words
    full, last = (len(pieces), 0) if pieces[-1][1] == spec.run else (len(pieces) - 1, pieces[-1][1])
    run = pieces[0][1]
    widen, name = spec.widen.name, spec.microkernel.name

    def widened(pixel: Any, to: Any, count: int) -> Any:
        return T.call_extern("void", widen, pixel, stride_x * channels, group_inputs, count, to)

    def multiply(values: Any, stream: Any, to: Any, count: int) -> Any:
        return T.call_extern("void", name, values, stream, to, count)

    @T.prim_func(s_tir=True)
    def conv2d_flat(x: T.handle("int8"), stream: T.handle("int32"), scratch: T.handle("int16"), y: T.handle("int8")):
        X = T.decl_buffer((height * width, channels), "int8", data=x)
        S = T.decl_buffer((groups * words,), "int32", data=stream)
        R = T.decl_buffer((groups * size,), "int16", data=scratch)
        Y = T.decl_buffer((spec.y[0] * out_width, out_channels), "int8", data=y)

        @T.inline
        def run_of(row, first, count):
            for g in range(groups):
                T.evaluate(
                    widened(
                        T.address_of(X[row * stride_y * width + first * stride_x, g * group_inputs]),
                        T.address_of(R[g * size]),
                        count,
                    )
                )
            for g in range(groups):
                T.evaluate(
                    multiply(
                        T.address_of(R[g * size]),
                        T.address_of(S[g * words]),
                        T.address_of(Y[row * out_width + first, g * group_outputs]),
                        count,
                    )
                )

        for row in range(rows):
            if spec.backwards:
                if last > 0:
                    run_of(row, full * run, last)
                for i in range(full):
                    run_of(row, (full - 1 - i) * run, run)
            else:
                for i in range(full):
                    run_of(row, i * run, run)
                if last > 0:
                    run_of(row, full * run, last)

    return conv2d_flat


def implement_flat(
    x: str,
    y: str,
    runs: PixelRuns,
    weights: npt.NDArray[np.int8],
    groups: int,
    rule: NarrowRule,
    scratch: int,
) -> Implementation | None:
    """The kernel for weights (outputs, inputs of a group), or None where it does not apply: for single pixels.

    A run of pixels takes up to a quarter of `scratch` bytes: more of them at once saves next to nothing. The fastest
    kernel is for the number of inputs; its alternatives are for any number, the faster first.
    """
    outputs, inputs = weights.shape
    if runs.pixels == 1:
        return None
    steps, rest, form = -(-inputs // 2), outputs // groups % 4, rule.requantization
    run = max(2, scratch // 4 // (4 * steps * groups) & ~1)

    def implementation(microkernel: Flat, alternatives: tuple[Implementation, ...]) -> Implementation:
        spec = FlatSpecification(runs.x, runs.y, runs.strides, groups, run, microkernel)
        layout = f"{list(weights.shape)} with biases and requantization, as the flat microkernel reads them"
        return Implementation(
            specification=spec,
            build=lambda: build_conv2d_flat(spec),
            arguments=(
                Input(x),
                Constant("stream", _stream(weights, groups, rule, microkernel), layout),
                Scratch(2 * groups * spec.slice_values),
                Output(y),
            ),
            macs=runs.y[0] * runs.y[1] * weights.size,
            microkernels=(spec.widen, microkernel),
            overlaps=(Overlap(written=3, read=0, distances=spec.overlap),),
            rounding=form.describe(),
            alternatives=alternatives,
            code_bytes=microkernel.code_bytes,
        )

    wide = outputs // groups > 2
    unrolls = UNROLLS if wide else UNROLLS[:1]
    general = tuple(implementation(Flat(0, unroll, rest, form, wide), ()) for unroll in unrolls)
    if steps > LONGEST:
        return replace(general[0], alternatives=general[1:])
    return implementation(Flat(steps, steps, rest, form, wide), general)


def _stream(weights: npt.NDArray[np.int8], groups: int, rule: NarrowRule, microkernel: Flat) -> npt.NDArray[np.int32]:
    """The streams of all groups."""
    outputs, inputs = weights.shape
    size, steps, form = outputs // groups, -(-inputs // 2), rule.requantization
    header = microkernel.header(steps, size // 4, block_words(steps, form.words), outputs)
    parts = []
    for group in range(groups):
        channels = slice(group * size, (group + 1) * size)
        own = rule.of(channels)
        parts += [header, pack_stream(weights[channels, None, :], own.biases, own.layer, form, crossed(inputs))]
    return np.concatenate(parts)
