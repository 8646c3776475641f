# SPDX-License-Identifier: Apache-2.0
"""Clamps that cannot bind."""

from __future__ import annotations

from tvm_stm32.model.network import Arithmetic, Clamp, Network
from tvm_stm32.quantize.requantize import onnx_activation_bounds
from tvm_stm32.quantize.tflite import activation_bounds
from tvm_stm32.simplify.ranges import value_ranges
from tvm_stm32.simplify.rewire import bypass


def drop_idle_clamps(network: Network) -> None:
    """Take out each int8 clamp within one quantization whose input never leaves the bounds."""
    ranges = value_ranges(network)
    for operator in list(network.operators):
        attributes = operator.attributes
        if not isinstance(attributes, Clamp) or operator.inputs[0] not in ranges:
            continue
        x, y = network.tensors[operator.inputs[0]], network.tensors[operator.outputs[0]]
        if x.quantization is None or (x.dtype, x.quantization) != (y.dtype, y.quantization):
            continue
        if operator.arithmetic is Arithmetic.ONNX:
            low, high = onnx_activation_bounds(attributes.activation, x.quantization)
        else:
            low, high = activation_bounds(attributes.activation, x.quantization, x.dtype)
        known = ranges[x.name]
        if low <= known.low.min() and known.high.max() <= high:
            bypass(network, operator)
