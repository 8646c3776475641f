# SPDX-License-Identifier: Apache-2.0
"""Addition, subtraction, multiplication, extremes of two: int8 as TFLite's reference kernels, and float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.elementwise import implement_elementwise
from tvm_stm32.kernels.fixed_point import FixedPoint
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.requantization import FloatBounds, clamp_float, clamp_int, float_bounds, largest, smallest
from tvm_stm32.model.network import Add, Arithmetic, Extremum, Mul, Network, Operator, Quantization, Sub
from tvm_stm32.quantize.tflite import activation_bounds
from tvm_stm32.quantize.weighted_sum import VALUES, Table, WeightedSum, fit_weighted_sum

#: sums of int8 are computed in units of 2**-20 of twice the coarser input scale
ADD_SHIFT = 20


@dataclass(frozen=True, slots=True)
class AddInt8:
    """Both operands brought to a common fine scale, added, and brought to the output's scale, rounded each time.

    `sign` is that of b: -1 subtracts it. Source: TFLite's ``reference_integer_ops::AddFunc`` and ``SubFunc``.
    """

    a: FixedPoint
    b: FixedPoint
    y: FixedPoint
    zero_points: tuple[int, int, int]
    bounds: tuple[int, int]
    sign: int = 1
    dtype: str = "int8"

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "add" if self.sign > 0 else "sub"

    @property
    def operation(self) -> str:
        """What it is called."""
        return "addition" if self.sign > 0 else "subtraction"

    def describe(self) -> str:
        """The constants."""
        return (
            f"int8, zero points {list(self.zero_points)} (a, b, y), clamped to {list(self.bounds)}\n"
            f"2^{ADD_SHIFT} * a by {self.a}, 2^{ADD_SHIFT} * b by {self.b}, {self.operation} by {self.y}"
        )

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""
        fine = _fine(self.a, a, self.zero_points[0]) + self.sign * _fine(self.b, b, self.zero_points[1])
        return clamp_int(self.y.times(fine) + self.zero_points[2], self.bounds, "int8")

    def table(self) -> Table:
        """The result of every pair of values, from -128 on, a first."""
        fine = [
            scale.of_values((VALUES - zero_point) << ADD_SHIFT)
            for scale, zero_point in zip((self.a, self.b), self.zero_points, strict=False)
        ]
        total = self.y.of_values(fine[0][:, None] + self.sign * fine[1][None, :])
        return np.clip(total + self.zero_points[2], *self.bounds)


@dataclass(frozen=True, slots=True)
class ProvenSumInt8:
    """A sum in one shift, where that equals the reference for every pair of values."""

    sum: WeightedSum
    bounds: tuple[int, int]
    proof: str  # what it equals
    family: str = "add"
    dtype: str = "int8"

    def describe(self) -> str:
        """The constants."""
        plane = f"(a * {self.sum.multiplier_a} + b * {self.sum.multiplier_b} + {self.sum.addend}) >> {self.sum.shift}"
        return f"int8, {plane}, clamped to {list(self.bounds)}: {self.proof}, checked for every pair of values"

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""
        terms = (T.cast(a, "int32"), self.sum.multiplier_a, T.cast(b, "int32"), self.sum.multiplier_b)
        total = T.call_extern("int32", "tvm_ai_weighted_sum", *terms, self.sum.addend, self.sum.shift)
        return clamp_int(total, self.bounds, "int8")


def _fine(scale: FixedPoint, value: Any, zero_point: int) -> Any:
    """TIR: an operand on the common scale. The coarser one's factor is a power of two: a shift, without rounding."""
    centred = T.cast(value, "int32") - zero_point
    power = scale.power_of_two
    if power is not None and power + ADD_SHIFT >= 0:
        return centred * 2 ** (power + ADD_SHIFT)
    return scale.times(centred * 2**ADD_SHIFT)


@dataclass(frozen=True, slots=True)
class MulInt8:
    """The product of the centred operands, requantized. Source: TFLite's ``reference_integer_ops::MulElementwise``."""

    y: FixedPoint
    zero_points: tuple[int, int, int]
    bounds: tuple[int, int]
    family: str = "mul"
    dtype: str = "int8"

    def describe(self) -> str:
        """The constants."""
        return (
            f"int8, zero points {list(self.zero_points)} (a, b, y), clamped to {list(self.bounds)}\na * b by {self.y}"
        )

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""
        product = (T.cast(a, "int32") - self.zero_points[0]) * (T.cast(b, "int32") - self.zero_points[1])
        return clamp_int(self.y.times(product) + self.zero_points[2], self.bounds, "int8")


@dataclass(frozen=True, slots=True)
class ExtremumInt8:
    """The larger of two values or the smaller, of one quantization. Source: TFLite's ``MaximumMinimumBroadcast``."""

    family: str
    dtype: str = "int8"

    def describe(self) -> str:
        """The type."""
        return self.dtype

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""
        combine = largest if self.family == "maximum" else smallest
        return T.cast(combine(T.cast(a, "int32"), T.cast(b, "int32"), "int32"), "int8")


#: the operations of float32, by family
_FLOAT: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": lambda a, b: largest(a, b, "float32"),
    "minimum": lambda a, b: smallest(a, b, "float32"),
}


@dataclass(frozen=True, slots=True)
class FloatRule:
    """float32: a family of `_FLOAT`."""

    family: str
    bounds: FloatBounds
    dtype: str = "float32"

    def describe(self) -> str:
        """The clamp."""
        return "float32" if self.bounds == (None, None) else f"float32, clamped to {list(self.bounds)}"

    def apply(self, a: Any, b: Any) -> Any:
        """TIR: the result of two elements."""
        return clamp_float(_FLOAT[self.family](a, b), self.bounds)


def implement_add(network: Network, operator: Operator) -> Implementation:
    """An addition or subtraction of int8 by TFLite's rule, or of float32."""
    attributes = operator.attributes
    assert isinstance(attributes, Add | Sub)
    sign = 1 if isinstance(attributes, Add) else -1
    if operator.arithmetic is Arithmetic.FLOAT:
        family = "add" if sign > 0 else "sub"
        return implement_elementwise(network, operator, FloatRule(family, float_bounds(attributes.activation)))
    a, b, y = _quantizations(network, operator)
    twice = 2.0 * max(a.scale, b.scale)
    output = twice / (2**ADD_SHIFT * y.scale)
    if output >= 1.0:
        raise ModelError(
            f"the output's scale {y.scale} is too small for the inputs' scales {a.scale} and {b.scale}",
            where=f"layer {operator.name} ({operator.source})",
            hint="quantize the model again with representative data",
        )
    rule = AddInt8(
        a=FixedPoint.of(a.scale / twice),
        b=FixedPoint.of(b.scale / twice),
        y=FixedPoint.of(output),
        zero_points=(a.zero_point, b.zero_point, y.zero_point),
        bounds=activation_bounds(attributes.activation, y, "int8"),
        sign=sign,
    )
    plane = fit_weighted_sum(a.scale / y.scale, sign * b.scale / y.scale, rule.table(), rule.bounds)
    proven = plane and ProvenSumInt8(plane, rule.bounds, f"TFLite's {rule.operation}", rule.family)
    return implement_elementwise(network, operator, proven or rule)


def implement_mul(network: Network, operator: Operator) -> Implementation:
    """A multiplication of int8 by TFLite's rule, or of float32."""
    attributes = operator.attributes
    assert isinstance(attributes, Mul)
    if operator.arithmetic is Arithmetic.FLOAT:
        return implement_elementwise(network, operator, FloatRule("mul", float_bounds(attributes.activation)))
    a, b, y = _quantizations(network, operator)
    rule = MulInt8(
        y=FixedPoint.of(a.scale * b.scale / y.scale),
        zero_points=(a.zero_point, b.zero_point, y.zero_point),
        bounds=activation_bounds(attributes.activation, y, "int8"),
    )
    return implement_elementwise(network, operator, rule)


def implement_extremum(network: Network, operator: Operator) -> Implementation:
    """The larger or smaller of two int8 of one quantization, or of two float32."""
    attributes = operator.attributes
    assert isinstance(attributes, Extremum)
    family = "maximum" if attributes.largest else "minimum"
    float_rule = FloatRule(family, (None, None))
    rule = float_rule if operator.arithmetic is Arithmetic.FLOAT else ExtremumInt8(family)
    return implement_elementwise(network, operator, rule)


def _quantizations(network: Network, operator: Operator) -> tuple[Quantization, Quantization, Quantization]:
    a, b = (tensor.quantization for tensor in network.input_tensors(operator))
    y = network.output_tensors(operator)[0].quantization
    assert a is not None
    assert b is not None
    assert y is not None
    return a, b, y
