# SPDX-License-Identifier: Apache-2.0
"""Quantized convolutions and fully connected layers of ONNX against onnxruntime without optimizations.

The integers are exact; onnxruntime adds thousands of float32, and now and then its own error carries a value over a
rounding boundary. The count of such values is asserted.
"""

from __future__ import annotations

import numpy as np
from exactness.onnx_builder import OnnxBuilder
from exactness.onnx_check import Case, compare_generated
from exactness.onnx_strategies import SEEDS, Draw, activations, quantized_types, result_types, weighted, windows
from hypothesis import strategies as st


@st.composite
def convolutions(draw: Draw, depthwise: bool) -> Case:
    """Conv: strides, dilations, every kind of padding, groups, odd channel counts."""
    builder, seed, window, kind = OnnxBuilder(), draw(SEEDS), draw(windows(dilated=True)), draw(quantized_types())
    rng = np.random.default_rng(seed)
    if depthwise:
        groups, depth, filters = draw(st.integers(2, 9)), 1, draw(st.sampled_from([1, 1, 2, 3]))
    else:
        groups, depth, filters = draw(st.sampled_from([1, 1, 2])), draw(st.integers(1, 9)), draw(st.integers(1, 9))
    x = builder.quantized_input((1, groups * depth, *window.picture), kind)
    names, scale = weighted(draw, builder, (groups * filters, depth, *window.kernel), kind, rng)
    result = builder.node("Conv", x, *names, group=groups, **window.attributes)
    result = draw(activations())(builder, result)
    target = draw(result_types(scale))
    description = f"Conv {window}, {groups} groups of {depth}, {filters} filters, {kind} to {target}"
    return Case(builder.finish(builder.quantize(result, target)), seed, description)


@st.composite
def one_dimensional(draw: Draw) -> Case:
    """Conv over time."""
    builder, seed, kind = OnnxBuilder(), draw(SEEDS), draw(quantized_types())
    depth, filters, kernel = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 5))
    x = builder.quantized_input((1, depth, kernel + draw(st.integers(0, 12))), kind)
    names, scale = weighted(draw, builder, (filters, depth, kernel), kind, np.random.default_rng(seed))
    result = builder.node("Conv", x, *names, strides=[draw(st.integers(1, 3))], pads=[kernel // 2, kernel // 2])
    target = draw(result_types(scale))
    description = f"Conv over time, {depth} to {filters}, kernel {kernel}, {kind} to {target}"
    return Case(builder.finish(builder.quantize(result, target)), seed, description)


@st.composite
def dense_layers(draw: Draw) -> Case:
    """Gemm with either orientation of the weights; MatMul; a flattened picture in front or not."""
    builder, seed, kind = OnnxBuilder(), draw(SEEDS), draw(quantized_types())
    depth, filters, form = draw(st.integers(1, 40)), draw(st.integers(1, 20)), draw(st.sampled_from("GTMF"))
    rng = np.random.default_rng(seed)
    if form == "F":
        pooled = builder.quantized_input((1, depth, 4, 6), kind)
        x = builder.node("Flatten", builder.node("MaxPool", pooled, kernel_shape=[2, 2], strides=[2, 2]))
        depth *= 6
    elif form == "M":
        x = builder.quantized_input((1, draw(st.integers(1, 4)), depth), kind)
    else:
        x = builder.quantized_input((1, depth), kind)
    if form in "TF":
        names, scale = weighted(draw, builder, (filters, depth), kind, rng)
        result = builder.node("Gemm", x, *names, transB=1)
    else:
        names, scale = weighted(draw, builder, (depth, filters), kind, rng, axis=1)
        result = builder.node("Gemm", x, *names) if form == "G" else builder.node("MatMul", x, names[0])
        result = builder.node("Add", result, names[1]) if form == "M" and len(names) > 1 else result
    result = draw(activations())(builder, result)
    target = draw(result_types(scale))
    description = f"dense layer {form}, {depth} to {filters}, {kind} to {target}"
    return Case(builder.finish(builder.quantize(result, target)), seed, description)


def test_convolutions() -> None:
    compare_generated(convolutions(depthwise=False), 22)


def test_depthwise_convolutions() -> None:
    compare_generated(convolutions(depthwise=True), 15)


def test_convolutions_over_time() -> None:
    compare_generated(one_dimensional(), 9)


def test_dense_layers() -> None:
    compare_generated(dense_layers(), 18)
