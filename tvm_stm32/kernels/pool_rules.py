# SPDX-License-Identifier: Apache-2.0
"""Maximum of any type, and averages: int8 as TFLite's reference kernel, and float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.microkernels.gather import Gather, gather_sum
from tvm_stm32.kernels.pool import PoolRule, implement_pool_by
from tvm_stm32.kernels.requantization import FloatBounds, clamp_float, clamp_int, float_bounds, largest
from tvm_stm32.model.describe import LAYER_HINT, describe_operator
from tvm_stm32.model.network import Arithmetic, Network, Operator, Pool2D
from tvm_stm32.quantize.tflite import INTEGER_RANGES, activation_bounds


@dataclass(frozen=True, slots=True)
class MaxInteger:
    """The largest integer, within `bounds`: exact for every quantization that input and output share."""

    dtype: str
    bounds: tuple[int, int]
    family: str = "max_pool"
    accumulator: str = "int32"

    def describe(self) -> str:
        """Type and clamp."""
        return f"{self.dtype}, clamped to {list(self.bounds)}"

    def start(self) -> Any:
        """TIR: the lower bound."""
        return T.int32(self.bounds[0])

    def gather(self, accumulator: Any, value: Any) -> Any:
        """TIR: the larger one."""
        return largest(accumulator, T.cast(value, "int32"), "int32")

    def finish(self, accumulator: Any, count: Any) -> Any:  # noqa: ARG002
        """TIR: the upper bound applied."""
        if self.bounds[1] == INTEGER_RANGES[self.dtype][1]:
            return T.cast(accumulator, self.dtype)
        return clamp_int(accumulator, self.bounds, self.dtype)


@dataclass(frozen=True, slots=True)
class MaxFloat:
    """The largest float, within `bounds`."""

    bounds: FloatBounds
    family: str = "max_pool"
    dtype: str = "float32"
    accumulator: str = "float32"

    def describe(self) -> str:
        """The clamp."""
        return "float32" if self.bounds == (None, None) else f"float32, clamped to {list(self.bounds)}"

    def start(self) -> Any:
        """TIR: the lower bound."""
        return T.min_value("float32") if self.bounds[0] is None else T.float32(self.bounds[0])

    def gather(self, accumulator: Any, value: Any) -> Any:
        """TIR: the larger one."""
        return largest(accumulator, value, "float32")

    def finish(self, accumulator: Any, count: Any) -> Any:  # noqa: ARG002
        """TIR: the upper bound applied."""
        return clamp_float(accumulator, (None, self.bounds[1]))


@dataclass(frozen=True, slots=True)
class AverageInteger:
    """The sum over the count, halves away from zero. Source: TFLite's ``reference_integer_ops::AveragePool``."""

    bounds: tuple[int, int]
    family: str = "average_pool"
    dtype: str = "int8"
    accumulator: str = "int32"

    def describe(self) -> str:
        """Type and clamp."""
        return f"int8, halves rounded away from zero, clamped to {list(self.bounds)}"

    def start(self) -> Any:
        """TIR: zero."""
        return T.int32(0)

    def gather(self, accumulator: Any, value: Any) -> Any:
        """TIR: the sum."""
        return accumulator + T.cast(value, "int32")

    def finish(self, accumulator: Any, count: Any) -> Any:
        """TIR: the quotient, clamped."""
        average = T.call_extern("int32", "tvm_ai_average", accumulator, count)
        return T.cast(average, "int8") if self.bounds == (-128, 127) else clamp_int(average, self.bounds, "int8")


@dataclass(frozen=True, slots=True)
class AverageFloat:
    """The sum over the count."""

    bounds: FloatBounds
    family: str = "average_pool"
    dtype: str = "float32"
    accumulator: str = "float32"

    def describe(self) -> str:
        """The clamp."""
        return "float32" if self.bounds == (None, None) else f"float32, clamped to {list(self.bounds)}"

    def start(self) -> Any:
        """TIR: zero."""
        return T.float32(0)

    def gather(self, accumulator: Any, value: Any) -> Any:
        """TIR: the sum."""
        return accumulator + value

    def finish(self, accumulator: Any, count: Any) -> Any:
        """TIR: the quotient, clamped."""
        return clamp_float(accumulator / T.cast(count, "float32"), self.bounds)


def implement_pool(network: Network, operator: Operator) -> Implementation:
    """A maximum of any arithmetic whose input and output share a quantization; an int8 or float32 average of TFLite."""
    return implement_pool_by(network, operator, _rule(network, operator))


def implement_pool_by_words(network: Network, operator: Operator) -> Implementation | None:
    """The same of int8 for cores with DSP instructions, four channels at a time; None for what they do not speed up."""
    attributes = operator.attributes
    assert isinstance(attributes, Pool2D)
    y = network.output_tensors(operator)[0]
    if y.dtype != "int8" or (attributes.mode == "average" and operator.arithmetic is not Arithmetic.TFLITE):
        return None
    rule = _rule(network, operator)
    if isinstance(rule, MaxInteger):
        return implement_pool_by(network, operator, rule, Gather("maximum", rule.bounds[0]))
    return implement_pool_by(network, operator, rule, gather_sum(attributes.kernel[0] * attributes.kernel[1]))


def _rule(network: Network, operator: Operator) -> PoolRule:
    attributes = operator.attributes
    assert isinstance(attributes, Pool2D)
    y = network.output_tensors(operator)[0]
    if y.dtype == "float32":
        bounds = float_bounds(attributes.activation)
        return MaxFloat(bounds) if attributes.mode == "max" else AverageFloat(bounds)
    limits = INTEGER_RANGES[y.dtype]
    if y.quantization is not None:
        limits = activation_bounds(attributes.activation, y.quantization, y.dtype)
    if attributes.mode == "max":
        return MaxInteger(y.dtype, limits)
    if operator.arithmetic is Arithmetic.TFLITE and y.dtype == "int8":
        return AverageInteger(limits)
    raise ModelError(
        f"no kernel for {describe_operator(network, operator)} in {operator.arithmetic.value} arithmetic",
        where=f"layer {operator.name}",
        hint=LAYER_HINT,
    )
