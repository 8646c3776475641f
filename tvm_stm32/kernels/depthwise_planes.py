# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""3x3 depthwise convolution by planes: four channels at a time are spread into int16 planes, a band of rows each.

The planes run along the width, or along the height where that wastes fewer of the outputs computed in pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.depthwise import DepthwisePlane, pack_channels
from tvm_stm32.kernels.microkernels.split import Split
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import Distances, Overlap


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the image: input and output size, padding before, bytes between inputs and between outputs."""

    inputs: int
    outputs: int
    padding: int
    input_bytes: int
    output_bytes: int


@dataclass(frozen=True, slots=True)
class PlanesSpecification:
    """`inner` runs along the planes' rows, `outer` across them; `band` output rows are computed from one filling."""

    channels: int
    inner: Axis
    outer: Axis
    stride: int
    band: int
    input_zero_point: int
    plane: DepthwisePlane
    split: Split

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "depthwise_planes"

    @property
    def rows(self) -> int:
        """Rows of a plane."""
        return (self.band - 1) * self.stride + 3

    @property
    def bands(self) -> int:
        """Fillings of the planes for all output rows."""
        return -(-self.outer.outputs // self.band)

    @property
    def kept(self) -> int:
        """Rows of a band that the next one reads too."""
        return 3 - self.stride

    @property
    def distances(self) -> Distances | None:
        """How the output may overlap the input: each channel over itself, on rows that are in the planes already."""
        outer, inner = self.outer, self.inner
        after = [(b * self.band, b * self.band * self.stride + self.kept - outer.padding) for b in range(1, self.bands)]
        needed = [(written, row) for written, row in after if row < outer.inputs]
        if not needed:
            return Distances(step=self.channels)
        if inner.inputs * inner.input_bytes == outer.input_bytes:  # rows follow each other
            least = max(written * outer.output_bytes - row * outer.input_bytes for written, row in needed)
            return Distances(least=least, step=self.channels)
        # columns: every row of the output is over the row of its own number
        same = self.stride == 1 and inner.input_bytes == inner.output_bytes
        return Distances(least=0, most=0, step=self.channels) if same else None

    @property
    def scratch(self) -> int:
        """Bytes of the four planes."""
        return 4 * self.rows * self.plane.row_bytes

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        along = "height" if self.inner.input_bytes > self.channels else "width"
        return (
            f"{self.family}: {self.channels} channels, {self.outer.inputs}x{self.inner.inputs} to"
            f" {self.outer.outputs}x{self.inner.outputs} outputs, kernel 3x3, stride {self.stride}; planes along the"
            f" {along}, {self.band} rows of outputs at a time\n"
            f"int8, input zero point {self.input_zero_point}; requantized by multiply-high and shift"
            f" {self.plane.shift}: proven equal to the model's rounding"
        )


def build_planes(spec: PlanesSpecification) -> Any:
    """The TIR function of `spec`: (x, channel_table, scratch, y)."""
    plane, inner, outer = spec.plane, spec.inner, spec.outer
    bands, rows, kept = spec.bands, spec.rows, spec.kept
    width = plane.row_bytes // 2
    size = rows * width
    advance = spec.band * spec.stride  # rows of the input from band to band
    band_bytes = spec.band * outer.output_bytes
    rest = outer.outputs - (bands - 1) * spec.band
    words = plane.channel_words
    inputs = inner.inputs * inner.input_bytes + (outer.inputs - 1) * outer.input_bytes
    outputs = outer.outputs * outer.output_bytes + inner.outputs * inner.output_bytes
    above = outer.padding > 0
    below = (bands - 1) * advance + rows > outer.padding + outer.inputs

    def rows_to_load(band: Any) -> tuple[Any, Any, Any]:
        """TIR: the first row that a band loads, and where its rows inside the input begin and end."""
        line = band * advance - outer.padding
        start = T.min(band, 1) * kept
        return start, T.max(start, -line) if above else start, T.min(rows, outer.inputs - line) if below else rows

    def fill(to: Any, lines: Any) -> Any:
        return T.call_extern("void", "tvm_ai_fill_planes", to, size, spec.input_zero_point, lines * width)

    def split(pixel: Any, to: Any, lines: Any) -> Any:
        strides = (outer.input_bytes, lines, plane.row_bytes, 2 * size)
        return T.call_extern("void", spec.split.name, pixel, to, inner.input_bytes, inner.inputs, *strides)

    def keep(to: Any) -> Any:
        return T.call_extern("void", "tvm_ai_keep", to, size, (rows - kept) * width, kept * width)

    def multiply(planes: Any, constants: Any, to: Any, band: Any, channels: int) -> Any:
        lines = T.if_then_else(band < bands - 1, spec.band, rest) if rest < spec.band else spec.band
        return T.call_extern("void", plane.name, planes, constants, to, lines, channels, 2 * size)

    @T.prim_func(s_tir=True)
    def depthwise(
        x: T.handle("int8"), channel_table: T.handle("int32"), scratch: T.handle("int16"), y: T.handle("int8")
    ):  # fmt: skip
        X = T.decl_buffer((inputs,), "int8", data=x)
        K = T.decl_buffer((spec.channels, words), "int32", data=channel_table)
        P = T.decl_buffer((4, rows, width), "int16", data=scratch)
        Y = T.decl_buffer((outputs,), "int8", data=y)

        @T.inline
        def load(first, line, start, begin, end):
            """Rows of the planes from `start` on, of which those from `begin` to `end` are inside the input."""
            if bands > 1 and begin > start:
                T.evaluate(fill(T.address_of(P[0, start, 0]), begin - start))
            if bands > 1 and end < rows:
                T.evaluate(fill(T.address_of(P[0, end, 0]), rows - end))
            T.evaluate(
                split(
                    T.address_of(X[(line + begin) * outer.input_bytes + first]),
                    T.address_of(P[0, begin, inner.padding]),
                    end - begin,
                )
            )

        @T.inline
        def four_channels(first, done):
            for band in range(bands):
                if band > 0:
                    T.evaluate(keep(T.address_of(P[0, 0, 0])))
                load(first, band * advance - outer.padding, *rows_to_load(band))
                T.evaluate(
                    multiply(
                        T.address_of(P[done, 0, 0]),
                        T.address_of(K[first + done, 0]),
                        T.address_of(Y[band * band_bytes + first + done]),
                        band,
                        4 - done,
                    )
                )

        T.evaluate(fill(T.address_of(P[0, 0, 0]), rows))
        for group in range(spec.channels // 4):
            four_channels(group * 4, 0)
        if spec.channels % 4 > 0:  # the last four, of which some are done
            four_channels(spec.channels - 4, 4 - spec.channels % 4)

    return depthwise


def implement_planes(
    x: str,
    y: str,
    x_shape: tuple[int, int, int],
    y_shape: tuple[int, int, int],
    weights: npt.NDArray[np.int8],
    strides: tuple[int, int],
    padding: tuple[int, int],
    rule: NarrowRule | None,
    scratch: int,
) -> Implementation | None:
    """The kernel for weights (channels, 3, 3), or None where it does not apply.

    More than `scratch` bytes of planes are taken only for the least band, of two rows.
    """
    channels = x_shape[2]
    if rule is None or channels < 4 or strides[0] != strides[1] or strides[0] > 2:
        return None
    vertical = Axis(x_shape[0], y_shape[0], padding[0], x_shape[1] * channels, y_shape[1] * channels)
    horizontal = Axis(x_shape[1], y_shape[1], padding[1], channels, channels)
    candidates = [
        spec
        for inner, outer in ((horizontal, vertical), (vertical, horizontal))
        if (spec := _specification(channels, inner, outer, strides[0], rule, scratch)).plane.possible()
    ]
    if not candidates:
        return None
    spec = min(candidates, key=lambda candidate: (candidate.distances is None, _work(candidate)))
    taps = weights if spec.inner is horizontal else weights.swapaxes(1, 2)
    table = pack_channels(taps.astype(np.int64), np.array(rule.biases, np.int64), rule.layer, strides[0])
    layout = f"[{channels}, 3, 3] with biases and requantization, as the depthwise microkernel reads them"
    return Implementation(
        specification=spec,
        build=lambda: build_planes(spec),
        arguments=(Input(x), Constant("channels", table, layout), Scratch(spec.scratch), Output(y)),
        macs=y_shape[0] * y_shape[1] * weights.size,
        microkernels=(spec.split, spec.plane),
        overlaps=(Overlap(written=3, read=0, distances=spec.distances),) if spec.distances else (),
    )


def _specification(
    channels: int, inner: Axis, outer: Axis, stride: int, rule: NarrowRule, scratch: int
) -> PlanesSpecification:
    pairs = -(-inner.outputs // 2)
    read = (2 * pairs - 1) * stride + 3 + (stride == 1)
    row_bytes = 4 * -(-max(read, inner.padding + inner.inputs) // 2)
    band = outer.outputs
    if 4 * ((band - 1) * stride + 3) * row_bytes > scratch:
        band = max(2, ((scratch // (4 * row_bytes) - 3) // stride + 1) & ~1)
        band = -(-outer.outputs // -(-outer.outputs // band))
        band = min(outer.outputs, band + band % 2)
    plane = DepthwisePlane(
        stride=stride,
        row_bytes=row_bytes,
        inner_outputs=inner.outputs,
        inner_bytes=inner.output_bytes,
        outer_bytes=outer.output_bytes,
        shift=rule.layer.shift,
        signed=rule.layer.signed,
        odd=band % 2 == 1 or outer.outputs % band % 2 == 1,
    )
    return PlanesSpecification(channels, inner, outer, stride, band, rule.input_zero_point, plane, Split())


def _work(spec: PlanesSpecification) -> float:
    """Outputs computed, those beyond the image included, and a little for each row's overhead."""
    pairs = -(-spec.inner.outputs // 2) * -(-spec.outer.outputs // 2)
    return pairs * 4 + 0.5 * spec.outer.outputs
