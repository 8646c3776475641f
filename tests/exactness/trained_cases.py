# SPDX-License-Identifier: Apache-2.0
"""Layers with weights as training leaves them: for these there are fast kernels, each with conditions of its own.

Weights are normal and symmetric, scales of channels alike, clamps where the output's range ends. Sizes are such that
every remainder of tiles, pairs and blocks of four occurs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from exactness.quantized import SEEDS, Draw, Type, Window, float32, scales, zero_points
from exactness.single_operator import Case
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder

CHANNELS = st.sampled_from([1, 2, 3, 4, 8, 16]) | st.integers(1, 21)
MANY_CHANNELS = st.sampled_from([8, 16, 24, 32]) | st.integers(8, 33)
#: kernels of real networks
KERNELS = st.sampled_from([(3, 3), (3, 3), (3, 3), (1, 1), (1, 1), (5, 5), (1, 3), (4, 2)])
DEPTHWISE_KERNELS = st.sampled_from([(3, 3), (3, 3), (5, 5), (7, 7), (1, 3), (5, 1), (2, 2), (4, 3), (1, 8)])
#: strides and dilations of them; those of 3 seldom occur
STEPS = st.sampled_from([((1, 1), (1, 1))] * 4 + [((2, 2), (1, 1))] * 3 + [((1, 1), (2, 2)), ((1, 1), (1, 3))])
ODD_STEPS = st.sampled_from([((1, 2), (1, 1)), ((3, 3), (1, 1)), ((2, 1), (1, 1)), ((4, 1), (1, 2)), ((2, 5), (1, 1))])
NONE, RELU, RELU6 = 0, 1, 3


@dataclass(frozen=True)
class Trained:
    """The types around a layer, its activation, and its weights and bias in a model."""

    x: Type
    y: Type
    activation: int
    weights: int
    bias: int


@st.composite
def trained_windows(draw: Draw, kernels: st.SearchStrategy[tuple[int, int]]) -> Window:
    """Windows without dilation, with strides of 1 and 2."""
    kernel, stride = draw(kernels), draw(st.sampled_from([1, 1, 2]))
    picture = draw(st.integers(kernel[0], 13)), draw(st.integers(kernel[1], 13))
    return Window(picture, kernel, (stride, stride), (1, 1), draw(st.booleans()))


def add_trained(
    draw: Draw, builder: TfliteBuilder, shape: tuple[int, ...], axis: int, rng: np.random.Generator
) -> Trained:
    """Adds weights with output channels along `axis` and a bias, and answers with types that suit them."""
    x = Type(draw(scales(1e-3, 1e-1)), draw(zero_points()))
    assert x.scale is not None
    channels = shape[axis]
    depth = int(np.prod(shape)) // channels
    data = np.clip(np.round(rng.normal(size=shape) * draw(st.sampled_from([5, 30, 60]))), -127, 127).astype(np.int8)
    activation = draw(st.sampled_from([NONE, RELU, RELU6]))
    output = float32(6 / 255) if activation == RELU6 else draw(scales(1e-3, 1e-1))
    y = Type(output, draw(zero_points()) if activation == NONE else -128)
    middle = output / x.scale / np.sqrt(depth) / draw(st.sampled_from([3, 30, 100]))
    own = [float32(s) for s in middle * rng.uniform(0.5, 2.0, channels if draw(st.booleans()) else 1)]
    weights = builder.constant(data, own, axis=axis)
    bias_scales = [float32(x.scale * scale) for scale in own]
    bias = builder.constant(rng.normal(size=channels, scale=2000).astype(np.int32), bias_scales)
    return Trained(x, y, activation, weights, bias)


@st.composite
def trained_convolutions(draw: Draw) -> Case:
    """CONV_2D."""
    seed, window, depth, filters = draw(SEEDS), draw(trained_windows(KERNELS)), draw(CHANNELS), draw(CHANNELS)
    return convolution(draw, seed, window, depth, filters)


@st.composite
def wide_convolutions(draw: Draw) -> Case:
    """CONV_2D of 3x3 pixels with many channels, where other algorithms pay."""
    picture = draw(st.tuples(st.integers(3, 14), st.integers(3, 14)))
    window = Window(picture, (3, 3), (1, 1), (1, 1), draw(st.booleans()))
    return convolution(draw, draw(SEEDS), window, draw(MANY_CHANNELS), draw(MANY_CHANNELS))


def convolution(draw: Draw, seed: int, window: Window, depth: int, filters: int) -> Case:
    """A trained CONV_2D."""
    builder, rng = TfliteBuilder(), np.random.default_rng(seed)
    layer = add_trained(draw, builder, (filters, *window.kernel, depth), 0, rng)
    source = layer.x.input(builder, (1, *window.picture, depth))
    target = layer.y.value(builder, (1, *window.result, filters))
    options = window.options() | window.dilation_options() | {"fusedActivationFunction": layer.activation}
    builder.operator("CONV_2D", [source, layer.weights, layer.bias], [target], **options)
    return Case(builder.finish([target]), seed, f"CONV_2D {window}, {depth} to {filters} channels, {layer}")


@st.composite
def trained_depthwise_convolutions(draw: Draw) -> Case:
    """DEPTHWISE_CONV_2D: kernels, strides and dilations of all kinds, several outputs a channel seldom."""
    seed, kernel, (strides, dilations) = draw(SEEDS), draw(DEPTHWISE_KERNELS), draw(STEPS | ODD_STEPS)
    channels, multiplier = draw(CHANNELS), draw(st.sampled_from([1, 1, 1, 2, 8]))
    least = [(taps - 1) * dilation + 1 for taps, dilation in zip(kernel, dilations, strict=True)]
    same = draw(st.booleans())
    picture = [draw(st.integers(1 if same else size, 17)) for size in least]
    window = Window((picture[0], picture[1]), kernel, strides, dilations, same)
    builder, rng = TfliteBuilder(), np.random.default_rng(seed)
    layer = add_trained(draw, builder, (1, *window.kernel, channels * multiplier), 3, rng)
    source = layer.x.input(builder, (1, *window.picture, channels))
    target = layer.y.value(builder, (1, *window.result, channels * multiplier))
    options = window.options() | window.dilation_options() | {"fusedActivationFunction": layer.activation}
    operands = [source, layer.weights, layer.bias]
    builder.operator("DEPTHWISE_CONV_2D", operands, [target], depthMultiplier=multiplier, **options)
    return Case(builder.finish([target]), seed, f"DEPTHWISE_CONV_2D {window}, {channels} times {multiplier}, {layer}")


@st.composite
def trained_fully_connected_layers(draw: Draw) -> Case:
    """FULLY_CONNECTED, mostly of one row."""
    seed, rows, filters = draw(SEEDS), draw(st.sampled_from([1, 1, 1, 2, 5])), draw(CHANNELS)
    depth = draw(st.sampled_from([4, 16, 64, 130]) | st.integers(1, 80))
    builder, rng = TfliteBuilder(), np.random.default_rng(seed)
    layer = add_trained(draw, builder, (filters, depth), 0, rng)
    source, target = layer.x.input(builder, (rows, depth)), layer.y.value(builder, (rows, filters))
    operands = [source, layer.weights, layer.bias]
    builder.operator("FULLY_CONNECTED", operands, [target], fusedActivationFunction=layer.activation)
    return Case(builder.finish([target]), seed, f"FULLY_CONNECTED {rows} rows, {depth} to {filters}, {layer}")
