# SPDX-License-Identifier: Apache-2.0
"""How a kernel turns its 32-bit accumulator into the output's type: requantize and clamp, or clamp a float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.narrow import NarrowRule
from tvm_stm32.model.network import Activation
from tvm_stm32.quantize.thresholds import Narrow

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

    @property
    def columns(self) -> tuple[str, ...]:
        """What the table has of a channel."""
        return ("multiplier", "shift")

    @property
    def rounding(self) -> str:
        """For the manifest."""
        return f"step by step, {self.helper}"

    def finish(self, accumulator: Any, table: Any, channel: Any) -> Any:
        """TIR: the int8 output of an int32 accumulator; the channel's values start in column 1 of the table."""
        scaled = T.call_extern("int32", self.helper, accumulator, table[channel, 1], table[channel, 2])
        return clamp_int(scaled + self.zero_point, (self.low, self.high), "int8")

    def describe(self) -> str:
        """For the comment above the C function."""
        return (
            f"int8, input zero point {self.input_zero_point}, output zero point {self.zero_point}, "
            f"clamped to [{self.low}, {self.high}], rounded by {self.helper}"
        )


@dataclass(frozen=True, slots=True)
class NarrowRequantization:
    """``clamp((scaled + addend) >> shift)`` as int8, proven equal to the model's rounding.

    `scaled` is the high word of ``(accumulator << bits) * multiplier``, or, with `places`, ``accumulator * multiplier``
    less its last `places` bits, for which the multiplier comes in two parts: the lower one of that many bits in the
    lower half of its word. signed: negative accumulators have an addend of their own; shift: 0 if each channel has its
    own.
    """

    input_zero_point: int
    shift: int
    signed: bool
    bits: int = 0
    places: int = 0
    clamp: tuple[int, int] = (-128, 127)

    @staticmethod
    def of(rule: NarrowRule, places: int = 0) -> NarrowRequantization:
        """The form of a layer's proof."""
        layer, clamp = rule.layer, rule.clamp or (-128, 127)
        return NarrowRequantization(rule.input_zero_point, layer.shift, layer.signed, rule.bits, places, clamp)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the table has of a channel."""
        negative = ("difference of the addend below zero",) if self.signed else ()
        return ("multiplier", "addend", *negative, *(() if self.shift else ("shift",)))

    def row(self, narrow: Narrow) -> list[int]:
        """A channel's values, in that order."""
        multiplier = narrow.multiplier
        if self.places:
            multiplier = (multiplier >> self.places << 16) | (multiplier & (1 << self.places) - 1)
        negative = [narrow.negative - narrow.addend] if self.signed else []
        return [multiplier, narrow.addend, *negative, *([] if self.shift else [narrow.shift])]

    def describe(self) -> str:
        """For the comment above the C function."""
        return f"int8, input zero point {self.input_zero_point}; requantized by {self.rounding}"

    @property
    def rounding(self) -> str:
        """What was proven, for the manifest."""
        how = "two short products" if self.places else "multiply-high"
        shift = f"shift {self.shift}" if self.shift else "a shift a channel"
        addends = "two addends, by sign," if self.signed else "one addend"
        proof = f"{how}, {addends} and {shift}: proven equal to the model's rounding"
        return proof if self.clamp == (-128, 127) else f"{proof}; clamped to {self.clamp[0]}..{self.clamp[1]}"

    def finish(self, accumulator: Any, table: Any, channel: Any) -> Any:
        """TIR: the int8 output of an int32 accumulator; the channel's values start in column 1 of the table."""
        addend = table[channel, 2]
        if self.signed:
            addend = T.call_extern("int32", "tvm_ai_addend", accumulator, addend, table[channel, 3])
        shift = self.shift or table[channel, len(self.columns)]
        multiplier = table[channel, 1]
        if self.places:
            split = (accumulator, multiplier, self.places, addend, shift)
            return clamp_int(T.call_extern("int32", "tvm_ai_scale_split", *split), self.clamp, "int8")
        high = (accumulator * (1 << self.bits), multiplier, addend, shift)
        return clamp_int(T.call_extern("int32", "tvm_ai_scale_high", *high), self.clamp, "int8")


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


def smallest(a: Any, b: Any, dtype: str) -> Any:
    """TIR: the smaller one of two int32 or float32; not ``T.min``, see `largest`."""
    return T.call_extern(dtype, "tvm_ai_min" if dtype == "int32" else "tvm_ai_min_float", a, b)


def float_bounds(activation: Activation) -> FloatBounds:
    """The clamp of a float kernel."""
    return activation.low, activation.high


def clamp_float(value: Any, bounds: FloatBounds) -> Any:
    """TIR: `value` within `bounds`."""
    low, high = bounds
    if high is not None:
        value = smallest(value, T.float32(high), "float32")
    if low is not None:
        value = largest(value, T.float32(low), "float32")
    return value
