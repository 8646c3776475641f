# SPDX-License-Identifier: Apache-2.0
"""Between int8 and float32 inside a kernel: tables of real values, and the final quantization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant
from tvm_stm32.kernels.requantization import clamp_int
from tvm_stm32.model.network import Activation, Quantization, Tensor
from tvm_stm32.quantize.reals import dequantize_all
from tvm_stm32.quantize.requantize import HIGH, LOW, onnx_activation_bounds

NO_CLAMP = Activation()


@dataclass(frozen=True, slots=True)
class Quantizer:
    """``clamp(round(real / scale) + zero_point, low, high)`` as int8, halves to even."""

    scale: float
    zero_point: int
    low: int
    high: int

    @staticmethod
    def of(y: Tensor, activation: Activation = NO_CLAMP) -> Quantizer:
        """The quantization of an output, clamped by `activation`."""
        quantization = quantization_of(y)
        low, high = onnx_activation_bounds(activation, quantization)
        return Quantizer(quantization.scale, quantization.zero_point, low, high)

    def describe(self) -> str:
        """For the comment above the C function."""
        clamp = "" if (self.low, self.high) == (LOW, HIGH) else f", clamped to [{self.low}, {self.high}]"
        return f"scale {np.float32(self.scale)}, zero point {self.zero_point}, halves to even{clamp}"

    def apply(self, real: Any) -> Any:
        """TIR: the int8 value of a float32."""
        value = T.call_extern("int32", "tvm_ai_quantize", real, T.float32(self.scale), self.zero_point)
        if (self.low, self.high) == (LOW, HIGH):
            return T.cast(value, "int8")
        return clamp_int(value, (self.low, self.high), "int8")


def quantization_of(tensor: Tensor) -> Quantization:
    """The quantization that an operand of these kernels has."""
    assert tensor.quantization is not None
    return tensor.quantization


def real_values(tensor: Tensor, role: str) -> Constant:
    """The table of the real values of an int8 tensor: entry ``value + 128``.

    A table rather than a multiplication: it is faster, and no compiler can fuse it with the addition that follows.
    """
    return Constant(role, dequantize_all(quantization_of(tensor)), "real values of -128 to 127")


def real(table: Any, value: Any) -> Any:
    """TIR: the float32 that an int8 `value` stands for."""
    return table[T.cast(value, "int32") + 128]
