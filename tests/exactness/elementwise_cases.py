# SPDX-License-Identifier: Apache-2.0
"""Element by element operators of TensorFlow Lite against TFLM: ADD, MUL, RELU and its kin, (de)quantization."""

from __future__ import annotations

import numpy as np
from exactness.oracle import LiteRtOracle
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
    zero_points,
)
from exactness.single_operator import Case
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder


@st.composite
def broadcast_pairs(draw: Draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast: equal ones, ones in any place, fewer dimensions, scalars."""
    shape = draw(shapes())
    a = tuple(draw(st.sampled_from([n, n, 1])) for n in shape)
    b = tuple(draw(st.sampled_from([n, n, 1])) for n in shape)
    kept = draw(st.integers(0, len(shape)))
    pair = (shape, shape) if draw(st.booleans()) else (a, b[len(shape) - kept :])
    return pair if draw(st.booleans()) else pair[::-1]


@st.composite
def binary_operators(draw: Draw, kind: str) -> Case:
    """ADD, SUB or MUL with broadcasting; one operand may be a constant."""
    dtype, seed, shape = draw(DTYPES), draw(SEEDS), draw(broadcast_pairs())
    constant = shape.index(()) if () in shape else draw(st.sampled_from([None, None, 0, 1]))  # a scalar is a constant
    builder, rng = TfliteBuilder(), np.random.default_rng(seed)
    a, b = draw(types(dtype)), draw(types(dtype))
    operands = [
        x.constant(builder, shape[i], rng) if i == constant else x.input(builder, shape[i])
        for i, x in enumerate((a, b))
    ]
    if a.scale is None or b.scale is None:
        scale = 1.0
    else:
        scale = max(a.scale, b.scale) if kind != "MUL" else a.scale * b.scale * 60
    result = np.broadcast_shapes(*shape)
    target = draw(result_types(dtype, scale)).value(builder, result)
    activation = draw(ACTIVATIONS)
    builder.operator(kind, operands, [target], fusedActivationFunction=activation)
    return Case(builder.finish([target]), seed, f"{kind} {dtype} {shape}, activation {activation}, constant {constant}")


@st.composite
def unary_operators(draw: Draw, kind: str, source: st.SearchStrategy[Type], target: st.SearchStrategy[Type]) -> Case:
    """An operator from one type to another."""
    seed, shape, x, y = draw(SEEDS), draw(shapes()), draw(source), draw(target)
    builder = TfliteBuilder()
    operand, result = x.input(builder, shape), y.value(builder, shape)
    builder.operator(kind, [operand], [result])
    return Case(builder.finish([result]), seed, f"{kind} {shape}, {x} to {y}")


@st.composite
def extrema(draw: Draw, kind: str) -> Case:
    """MAXIMUM or MINIMUM with broadcasting, of one quantization."""
    seed, shape, x = draw(SEEDS), draw(broadcast_pairs()), draw(types(draw(DTYPES)))
    builder, rng = TfliteBuilder(), np.random.default_rng(seed)
    operands = [x.input(builder, one) if one else x.constant(builder, one, rng) for one in shape]
    target = x.value(builder, np.broadcast_shapes(*shape))
    builder.operator(kind, operands, [target])
    return Case(builder.finish([target]), seed, f"{kind} {shape}, {x}")


@st.composite
def nonlinear_operators(draw: Draw, kind: str, result: Type | None = None) -> Case:
    """LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU over every int8 value; `result` is the type that the format prescribes."""
    dtype, seed = draw(DTYPES), draw(SEEDS)
    x = draw(types(dtype, 1e-3))
    y = FLOAT if x.scale is None else result or draw(result_types(dtype, x.scale, 0.3, 3.0))
    options = {"alpha": draw(st.floats(0.0, 1.0, width=32))} if kind == "LEAKY_RELU" else {}
    builder = TfliteBuilder()
    operand, target = x.input(builder, (1, 700)), y.value(builder, (1, 700))
    builder.operator(kind, [operand], [target], **options)
    return Case(builder.finish([target]), seed, f"{kind} {x} to {y} {options}")


@st.composite
def doubled_scales(draw: Draw, kind: str) -> Case:
    """RELU_N1_TO_1 and RELU_0_TO_1, which only LiteRT has; it rounds the scales' quotient, here a power of two."""
    seed, shape, x = draw(SEEDS), draw(shapes()), draw(types(draw(DTYPES), 1e-3))
    ratio = 2.0 ** draw(st.integers(-3, 3))
    y = FLOAT if x.scale is None else Type(x.scale * ratio, draw(zero_points()))
    builder = TfliteBuilder()
    operand, result = x.input(builder, shape), y.value(builder, shape)
    builder.operator(kind, [operand], [result])
    return Case(builder.finish([result]), seed, f"{kind} {shape}, {x} to {y}", LiteRtOracle)


@st.composite
def pairs(draw: Draw, kind: str) -> Case:
    """RELU and RELU6 between equal quantizations and others."""
    dtype = draw(DTYPES)
    x = draw(types(dtype, 1e-3))
    y = x if draw(st.booleans()) or x.scale is None else draw(result_types(dtype, x.scale))
    return draw(unary_operators(kind, st.just(x), st.just(y)))


@st.composite
def requantizations(draw: Draw) -> Case:
    """QUANTIZE from int8 to int8, to finer and coarser scales."""
    x = draw(types("int8"))
    assert x.scale is not None
    return draw(unary_operators("QUANTIZE", st.just(x), result_types("int8", x.scale, 0.01, 100.0)))
