# SPDX-License-Identifier: Apache-2.0
"""The form of every rule by which an int32 accumulator becomes a quantized output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccumulatorRule:
    """``clamp(helper(accumulator, multiplier, shift) + zero_point, low, high)``.

    `helper` is a C function of ``tvm_ai_kernels.h``; `multipliers` and `shifts` have one entry, or one per channel.
    """

    helper: str
    multipliers: tuple[int, ...]
    shifts: tuple[int, ...]
    low: int
    high: int
