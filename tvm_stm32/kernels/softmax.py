# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Softmax over the last axis: int8 in fixed point, bit for bit TFLite's, and float32.

Source of the int8 kernel: TFLite's ``reference_ops::Softmax`` over gemmlowp's fixed-point functions, which are in
``tvm_ai_kernels.h``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.fixed_point import FixedPoint
from tvm_stm32.kernels.implementation import Implementation, Input, Output, Scratch
from tvm_stm32.kernels.overlap import ANYWHERE, Distances, Overlap, element_by_element
from tvm_stm32.kernels.requantization import largest
from tvm_stm32.model.network import Arithmetic, Network, Operator, Softmax

#: exponents are in units of 2**-26: five bits before the point
_EXPONENT_BITS = 5
#: sums of exponentials are in units of 2**-19: twelve bits before the point
_SUM_BITS = 12


@dataclass(frozen=True, slots=True)
class SoftmaxInt8Specification:
    """`rows` of `width`; `scale` brings a difference to an exponent; those below `least` do not count."""

    rows: int
    width: int
    scale: FixedPoint
    least: int

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "softmax"

    def describe(self) -> str:
        """Shape and arithmetic, for the comment above the C function."""
        return (
            f"softmax: {self.rows} rows of {self.width}\n"
            f"int8, exponents are differences from the row's maximum by {self.scale} in units of 2^-26\n"
            f"differences below {self.least} give 0"
        )


@dataclass(frozen=True, slots=True)
class SoftmaxFloatSpecification:
    """`rows` of `width`."""

    rows: int
    width: int
    beta: float

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "softmax"

    def describe(self) -> str:
        """Shape and arithmetic, for the comment above the C function."""
        return f"softmax: {self.rows} rows of {self.width}\nfloat32" + (f", beta {self.beta}" if self.beta != 1 else "")


def build_softmax_int8(spec: SoftmaxInt8Specification) -> Any:
    """The TIR function of `spec`: (x, scratch, y). The scratch holds one exponential for each value of a row."""
    rows, width, least = spec.rows, spec.width, spec.least
    multiplier, shift = spec.scale.multiplier, spec.scale.shift

    @T.prim_func(s_tir=True)
    def softmax(x: T.handle("int8"), scratch: T.handle("int32"), y: T.handle("int8")):
        X = T.decl_buffer((rows, width), "int8", data=x)
        E = T.decl_buffer((width,), "int32", data=scratch)
        Y = T.decl_buffer((rows, width), "int8", data=y)
        peak = T.alloc_buffer((1,), "int32")
        total = T.alloc_buffer((1,), "int32")
        for row in T.serial(rows):
            peak[0] = -128
            for i in T.serial(width):
                peak[0] = largest(peak[0], T.cast(X[row, i], "int32"), "int32")
            total[0] = 0
            for i in T.serial(width):
                difference: T.let = T.cast(X[row, i], "int32") - peak[0]
                E[i] = 0
                if difference >= least:
                    E[i] = T.call_extern("int32", "tvm_ai_softmax_exponential", difference, multiplier, shift)
                total[0] = T.call_extern("int32", "tvm_ai_softmax_sum", total[0], E[i])
            factor: T.let = T.call_extern("int32", "tvm_ai_softmax_reciprocal", total[0])
            exponent: T.let = T.call_extern("int32", "tvm_ai_softmax_exponent", total[0])
            for i in T.serial(width):
                Y[row, i] = T.cast(T.call_extern("int32", "tvm_ai_softmax_output", E[i], factor, exponent), "int8")

    return softmax


def build_softmax_float(spec: SoftmaxFloatSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    rows, width, beta = spec.rows, spec.width, spec.beta

    @T.prim_func(s_tir=True)
    def softmax(x: T.handle("float32"), y: T.handle("float32")):
        X = T.decl_buffer((rows, width), "float32", data=x)
        Y = T.decl_buffer((rows, width), "float32", data=y)
        peak = T.alloc_buffer((1,), "float32")
        total = T.alloc_buffer((1,), "float32")
        for row in T.serial(rows):
            peak[0] = X[row, 0]
            for i in T.serial(width):
                peak[0] = largest(peak[0], X[row, i], "float32")
            total[0] = T.float32(0)
            for i in T.serial(width):
                Y[row, i] = T.call_extern("float32", "tvm_ai_exp_negative", (X[row, i] - peak[0]) * T.float32(beta))
                total[0] = total[0] + Y[row, i]
            for i in T.serial(width):
                Y[row, i] = Y[row, i] / total[0]

    return softmax


def implement_softmax(network: Network, operator: Operator) -> Implementation:
    """A softmax of int8 by TFLite's rule (output scale 1/256, zero point -128), or of float32."""
    attributes = operator.attributes
    assert isinstance(attributes, Softmax)
    x = network.input_tensors(operator)[0]
    width = x.shape[-1]
    rows = x.elements // width
    source, target = Input(operator.inputs[0]), Output(operator.outputs[0])
    if operator.arithmetic is Arithmetic.FLOAT:
        plain = SoftmaxFloatSpecification(rows, width, attributes.beta)
        in_place = Overlap(written=1, read=0, distances=element_by_element(x.elements, 4, 4))
        return Implementation(plain, lambda: build_softmax_float(plain), (source, target), overlaps=(in_place,))
    assert x.quantization is not None
    real = min(attributes.beta * x.quantization.scale * 2.0 ** (31 - _EXPONENT_BITS), 2.0**31 - 1)
    if real <= 1.0:
        raise ModelError(
            f"the input's scale {x.quantization.scale} times beta {attributes.beta} is too small for a softmax",
            where=f"layer {operator.name} ({operator.source})",
            hint="quantize the model again with representative data",
        )
    scale = FixedPoint.of(real)
    least = -math.floor((2**_EXPONENT_BITS - 1) * 2.0 ** (31 - _EXPONENT_BITS) / 2**scale.shift)
    spec = SoftmaxInt8Specification(rows, width, scale, max(least, -256))
    arguments = (source, Scratch(4 * width), target)
    overlaps = (Overlap(written=2, read=0, distances=Distances(least=0) if rows > 1 else ANYWHERE),)
    return Implementation(spec, lambda: build_softmax_int8(spec), arguments, overlaps=overlaps)
