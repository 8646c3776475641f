# SPDX-License-Identifier: Apache-2.0
"""Nonlinear functions of one quantized value: their results for each of its 256 values."""

from __future__ import annotations

import math

import numpy as np

from tvm_stm32.model.network import Arithmetic, Function, Nonlinear, Quantization
from tvm_stm32.quantize.evaluate import fixed_point
from tvm_stm32.quantize.gemmlowp import (
    Integers,
    high_product,
    hyperbolic_tangent,
    logistic,
    rounding_shift,
    saturating_shift,
)
from tvm_stm32.quantize.reals import Reals, dequantize_all, quantize_reals
from tvm_stm32.quantize.tflite import quantize_multiplier

#: logistic and tanh read numbers in F4: from -16 to 16
_INTEGER_BITS = 4
#: hard swish adds 3 and clamps in units of 3 * 2^-15, of numbers with 7 more bits than the input's
_HIGH_BITS = 7


def nonlinear_table(attributes: Nonlinear, arithmetic: Arithmetic, x: Quantization, y: Quantization) -> Integers:
    """The outputs for inputs from -128 to 127, as TFLM's reference kernels compute them, or in float for ONNX."""
    if arithmetic is Arithmetic.ONNX:
        return quantize_reals(nonlinear_reals(attributes, dequantize_all(x)), y)
    values = np.arange(-128, 128) - x.zero_point
    if attributes.function is Function.LEAKY_RELU:
        results = _leaky_relu(values, x, y, attributes.slope)
    elif attributes.function is Function.HARD_SWISH:
        results = _hard_swish(values, x, y)
    else:
        results = _saturating(values, x, attributes.function)
    return np.clip(results + y.zero_point, -128, 127)


def nonlinear_reals(attributes: Nonlinear, x: Reals) -> Reals:
    """The function of float32 values, rounded once where it is not one of float32 operations."""
    if attributes.function is Function.LOGISTIC:
        return np.asarray(1 / (1 + np.exp(-x.astype(np.float64)))).astype(np.float32)
    if attributes.function is Function.TANH:
        return np.tanh(x.astype(np.float64)).astype(np.float32)
    if attributes.function is Function.LEAKY_RELU:
        return np.where(x >= 0, x, np.float32(attributes.slope) * x)
    if attributes.function is Function.HARD_SIGMOID:
        return _hard_sigmoid(x, attributes.slope, attributes.offset)
    return np.asarray(x * _hard_sigmoid(x, 1 / 6, 0.5))


def _hard_sigmoid(x: Reals, slope: float, offset: float) -> Reals:
    return np.asarray(np.clip(x * np.float32(slope) + np.float32(offset), np.float32(0), np.float32(1)))


def _saturating(values: Integers, x: Quantization, function: Function) -> Integers:
    """Source: TFLite's ``reference_integer_ops::Logistic`` and ``Tanh``."""
    mantissa, shift = math.frexp(x.scale * 2.0 ** (31 - _INTEGER_BITS))
    multiplier = round(mantissa * 2**31)
    radius = math.floor((2**_INTEGER_BITS - 1) * 2.0 ** (31 - _INTEGER_BITS) / 2.0**shift)
    inside = np.clip(values, 1 - radius, radius - 1)
    scaled = fixed_point(inside, multiplier, shift)
    if function is Function.LOGISTIC:
        results, ends = rounding_shift(logistic(scaled, _INTEGER_BITS), 23), (0, 255)
    else:
        results, ends = rounding_shift(hyperbolic_tangent(scaled, _INTEGER_BITS), 24), (-128, 127)
    return np.where(values <= -radius, ends[0], np.where(values >= radius, ends[1], results))


def _leaky_relu(values: Integers, x: Quantization, y: Quantization, slope: float) -> Integers:
    """Source: TFLite's ``reference_ops::QuantizeLeakyRelu``, whose factors are divided in float32."""
    scale, target = np.float32(x.scale), np.float32(y.scale)
    above = fixed_point(values, *quantize_multiplier(float(scale / target)))
    below = fixed_point(values, *quantize_multiplier(float(scale * np.float32(slope) / target)))
    return np.where(values >= 0, above, below)


def _hard_swish(values: Integers, x: Quantization, y: Quantization) -> Integers:
    """Source: TFLite's ``reference_ops::HardSwish``, in 16 bits."""
    scale = np.float32(x.scale) / np.float32(2**_HIGH_BITS)
    factor, exponent = _short(float(scale / np.float32(y.scale)))
    gate, gate_exponent = _short(float(scale / (np.float32(3) / np.float32(2**15))))
    high = values << _HIGH_BITS
    opened = saturating_shift(high, max(gate_exponent - 1, 0), 15)
    opened = saturating_shift(high_product(opened, gate, 15), min(max(gate_exponent, 0), 1), 15)
    opened = (rounding_shift(opened, max(-gate_exponent, 0)) + 2**15) >> 1
    product = opened * high_product(high, factor, 15)
    return rounding_shift(np.sign(product) * (np.abs(product) >> 15), -exponent)


def _short(real: float) -> tuple[int, int]:
    """A multiplier of 16 bits and its exponent. Source: TFLite's ``DownScaleInt32ToInt16Multiplier``."""
    multiplier, exponent = quantize_multiplier(real)
    return min((multiplier + 2**15) >> 16, 2**15 - 1), exponent
