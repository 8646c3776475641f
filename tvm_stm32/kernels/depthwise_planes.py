# SPDX-License-Identifier: Apache-2.0
"""Depthwise convolution by planes: four channels at a time are spread into int16 planes, a band of rows each.

The planes run along the width, or along the height where that takes fewer cycles. Where the kernel is dilated along
them, each plane is split into as many phases, in which the taps of an output are neighbours.
"""

from __future__ import annotations

from dataclasses import replace
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
from tvm_stm32.kernels.overlap import Overlap
from tvm_stm32.kernels.planes import Axis, PlaneCalls, PlanesSpecification
from tvm_stm32.kernels.target import Target

#: most pairs of outputs in the body of an inner loop
_LONGEST = 12


def build_planes(spec: PlanesSpecification) -> Any:
    """The TIR function of `spec`: (x, channel_table, scratch, y)."""
    inner, outer, planes, multiplier = spec.inner, spec.outer, spec.planes, spec.multiplier
    bands, rows, kept, phases = spec.bands, spec.rows, spec.kept, spec.inner.phases
    calls = PlaneCalls(spec, kept)
    advance = spec.band * outer.stride  # rows of the input from band to band
    band_bytes = spec.band * outer.output_bytes
    words = spec.microkernels[0].channel_words
    inputs = inner.inputs * inner.input_bytes + (outer.inputs - 1) * outer.input_bytes
    outputs = outer.outputs * outer.output_bytes + inner.outputs * inner.output_bytes

    with IRBuilder() as builder, build.prim_func(s_tir=True):
        build.func_name("depthwise")
        pointers = [build.arg(name, build.handle(dtype)) for name, dtype in _PARAMETERS]
        x, table, scratch, y = (
            build.decl_buffer(shape, dtype, data=pointer)
            for (_, dtype), pointer, shape in zip(
                _PARAMETERS,
                pointers,
                ((inputs,), (spec.channels * multiplier, words), (planes, phases, rows, calls.width), (outputs,)),
                strict=True,
            )
        )

        def load(first: Any, band: Any) -> None:
            """The rows of the planes that the band before has not left."""
            start, begin, end = calls.rows_to_load(band)
            if bands > 1 and calls.above:
                with build.If(start < begin), build.Then():
                    build.evaluate(calls.fill(T.address_of(scratch[0, 0, start, 0]), begin - start))
            if bands > 1 and calls.below:
                with build.If(end < rows), build.Then():
                    build.evaluate(calls.fill(T.address_of(scratch[0, 0, end, 0]), rows - end))
            line = (band * advance - outer.padding + begin) * outer.input_bytes
            for index in range(phases):
                phase = inner.phase(index)
                pixel = T.address_of(x[line + phase.first * inner.input_bytes + first])
                build.evaluate(
                    calls.spread(pixel, T.address_of(scratch[0, index, begin, phase.skip]), phase.inputs, end - begin)
                )

        def compute(plane: int, first: Any, channels: int, band: Any) -> None:
            """`channels` channels of the output from `first` on, of one plane or each of its own."""
            for index, microkernel in enumerate(spec.microkernels):
                place = T.address_of(y[band * band_bytes + index * inner.output_bytes + first])
                start = T.address_of(scratch[plane, index, 0, 0])
                constants = T.address_of(table[first, 0])
                build.evaluate(calls.multiply(microkernel.name, start, constants, place, band, channels))

        def group(first: Any, done: int) -> None:
            """Channels that are spread together, of which `done` are computed already."""
            with build.serial(bands) as band:
                IRBuilder.name("band", band)
                if bands > 1 and kept:
                    with build.If(band > 0), build.Then():
                        build.evaluate(calls.keep(T.address_of(scratch[0, 0, 0, 0])))
                load(first, band)
                if multiplier == 1:
                    compute(done, first + done, planes - done, band)
                else:
                    for plane in range(done, planes):
                        compute(plane, (first + plane) * multiplier, multiplier, band)

        build.evaluate(calls.fill(T.address_of(scratch[0, 0, 0, 0]), rows))
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

    More than the target's bytes of scratch are taken for planes only for the least band. If planes along the height
    are faster, those along the width, which can be computed from some rows of the input, are among the alternatives.
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

    def implementation(spec: PlanesSpecification, alternatives: tuple[Implementation, ...] = ()) -> Implementation:
        microkernel = spec.microkernels[0]
        taps = (weights if spec.inner is horizontal else weights.swapaxes(1, 2)).astype(np.int64)
        biases = np.array(rule.biases, np.int64)
        if isinstance(microkernel, DepthwisePlane):
            table = pack_channels(taps, biases, rule.layer, microkernel.stride)
        else:
            table = pack_windows(taps, biases, rule.layer, microkernel)
        layout = f"{list(weights.shape)} with biases and requantization, as the depthwise microkernel reads them"
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

    along_rows = tuple(implementation(item) for item in candidates if item is not spec and item.inner is horizontal)
    microkernel = spec.microkernels[0]
    if not isinstance(microkernel, DepthwisePlane):
        return implementation(spec, along_rows)
    anywhere = replace(microkernel, inner_bytes=0, outer_bytes=0)
    smaller = [anywhere, replace(anywhere, unroll=1)]
    alternatives = [implementation(replace(spec, microkernels=(other,)), along_rows) for other in smaller]
    if target.objective == "time":
        spec = replace(spec, microkernels=(_longest(microkernel, spec.outer.outputs),))
    return implementation(spec, (*alternatives, *along_rows))


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
