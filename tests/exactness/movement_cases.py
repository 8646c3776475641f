# SPDX-License-Identifier: Apache-2.0
"""Operators of TensorFlow Lite that only move values against TFLM: PAD, CONCATENATION, TRANSPOSE, reshapes."""

from __future__ import annotations

import numpy as np
from exactness.quantized import DTYPES, SEEDS, Draw, shapes, types
from exactness.single_operator import Case
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder


@st.composite
def paddings(draw: Draw) -> Case:
    """PAD and PADV2, the latter with any value."""
    dtype, seed, shape = draw(DTYPES), draw(SEEDS), draw(shapes(size=5))
    kind = draw(st.sampled_from(["PAD", "PADV2"]))
    widths = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=len(shape), max_size=len(shape)))
    result = tuple(before + n + after for n, (before, after) in zip(shape, widths, strict=True))
    builder, x = TfliteBuilder(), draw(types(dtype))
    operands = [x.input(builder, shape), builder.constant(np.array(widths, np.int32))]
    if kind == "PADV2":
        operands.append(x.constant(builder, draw(st.sampled_from([(), (1,)])), np.random.default_rng(seed)))
    target = x.value(builder, result)
    builder.operator(kind, operands, [target])
    return Case(builder.finish([target]), seed, f"{kind} {dtype} {shape} by {widths}")


@st.composite
def concatenations(draw: Draw) -> Case:
    """CONCATENATION of two to five parts along any axis; a part may be a constant."""
    dtype, seed, shape = draw(DTYPES), draw(SEEDS), draw(shapes(size=5))
    axis = draw(st.integers(-len(shape), len(shape) - 1).filter(lambda axis: len(shape) < 4 or axis % 4))
    lengths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    builder, rng, x = TfliteBuilder(), np.random.default_rng(seed), draw(types(dtype))
    constant = draw(st.sampled_from([None, 0, 1]))
    place = axis % len(shape)
    part_shapes = [(*shape[:place], length, *shape[place + 1 :]) for length in lengths]
    parts = [
        x.constant(builder, part, rng) if i == constant else x.input(builder, part)
        for i, part in enumerate(part_shapes)
    ]
    target = x.value(builder, (*shape[:place], sum(lengths), *shape[place + 1 :]))
    builder.operator("CONCATENATION", parts, [target], axis=axis)
    return Case(builder.finish([target]), seed, f"CONCATENATION {dtype} {part_shapes} along {axis}")


@st.composite
def transpositions(draw: Draw) -> Case:
    """TRANSPOSE by any permutation."""
    dtype, seed, shape = draw(DTYPES), draw(SEEDS), draw(shapes())
    permutation = draw(st.permutations(range(len(shape))))
    builder, x = TfliteBuilder(), draw(types(dtype))
    source = x.input(builder, shape)
    target = x.value(builder, tuple(shape[i] for i in permutation))
    builder.operator("TRANSPOSE", [source, builder.constant(np.array(permutation, np.int32))], [target])
    return Case(builder.finish([target]), seed, f"TRANSPOSE {dtype} {shape} by {permutation}")


@st.composite
def reshapes(draw: Draw) -> Case:
    """RESHAPE, EXPAND_DIMS and SQUEEZE alone in a model."""
    dtype, seed, shape = draw(DTYPES), draw(SEEDS), draw(shapes(most=3))
    kind = draw(st.sampled_from(["RESHAPE", "EXPAND_DIMS", "SQUEEZE"]))
    builder, x = TfliteBuilder(), draw(types(dtype))
    if kind == "SQUEEZE":
        source, target = x.input(builder, (1, *shape)), x.value(builder, shape)
        builder.operator(kind, [source], [target], squeezeDims=[0])
    elif kind == "EXPAND_DIMS":
        source, target = x.input(builder, shape), x.value(builder, (*shape, 1))
        builder.operator(kind, [source, builder.constant(np.array(-1, np.int32))], [target])
    else:
        source, target = x.input(builder, shape), x.value(builder, (1, int(np.prod(shape))))
        builder.operator(kind, [source, builder.constant(np.array([1, -1], np.int32))], [target], newShape=[1, -1])
    return Case(builder.finish([target]), seed, f"{kind} {dtype} {shape}")
