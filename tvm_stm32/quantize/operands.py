# SPDX-License-Identifier: Apache-2.0
"""Constant operands of integer operators: symmetric int8 weights, int32 biases, scalars."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import Quantization, Tensor


def dequantized(tensor: Tensor) -> npt.NDArray[np.float32]:
    """The real values of a quantized constant, in float32 as onnxruntime computes them."""
    assert tensor.data is not None
    assert tensor.quantization is not None
    zero_points = _along_axis(tensor, np.array(tensor.quantization.zero_points, np.int64))
    scales = _along_axis(tensor, np.array(tensor.quantization.scales, np.float32))
    real: npt.NDArray[np.float32] = (tensor.data.astype(np.int64) - zero_points).astype(np.float32) * scales
    return real


def weights_operand(tensor: Tensor) -> Tensor | None:
    """Constant int8 weights with zero points of 0; None when they are not constant, not int8, or cannot be centred."""
    quantization = tensor.quantization
    if tensor.data is None or tensor.dtype != "int8" or quantization is None:
        return None
    if not any(quantization.zero_points):
        return tensor
    centred = tensor.data.astype(np.int64) - _along_axis(tensor, np.array(quantization.zero_points, np.int64))
    if centred.min() < -128 or centred.max() > 127:
        return None
    symmetric = replace(quantization, zero_points=(0,) * len(quantization.scales))
    return Tensor(f"{tensor.name}_centred", tensor.shape, "int8", symmetric, centred.astype(np.int8))


def bias_operand(bias: Tensor, x: Tensor, weights: Tensor) -> Tensor:
    """The bias as int32 in units of the products, ``scale(x) * scale(weights)``.

    Its quantization gives the real values, exactly: where a real bias is no multiple of the unit, the scale makes up
    for it, so that ``scale * value`` is the bias. A scale is then not the file's, and not a float32.
    """
    assert x.quantization is not None
    assert weights.quantization is not None
    assert bias.data is not None
    outputs = bias.elements
    units = [Fraction(x.quantization.scale) * Fraction(scale) for scale in weights.quantization.scales]
    units *= outputs // len(units)
    reals = _real_values(bias)
    values, scales = [], []
    for real, unit in zip(reals, units, strict=True):
        value = round(real / unit) if real else 0
        if real and not value:
            value = 1 if real > 0 else -1
        values.append(min(max(value, -(2**31)), 2**31 - 1))
        scales.append(float(real / value) if value else float(unit))
    quantization = Quantization(tuple(scales), (0,) * outputs, 0)
    return Tensor(f"{bias.name}_int32", (outputs,), "int32", quantization, np.array(values, np.int32))


def scalar_operand(tensor: Tensor) -> Tensor:
    """A float constant of one element as int8: its sign, with its magnitude as the scale."""
    assert tensor.data is not None
    real = float(tensor.data.reshape(-1)[0])
    quantization = Quantization((abs(real) or 1.0,), (0,))
    data = np.full(tensor.shape, (real > 0) - (real < 0), np.int8)
    return Tensor(f"{tensor.name}_int8", tensor.shape, "int8", quantization, data)


def _real_values(bias: Tensor) -> list[Fraction]:
    """The real bias per output."""
    assert bias.data is not None
    if bias.quantization is None:
        return [Fraction(float(value)) for value in bias.data.reshape(-1)]
    count = bias.elements
    scales = bias.quantization.scales * (count // len(bias.quantization.scales))
    zero_points = bias.quantization.zero_points * (count // len(bias.quantization.zero_points))
    return [
        (int(value) - zero_point) * Fraction(scale)
        for value, scale, zero_point in zip(bias.data.reshape(-1), scales, zero_points, strict=True)
    ]


def _along_axis(tensor: Tensor, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values per channel, shaped to broadcast against the tensor."""
    assert tensor.quantization is not None
    shape = [1] * len(tensor.shape)
    if tensor.quantization.axis is not None:
        shape[tensor.quantization.axis] = -1
    return values.reshape(shape)
