# SPDX-License-Identifier: Apache-2.0
"""Readers of operators that compute element by element, and of softmax; see `operators` for what a reader does."""

from __future__ import annotations

import math

import numpy as np

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Attributes,
    Clamp,
    Extremum,
    Function,
    Mul,
    Nonlinear,
    Softmax,
    Sub,
)
from tvm_stm32.model.tflite.layer import Layer
from tvm_stm32.model.tflite.types import arithmetic_of, per_tensor, require_same_quantization

Reading = tuple[Attributes, Arithmetic]

#: scale and zero point that the format prescribes for the int8 results of a function
RESULTS = {Function.LOGISTIC: (256, -128), Function.TANH: (128, 0)}


def read_add(layer: Layer) -> Reading:
    """ADD with broadcasting."""
    return Add(layer.activation()), _sum(layer)


def read_sub(layer: Layer) -> Reading:
    """SUB with broadcasting."""
    return Sub(layer.activation()), _sum(layer)


def read_mul(layer: Layer) -> Reading:
    """MUL with broadcasting."""
    return Mul(layer.activation()), _elementwise(layer)


def read_extremum(layer: Layer, largest: bool) -> Reading:
    """MAXIMUM and MINIMUM with broadcasting."""
    arithmetic = _elementwise(layer)
    for operand in (layer.input(0), layer.input(1)):
        require_same_quantization(layer, operand)
    return Extremum(largest), arithmetic


def read_softmax(layer: Layer) -> Reading:
    """SOFTMAX over the last axis; an int8 result is in 256ths from -128, as the format prescribes."""
    layer.require_operands(1, 1)
    x = layer.input(0)
    layer.require(len(x.shape) >= 1, "the input has no axis")
    arithmetic = arithmetic_of(layer, x, layer.output)
    layer.expect_output_shape(x.shape)
    beta = float(layer.options["Beta"])
    layer.require(math.isfinite(beta) and beta > 0, f"beta is {beta}, expected a positive number")
    if arithmetic is Arithmetic.TFLITE:
        result = per_tensor(layer, layer.output)
        fixed = result.scale == 1 / 256 and result.zero_point == -128
        layer.require(fixed, "an int8 softmax has the output scale 1/256 and zero point -128", "quantize it again")
        enough = beta * per_tensor(layer, x).scale * (1 << 26) > 1
        layer.require(enough, "the input's scale times beta is too small", "quantize the model again")
    return Softmax(beta), arithmetic


def read_clamp(layer: Layer, activation: Activation) -> Reading:
    """RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1."""
    layer.require_operands(1, 1)
    x = layer.input(0)
    arithmetic = arithmetic_of(layer, x, layer.output)
    layer.expect_output_shape(x.shape)
    if layer.kind == "RELU6" and x.quantization != layer.output.quantization:
        what = "RELU6 between different quantizations is clamped without rescaling, as TensorFlow Lite Micro does"
        layer.notes.append(f"layer {layer.name!r}: {what}")
    return Clamp(activation), arithmetic


def read_nonlinear(layer: Layer, function: Function) -> Reading:
    """LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU; an int8 result of the first two has the scale that the format says."""
    layer.require_operands(1, 1)
    x = layer.input(0)
    arithmetic = arithmetic_of(layer, x, layer.output)
    layer.expect_output_shape(x.shape)
    if arithmetic is Arithmetic.TFLITE and function in RESULTS:
        steps, zero_point = RESULTS[function]
        result = per_tensor(layer, layer.output)
        what = f"an int8 {function.value} has the output scale 1/{steps} and zero point {zero_point}"
        layer.require((result.scale, result.zero_point) == (1 / steps, zero_point), what, "quantize it again")
    slope = float(layer.options["Alpha"]) if function is Function.LEAKY_RELU else 0.0
    layer.require(math.isfinite(slope) and slope >= 0, f"the slope is {slope}, expected a number that is not negative")
    return Nonlinear(function, slope), arithmetic


def _sum(layer: Layer) -> Arithmetic:
    """Checks two terms; a sum of int8 is formed with 20 more bits, which bounds the scales' ratio."""
    arithmetic = _elementwise(layer)
    if arithmetic is Arithmetic.TFLITE:
        a, b, result = (per_tensor(layer, t) for t in (layer.input(0), layer.input(1), layer.output))
        ratio = 2 * max(a.scale, b.scale) / result.scale
        layer.require(ratio < 1 << 20, "the output's scale is too small for the inputs'", "quantize the model again")
    return arithmetic


def _elementwise(layer: Layer) -> Arithmetic:
    """Checks two inputs that broadcast to the output."""
    layer.require_operands(2, 2)
    a, b = layer.input(0), layer.input(1)
    arithmetic = arithmetic_of(layer, a, b, layer.output)
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise layer.error("the shapes do not broadcast") from None
    layer.expect_output_shape(shape)
    return arithmetic
