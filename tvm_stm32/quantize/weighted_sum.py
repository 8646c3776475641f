# SPDX-License-Identifier: Apache-2.0
"""Functions of two int8 values as ``(a * m + b * n + c) >> s`` in 32 bits, proven for all 65,536 pairs.

An addition of quantized values is such a plane but for how its rounding falls near halves. Multipliers of twenty-odd
bits leave only the few pairs closest to a half in doubt, and the constant, or multipliers a few units away, settle
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: all values of an operand
VALUES = np.arange(-128, 128)
#: how far multipliers are varied
_SEARCH = 3

Table = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """``(a * multiplier_a + b * multiplier_b + addend) >> shift``; no intermediate value leaves 32 bits."""

    multiplier_a: int
    multiplier_b: int
    addend: int
    shift: int


def fit_weighted_sum(weight_a: float, weight_b: float, expected: Table, bounds: tuple[int, int]) -> WeightedSum | None:
    """The weighted sum that equals `expected` for every pair, once clamped to `bounds`.

    Args:
        weight_a: roughly by how much a step of a moves the result; at least 0.
        weight_b: the same of b.
        expected: 256 x 256 results, a first; both operands from -128 to 127.
        bounds: the least and the greatest result that `expected` may hold.

    Returns:
        None where there is no such sum near the weights.
    """
    shift = _shift(weight_a, weight_b)
    if shift is None:
        return None
    centre_a, centre_b = (round(weight * 2.0**shift) for weight in (weight_a, weight_b))
    offsets = range(-_SEARCH, _SEARCH + 1)
    nearest_first = sorted(((i, j) for i in offsets for j in offsets), key=lambda pair: pair[0] ** 2 + pair[1] ** 2)
    for i, j in nearest_first:
        products = VALUES[:, None] * (centre_a + i) + VALUES[None, :] * (centre_b + j)
        addend = _addend(products, expected, bounds, shift)
        if addend is not None and _fits(VALUES * (centre_a + i) + addend) and _fits(products + addend):
            return WeightedSum(centre_a + i, centre_b + j, addend, shift)
    return None


def _shift(weight_a: float, weight_b: float) -> int | None:
    """The largest shift whose sums stay within 32 bits; None for weights that leave no fraction."""
    reach = 256 * (weight_a + weight_b) + 256
    shift = 30 - int(np.ceil(np.log2(reach)))
    return shift if shift > 0 else None


def _addend(products: Table, expected: Table, bounds: tuple[int, int], shift: int) -> int | None:
    """The constant for which ``(products + constant) >> shift``, clamped, is `expected` everywhere."""
    low, high = bounds
    # a result at a bound may come from any sum beyond it
    least = ((expected << shift) - products)[expected > low].max(initial=-(2**31))
    most = (((expected + 1) << shift) - 1 - products)[expected < high].min(initial=2**31 - 1)
    return (int(least) + int(most)) // 2 if least <= most else None


def _fits(values: Table) -> bool:
    return bool(values.min() >= -(2**31) and values.max() < 2**31)
