# SPDX-License-Identifier: Apache-2.0
"""Functions of fixed-point numbers as gemmlowp's ``fixedpoint.h`` has them, bit for bit, over NumPy arrays.

A number in ``Fn`` is an int32 in units of ``2**(n - 31)``. Constants named in a docstring are that header's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

_ONE = 2**31 - 1  # of F0, which ends just below 1


def high_product(a: npt.ArrayLike, b: npt.ArrayLike, bits: int = 31) -> Integers:
    """``SaturatingRoundingDoublingHighMul`` of signed numbers of `bits` + 1 bits."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    return np.asarray(np.minimum((product + (1 << (bits - 1))) >> bits, (1 << bits) - 1))


def rounding_shift(value: npt.ArrayLike, exponent: int) -> Integers:
    """``RoundingDivideByPOT``: by ``2**exponent``, halves away from zero."""
    wide = np.asarray(value, np.int64)
    half = (1 << exponent) >> 1
    return np.asarray(np.sign(wide) * ((np.abs(wide) + half) >> exponent))


def saturating_shift(value: npt.ArrayLike, exponent: int, bits: int = 31) -> Integers:
    """Times ``2**exponent``, saturated to signed numbers of `bits` + 1 bits."""
    return np.asarray(np.clip(np.asarray(value, np.int64) << exponent, -(1 << bits), (1 << bits) - 1))


def exponential(a: Integers, integer_bits: int) -> Integers:
    """``exp_on_negative_values``: e^a in F0, of `a` <= 0 in F`integer_bits`.

    The rest of a modulo a quarter goes through a series around -1/8; each bit of what is left multiplies by a constant.
    """
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    rest = (a & (quarter - 1)) - quarter
    result = _exponential_near_zero(rest << integer_bits)
    left = rest - a
    for exponent, factor in _POWERS.items():
        if integer_bits > exponent:
            result = np.where(left & (1 << (fraction + exponent)), high_product(result, factor), result)
    return np.where(a == 0, _ONE, result)


def logistic(a: Integers, integer_bits: int) -> Integers:
    """``logistic``: 1 / (1 + e^-a) in F0, of `a` in F`integer_bits`."""
    positive = _reciprocal(exponential(-np.abs(a), integer_bits)) << 1
    positive = np.minimum(positive, _ONE)
    return np.where(a == 0, 1 << 30, np.where(a > 0, positive, _ONE - positive))


def hyperbolic_tangent(a: Integers, integer_bits: int) -> Integers:
    """``tanh`` in F0, of `a` in F`integer_bits`: (1 - e^-2|a|) / (1 + e^-2|a|) with the sign of a."""
    reciprocal = _reciprocal(exponential(-np.abs(a), integer_bits + 1))
    positive = saturating_shift(reciprocal - (1 << 29), 2)
    return np.where(a == 0, 0, np.sign(a) * positive)


#: e^-(2^n) in F0, by n
_POWERS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}


def _exponential_near_zero(a: Integers) -> Integers:
    """``exp_on_interval_between_negative_one_quarter_and_0_excl``, in F0."""
    at_eighth, third = 1895147668, 715827883  # e^-1/8, 1/3
    x = a + (1 << 28)
    x2 = high_product(x, x)
    x3, x4 = high_product(x2, x), high_product(x2, x2)
    cubic = high_product(rounding_shift(x4, 2) + x3, third)
    series = rounding_shift(cubic + x2, 1)
    return at_eighth + high_product(at_eighth, x + series)


def _reciprocal(a: Integers) -> Integers:
    """2 / (1 + a) in F2, of `a` in F0 from 0 to 1: three steps of Newton's method from 48/17 - 32/17 d."""
    half = (a + _ONE + 1) >> 1  # RoundingHalfSum
    x = 1515870810 + high_product(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - high_product(half, x)
        x = x + saturating_shift(high_product(x, error), 2)
    return x
