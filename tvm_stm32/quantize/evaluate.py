# SPDX-License-Identifier: Apache-2.0
"""What the rounding functions of ``tvm_ai_kernels.h`` compute, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.quantize.accumulator import AccumulatorRule
from tvm_stm32.quantize.requantize import OFFSET_BITS, TIE_BITS

Integers = npt.NDArray[np.int64]


def fixed_point(values: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> Integers:
    """``tvm_ai_requantize`` for values that fit 32 bits when shifted left; all arguments broadcast."""
    wide, by = np.asarray(values, np.int64), np.asarray(shift, np.int64)
    high = ((wide << np.maximum(by, 0)) * np.asarray(multiplier, np.int64) + 2**30) >> 31
    exponent = np.maximum(-by, 0)
    half = np.left_shift(1, exponent) >> 1
    return np.asarray(np.sign(high) * ((np.abs(high) + half) >> exponent))


def scaled(rule: AccumulatorRule, accumulators: Integers) -> Integers:
    """The rule's helper for one accumulator per output channel: the output less its zero point, not clamped."""
    multipliers: Any = np.resize(np.array(rule.multipliers, np.int64), accumulators.shape)
    shifts: Any = np.resize(np.array(rule.shifts, np.int64), accumulators.shape)
    if rule.helper == "tvm_ai_requantize":
        return fixed_point(accumulators, multipliers, shifts)
    if rule.helper == "tvm_ai_requantize_right":
        return fixed_point(accumulators, multipliers, -shifts)
    products = accumulators * multipliers
    if rule.helper == "tvm_ai_scale_offset":
        packed = shifts & 0xFFFFFFFF
        return np.asarray((products + ((packed >> 6) << ((packed & 63) - OFFSET_BITS))) >> (packed & 63))
    half = np.left_shift(1, shifts - 1)
    if rule.helper == "tvm_ai_scale_nearest":
        return np.asarray((products + half) >> shifts)
    assert rule.helper == "tvm_ai_scale_even", rule.helper
    tolerance = np.left_shift(1, shifts - TIE_BITS - 1)
    total = products + half + tolerance
    result = total >> shifts
    tie = (total & (np.left_shift(1, shifts) - 1)) < 2 * tolerance
    return np.asarray(result - np.where(tie, result & 1, 0))
