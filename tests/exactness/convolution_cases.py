# SPDX-License-Identifier: Apache-2.0
"""Convolutions and fully connected layers of TensorFlow Lite against TFLM."""

from __future__ import annotations

import numpy as np
from exactness.oracle import LiteRtOracle, Oracle
from exactness.quantized import (
    ACTIVATIONS,
    DTYPES,
    SEEDS,
    Draw,
    add_weights,
    shapes,
    types,
    windows,
)
from exactness.single_operator import Case
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder


@st.composite
def convolutions(draw: Draw) -> Case:
    """CONV_2D: strides, dilations, SAME and VALID, groups, odd channel counts, per channel and per tensor."""
    dtype, seed, window = draw(DTYPES), draw(SEEDS), draw(windows(dilated=True))
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    depth, filters = draw(st.integers(1, 9)), groups * draw(st.integers(1, 9))
    builder, rng, x = TfliteBuilder(), np.random.default_rng(seed), draw(types(dtype))
    source = x.input(builder, (1, *window.picture, groups * depth))
    weights = add_weights(draw, builder, (filters, *window.kernel, depth), 0, x, rng)
    target = weights.result.value(builder, (1, *window.result, filters))
    options = window.options() | window.dilation_options()
    inputs = [source, weights.weights, weights.bias]
    builder.operator("CONV_2D", inputs, [target], fusedActivationFunction=draw(ACTIVATIONS), **options)
    return Case(
        builder.finish([target]), seed, f"CONV_2D {dtype} {window}, {groups} groups of {depth}, {filters} filters"
    )


@st.composite
def depthwise_convolutions(draw: Draw) -> Case:
    """DEPTHWISE_CONV_2D: as above, with a multiplier."""
    dtype, seed, window = draw(DTYPES), draw(SEEDS), draw(windows(dilated=True))
    channels, multiplier = draw(st.integers(1, 11)), draw(st.sampled_from([1, 1, 2, 3]))
    builder, rng, x = TfliteBuilder(), np.random.default_rng(seed), draw(types(dtype))
    source = x.input(builder, (1, *window.picture, channels))
    weights = add_weights(draw, builder, (1, *window.kernel, channels * multiplier), 3, x, rng)
    target = weights.result.value(builder, (1, *window.result, channels * multiplier))
    options = window.options() | window.dilation_options() | {"depthMultiplier": multiplier}
    inputs = [source, weights.weights, weights.bias] if weights.bias != -1 else [source, weights.weights]
    builder.operator("DEPTHWISE_CONV_2D", inputs, [target], fusedActivationFunction=draw(ACTIVATIONS), **options)
    description = f"DEPTHWISE_CONV_2D {dtype} {window}, {channels} times {multiplier}"
    oracle = LiteRtOracle if weights.bias == -1 else Oracle  # TFLM needs a bias here
    return Case(builder.finish([target]), seed, description, oracle)


@st.composite
def fully_connected_layers(draw: Draw) -> Case:
    """FULLY_CONNECTED: inputs of any rank, with keep_num_dims and without."""
    dtype, seed, shape = draw(DTYPES), draw(SEEDS), draw(shapes())
    depth, filters, keep = draw(st.integers(1, 70)), draw(st.integers(1, 30)), draw(st.booleans())
    builder, rng, x = TfliteBuilder(), np.random.default_rng(seed), draw(types(dtype))
    rows = (1, *shape[1:-1])
    source = x.input(builder, (*rows, depth))
    weights = add_weights(draw, builder, (filters, depth), 0, x, rng)
    result = (*rows, filters) if keep else (int(np.prod(rows)), filters)
    target = weights.result.value(builder, result)
    inputs = [source, weights.weights, weights.bias]
    activation = draw(ACTIVATIONS)
    builder.operator("FULLY_CONNECTED", inputs, [target], fusedActivationFunction=activation, keepNumDims=keep)
    return Case(builder.finish([target]), seed, f"FULLY_CONNECTED {dtype} {rows} rows of {depth}, {filters} filters")
