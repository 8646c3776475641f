# SPDX-License-Identifier: Apache-2.0
"""How a kernel turns its 32-bit accumulator into the output's type: requantize and clamp, or clamp a float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.model.network import Activation

FloatBounds = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Requantization:
    """``clamp(helper(accumulator, multiplier, shift) + zero_point, low, high)`` as int8.

    `helper`, a function of ``tvm_ai_kernels.h``, takes accumulator, multiplier and shift and decides the rounding.
    """

    helper: str
    input_zero_point: int
    zero_point: int
    low: int
    high: int

    def describe(self) -> str:
        """For the comment above the C function."""
        return (
            f"int8, input zero point {self.input_zero_point}, output zero point {self.zero_point}, "
            f"clamped to [{self.low}, {self.high}], rounded by {self.helper}"
        )


def requantize(rule: Requantization, accumulator: Any, multiplier: Any, shift: Any) -> Any:
    """TIR: the int8 output of an int32 accumulator."""
    scaled = T.call_extern("int32", rule.helper, accumulator, multiplier, shift)
    return clamp_int(scaled + rule.zero_point, (rule.low, rule.high), "int8")


def clamp_int(value: Any, bounds: tuple[int, int], dtype: str) -> Any:
    """TIR: an int32 `value` within `bounds`, as `dtype`."""
    if bounds == (-128, 127):
        return T.cast(T.call_extern("int32", "tvm_ai_saturate", value), dtype)
    return T.cast(T.call_extern("int32", "tvm_ai_clamp", value, *bounds), dtype)


def largest(a: Any, b: Any, dtype: str) -> Any:
    """TIR: the larger one of two int32 or float32.

    Not ``T.max``: TVM's C generator puts its arguments into variables, and takes the variable again where the same
    text comes up later, though an accumulator has another value by then.
    """
    return T.call_extern(dtype, "tvm_ai_max" if dtype == "int32" else "tvm_ai_max_float", a, b)


def float_bounds(activation: Activation) -> FloatBounds:
    """The clamp of a float kernel."""
    return activation.low, activation.high


def clamp_float(value: Any, bounds: FloatBounds) -> Any:
    """TIR: `value` within `bounds`."""
    low, high = bounds
    if high is not None:
        value = T.call_extern("float32", "tvm_ai_min_float", value, T.float32(high))
    if low is not None:
        value = largest(value, T.float32(low), "float32")
    return value
