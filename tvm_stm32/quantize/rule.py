# SPDX-License-Identifier: Apache-2.0
"""Which exact rule turns an operator's int32 accumulator into its quantized output."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from tvm_stm32.model.network import Arithmetic, Network, Operator
from tvm_stm32.quantize.accumulator import AccumulatorRule
from tvm_stm32.quantize.requantize import onnx_accumulator_rule
from tvm_stm32.quantize.tflite import activation_bounds, convolution_multipliers


def accumulator_rule(
    network: Network, operator: Operator, weights: npt.NDArray[Any], bias: npt.NDArray[Any]
) -> AccumulatorRule:
    """The rule of an operator that accumulates products of x and weights.

    Args:
        network: the operator's network.
        operator: inputs (x, weights[, bias]), all quantized; not of float arithmetic.
        weights: (outputs, products per output).
        bias: (outputs,); with the weights it bounds the accumulators.
    """
    if operator.arithmetic is Arithmetic.ONNX:
        return onnx_accumulator_rule(network, operator, weights, bias)
    x, w = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    assert x.quantization is not None and w.quantization is not None and y.quantization is not None
    pairs = convolution_multipliers(x.quantization, w.quantization, y.quantization)
    low, high = activation_bounds(operator.attributes.activation, y.quantization, y.dtype)  # type: ignore[union-attr]
    multipliers = tuple(multiplier for multiplier, _ in pairs)
    shifts = tuple(shift for _, shift in pairs)
    if all(-31 <= shift <= -1 for shift in shifts):
        return AccumulatorRule("tvm_ai_requantize_right", multipliers, tuple(-shift for shift in shifts), low, high)
    return AccumulatorRule("tvm_ai_requantize", multipliers, shifts, low, high)
