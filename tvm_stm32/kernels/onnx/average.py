# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Average over whole axes of int8: real values added in several partial sums, as vector instructions add them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.onnx.quantizer import Quantizer, real, real_values
from tvm_stm32.kernels.overlap import Distances, Overlap, reading_from
from tvm_stm32.model.describe import describe_operator
from tvm_stm32.model.network import Mean, Network, Operator, Summation, Tensor

#: float32 in a vector of the processors that run onnxruntime
VECTOR = 4


@dataclass(frozen=True, slots=True)
class AverageSpecification:
    """x is (outer, count, inner), y is (outer, inner)."""

    outer: int
    count: int
    inner: int
    summation: Summation
    quantizer: Quantizer

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "mean"

    def describe(self) -> str:
        """Shape and arithmetic, for the comment above the C function."""
        shape = f"x {[self.outer, self.count, self.inner]}, over the middle axis"
        return f"mean: {shape}\nint8, added in float32 by {self.summation.value}\n{self.quantizer.describe()}"

    @property
    def distances(self) -> Distances:
        """How the output may overlap the input."""
        rows = np.arange(self.outer, dtype=np.int64) * (self.count * self.inner)
        return reading_from((rows[:, None] + np.arange(self.inner)).ravel(), item_size=1)


def build_average(spec: AverageSpecification) -> Any:
    """The TIR function of `spec`: (x, reals, y).

    With lanes: full vectors go to the lanes, the two halves of eight lanes are added, then a last odd vector, then
    lanes 0 + 2 and 1 + 3; the values before the first vector and after the last follow one by one.
    """
    outer, count, inner, quantizer = spec.outer, spec.count, spec.inner, spec.quantizer
    eight = spec.summation is Summation.EIGHT_LANES
    lanes = {Summation.FOUR_LANES: VECTOR, Summation.EIGHT_LANES: 2 * VECTOR}.get(spec.summation, 0)

    def head(row: Any) -> Any:
        """TIR: values of a row before the first whole vector; rows of the file's tensor follow each other."""
        if not eight or count % VECTOR == 0:
            return 0
        return T.min(T.bitwise_and(-(row * count), VECTOR - 1), count)

    def vectors(row: Any) -> Any:
        """TIR: whole vectors of a row."""
        if not lanes:
            return 0
        first = head(row)
        return (count - first) // VECTOR if isinstance(first, int) else T.shift_right(count - first, 2)

    @T.prim_func(s_tir=True)
    def average(x: T.handle("int8"), reals: T.handle("float32"), y: T.handle("int8")):
        X = T.decl_buffer((outer, count, inner), "int8", data=x)
        R = T.decl_buffer((256,), "float32", data=reals)
        Y = T.decl_buffer((outer, inner), "int8", data=y)
        lane = T.alloc_buffer((max(lanes, 1),), "float32")
        for o, i in T.grid(outer, inner):
            for j in T.unroll(max(lanes, 1)):
                lane[j] = T.float32(0)
            if lanes > 0:
                for v in T.serial(T.floordiv(vectors(o * inner + i) * VECTOR, lanes)):
                    for j in T.unroll(lanes):
                        lane[j] = lane[j] + real(R, X[o, head(o * inner + i) + v * lanes + j, i])
                if eight:
                    for j in T.unroll(VECTOR):
                        lane[j] = lane[j] + lane[j + VECTOR]
                    if T.floormod(vectors(o * inner + i), 2) == 1:
                        for j in T.unroll(VECTOR):
                            lane[j] = lane[j] + real(
                                R, X[o, head(o * inner + i) + (vectors(o * inner + i) - 1) * VECTOR + j, i]
                            )
                lane[0] = (lane[0] + lane[2]) + (lane[1] + lane[3])
            for n in T.serial(head(o * inner + i)):
                lane[0] = lane[0] + real(R, X[o, n, i])
            for n in T.serial(head(o * inner + i) + vectors(o * inner + i) * VECTOR, count):
                lane[0] = lane[0] + real(R, X[o, n, i])
            Y[o, i] = quantizer.apply(lane[0] / T.float32(count))

    return average


def implement_lanes(
    operator: Operator, x: Tensor, y: Tensor, shape: tuple[int, int, int], summation: Summation, quantizer: Quantizer
) -> Implementation:
    """The kernel that averages x, taken as (outer, count, inner)."""
    spec = AverageSpecification(*shape, summation, quantizer)
    arguments = (Input(operator.inputs[0]), real_values(x, "reals"), Output(y.name))
    overlaps = (Overlap(written=2, read=0, distances=spec.distances),)
    return Implementation(spec, lambda: build_average(spec), arguments, overlaps=overlaps)


def implement_mean(network: Network, operator: Operator) -> Implementation:
    """A mean of int8 over adjacent axes.

    Raises:
        ModelError: between the reduced axes lies one that is kept.
    """
    attributes = operator.attributes
    assert isinstance(attributes, Mean)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    reduced = [axis for axis in attributes.axes if x.shape[axis] > 1] or list(attributes.axes[:1])
    first, last = min(reduced), max(reduced) + 1
    if any(x.shape[axis] > 1 for axis in range(first, last) if axis not in attributes.axes):
        raise ModelError(
            f"no kernel for {describe_operator(network, operator)} over the axes {list(attributes.axes)}",
            where=f"layer {operator.name}",
            hint="transpose the model's tensor so that the reduced axes are adjacent",
        )
    shape = (math.prod(x.shape[:first]), math.prod(x.shape[first:last]), math.prod(x.shape[last:]))
    return implement_lanes(operator, x, y, shape, attributes.summation, Quantizer.of(y))
