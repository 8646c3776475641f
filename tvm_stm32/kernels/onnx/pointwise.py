# SPDX-License-Identifier: Apache-2.0
"""QuantizeLinear, DequantizeLinear, requantization, clamps and functions of one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.lookup import implement_table
from tvm_stm32.kernels.onnx.quantizer import Quantizer, quantization_of
from tvm_stm32.kernels.pointwise import implement_pointwise
from tvm_stm32.kernels.pointwise_rules import DequantizeInteger, OffsetInteger
from tvm_stm32.model.network import Clamp, Network, Nonlinear, Operator
from tvm_stm32.quantize.nonlinear import nonlinear_reals
from tvm_stm32.quantize.reals import VALUES, Reals, table_of


@dataclass(frozen=True, slots=True)
class QuantizeFloat:
    """float32 to int8."""

    quantizer: Quantizer
    family: str = "quantize"
    x_dtype: str = "float32"
    y_dtype: str = "int8"

    def describe(self) -> str:
        """The quantization."""
        return f"float32 to int8, {self.quantizer.describe()}"

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""
        return self.quantizer.apply(value)


def implement_quantize(network: Network, operator: Operator) -> Implementation:
    """A quantization of float32, or of values that are quantized otherwise."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    if x.dtype == "float32":
        return implement_pointwise(x, y, QuantizeFloat(Quantizer.of(y)))
    return implement_unary(network, operator)


def implement_dequantize(network: Network, operator: Operator) -> Implementation:
    """A dequantization."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    quantization = quantization_of(x)
    return implement_pointwise(x, y, DequantizeInteger(x.dtype, quantization.scale, quantization.zero_point))


def implement_unary(network: Network, operator: Operator) -> Implementation:
    """A requantization, a function, or a clamp whose input and output quantizations may differ.

    All 256 results are computed here; they become a table unless they are a clamped sum.
    """
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    attributes = operator.attributes

    def function(reals: Reals) -> Reals:
        if isinstance(attributes, Nonlinear):
            return nonlinear_reals(attributes, reals)
        if isinstance(attributes, Clamp):
            low, high = attributes.activation.low, attributes.activation.high
            reals = reals if low is None else np.maximum(reals, np.float32(low))
            reals = reals if high is None else np.minimum(reals, np.float32(high))
        return reals

    results = table_of(function, quantization_of(x), x.dtype, quantization_of(y), y.dtype)
    offset = quantization_of(y).zero_point - quantization_of(x).zero_point
    bounds = (int(results.min()), int(results.max()))
    if np.array_equal(results, np.clip(VALUES[x.dtype] + offset, *bounds)):
        family = "clamp" if isinstance(attributes, Clamp) else "requantize"
        return implement_pointwise(x, y, OffsetInteger(x.dtype, y.dtype, offset, bounds, family))
    return implement_table(x, y, results)
