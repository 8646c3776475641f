# SPDX-License-Identifier: Apache-2.0
"""Element-wise operators, averages, softmax and data movement of quantized ONNX against onnxruntime.

All but softmax are equal by construction: tables, forms proven for every pair of values, sums in the same order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from exactness.onnx_builder import OnnxBuilder, QuantizedType
from exactness.onnx_check import Case, compare_generated
from exactness.onnx_strategies import SEEDS, Draw, activations, quantized_types, result_types, windows
from hypothesis import strategies as st

SHAPES = st.sampled_from([(1, 7), (1, 3, 5), (1, 4, 3, 5), (1, 6, 1, 1)])


@st.composite
def pairs(draw: Draw) -> Case:
    """Add and Mul of two inputs, of an input and itself, or of an input and a constant; broadcast or not."""
    builder, seed, kind, shape = OnnxBuilder(), draw(SEEDS), draw(st.sampled_from(["Add", "Mul"])), draw(SHAPES)
    a_type = draw(quantized_types())
    b_type = draw(st.one_of(quantized_types(), st.just(a_type)))
    a = builder.quantized_input(shape, a_type)
    second = draw(st.sampled_from(["input", "input", "same", "constant", "scalar", "channels"]))
    channels = tuple(n if axis == min(1, len(shape) - 1) else 1 for axis, n in enumerate(shape))
    if second == "same":
        b, b_type = a, a_type
    elif second == "scalar":
        b = builder.constant(np.float32(draw(st.floats(-2, 2))))
    elif second == "constant":
        values = np.random.default_rng(seed).integers(-128, 127, shape, np.int8)
        b = builder.quantized_constant(values, np.float32(b_type.scale))
    else:
        b = builder.quantized_input(shape if second == "input" else channels, b_type)
    result = draw(activations())(builder, builder.node(kind, *((a, b) if draw(st.booleans()) else (b, a))))
    scale = max(a_type.scale, b_type.scale) if kind == "Add" else a_type.scale * b_type.scale * 64
    y_type = draw(result_types(scale))
    description = f"{kind} {shape}, {a_type}, {second} {b_type} to {y_type}"
    return Case(builder.finish(builder.quantize(result, y_type)), seed, description)


@st.composite
def unary(draw: Draw) -> Case:
    """Requantization, Relu and Clip to another scale; and back to float32."""
    builder, seed, x_type, shape = OnnxBuilder(), draw(SEEDS), draw(quantized_types()), draw(SHAPES)
    x = draw(activations())(builder, builder.quantized_input((*shape, 64), x_type))
    y_type = draw(result_types(x_type.scale))
    result = builder.quantize(x, y_type)
    if draw(st.booleans()):
        result = builder.dequantize(result, y_type)
    return Case(builder.finish(result), seed, f"{x_type} to {y_type}")


@st.composite
def functions(draw: Draw) -> Case:
    """Sigmoid, Tanh, HardSigmoid, HardSwish and LeakyRelu."""
    builder, seed, x_type, shape = OnnxBuilder(), draw(SEEDS), draw(quantized_types()), draw(SHAPES)
    kind = draw(st.sampled_from(["Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "LeakyRelu"]))
    attributes = {"alpha": draw(st.floats(0, 1, width=32))} if kind in ("HardSigmoid", "LeakyRelu") else {}
    if kind == "HardSigmoid" and draw(st.booleans()):
        attributes["beta"] = draw(st.floats(-1, 1, width=32))
    result = builder.node(kind, builder.quantized_input((*shape, 64), x_type), **attributes)
    y_type = draw(result_types(1 / 128 if kind in ("Sigmoid", "Tanh", "HardSigmoid") else x_type.scale))
    return Case(builder.finish(builder.quantize(result, y_type)), seed, f"{kind} {attributes} {x_type} to {y_type}")


@st.composite
def quantizations(draw: Draw) -> Case:
    """float32 to integers: ordinary values, and halves of the scale, which are ties."""
    builder, seed, y_type = OnnxBuilder(), draw(SEEDS), draw(quantized_types(0.01, 0.05))
    x = builder.input((1, 500))
    if draw(st.booleans()):
        half = builder.dequantize(builder.quantize(x, y_type), QuantizedType(y_type.scale / 2, 0, y_type.dtype))
        return Case(builder.finish(builder.quantize(half, y_type)), seed, f"halves of {y_type}")
    return Case(builder.finish(builder.quantize(x, y_type)), seed, f"float32 to {y_type}")


@st.composite
def average_pools(draw: Draw) -> Case:
    """AveragePool by either of onnxruntime's implementations, with padding counted or not."""
    opset = draw(st.sampled_from([11, 17, 19, 22]))
    builder, seed, x_type, window = OnnxBuilder(opset), draw(SEEDS), draw(quantized_types()), draw(windows())
    x = builder.quantized_input((1, draw(st.integers(1, 9)), *window.picture), x_type)
    counted = draw(st.integers(0, 1))
    attributes = {"kernel_shape": window.kernel, "count_include_pad": counted, **window.attributes}
    y_type = draw(result_types(x_type.scale))
    result = builder.quantize(builder.node("AveragePool", x, **attributes), y_type)
    return Case(builder.finish(result), seed, f"AveragePool {opset} {window}, {counted}, {x_type} to {y_type}")


@st.composite
def means(draw: Draw) -> Case:
    """GlobalAveragePool, and ReduceMean over trailing or other axes."""
    builder, seed, x_type = OnnxBuilder(draw(st.sampled_from([13, 18]))), draw(SEEDS), draw(quantized_types())
    shape = (1, *(draw(st.integers(1, 9)) for _ in range(draw(st.sampled_from([1, 2, 3, 3])))))
    x = builder.quantized_input(shape, x_type)
    rank = len(shape)
    axes = draw(st.sampled_from([[rank - 1], [1], list(range(2, rank)) or [1]]))
    keep = draw(st.integers(0, 1))
    if rank > 2 and draw(st.booleans()):
        result = builder.node("GlobalAveragePool", x)
    elif builder.opset < 18:
        result = builder.node("ReduceMean", x, axes=axes, keepdims=keep)
    else:
        result = builder.node("ReduceMean", x, builder.constant(axes, "int64"), keepdims=keep)
    y_type = draw(result_types(x_type.scale))
    description = f"mean of {shape} over {axes}, {x_type} to {y_type}"
    return Case(builder.finish(builder.quantize(result, y_type)), seed, description)


@st.composite
def softmaxes(draw: Draw) -> Case:
    """Softmax of rows, and over the channels of a picture."""
    builder, seed, x_type = OnnxBuilder(draw(st.sampled_from([11, 13]))), draw(SEEDS), draw(quantized_types(0.01, 0.3))
    shape = draw(st.sampled_from([(1, 10), (1, 1), (1, 3, 12), (1, 5, 4, 6)]))
    x = builder.quantized_input(shape, x_type)
    axis = draw(st.sampled_from([1, -1]))
    y_type = draw(st.sampled_from([QuantizedType(1 / 256, -128), QuantizedType(1 / 256, 0, "uint8")]))
    result = builder.quantize(builder.node("Softmax", x, axis=axis), y_type)
    return Case(builder.finish(result), seed, f"Softmax {shape} over {axis}, opset {builder.opset}, {x_type}")


@st.composite
def movements(draw: Draw) -> Case:
    """MaxPool, Pad, Concat, Transpose and Reshape, to the same scale or another."""
    builder, seed, x_type, window = OnnxBuilder(), draw(SEEDS), draw(quantized_types()), draw(windows())
    y_type = draw(st.one_of(st.just(x_type), result_types(x_type.scale)))
    x = builder.quantized_input((1, draw(st.integers(1, 6)), *window.picture), x_type)
    kind = draw(st.sampled_from(["MaxPool", "GlobalMaxPool", "ReduceMax", "Pad", "Concat", "Transpose", "Reshape"]))
    if kind == "MaxPool":
        result = builder.node(kind, x, kernel_shape=window.kernel, **window.attributes)
    elif kind == "GlobalMaxPool":
        result = builder.node(kind, x)
    elif kind == "ReduceMax":
        result = builder.node(kind, x, axes=list(range(2, 2 + len(window.picture))))
    elif kind == "Pad":
        pads = builder.constant([0, 0, 1, 2, 0, draw(st.integers(0, 1)), 0, 3], "int64")
        result = builder.node(kind, x, pads, builder.constant(np.float32(draw(st.sampled_from([0.0, 0.7, -9.0])))))
    elif kind == "Concat":
        other_type = draw(st.one_of(st.just(x_type), quantized_types()))
        if draw(st.integers(0, 3)):
            other = builder.quantized_input((1, 4, *window.picture), other_type)
        else:
            values = np.random.default_rng(seed).integers(-128, 127, (1, 2, *window.picture), np.int8)
            other = builder.quantized_constant(values, np.float32(other_type.scale))
        result = builder.node(kind, x, other, axis=1)
    elif kind == "Transpose":
        result = builder.node(kind, x, perm=draw(st.permutations([1, 2, 3]).map(lambda axes: [0, *axes])))
    else:
        result = builder.node(kind, builder.node("MaxPool", x, kernel_shape=[1, 1]), builder.constant([1, -1], "int64"))
    description = f"{kind} {window}, {x_type} to {y_type}"
    return Case(builder.finish(builder.quantize(result, y_type)), seed, description)


@pytest.mark.parametrize(
    ("strategy", "number"),
    [(pairs, 15), (unary, 8), (functions, 10), (quantizations, 8), (average_pools, 14), (means, 12), (movements, 15)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_value_is_equal(strategy: Callable[[], st.SearchStrategy[Case]], number: int) -> None:
    compare_generated(strategy(), number, share=0.0)


def test_softmax_differs_in_few_values() -> None:
    compare_generated(softmaxes(), 15)
