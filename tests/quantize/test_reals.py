# SPDX-License-Identifier: Apache-2.0
"""Sums and products in integers: equal to float32 for every pair, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from tvm_stm32.model.network import Quantization
from tvm_stm32.quantize.reals import FixedRounding, dequantize_all, fit_product, fit_sum, quantize_reals, table_of

VALUES = np.arange(-128, 128)


def quantization(scale: float, zero_point: int) -> Quantization:
    return Quantization((float(np.float32(scale)),), (zero_point,))


A, B, Y = quantization(0.0231, 5), quantization(0.0173, -40), quantization(0.0377, 11)


def rounded(total: np.ndarray, fixed: FixedRounding) -> np.ndarray:
    return np.clip((total + fixed.rounding) >> fixed.shift, -128, 127)


def test_a_sum_is_equal_for_every_pair() -> None:
    expected = quantize_reals(dequantize_all(A)[:, None] + dequantize_all(B)[None, :], Y)
    fixed = fit_sum(A, B, Y, expected)
    assert fixed is not None
    total = VALUES[:, None] * fixed.multipliers[0] + VALUES[None, :] * fixed.multipliers[1]
    np.testing.assert_array_equal(rounded(total, fixed), expected)


def test_a_product_is_equal_for_every_pair() -> None:
    expected = quantize_reals(dequantize_all(A)[:, None] * dequantize_all(B)[None, :], Y)
    fixed = fit_product(A, B, Y, expected)
    assert fixed is not None
    product = (VALUES[:, None] - A.zero_point) * (VALUES[None, :] - B.zero_point)
    np.testing.assert_array_equal(rounded(product * fixed.multipliers[0], fixed), expected)


def test_ties_have_no_integer_form() -> None:
    """Two equal scales and twice that: every odd sum is a tie, and halves go to even."""
    half, whole = quantization(0.5, 0), quantization(1.0, 0)
    expected = quantize_reals(dequantize_all(half)[:, None] + dequantize_all(half)[None, :], whole)
    assert fit_sum(half, half, whole, expected) is None


@pytest.mark.parametrize("ratio", [1e-30, 1e30])
def test_scales_too_far_apart_have_no_integer_form(ratio: float) -> None:
    far = quantization(0.1 * ratio, 0)
    expected = quantize_reals(dequantize_all(far)[:, None] + dequantize_all(far)[None, :], Y)
    fixed = fit_sum(far, far, Y, expected)
    if fixed is not None:
        total = VALUES[:, None] * fixed.multipliers[0] + VALUES[None, :] * fixed.multipliers[1]
        np.testing.assert_array_equal(rounded(total, fixed), expected)


def test_unsigned_values_shift_by_128() -> None:
    unsigned, signed = Quantization((0.5,), (130,)), Quantization((0.5,), (2,))
    table = table_of(lambda reals: reals, unsigned, "uint8", signed, "int8")
    np.testing.assert_array_equal(table, VALUES)
    assert table.dtype == np.int8
