# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolution by planes: four channels at a time are spread into int16 planes, a band of rows each.

The planes run along the width, or along the height where that takes fewer cycles. Where the kernel is dilated along
them, each plane is split into as many phases, in which the taps of an output are neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as build

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output, Scratch
from tvm_stm32.kernels.microkernels.depthwise import SCALE, DepthwisePlane, pack_channels
from tvm_stm32.kernels.microkernels.depthwise_window import DepthwiseWindow, pack_windows
from tvm_stm32.kernels.microkernels.split import Split
from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.kernels.target import Target

#: most pairs of outputs in the body of an inner loop
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of the image: input and output size, padding before, bytes between inputs and between outputs, and
    the kernel's taps, stride and dilation."""

    inputs: int
    outputs: int
    padding: int
    input_bytes: int
    output_bytes: int
    taps: int
    stride: int
    dilation: int

    @property
    def reach(self) -> int:
        """Inputs from an output's first tap to its last."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def phases(self) -> int:
        """Into how many runs of neighbouring taps the axis falls."""
        return 1 if self.taps == 1 else min(self.dilation, self.outputs)

    def phase(self, index: int) -> Phase:
        """One of them."""
        step = self.dilation if self.phases > 1 or self.taps > 1 else 1
        skip = max(0, -(-(self.padding - index) // step))
        first = index + skip * step - self.padding
        return Phase(first, skip, -(-(self.inputs - first) // step), -(-(self.outputs - index) // self.phases))


@dataclass(frozen=True, slots=True)
class Phase:
    """The first input and its place in the plane's row, how many inputs there are, and how many outputs."""

    first: int
    skip: int
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class PlanesSpecification:
    """`inner` runs along the planes' rows, `outer` across them; `band` output rows are computed from one filling.

    channels: of the input, of which each has `multiplier` outputs; planes: channels that are spread together;
    microkernels: of each phase.
    """

    channels: int
    multiplier: int
    planes: int
    inner: Axis
    outer: Axis
    band: int
    row_bytes: int
    input_zero_point: int
    microkernels: tuple[DepthwisePlane | DepthwiseWindow, ...]
    split: Split

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "depthwise_planes"

    @property
    def rows(self) -> int:
        """Rows of a plane."""
        return (self.band - 1) * self.outer.stride + self.outer.reach

    @property
    def bands(self) -> int:
        """Fillings of the planes for all output rows."""
        return -(-self.outer.outputs // self.band)

    @property
    def kept(self) -> int:
        """Rows of a band that the next one reads too."""
        return max(0, self.outer.reach - self.outer.stride)

    @property
    def cycles(self) -> int:
        """About how many cycles the products take, and the rows' overhead."""
        products = sum(microkernel.cycles(self.outer.outputs) for microkernel in self.microkernels)
        return self.channels * (self.multiplier * products + 8 * self.outer.inputs)

    @property
    def distances(self) -> Distances | None:
        """How the output may overlap the input: each channel over itself, on rows that are in the planes already."""
        outer, inner = self.outer, self.inner
        grouped = self.channels > self.planes
        if grouped and self.multiplier > 1:
            return None
        step = self.channels if grouped else 1
        after = [
            (b * self.band, b * self.band * outer.stride + self.kept - outer.padding) for b in range(1, self.bands)
        ]
        needed = [(written, max(row, 0)) for written, row in after if row < outer.inputs]
        if not needed:
            return Distances(step=step)
        if inner.inputs * inner.input_bytes == outer.input_bytes:  # rows follow each other
            least = max(written * outer.output_bytes - row * outer.input_bytes for written, row in needed)
            return Distances(least=least, step=step)
        # columns: every row of the output is over the row of its own number
        same = inner.stride == outer.stride == 1 and inner.input_bytes == inner.output_bytes
        return Distances(least=0, most=0, step=step) if same and outer.inputs == outer.outputs else None

    @property
    def scratch(self) -> int:
        """Bytes of the planes."""
        return self.planes * self.inner.phases * self.rows * self.row_bytes

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        outer, inner = self.outer, self.inner
        across = inner.input_bytes > self.channels  # planes along the height
        kernel = "x".join(str(axis.taps) for axis in ((inner, outer) if across else (outer, inner)))
        times = f" times {self.multiplier}" if self.multiplier > 1 else ""
        phases = f" in {inner.phases} phases" if inner.phases > 1 else ""
        microkernel = self.microkernels[0]
        shift = f"shift {microkernel.shift}" if microkernel.shift else "a shift for each channel"
        clamp = f", clamped to {list(microkernel.clamp)}" if microkernel.clamp else ""
        return (
            f"{self.family}: {self.channels}{times} channels, kernel {kernel}, planes along the"
            f" {'height' if across else 'width'}{phases}, {self.band} of {outer.outputs} rows at a time\n"
            f"{outer.inputs}x{inner.inputs} to {outer.outputs}x{inner.outputs} values, stride"
            f" {outer.stride}x{inner.stride}, dilation {outer.dilation}x{inner.dilation} (across and along planes)\n"
            f"int8, input zero point {self.input_zero_point}; requantized by multiply-high and {shift}{clamp}: proven"
            f" equal to the model's rounding"
        )


def build_planes(spec: PlanesSpecification) -> Any:
    """The TIR function of `spec`: (x, channel_table, scratch, y)."""
    inner, outer, planes, multiplier = spec.inner, spec.outer, spec.planes, spec.multiplier
    bands, rows, kept, phases = spec.bands, spec.rows, spec.kept, spec.inner.phases
    width = spec.row_bytes // 2
    size = rows * width
    advance = spec.band * outer.stride  # rows of the input from band to band
    band_bytes = spec.band * outer.output_bytes
    rest = outer.outputs - (bands - 1) * spec.band
    words = spec.microkernels[0].channel_words
    inputs = inner.inputs * inner.input_bytes + (outer.inputs - 1) * outer.input_bytes
    outputs = outer.outputs * outer.output_bytes + inner.outputs * inner.output_bytes
    above = outer.padding > 0
    below = (bands - 1) * advance + rows > outer.padding + outer.inputs
    step = inner.input_bytes * (inner.dilation if inner.taps > 1 else 1)
    between = (inner.output_bytes, outer.output_bytes) if spec.microkernels[0].inner_bytes == 0 else ()

    def rows_to_load(band: Any) -> tuple[Any, Any, Any]:
        """TIR: the first row that a band loads, and where its rows inside the input begin and end."""
        line = band * advance - outer.padding
        start = T.min(band, 1) * kept
        begin = T.min(T.max(start, -line), rows) if above else start
        return start, begin, T.max(begin, T.min(rows, outer.inputs - line)) if below else rows

    def fill(to: Any, lines: Any) -> Any:
        value = spec.input_zero_point
        return T.call_extern("void", "tvm_ai_fill_planes", to, planes * phases, size, value, lines * width)

    def keep(to: Any) -> Any:
        return T.call_extern("void", "tvm_ai_keep", to, planes * phases, size, (rows - kept) * width, kept * width)

    def spread(pixel: Any, to: Any, count: int, lines: Any) -> Any:
        strides = (step, count, outer.input_bytes, lines, spec.row_bytes)
        if planes == 1:
            return T.call_extern("void", "tvm_ai_widen_rows", pixel, to, *strides)
        return T.call_extern("void", spec.split.name, pixel, to, *strides, 2 * phases * size)

    def multiply(name: str, start: Any, constants: Any, to: Any, band: Any, channels: int) -> Any:
        lines = T.if_then_else(band < bands - 1, spec.band, rest) if rest < spec.band else spec.band
        plane_bytes = 2 * phases * size if multiplier == 1 else 0
        return T.call_extern("void", name, start, constants, to, lines, channels, plane_bytes, *between)

    with IRBuilder() as builder, build.prim_func(s_tir=True):
        build.func_name("depthwise")
        pointers = [build.arg(name, build.handle(dtype)) for name, dtype in _PARAMETERS]
        x, table, scratch, y = (
            build.decl_buffer(shape, dtype, data=pointer)
            for (_, dtype), pointer, shape in zip(
                _PARAMETERS,
                pointers,
                ((inputs,), (spec.channels * multiplier, words), (planes, phases, rows, width), (outputs,)),
                strict=True,
            )
        )

        def load(first: Any, band: Any) -> None:
            """The rows of the planes that the band before has not left."""
            start, begin, end = rows_to_load(band)
            if bands > 1 and above:
                with build.If(start < begin), build.Then():
                    build.evaluate(fill(T.address_of(scratch[0, 0, start, 0]), begin - start))
            if bands > 1 and below:
                with build.If(end < rows), build.Then():
                    build.evaluate(fill(T.address_of(scratch[0, 0, end, 0]), rows - end))
            line = (band * advance - outer.padding + begin) * outer.input_bytes
            for index in range(phases):
                phase = inner.phase(index)
                pixel = T.address_of(x[line + phase.first * inner.input_bytes + first])
                build.evaluate(
                    spread(pixel, T.address_of(scratch[0, index, begin, phase.skip]), phase.inputs, end - begin)
                )

        def compute(plane: int, first: Any, channels: int, band: Any) -> None:
            """`channels` channels of the output from `first` on, of one plane or each of its own."""
            for index, microkernel in enumerate(spec.microkernels):
                place = T.address_of(y[band * band_bytes + index * inner.output_bytes + first])
                start = T.address_of(scratch[plane, index, 0, 0])
                build.evaluate(multiply(microkernel.name, start, T.address_of(table[first, 0]), place, band, channels))

        def group(first: Any, done: int) -> None:
            """Channels that are spread together, of which `done` are computed already."""
            with build.serial(bands) as band:
                IRBuilder.name("band", band)
                if bands > 1 and kept:
                    with build.If(band > 0), build.Then():
                        build.evaluate(keep(T.address_of(scratch[0, 0, 0, 0])))
                load(first, band)
                if multiplier == 1:
                    compute(done, first + done, planes - done, band)
                else:
                    for plane in range(done, planes):
                        compute(plane, (first + plane) * multiplier, multiplier, band)

        build.evaluate(fill(T.address_of(scratch[0, 0, 0, 0]), rows))
        with build.serial(spec.channels // planes) as number:
            IRBuilder.name("group", number)
            group(number * planes, 0)
        if spec.channels % planes:  # the last ones again, of which some are done
            group(spec.channels - planes, planes - spec.channels % planes)
    return builder.get()


_PARAMETERS = (("x", "int8"), ("channel_table", "int32"), ("scratch", "int16"), ("y", "int8"))


def implement_planes(
    x: str,
    y: str,
    x_shape: tuple[int, int, int],
    y_shape: tuple[int, int, int],
    weights: npt.NDArray[np.int8],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: tuple[int, int],
    rule: NarrowRule | None,
    target: Target,
) -> Implementation | None:
    """The kernel for weights (outputs, height, width), or None where it does not apply.

    More than the target's bytes of scratch are taken for planes only for the least band.
    """
    if rule is None:
        return None
    channels, outputs = x_shape[2], y_shape[2]
    row_bytes = ((x_shape[1] * channels, y_shape[1] * outputs), (channels, outputs))
    vertical, horizontal = (
        Axis(x_shape[i], y_shape[i], padding[i], *row_bytes[i], weights.shape[i + 1], strides[i], dilations[i])
        for i in range(2)
    )
    candidates = [
        spec
        for inner, outer in ((horizontal, vertical), (vertical, horizontal))
        if (spec := _specification(channels, outputs // channels, inner, outer, rule, target.scratch)) is not None
    ]
    if not candidates:
        return None
    spec = min(candidates, key=lambda candidate: (candidate.distances is None, candidate.cycles))
    taps = (weights if spec.inner is horizontal else weights.swapaxes(1, 2)).astype(np.int64)
    biases, microkernel = np.array(rule.biases, np.int64), spec.microkernels[0]
    if isinstance(microkernel, DepthwisePlane):
        table = pack_channels(taps, biases, rule.layer, microkernel.stride)
    else:
        table = pack_windows(taps, biases, rule.layer, microkernel)
    layout = f"{list(weights.shape)} with biases and requantization, as the depthwise microkernel reads them"

    def implementation(spec: PlanesSpecification, alternatives: tuple[Implementation, ...] = ()) -> Implementation:
        microkernel = spec.microkernels[0]
        return Implementation(
            specification=spec,
            build=lambda: build_planes(spec),
            arguments=(Input(x), Constant("channels", table, layout), Scratch(spec.scratch), Output(y)),
            macs=y_shape[0] * y_shape[1] * weights.size,
            microkernels=(*((spec.split,) if spec.planes > 1 else ()), *spec.microkernels),
            overlaps=(Overlap(written=3, read=0, distances=spec.distances),) if spec.distances else (),
            rounding=rule.requantization.describe(),
            alternatives=alternatives,
            code_bytes=microkernel.code_bytes if isinstance(microkernel, DepthwisePlane) else 0,
        )

    if not isinstance(microkernel, DepthwisePlane):
        return implementation(spec)
    anywhere = replace(microkernel, inner_bytes=0, outer_bytes=0)
    smaller = [anywhere, replace(anywhere, unroll=1)]
    alternatives = tuple(implementation(replace(spec, microkernels=(other,))) for other in smaller)
    if target.objective == "time":
        spec = replace(spec, microkernels=(_longest(microkernel, spec.outer.outputs),))
    return implementation(spec, alternatives)


def _longest(microkernel: DepthwisePlane, outer: int) -> DepthwisePlane:
    """The same with the inner loop unrolled as far as that saves cycles."""
    pairs = min(microkernel.inner_outputs // 2, _LONGEST)
    longer = (replace(microkernel, unroll=unroll) for unroll in range(3, pairs + 1))
    fitting = [item for item in longer if item.possible() and item.stores_reached]
    return min([microkernel, *fitting], key=lambda item: (item.cycles(outer), item.unroll))


def _specification(
    channels: int, multiplier: int, inner: Axis, outer: Axis, rule: NarrowRule, scratch: int
) -> PlanesSpecification | None:
    """Planes along `inner`; None where the microkernels cannot."""
    phases = [inner.phase(index) for index in range(inner.phases)]
    if min(phase.inputs for phase in phases) <= 0 or (inner.phases > 1 and inner.stride > 1):
        return None
    square = (inner.taps, outer.taps) == (3, 3) and inner.stride == outer.stride <= 2
    scaled = all(channel.scale == SCALE for channel in rule.layer.channels)
    plain = square and inner.dilation == outer.dilation == 1 and scaled
    pairs = -(-inner.outputs // 2)
    if plain:
        read = (2 * pairs - 1) * inner.stride + 3 + (inner.stride == 1)
    else:
        read = (phases[0].outputs - 1) * inner.stride + inner.taps + 1
    row_bytes = 4 * -(-max(read, *(phase.skip + phase.inputs for phase in phases)) // 2)
    planes = 4 if channels >= 4 else 1
    least, multiple = (2, 2) if plain else (1, 1)
    fitting = scratch // (planes * inner.phases * row_bytes)  # rows
    band = outer.outputs
    if (band - 1) * outer.stride + outer.reach > fitting:
        band = max(least, ((fitting - outer.reach) // outer.stride + 1) // multiple * multiple)
        band = -(-outer.outputs // -(-outer.outputs // band))
        band = min(outer.outputs, -(-band // multiple) * multiple)
    odd = band % 2 == 1 or outer.outputs % band % 2 == 1
    layer = rule.layer
    microkernels: list[DepthwisePlane | DepthwiseWindow] = []
    for phase in phases:
        between = inner.output_bytes * inner.phases, outer.output_bytes
        form = layer.shift, layer.signed
        if plain:
            microkernels.append(
                DepthwisePlane(inner.stride, row_bytes, phase.outputs, *between, *form, odd, rule.clamp)
            )
            continue
        steps = outer.dilation * row_bytes, outer.stride * row_bytes
        paired = phases[0].outputs > 1 and inner.stride % 2 == 1
        microkernels.append(
            DepthwiseWindow(
                outer.taps, inner.taps, inner.stride, paired, *steps, phase.outputs, *between, *form, rule.clamp
            )
        )
    if not all(microkernel.possible() for microkernel in microkernels):
        return None
    return PlanesSpecification(
        channels, multiplier, planes, inner, outer, band, row_bytes, rule.input_zero_point, tuple(microkernels), Split()
    )
