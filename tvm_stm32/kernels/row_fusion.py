# SPDX-License-Identifier: Apache-2.0
"""A 1x1 convolution, the depthwise convolution that reads it, the 1x1 that reads that, and the addition of the input
to the latter: a band of rows at a time.

What is between them is never there as a whole: scratch holds the rows that a band of the depthwise convolution reads,
of which the next band keeps the last, and the band itself. The microkernels are those of the separate kernels. A sum
may take the place of the input, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tvm.script import tirx as T
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as build

from tvm_stm32.kernels.add_arrays import AddArraysSpecification
from tvm_stm32.kernels.conv2d_flat import FlatSpecification
from tvm_stm32.kernels.implementation import Argument, Constant, Implementation, Input, Output, Scratch, Specification
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap
from tvm_stm32.kernels.planes import PlaneCalls, PlanesSpecification


@dataclass(frozen=True, slots=True)
class Residual:
    """The addition of the input to the last convolution's result; `first`: whether that is its first operand."""

    addition: AddArraysSpecification
    first: bool


@dataclass(frozen=True, slots=True)
class FusedSpecification:
    """`first` is of one row, `planes` of a band; `last` of a band, if there is one, `rest` of a smaller last band."""

    first: FlatSpecification
    planes: PlanesSpecification
    last: FlatSpecification | None
    rest: FlatSpecification | None
    residual: Residual | None

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "conv2d_depthwise" + "_conv2d" * bool(self.last) + "_add" * bool(self.residual)

    @property
    def row(self) -> int:
        """Bytes of a row between the first and the second."""
        return self.planes.outer.input_bytes

    @property
    def band_bytes(self) -> int:
        """Bytes of a band of the depthwise convolution's output."""
        return self.planes.band * self.planes.outer.output_bytes

    @property
    def output_row(self) -> int:
        """Bytes of a row of the output."""
        return self.last.y[2] * self.planes.inner.outputs if self.last else self.planes.outer.output_bytes

    @property
    def pixels(self) -> int:
        """Values of the scratch that 1x1 convolutions have their widened pixels in."""
        return max(part.slice_values for part in (self.first, self.last, self.rest) if part)

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input: all rows that a band needs are read before it is written."""
        planes, outer = self.planes, self.planes.outer
        row = self.first.x[1] * self.first.x[2]
        after = [
            (b * planes.band, b * planes.band * outer.stride + planes.kept - outer.padding)
            for b in range(1, planes.bands)
        ]
        needed = [
            (written * self.output_row, max(min(line, written) if self.residual else line, 0) * row)
            for written, line in after
            if line < outer.inputs or self.residual
        ]
        return Distances(least=max(written - read for written, read in needed)) if needed else ANYWHERE

    def describe(self) -> str:
        """Shapes and arithmetic, for the comment above the C function."""
        first = self.first.microkernel.requantization
        parts = [f"{self.family}: 1x1 from {self.first.x[2]} channels; {first.describe()}", self.planes.describe()]
        if self.last:
            parts.append(f"1x1 to {self.last.y[2]} channels; {self.last.microkernel.requantization.describe()}")
        if self.residual:
            parts.append(f"{self.residual.addition.describe()}; x is {'b' if self.residual.first else 'a'}")
        return "\n".join(parts)


def build_fused(spec: FusedSpecification) -> Any:
    """The TIR function of `spec`: (x, stream, channel_table[, last_stream], pixels, rows, planes[, band], y)."""
    first, planes, outer, inner = spec.first, spec.planes, spec.planes.outer, spec.planes.inner
    (_, width, inputs), bands, rows, kept = first.x, planes.bands, planes.rows, planes.kept
    calls, advance = PlaneCalls(planes, 0), planes.band * outer.stride
    microkernel = planes.microkernels[0]
    rest = outer.outputs - (bands - 1) * planes.band
    shapes = {
        "x": ("int8", (outer.inputs * width * inputs,)),
        "stream": ("int32", (1,)),
        "channel_table": ("int32", (planes.channels, microkernel.channel_words)),
        **({"last_stream": ("int32", (1,))} if spec.last else {}),
        "pixels": ("int16", (spec.pixels,)),
        "rows": ("int8", (rows * spec.row,)),
        "planes": ("int16", (planes.planes, rows, calls.width)),
        **({"band": ("int8", (spec.band_bytes,))} if spec.last else {}),
        "y": ("int8", (outer.outputs * spec.output_row,)),
    }
    with IRBuilder() as builder, build.prim_func(s_tir=True):
        build.func_name(spec.family)
        pointers = {name: build.arg(name, build.handle(dtype)) for name, (dtype, _) in shapes.items()}
        buffers = {
            name: build.decl_buffer(shape, dtype, data=pointers[name]) for name, (dtype, shape) in shapes.items()
        }

        def at(name: str, *place: Any) -> Any:
            return T.address_of(buffers[name][place])

        def pointwise(part: FlatSpecification, source: str, read: Any, stream: str, target: str, written: Any) -> None:
            """A 1x1 convolution of neighbouring pixels, in runs."""

            def run(pixel: Any, count: int) -> None:
                from_, to = read + pixel * part.x[2], written + pixel * part.y[2]
                widen = part.widen.name, at(source, from_), part.x[2], part.x[2], count, at("pixels", 0)
                build.evaluate(T.call_extern("void", *widen))
                multiply = part.microkernel.name, at("pixels", 0), at(stream, 0), at(target, to), count
                build.evaluate(T.call_extern("void", *multiply))

            whole = [first for first, count in part.pieces if count == part.run]
            if len(whole) > 1:
                with build.serial(len(whole)) as number:
                    IRBuilder.name("run", number)
                    run(number * part.run, part.run)
            for start, count in part.pieces[len(whole) if len(whole) > 1 else 0 :]:
                run(start, count)

        def depthwise(group: Any, done: int, band: Any, start: Any, end: Any) -> None:
            """Channels from `group` on that are spread together, of which `done` are computed already."""
            if calls.above:
                with build.If(start > 0), build.Then():
                    build.evaluate(calls.fill(at("planes", 0, 0, 0), start))
            if calls.below:
                with build.If(end < rows), build.Then():
                    build.evaluate(calls.fill(at("planes", 0, end, 0), rows - end))
            phase = inner.phase(0)
            pixel = at("rows", start * spec.row + phase.first * inner.input_bytes + group)
            build.evaluate(calls.spread(pixel, at("planes", 0, start, phase.skip), phase.inputs, end - start))
            channel, count = group + done, planes.planes - done
            to = at("band", channel) if spec.last else at("y", band * spec.band_bytes + channel)
            constants = at("channel_table", channel, 0)
            name = microkernel.name
            build.evaluate(calls.multiply(name, at("planes", done, 0, 0), constants, to, band, count))

        def finish(part: FlatSpecification, band: Any) -> None:
            """The last convolution of a band, and the addition to it, which has the band's own place until then."""
            written = band * (planes.band * spec.output_row)
            if spec.residual is None:
                pointwise(part, "band", 0, "last_stream", "y", written)
                return
            pointwise(part, "band", 0, "last_stream", "band", 0)
            operands = at("band", 0), at("x", written)
            addition, count = spec.residual.addition, part.y[0] * spec.output_row
            terms = addition.sum.multiplier_a, addition.sum.multiplier_b, addition.sum.addend
            a, b = operands if spec.residual.first else operands[::-1]
            build.evaluate(T.call_extern("void", addition.microkernel.name, a, b, at("y", written), count, *terms))

        build.evaluate(calls.fill(at("planes", 0, 0, 0), rows))
        with build.serial(bands) as band:
            IRBuilder.name("band", band)
            _, start, end = calls.rows_to_load(band)
            if kept:
                with build.If(band > 0), build.Then():
                    kept_bytes = (at("rows", 0), advance * spec.row, kept * spec.row)
                    build.evaluate(T.call_extern("void", "tvm_ai_keep_bytes", *kept_bytes))
            fresh = T.max(start, T.min(band, 1) * kept)
            with build.serial(T.max(end - fresh, 0)) as line:
                IRBuilder.name("line", line)
                row = fresh + line
                source = (band * advance - outer.padding + row) * (width * inputs)
                pointwise(first, "x", source, "stream", "rows", row * spec.row)
            with build.serial(planes.channels // planes.planes) as number:
                IRBuilder.name("group", number)
                depthwise(number * planes.planes, 0, band, start, end)
            if planes.channels % planes.planes:
                left = planes.channels - planes.planes
                depthwise(left, planes.planes - planes.channels % planes.planes, band, start, end)
            if spec.last is not None:
                if rest == planes.band:
                    finish(spec.last, band)
                else:
                    assert spec.rest is not None
                    with build.If(band < bands - 1):
                        with build.Then():
                            finish(spec.last, band)
                        with build.Else():
                            finish(spec.rest, band)
    return builder.get()


def fuse(parts: tuple[Implementation, ...], band: int) -> Implementation | None:
    """The kernel that does in turn what two to four kernels do, or None where it does not apply.

    Args:
        parts: a 1x1 convolution, a depthwise convolution and, if there are more, a 1x1 and an addition of the first
            one's input, each the reader of the one before.
        band: rows of the depthwise convolution's output that are computed together, even.
    """
    middles = [part for part in (parts[1], *parts[1].alternatives) if _along_rows(part.specification)]
    if not middles:
        return None
    parts = (parts[0], middles[0], *parts[2:])
    first, second = parts[0].specification, parts[1].specification
    last = parts[2].specification if len(parts) > 2 else None
    if not isinstance(first, FlatSpecification) or not isinstance(second, PlanesSpecification):
        return None
    if last is not None and not isinstance(last, FlatSpecification):
        return None
    outer, inner = second.outer, second.inner
    if (
        outer.outputs <= band
        or not _plain(first)
        or (last and not _plain(last))
        or inner.inputs < 2
        or inner.outputs < 2
    ):
        return None
    if first.y != (outer.inputs, inner.inputs, second.channels):
        return None
    if last and last.x != (outer.outputs, inner.outputs, second.channels):
        return None
    residual = _residual(parts, last, second) if len(parts) > 3 else None
    if len(parts) > 3 and residual is None:
        return None
    planes = replace(second, band=band)
    rest = outer.outputs % band
    spec = FusedSpecification(
        _of_rows(first, 1, inner.inputs),
        planes,
        _of_rows(last, band, inner.outputs) if last else None,
        _of_rows(last, rest, inner.outputs) if last and rest else None,
        residual,
    )
    stream, table = (_constant(part) for part in parts[:2])
    arguments: list[Argument] = [_input(parts[0]), stream, table]
    if last:
        arguments.append(replace(_constant(parts[2]), role="last_stream"))
    arguments += [Scratch(2 * spec.pixels), Scratch(planes.rows * spec.row), Scratch(planes.scratch)]
    if last:
        arguments.append(Scratch(spec.band_bytes))
    arguments.append(_output(parts[-1]))
    return Implementation(
        specification=spec,
        build=lambda: build_fused(spec),
        arguments=tuple(arguments),
        macs=sum(part.macs for part in parts),
        microkernels=tuple({m.name: m for part in parts for m in part.microkernels}.values()),
        overlaps=(Overlap(written=len(arguments) - 1, read=0, distances=spec.distances),),
        rounding="; ".join(dict.fromkeys(part.rounding for part in parts if part.rounding)),
    )


def _residual(
    parts: tuple[Implementation, ...], last: FlatSpecification | None, planes: PlanesSpecification
) -> Residual | None:
    """The addition of the first one's input to the last one's result, which finds room where its own input is."""
    addition, (a, b, *_) = parts[3].specification, parts[3].arguments
    if not isinstance(addition, AddArraysSpecification) or last is None or last.y[2] > planes.channels:
        return None
    x, result = _input(parts[0]), Input(_output(parts[2]).tensor)
    first = parts[0].specification
    same = isinstance(first, FlatSpecification) and first.x == last.y
    return Residual(addition, a == result) if same and (a, b) in ((x, result), (result, x)) else None


def _along_rows(specification: Specification) -> bool:
    """Whether a depthwise convolution reads planes along the width, one channel of the input for each of the output."""
    if not isinstance(specification, PlanesSpecification):
        return False
    inner, channels = specification.inner, specification.channels
    return inner.phases == specification.multiplier == 1 and inner.input_bytes == channels


def _plain(part: FlatSpecification) -> bool:
    """Whether pixels are computed one after the other."""
    return part.strides == (1, 1) and part.groups == 1


def _of_rows(part: FlatSpecification, rows: int, width: int) -> FlatSpecification:
    """The same for some of the rows."""
    return replace(part, x=(rows, width, part.x[2]), y=(rows, width, part.y[2]))


def _constant(part: Implementation) -> Constant:
    return next(argument for argument in part.arguments if isinstance(argument, Constant))


def _input(part: Implementation) -> Input:
    return next(argument for argument in part.arguments if isinstance(argument, Input))


def _output(part: Implementation) -> Output:
    return next(argument for argument in part.arguments if isinstance(argument, Output))
