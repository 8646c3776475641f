# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's float32 arithmetic around quantized values, for all 256 of them at once.

DequantizeLinear multiplies ``value - zero_point`` by the scale, QuantizeLinear divides by the scale, rounds halves to
even, adds the zero point and saturates: each step one float32 operation. What holds for all 256 values of an operand,
or all 65,536 of two, holds for every input of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import Quantization
from tvm_stm32.quantize.requantize import HIGH, LOW

Reals = npt.NDArray[np.float32]
#: values of the integer types that carry activations, in the order of table entries
VALUES = {"int8": np.arange(-128, 128), "uint8": np.arange(0, 256)}


def dequantize_all(quantization: Quantization, dtype: str = "int8") -> Reals:
    """The real value of every value of `dtype`, least first: 256 float32."""
    centred = (VALUES[dtype] - quantization.zero_point).astype(np.float32)
    return centred * np.float32(quantization.scale)


def quantize_reals(reals: Reals, quantization: Quantization, dtype: str = "int8") -> npt.NDArray[np.int64]:
    """Quantized values of real ones."""
    with np.errstate(over="ignore"):
        steps = np.rint(reals / np.float32(quantization.scale))
    far = np.float32(2**20)
    values = np.clip(steps, -far, far).astype(np.int64) + quantization.zero_point
    return np.asarray(np.clip(values, VALUES[dtype][0], VALUES[dtype][-1]))


def table_of(
    function: Callable[[Reals], Reals], x: Quantization, x_dtype: str, y: Quantization, y_dtype: str
) -> npt.NDArray[Any]:
    """The quantized result of a unary `function` for every value of its operand: 256 entries of `y_dtype`."""
    return quantize_reals(function(dequantize_all(x, x_dtype)), y, y_dtype).astype(y_dtype)


@dataclass(frozen=True, slots=True)
class FixedRounding:
    """``clamp((integer * multiplier + rounding) >> shift, low, high)`` in 64 bits."""

    multiplier: int
    rounding: int
    shift: int


def fit_product(
    a: Quantization, b: Quantization, y: Quantization, expected: npt.NDArray[np.int64]
) -> FixedRounding | None:
    """An integer form of ``a * b`` that equals `expected` (256 x 256, a first) for every pair; None if there is none.

    Its integer is the product of the operands less their zero points.
    """
    ratio = Fraction(a.scale) * Fraction(b.scale) / Fraction(y.scale)
    shift = _shift(ratio)
    if shift is None:
        return None
    multiplier = round(ratio * 2**shift)
    values = VALUES["int8"]
    total = (values[:, None] - a.zero_point) * (values[None, :] - b.zero_point) * multiplier
    rounding = _fit_rounding(total, expected, shift)
    return None if rounding is None else FixedRounding(multiplier, rounding, shift)


def _shift(ratio: Fraction) -> int | None:
    """The shift that gives a multiplier just below 2**31; None when the scales are too far apart for 64 bits."""
    shift = 0
    while ratio * 2 ** (shift + 1) < 2**31 - 1 and shift < 54:
        shift += 1
    return shift if shift >= 16 else None


def _fit_rounding(total: npt.NDArray[np.int64], expected: npt.NDArray[np.int64], shift: int) -> int | None:
    """The rounding constant for which ``(total + constant) >> shift``, saturated to int8, is `expected` everywhere."""
    far = np.iinfo(np.int64)
    least = int(((expected << shift) - total)[expected > LOW].max(initial=far.min // 2))
    most = int((((expected + 1) << shift) - 1 - total)[expected < HIGH].min(initial=far.max // 2))
    return (least + most) // 2 if least <= most else None
