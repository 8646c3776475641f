# SPDX-License-Identifier: Apache-2.0
"""Functions of two int8 values as ``(a * m + b * n + c) >> s`` in 32 bits, proven for all 65,536 pairs.

An addition of quantized values is such a plane but for how its rounding falls near halves. Multipliers of twenty-odd
bits leave only the few pairs closest to a half in doubt, and the constant, or multipliers a few units away, settle
them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: all values of an operand
VALUES = np.arange(-128, 128)
#: how far multipliers are varied, in units of the last place
_SEARCH = 16

#: bits that shortened products lose; how far their multipliers are varied, and by what
_LOST, _FEW, _UNIT = 8, 4, 64

Table = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """``(a * multiplier_a + b * multiplier_b + addend) >> shift``; no intermediate value leaves 32 bits."""

    multiplier_a: int
    multiplier_b: int
    addend: int
    shift: int

    def fits(self) -> bool:
        """Whether the first product with the addend, and the whole sum, stay within 32 bits for all values."""
        first = 128 * abs(self.multiplier_a) + abs(self.addend)
        return first + 128 * abs(self.multiplier_b) < 2**31

    def table(self) -> Table:
        """The sum of every pair of values, from -128 on, a first."""
        products = VALUES[:, None] * self.multiplier_a + VALUES[None, :] * self.multiplier_b
        return (products + self.addend) >> self.shift


@dataclass(frozen=True, slots=True)
class ShortenedSum:
    """``((a * multiplier_a >> 8) + (b * multiplier_b >> 8) + addend) >> shift``; terms and sums fit 32 bits."""

    multiplier_a: int
    multiplier_b: int
    addend: int
    shift: int


def fit_shortened_sum(weight_a: float, weight_b: float, expected: Table) -> ShortenedSum | None:
    """The sum of shortened products that equals `expected`, 256 x 256 int8 results, for every pair, once saturated.

    As of `fit_weighted_sum`, the few pairs that are in doubt are settled by multipliers slightly off.
    """
    shift = 30 - math.ceil(math.log2(256 * (weight_a + weight_b) + 256))
    if shift <= 0:
        return None
    centres = [round(weight * 2.0 ** (shift + _LOST)) for weight in (weight_a, weight_b)]
    for i, j in _NEAREST_FIRST:
        if max(abs(i), abs(j)) > _FEW:
            continue
        a, b = centres[0] + _UNIT * i, centres[1] + _UNIT * j
        products = (VALUES * a >> _LOST)[:, None] + (VALUES * b >> _LOST)[None, :]
        least = int(((expected << shift) - products)[expected > -128].max(initial=-(2**30)))
        most = int((((expected + 1) << shift) - 1 - products)[expected < 127].min(initial=2**30))
        addend = (least + most) // 2
        if least <= most and max(a, b) < 2**31 and abs(addend) + 2 * int(np.abs(products).max()) < 2**31:
            return ShortenedSum(a, b, addend, shift)
    return None


def fit_weighted_sum(weight_a: float, weight_b: float, expected: Table, bounds: tuple[int, int]) -> WeightedSum | None:
    """The weighted sum that equals `expected` for every pair, once clamped to `bounds`.

    Args:
        weight_a: roughly by how much a step of a moves the result.
        weight_b: the same of b.
        expected: 256 x 256 results, a first; both operands from -128 to 127.
        bounds: the least and the greatest result that `expected` may hold.

    Returns:
        None where there is no such sum near the weights.
    """
    reach = 256 * (abs(weight_a) + abs(weight_b)) + 256
    safe = 30 - math.ceil(math.log2(reach))
    for shift in (safe + 2, safe + 1, safe):
        plane = _search(weight_a, weight_b, expected, bounds, shift) if shift > 0 else None
        if plane is not None:
            return plane
    return None


def _search(
    weight_a: float, weight_b: float, expected: Table, bounds: tuple[int, int], shift: int
) -> WeightedSum | None:
    """The weighted sum with this shift whose multipliers are nearest to the weights."""
    centre_a, centre_b = (round(weight * 2.0**shift) for weight in (weight_a, weight_b))
    products = VALUES[:, None] * centre_a + VALUES[None, :] * centre_b
    # a result at a bound may come from any sum beyond it
    low, high = bounds
    floors = _tightest((expected << shift) - products, expected > low)
    ceilings = _tightest(products - ((expected + 1) << shift) + 1, expected < high)
    for i, j in _NEAREST_FIRST:
        least = max(-(2**31), int((floors.limits - floors.a * i - floors.b * j).max(initial=-(2**31))))
        most = -max(1 - 2**31, int((ceilings.limits + ceilings.a * i + ceilings.b * j).max(initial=1 - 2**31)))
        plane = WeightedSum(centre_a + i, centre_b + j, (least + most) // 2, shift)
        if least <= most and plane.fits():
            return plane
    return None


@dataclass(frozen=True, slots=True)
class _Limits:
    """Pairs of values and what the addend is limited by, each of them."""

    a: Table
    b: Table
    limits: Table


def _tightest(limits: Table, active: npt.NDArray[np.bool_]) -> _Limits:
    """The pairs whose limits can be the greatest of all when multipliers vary within the search."""
    margin = 2 * 2 * 128 * _SEARCH
    greatest = limits[active].max(initial=-(2**62))
    a, b = np.nonzero(active & (limits >= greatest - margin))
    return _Limits(VALUES[a], VALUES[b], limits[a, b])


_NEAREST_FIRST = sorted(
    ((i, j) for i in range(-_SEARCH, _SEARCH + 1) for j in range(-_SEARCH, _SEARCH + 1)),
    key=lambda pair: pair[0] ** 2 + pair[1] ** 2,
)
