# SPDX-License-Identifier: Apache-2.0
"""Small networks with one operator of each kind and few weights, so that most of a file's bytes are its structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from exactness.onnx_builder import OnnxBuilder, QuantizedType
from tflite_builder import TfliteBuilder
from tflite_builder import schema as tflite

_SCALE = 1 / 16


def small_tflite() -> bytes:
    """int8: convolutions, add, mul, pad, concatenation, pooling, mean, fully connected, softmax."""
    random = np.random.default_rng(1)
    builder = TfliteBuilder()

    def weights(*shape: int) -> int:
        return builder.constant(random.integers(-127, 127, shape).astype(np.int8), [1 / 128], [0])

    def bias(count: int) -> int:
        return builder.constant(random.integers(-500, 500, count).astype(np.int32), [_SCALE / 128], [0])

    def value(*shape: int) -> int:
        return builder.value(shape, "int8", _SCALE)

    same, relu6 = tflite.Padding.SAME, tflite.ActivationFunctionType.RELU6
    x = builder.input([1, 4, 4, 2], "int8", _SCALE)
    convolved = value(1, 4, 4, 2)
    builder.operator(
        "CONV_2D", [x, weights(2, 3, 3, 2), bias(2)], [convolved],
        padding=same, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=relu6,
    )  # fmt: skip
    filtered = value(1, 4, 4, 2)
    builder.operator(
        "DEPTHWISE_CONV_2D", [convolved, weights(1, 3, 3, 2), bias(2)], [filtered],
        padding=same, strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, depthMultiplier=1,
    )  # fmt: skip
    added, scaled, padded, joined = value(1, 4, 4, 2), value(1, 4, 4, 2), value(1, 6, 4, 2), value(1, 6, 4, 4)
    builder.operator("ADD", [convolved, filtered], [added])
    builder.operator("MUL", [added, x], [scaled])
    builder.operator("PAD", [scaled, builder.constant(np.array([[0, 0], [1, 1], [0, 0], [0, 0]], np.int32))], [padded])
    builder.operator("CONCATENATION", [padded, padded], [joined], axis=3)
    pooled, mean, scores, probabilities = (
        value(1, 3, 2, 4),
        value(1, 4),
        value(1, 3),
        builder.value([1, 3], "int8", 1 / 256, -128),
    )
    builder.operator(
        "MAX_POOL_2D", [joined], [pooled], padding=same, strideH=2, strideW=2, filterHeight=2, filterWidth=2
    )
    builder.operator("MEAN", [pooled, builder.constant(np.array([1, 2], np.int32))], [mean])
    builder.operator("FULLY_CONNECTED", [mean, weights(3, 4), bias(3)], [scores])
    builder.operator("SOFTMAX", [scores], [probabilities], beta=1.0)
    return builder.finish([probabilities])


def small_onnx() -> bytes:
    """int8 in QDQ form: convolution, relu, pooling, Gemm."""
    random = np.random.default_rng(2)
    builder = OnnxBuilder()
    kind = QuantizedType(_SCALE, 0)

    def weights(*shape: int) -> str:
        return builder.quantized_constant(random.integers(-127, 127, shape).astype(np.int8), np.float32(1 / 128))

    def requantized(value: str) -> str:
        return builder.dequantize(builder.quantize(value, kind), kind)

    x = requantized(builder.input([1, 2, 4, 4]))
    x = builder.node("Conv", x, weights(2, 2, 3, 3), pads=[1, 1, 1, 1])
    x = requantized(builder.node("Relu", x))
    x = builder.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = builder.node("Flatten", x)
    return builder.finish(requantized(builder.node("Gemm", x, weights(3, 8), transB=1)))


def small_float_onnx() -> bytes:
    """float32: convolution, add, global pooling, Gemm, softmax."""
    random = np.random.default_rng(3)
    builder = OnnxBuilder()
    x = builder.input([1, 2, 4, 4])
    y = builder.node("Conv", x, builder.constant(random.normal(size=(2, 2, 3, 3)), "float32"), pads=[1, 1, 1, 1])
    x = builder.node("GlobalAveragePool", builder.node("Add", x, y))
    x = builder.node("Flatten", x)
    x = builder.node("Gemm", x, builder.constant(random.normal(size=(2, 3)), "float32"))
    return builder.finish(builder.node("Softmax", x))


def write_with_weights_beside(path: Path, location: str = "w.bin") -> Path:
    """Write an ONNX model of one matrix product to `path`, with its weights in the file `location` beside it."""
    builder = OnnxBuilder()
    weights = builder.constant(np.arange(16, dtype=np.float32).reshape(4, 4))
    model = onnx.load_model_from_string(builder.finish(builder.node("MatMul", builder.input([1, 4]), weights)))
    onnx.save_model(model, path, save_as_external_data=True, location=location, size_threshold=0)
    return path
