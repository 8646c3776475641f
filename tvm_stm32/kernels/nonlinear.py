# SPDX-License-Identifier: Apache-2.0
"""Logistic, tanh, hard swish, hard sigmoid, leaky relu: a table for int8, the function itself for float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.lookup import implement_table
from tvm_stm32.kernels.pointwise import implement_pointwise
from tvm_stm32.kernels.requantization import clamp_float
from tvm_stm32.model.network import Arithmetic, Function, Network, Nonlinear, Operator
from tvm_stm32.quantize.nonlinear import nonlinear_table


@dataclass(frozen=True, slots=True)
class NonlinearFloat:
    """The function of a float."""

    attributes: Nonlinear
    x_dtype: str = "float32"
    y_dtype: str = "float32"

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return self.attributes.function.value

    def describe(self) -> str:
        """The constants."""
        slope, offset = self.attributes.slope, self.attributes.offset
        return {
            Function.LEAKY_RELU: f"float32, slope {slope}",
            Function.HARD_SIGMOID: f"float32, slope {slope}, offset {offset}",
        }.get(self.attributes.function, "float32")

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""
        slope, offset = T.float32(self.attributes.slope), T.float32(self.attributes.offset)
        if self.attributes.function is Function.LEAKY_RELU:
            return T.Select(value > T.float32(0), value, value * slope)
        if self.attributes.function is Function.HARD_SIGMOID:
            return clamp_float(value * slope + offset, (0.0, 1.0))
        if self.attributes.function is Function.HARD_SWISH:
            return value * clamp_float(value + T.float32(3), (0.0, 6.0)) * T.float32(1 / 6)
        return T.call_extern("float32", f"tvm_ai_{self.family}", value)


def implement_nonlinear(network: Network, operator: Operator) -> Implementation:
    """The kernel of a function of each element, of int8 by TFLite's rules, or of float32."""
    attributes = operator.attributes
    assert isinstance(attributes, Nonlinear)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    if operator.arithmetic is Arithmetic.FLOAT:
        return implement_pointwise(x, y, NonlinearFloat(attributes))
    assert x.quantization is not None
    assert y.quantization is not None
    return implement_table(x, y, nonlinear_table(attributes, operator.arithmetic, x.quantization, y.quantization))
