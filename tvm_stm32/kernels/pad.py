# SPDX-License-Identifier: Apache-2.0
"""Padding with a constant, any rank and type: every output is written once, in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T
from tvm.script.ir_builder import IRBuilder
from tvm.script.ir_builder import tirx as build

from tvm_stm32.kernels.copy import copy
from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.overlap import Distances, Overlap
from tvm_stm32.model.network import Network, Operator, Pad, Tensor
from tvm_stm32.quantize.tflite import INTEGER_RANGES, round_half_away


@dataclass(frozen=True, slots=True)
class PaddedAxis:
    """`extent` elements of the input between `before` and `after` elements of padding."""

    extent: int
    before: int
    after: int

    @property
    def total(self) -> int:
        """Elements of the output."""
        return self.before + self.extent + self.after


@dataclass(frozen=True, slots=True)
class PadSpecification:
    """`axes` from the outermost to the innermost; an axis without padding is merged into the one around it."""

    axes: tuple[PaddedAxis, ...]
    dtype: str
    value: float

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "pad"

    def describe(self) -> str:
        """Axes and value, for the comment above the C function."""
        axes = ", ".join(f"{axis.before} + {axis.extent} + {axis.after}" for axis in self.axes)
        return f"pad: {self.dtype}, axes of {axes}, with {self.value:g}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input: its last value is the one that moves the farthest."""
        last, step = 0, 1
        for axis in reversed(self.axes):
            last += (axis.before + axis.extent - 1) * step
            step *= axis.total
        elements = math.prod(axis.extent for axis in self.axes)
        return Distances(least=np.dtype(self.dtype).itemsize * (last - (elements - 1)))


def merge(shape: Sequence[int], widths: Sequence[tuple[int, int]]) -> tuple[PaddedAxis, ...]:
    """The fewest axes that describe the same padding; at least one."""
    axes: list[PaddedAxis] = []
    for extent, (before, after) in zip(shape, widths, strict=True):
        unpadded = before == after == 0
        if unpadded and extent == 1:
            continue
        if unpadded and axes:
            outer = axes[-1]
            axes[-1] = PaddedAxis(outer.extent * extent, outer.before * extent, outer.after * extent)
        else:
            axes.append(PaddedAxis(extent, before, after))
    return tuple(axes) or (PaddedAxis(1, 0, 0),)


def build_pad(spec: PadSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    axes = spec.axes
    value = T.float32(spec.value) if spec.dtype == "float32" else getattr(T, spec.dtype)(int(spec.value))
    with IRBuilder() as builder, build.prim_func(s_tir=True):
        build.func_name("pad")
        source = build.arg("x", build.handle(spec.dtype))
        target = build.arg("y", build.handle(spec.dtype))
        x = build.decl_buffer((math.prod(axis.extent for axis in axes),), spec.dtype, data=source)
        y = build.decl_buffer((math.prod(axis.total for axis in axes),), spec.dtype, data=target)

        def fill(start: Any, count: int) -> None:
            if count:
                with build.serial(count) as i:
                    IRBuilder.name("i", i)
                    build.buffer_store(y, value, [start + i])

        def emit(level: int, read: Any, write: Any) -> None:
            """One run of the axis at `level`, from `read` in x to `write` in y."""
            axis = axes[level]
            step_x = math.prod(inner.extent for inner in axes[level + 1 :])
            step_y = math.prod(inner.total for inner in axes[level + 1 :])
            fill(write, axis.before * step_y)
            if level + 1 == len(axes):
                build.evaluate(copy(y[write + axis.before], x[read], axis.extent, spec.dtype))
            else:
                with build.serial(axis.extent) as i:
                    IRBuilder.name("i", i)
                    emit(level + 1, read + i * step_x, write + (axis.before + i) * step_y)
            fill(write + (axis.before + axis.extent) * step_y, axis.after * step_y)

        emit(0, 0, 0)
    return builder.get()


def implement_pad(network: Network, operator: Operator) -> Implementation:
    """A padding with a constant; the input's values are copied as they are."""
    attributes = operator.attributes
    assert isinstance(attributes, Pad)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    spec = PadSpecification(merge(x.shape, attributes.widths), y.dtype, _value(attributes, y))
    overlaps = (Overlap(written=1, read=0, distances=spec.distances),)
    return Implementation(spec, lambda: build_pad(spec), (Input(x.name), Output(y.name)), overlaps=overlaps)


def _value(attributes: Pad, y: Tensor) -> float:
    """What to write: the zero point for a real zero."""
    real = attributes.value or 0.0
    if y.quantization is None:
        return real
    low, high = INTEGER_RANGES[y.dtype]
    return min(max(round_half_away(real / y.quantization.scale) + y.quantization.zero_point, low), high)
