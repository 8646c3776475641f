# SPDX-License-Identifier: Apache-2.0
"""Multiplication by a real constant in TFLite's fixed point: the same number for TIR and for NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.quantize.evaluate import fixed_point
from tvm_stm32.quantize.tflite import quantize_multiplier


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """``multiplier * 2**(shift - 31)``, the multiplier in [0, 2**31)."""

    multiplier: int
    shift: int

    @staticmethod
    def of(real: float) -> FixedPoint:
        """The number nearest to `real` >= 0."""
        return FixedPoint(*quantize_multiplier(real))

    @property
    def power_of_two(self) -> int | None:
        """The exponent of a number that is a power of two, else None."""
        return self.shift - 1 if self.multiplier == 2**30 else None

    def times(self, value: Any) -> Any:
        """TIR: an int32 `value` times this number, rounded as TFLite's ``MultiplyByQuantizedMultiplier``."""
        if self.power_of_two == 0:
            return value
        if self.shift < 0:
            return T.call_extern("int32", "tvm_ai_requantize_right", value, self.multiplier, -self.shift)
        return T.call_extern("int32", "tvm_ai_requantize", value, self.multiplier, self.shift)

    def of_values(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """NumPy: what `times` computes, for values whose result fits 32 bits."""
        return fixed_point(values, self.multiplier, self.shift)

    def __str__(self) -> str:
        return f"{self.multiplier} * 2^{self.shift - 31}"
