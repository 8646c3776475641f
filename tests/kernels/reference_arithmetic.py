# SPDX-License-Identifier: Apache-2.0
"""TFLite's fixed-point arithmetic once more, value by value in Python integers, as its definition reads."""

from __future__ import annotations

import math


def divide(numerator: int, denominator: int) -> int:
    """C's integer division: towards zero."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def high_multiply(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul."""
    if a == b == -(2**31):
        return 2**31 - 1
    product = a * b
    return divide(product + (2**30 if product >= 0 else 1 - 2**30), 2**31)


def shift_right(value: int, exponent: int) -> int:
    """gemmlowp's RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if (value & mask) > threshold else 0)


def split(real: float) -> tuple[int, int]:
    """QuantizeMultiplier: a multiplier of 31 bits and a shift."""
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def scaled(value: int, real: float) -> int:
    """MultiplyByQuantizedMultiplier by the split of `real`."""
    multiplier, shift = split(real)
    return shift_right(high_multiply(value << max(shift, 0), multiplier), max(-shift, 0))


def clamp(value: int, low: int, high: int) -> int:
    """`value` within the bounds."""
    return min(max(value, low), high)


def away(value: float) -> int:
    """C's round."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))
