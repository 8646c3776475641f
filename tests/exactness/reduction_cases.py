# SPDX-License-Identifier: Apache-2.0
"""Operators of TensorFlow Lite that combine neighbours or a whole axis against TFLM: pools, MEAN, SOFTMAX."""

from __future__ import annotations

import numpy as np
from exactness.quantized import (
    ACTIVATIONS,
    DTYPES,
    FLOAT,
    SEEDS,
    Draw,
    Type,
    result_types,
    shapes,
    types,
    windows,
)
from exactness.single_operator import Case
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder

#: what the format prescribes for an int8 softmax
SOFTMAX_RESULT = Type(1 / 256, -128)


@st.composite
def pools(draw: Draw, kind: str) -> Case:
    """MAX_POOL_2D or AVERAGE_POOL_2D; the window may be larger than the picture."""
    dtype, seed, window, channels = draw(DTYPES), draw(SEEDS), draw(windows(dilated=False)), draw(st.integers(1, 9))
    builder, x = TfliteBuilder(), draw(types(dtype, 1e-3))
    source = x.input(builder, (1, *window.picture, channels))
    target = x.value(builder, (1, *window.result, channels))
    activation = draw(ACTIVATIONS)
    builder.operator(
        kind,
        [source],
        [target],
        filterHeight=window.kernel[0],
        filterWidth=window.kernel[1],
        fusedActivationFunction=activation,
        **window.options(),
    )
    description = f"{kind} {dtype} {window}, {channels} channels, activation {activation}"
    return Case(builder.finish([target]), seed, description)


@st.composite
def means(draw: Draw) -> Case:
    """MEAN over any axes, negative and repeated ones too, with keep_dims and without; often over large planes."""
    dtype, seed, keep = draw(DTYPES), draw(SEEDS), draw(st.booleans())
    large = st.tuples(st.just(1), st.integers(5, 33), st.integers(5, 33), st.integers(1, 5))
    shape = draw(shapes() | large)
    axes = draw(st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=4))
    reduced = {axis % len(shape) for axis in axes}
    result = tuple(1 if i in reduced else n for i, n in enumerate(shape) if keep or i not in reduced)
    builder, x = TfliteBuilder(), draw(types(dtype))
    y = x if draw(st.booleans()) or x.scale is None else draw(result_types(dtype, x.scale))
    source, target = x.input(builder, shape), y.value(builder, result)
    over = np.array(axes, np.int32) if len(axes) > 1 or draw(st.booleans()) else np.array(axes[0], np.int32)
    builder.operator("MEAN", [source, builder.constant(over)], [target], keepDims=keep)
    return Case(builder.finish([target]), seed, f"MEAN {dtype} {shape} over {axes}, keep_dims {keep}")


@st.composite
def softmaxes(draw: Draw) -> Case:
    """SOFTMAX of up to 500 classes, several rows."""
    dtype, seed = draw(DTYPES), draw(SEEDS)
    shape = (*draw(st.lists(st.integers(1, 3), max_size=2)), draw(st.integers(1, 20) | st.integers(1, 500)))
    beta = draw(st.sampled_from([1.0, 1.0, 0.25, 0.5, 1.7, 3.0]))
    builder, x = TfliteBuilder(), draw(types(dtype, 1e-3))
    source = x.input(builder, shape)
    target = (FLOAT if dtype == "float32" else SOFTMAX_RESULT).value(builder, shape)
    builder.operator("SOFTMAX", [source], [target], beta=beta)
    return Case(builder.finish([target]), seed, f"SOFTMAX {dtype} {shape}, beta {beta}, {x}")


@st.composite
def wide_softmaxes(draw: Draw) -> Case:
    """SOFTMAX of up to 1000 classes, never nearly flat: TFLM stops where the exponentials sum to 512 or more."""
    seed, shape, x = draw(SEEDS), (1, draw(st.integers(500, 1000))), Type(draw(st.floats(0.06, 0.5)), 0)
    builder = TfliteBuilder()
    source, target = x.input(builder, shape), SOFTMAX_RESULT.value(builder, shape)
    builder.operator("SOFTMAX", [source], [target], beta=1.0)
    return Case(builder.finish([target]), seed, f"SOFTMAX {shape}, {x}", flat=False)
