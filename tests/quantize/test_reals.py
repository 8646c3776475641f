# SPDX-License-Identifier: Apache-2.0
"""Products in integers: equal to float32 for every pair, or refused; tables of unary functions."""

from __future__ import annotations

import numpy as np
import pytest

from tvm_stm32.model.network import Quantization
from tvm_stm32.quantize.reals import FixedRounding, dequantize_all, fit_product, quantize_reals, table_of

VALUES = np.arange(-128, 128)


def quantization(scale: float, zero_point: int) -> Quantization:
    return Quantization((float(np.float32(scale)),), (zero_point,))


A, B, Y = quantization(0.0231, 5), quantization(0.0173, -40), quantization(0.0377, 11)


def form(fixed: FixedRounding, a: Quantization, b: Quantization) -> np.ndarray:
    """The result for every pair."""
    product = (VALUES[:, None] - a.zero_point) * (VALUES[None, :] - b.zero_point)
    return np.clip((product * fixed.multiplier + fixed.rounding) >> fixed.shift, -128, 127)


def products(a: Quantization, b: Quantization, y: Quantization) -> np.ndarray:
    """In float32."""
    return quantize_reals(dequantize_all(a)[:, None] * dequantize_all(b)[None, :], y)


def test_a_product_is_equal_for_every_pair() -> None:
    fixed = fit_product(A, B, Y, products(A, B, Y))
    assert fixed is not None
    np.testing.assert_array_equal(form(fixed, A, B), products(A, B, Y))


def test_ties_have_no_integer_form() -> None:
    """Every odd product is a tie, and halves go to even."""
    half, one = quantization(0.5, 0), quantization(1.0, 0)
    assert fit_product(half, one, one, products(half, one, one)) is None


@pytest.mark.parametrize("ratio", [1e-30, 1e-5, 1e5, 1e30])
def test_scales_far_apart(ratio: float) -> None:
    far = quantization(0.1 * ratio, 0)
    fixed = fit_product(far, B, Y, products(far, B, Y))
    if fixed is not None:
        np.testing.assert_array_equal(form(fixed, far, B), products(far, B, Y))


def test_unsigned_values_shift_by_128() -> None:
    unsigned, signed = Quantization((0.5,), (130,)), Quantization((0.5,), (2,))
    table = table_of(lambda reals: reals, unsigned, "uint8", signed, "int8")
    np.testing.assert_array_equal(table, VALUES)
    assert table.dtype == np.int8
