# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Mean over any axes: the loops over kept axes around the loops over reduced ones, both merged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.fixed_point import FixedPoint
from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.loop_nest import LoopNest, contiguous, offset
from tvm_stm32.kernels.microkernels.gather import CHANNELS, GATHERED, Gather, gather_sum
from tvm_stm32.kernels.overlap import Distances, Overlap, reading_from
from tvm_stm32.kernels.requantization import clamp_int
from tvm_stm32.model.network import Arithmetic, Mean, Network, Operator
from tvm_stm32.quantize.tflite import mean_multiplier


class MeanRule(Protocol):
    """How a sum becomes an output. Equal rules compute the same."""

    @property
    def dtype(self) -> str:
        """Type of input and output."""

    @property
    def accumulator(self) -> str:
        """Type of the sum."""

    def describe(self) -> str:
        """The arithmetic, for the comment above the C function."""

    def finish(self, total: Any) -> Any:
        """TIR: the output of a sum."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class MeanInt8:
    """The sum less the zero points, times a number that holds scales and count.

    Source: TFLite's ``reference_ops::QuantizedMeanOrSum``.
    """

    factor: FixedPoint
    offset: int  # sum of the input's zero points
    zero_point: int
    dtype: str = "int8"
    accumulator: str = "int32"

    @staticmethod
    def of(input_scale: float, input_zero_point: int, scale: float, zero_point: int, count: int) -> MeanInt8:
        """The rule for a mean of `count` values."""
        factor = FixedPoint(*mean_multiplier(input_scale, scale, count))
        return MeanInt8(factor, input_zero_point * count, zero_point)

    def describe(self) -> str:
        """The constants."""
        return f"int8, sum - {self.offset} by {self.factor}, output zero point {self.zero_point}"

    def finish(self, total: Any) -> Any:
        """TIR: the mean on the output's scale."""
        return clamp_int(self.factor.times(total - self.offset) + self.zero_point, (-128, 127), "int8")


@dataclass(frozen=True, slots=True)
class MeanFloat:
    """The sum over the count."""

    count: int
    dtype: str = "float32"
    accumulator: str = "float32"

    def describe(self) -> str:
        """The count."""
        return f"float32, sum / {self.count}"

    def finish(self, total: Any) -> Any:
        """TIR: the quotient."""
        return total / T.float32(self.count)


@dataclass(frozen=True, slots=True)
class MeanSpecification:
    """`kept` steps through x and y, `reduced` through x."""

    kept: LoopNest
    reduced: LoopNest
    rule: MeanRule
    gathering: Gather | None = None  # of four outputs, whose inputs are neighbours

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "mean"

    def describe(self) -> str:
        """Loops and arithmetic, for the comment above the C function."""
        kept, reduced = self.kept.describe(), self.reduced.describe()
        return f"mean: {kept} outputs, each of {reduced} elements of x\n{self.rule.describe()}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        indices = np.indices(self.kept.extents, dtype=np.int64)
        first = np.tensordot(np.array(self.kept.strides[0]), indices, 1).ravel()
        return reading_from(first, np.dtype(self.rule.dtype).itemsize)


def build_mean(spec: MeanSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    rule, dtype, accumulator = spec.rule, spec.rule.dtype, spec.rule.accumulator
    kept, reduced = spec.kept.extents, spec.reduced.extents
    step_x, step_y = spec.kept.strides
    (step_reduced,) = spec.reduced.strides
    gathering: Any = spec.gathering
    blocks, rest = divmod(kept[-1], CHANNELS) if gathering else (0, kept[-1])

    def gather(gathered: Any, value: Any) -> Any:
        """TIR: four outputs' values along the innermost reduced loop, from `value` on."""
        return gathering.gather(gathered, T.address_of(value), step_reduced[-1], reduced[-1])

    @T.prim_func(s_tir=True)
    def mean(x: T.handle(dtype), y: T.handle(dtype)):
        X = T.decl_buffer((spec.kept.elements * spec.reduced.elements,), dtype, data=x)
        Y = T.decl_buffer((spec.kept.elements,), dtype, data=y)
        total = T.alloc_buffer((1,), accumulator)
        totals = T.alloc_buffer((1,), GATHERED)

        @T.inline
        def gathered(i):
            totals[0] = gathering.empty()
            for j in T.grid(*reduced[:-1]):
                totals[0] = gather(totals[0], X[offset(i, step_x) + offset(j, step_reduced[:-1])])
            for k in T.unroll(CHANNELS):
                Y[offset(i, step_y) + k] = rule.finish(gathering.result(totals[0], k))

        for i in T.grid(*kept[:-1]):
            if gathering is not None:
                for b in T.serial(blocks):
                    gathered((*i, b * CHANNELS))
            for c in T.serial(kept[-1] - rest, kept[-1]):
                total[0] = T.cast(0, accumulator)
                for j in T.grid(*reduced):
                    total[0] = total[0] + T.cast(X[offset((*i, c), step_x) + offset(j, step_reduced)], accumulator)
                Y[offset((*i, c), step_y)] = rule.finish(total[0])

    return mean


def implement_mean(network: Network, operator: Operator, words: bool = False) -> Implementation:
    """A mean of int8 by TFLite's rule, or of float32; `words`: of four neighbours in a word at once, where possible."""
    attributes = operator.attributes
    assert isinstance(attributes, Mean)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    count = x.elements // y.elements
    if operator.arithmetic is Arithmetic.FLOAT:
        return implement_mean_by(network, operator, MeanFloat(count))
    assert x.quantization is not None
    assert y.quantization is not None
    rule = MeanInt8.of(
        x.quantization.scale, x.quantization.zero_point, y.quantization.scale, y.quantization.zero_point, count
    )
    return implement_mean_by(network, operator, rule, gather_sum(count) if words else None)


def implement_mean_by(
    network: Network, operator: Operator, rule: MeanRule, gathering: Gather | None = None
) -> Implementation:
    """The kernel of a mean that computes `rule`, with a word of neighbours gathered at once where there are any."""
    attributes = operator.attributes
    assert isinstance(attributes, Mean)
    x = network.input_tensors(operator)[0]
    strides = contiguous(x.shape)
    kept = [axis for axis in range(len(x.shape)) if axis not in attributes.axes]
    extents = [x.shape[axis] for axis in kept]
    spec = MeanSpecification(
        kept=LoopNest.of(extents, [strides[axis] for axis in kept], contiguous(extents)),
        reduced=LoopNest.of([x.shape[axis] for axis in attributes.axes], [strides[axis] for axis in attributes.axes]),
        rule=rule,
    )
    if gathering and spec.kept.strides[0][-1] == 1 and spec.kept.extents[-1] >= CHANNELS:
        spec = replace(spec, gathering=gathering)
    arguments = (Input(operator.inputs[0]), Output(operator.outputs[0]))
    overlaps = (Overlap(written=1, read=0, distances=spec.distances),)
    microkernels = (spec.gathering,) if spec.gathering else ()
    return Implementation(spec, lambda: build_mean(spec), arguments, microkernels=microkernels, overlaps=overlaps)
