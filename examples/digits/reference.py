# SPDX-License-Identifier: Apache-2.0
"""The int8 network in integers, straight from the ONNX file: what the compiled network must compute, to the bit.

Convolutions and fully connected layers add products of integers. Their sum stands for a real number, which is divided
by the scale of the output and rounded, halves to even: onnxruntime's rule without the rounding of its float sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Quantized:
    """``(values - zero_point) * scale``; int64 [images, ...], or weights and biases [outputs, ...] by channel."""

    values: Array
    scale: Array
    zero_point: Array

    def steps(self) -> Array:
        """The values in multiples of the scale, int64."""
        steps: Array = self.values - self.zero_point.reshape(-1, *[1] * (self.values.ndim - 1))
        return steps


def run(path: Path, images: Array) -> Array:
    """Outputs of the QDQ network at `path`, float32 [images, ...], for float32 `images` [images, 1, 8, 8]."""
    graph = onnx.load(path).graph
    values: dict[str, Any] = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
    values[graph.input[0].name] = images
    for node in graph.node:
        operands = [values[name] for name in node.input]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = OPERATORS[node.op_type](operands, attributes)
    output = values[graph.output[0].name]
    real: Array = (output.steps() * output.scale).astype(np.float32)
    return real


def quantize(operands: list[Any], _: dict[str, Any]) -> Array:
    """int8 values, as int64, of float32 numbers, of quantized ones or of exact sums in float64."""
    x, scale, zero_point = operands
    if isinstance(x, Quantized):
        x = x.steps() * x.scale.astype(np.float64)
    steps = x / scale.astype(x.dtype)
    if x.dtype == np.float64:
        from_tie = np.abs(steps - np.floor(steps) - 0.5)
        assert from_tie.min() > 1e-9, "a sum so close to a tie that float64 cannot tell"
    quantized: Array = np.clip(np.rint(steps).astype(np.int64) + zero_point, -128, 127)
    return quantized


def dequantize(operands: list[Any], _: dict[str, Any]) -> Quantized:
    """The numbers stay integers, and remember what they stand for."""
    values, scale, zero_point = operands
    return Quantized(values.astype(np.int64), np.atleast_1d(scale), np.atleast_1d(zero_point).astype(np.int64))


def real_sums(sums: Array, operands: list[Quantized]) -> Array:
    """Integer sums of products [images, outputs, ...] and the bias as real numbers, float64."""
    x, weights, bias = operands
    by_channel = (-1, *[1] * (sums.ndim - 2))
    scale = x.scale.astype(np.float64) * weights.scale.astype(np.float64)
    start = bias.values * bias.scale.astype(np.float64)
    real: Array = sums * scale.reshape(by_channel) + start.reshape(by_channel)
    return real


def windows(x: Array, kernel: list[int], strides: list[int]) -> Array:
    """[images, channels, rows, columns, *kernel] of x [images, channels, height, width]."""
    every = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    found: Array = every[:, :, :: strides[0], :: strides[1]]
    return found


def convolution(operands: list[Quantized], attributes: dict[str, Any]) -> Array:
    """Conv, and with groups a depthwise one, whose channels each have their own kernel."""
    x, weights = operands[0].steps(), operands[1].steps()
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    patches = windows(x, attributes["kernel_shape"], attributes.get("strides", [1, 1]))
    if attributes.get("group", 1) == 1:
        sums = np.einsum("nchwij,ocij->nohw", patches, weights)
    else:
        sums = np.einsum("nchwij,cij->nchw", patches, weights[:, 0])
    return real_sums(sums, operands)


def fully_connected(operands: list[Quantized], _: dict[str, Any]) -> Array:
    """Gemm with transposed weights."""
    return real_sums(operands[0].steps() @ operands[1].steps().T, operands)


def max_pool(operands: list[Quantized], attributes: dict[str, Any]) -> Quantized:
    """MaxPool; what is greatest does not depend on the scale."""
    x = operands[0]
    greatest = windows(x.values, attributes["kernel_shape"], attributes["strides"]).max(axis=(-2, -1))
    return Quantized(greatest, x.scale, x.zero_point)


def flatten(operands: list[Quantized], _: dict[str, Any]) -> Quantized:
    """Flatten to [images, elements]."""
    x = operands[0]
    return Quantized(x.values.reshape(len(x.values), -1), x.scale, x.zero_point)


def softmax(operands: list[Quantized], _: dict[str, Any]) -> Array:
    """Softmax over the classes, to float32."""
    x = operands[0].steps() * operands[0].scale.astype(np.float64)
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    probabilities: Array = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return probabilities


OPERATORS = {
    "QuantizeLinear": quantize,
    "DequantizeLinear": dequantize,
    "Conv": convolution,
    "Gemm": fully_connected,
    "MaxPool": max_pool,
    "Flatten": flatten,
    "Softmax": softmax,
}
