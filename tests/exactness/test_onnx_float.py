# SPDX-License-Identifier: Apache-2.0
"""float32 operators of ONNX against onnxruntime, over generated shapes and the forms of several opsets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from exactness.onnx_builder import OnnxBuilder
from exactness.onnx_check import Case, Tally, compare
from exactness.onnx_strategies import SEEDS, Draw, windows
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.campaign import examples


def finish(builder: OnnxBuilder, output: str, seed: int, description: str) -> Case:
    """The model with one output."""
    return Case(builder.finish(output), seed, f"opset {builder.opset}: {description}")


@st.composite
def convolutions(draw: Draw) -> Case:
    """Conv, grouped, depthwise and over time; BatchNormalization, Relu or Clip behind it."""
    builder, seed, window = (
        OnnxBuilder(draw(st.sampled_from([7, 11, 17, 22]))),
        draw(SEEDS),
        draw(windows(dilated=True)),
    )
    rng = np.random.default_rng(seed)
    groups, depth, filters = draw(st.sampled_from([1, 1, 2, 5])), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    depth = 1 if groups == 5 else depth
    x = builder.input((1, groups * depth, *window.picture))
    names = [builder.constant(rng.normal(size=(groups * filters, depth, *window.kernel)), "float32")]
    names += [builder.constant(rng.normal(size=groups * filters), "float32")] if draw(st.booleans()) else []
    result = builder.node("Conv", x, *names, group=groups, **window.attributes)
    behind = draw(st.sampled_from(["", "BatchNormalization", "Relu", "Clip"]))
    if behind == "BatchNormalization":
        statistics = [rng.normal(size=groups * filters) for _ in range(3)] + [rng.uniform(0.1, 2, groups * filters)]
        result = builder.node(behind, result, *(builder.constant(s, "float32") for s in statistics), epsilon=1e-3)
    elif behind == "Clip" and builder.opset >= 11:
        result = builder.node(behind, result, builder.constant(np.float32(-1)), builder.constant(np.float32(2)))
    elif behind:
        result = builder.node(behind, result, **({"min": 0.0, "max": 6.0} if behind == "Clip" else {}))
    return finish(builder, result, seed, f"Conv {window}, {groups} groups, {behind}")


@st.composite
def dense_layers(draw: Draw) -> Case:
    """Gemm with alpha, beta and both orientations, of a flattened picture or not; MatMul and Add."""
    builder, seed = OnnxBuilder(draw(st.sampled_from([7, 13, 21]))), draw(SEEDS)
    rng = np.random.default_rng(seed)
    depth, filters, form = draw(st.integers(1, 30)), draw(st.integers(1, 20)), draw(st.sampled_from("GTMFN"))
    if form == "F":
        picture = builder.input((1, depth, 3, 5))
        x = builder.node("Flatten", builder.node("AveragePool", picture, kernel_shape=[2, 2]))
        depth *= 8
    elif form == "N":
        x = builder.node("Relu", builder.node("Flatten", builder.input((1, 2, 3, depth))))
        depth *= 6
    else:
        x = builder.input((1, draw(st.integers(1, 4)), depth) if form == "M" else (1, depth))
    transposed = form in "TF"
    weights = builder.constant(rng.normal(size=(filters, depth) if transposed else (depth, filters)), "float32")
    bias = builder.constant(rng.normal(size=draw(st.sampled_from([(filters,), (1, filters), (1,)]))), "float32")
    if form == "M":
        result = builder.node("Add", *draw(st.permutations([builder.node("MatMul", x, weights), bias])))
    else:
        result = builder.node("Gemm", x, weights, bias, transB=int(transposed), alpha=draw(st.sampled_from([1.0, 0.5])),
                              beta=draw(st.sampled_from([1.0, 2.0])))  # fmt: skip
    return finish(builder, result, seed, f"dense layer {form}, {depth} to {filters}")


@st.composite
def element_by_element(draw: Draw) -> Case:
    """Add, Sub, Mul and Div with broadcasting, behind a pool or not, so that layouts meet."""
    builder, seed, kind = OnnxBuilder(), draw(SEEDS), draw(st.sampled_from(["Add", "Sub", "Mul", "Div"]))
    shape = draw(st.sampled_from([(1, 6), (1, 4, 5), (1, 3, 4, 5)]))
    a = builder.input(shape)
    a = builder.node("MaxPool", a, kernel_shape=[1] * (len(shape) - 2)) if len(shape) > 2 and draw(st.booleans()) else a
    other = tuple(draw(st.sampled_from([1, n])) for n in shape[draw(st.integers(0, len(shape) - 1)) :])
    if kind == "Div" or draw(st.booleans()):
        b = builder.constant(np.random.default_rng(seed).uniform(0.5, 2, other), "float32")
    else:
        b = builder.input((1,) * (len(shape) - len(other)) + other)
    operands = (b, a) if kind in ("Add", "Mul") and draw(st.booleans()) else (a, b)
    return finish(builder, builder.node(kind, *operands), seed, f"{kind} of {shape} and {other}")


@st.composite
def functions(draw: Draw) -> Case:
    """Sigmoid, Tanh, HardSigmoid, HardSwish, LeakyRelu and PRelu, of numbers around 0 and of large ones."""
    builder, seed = OnnxBuilder(), draw(SEEDS)
    kind = draw(st.sampled_from(["Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu"]))
    factor = builder.constant(np.float32(draw(st.sampled_from([0.01, 1.0, 30.0]))), "float32")
    scaled = builder.node("Mul", builder.input((1, 301)), factor)
    slope = [builder.constant(np.float32([-0.3]))] if kind == "PRelu" else []
    return finish(builder, builder.node(kind, scaled, *slope), seed, kind)


@st.composite
def pools(draw: Draw) -> Case:
    """MaxPool and AveragePool with every padding, and their global forms, of which ReduceMax is one."""
    builder, seed, window = OnnxBuilder(draw(st.sampled_from([11, 19]))), draw(SEEDS), draw(windows())
    kinds = ["MaxPool", "AveragePool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "ReduceMax"]
    kind = draw(st.sampled_from(kinds))
    attributes = {"kernel_shape": window.kernel, **window.attributes} if not kind.startswith("Global") else {}
    if kind == "ReduceMax":
        spatial = range(2, 2 + len(window.picture))
        attributes = {"axes": list(spatial), "keepdims": draw(st.integers(0, 1))}
        builder = OnnxBuilder(11)
    if kind == "AveragePool":
        attributes["count_include_pad"] = draw(st.integers(0, 1))
    x = builder.input((1, draw(st.integers(1, 5)), *window.picture))
    return finish(builder, builder.node(kind, x, **attributes), seed, f"{kind} {attributes} of {window.picture}")


@st.composite
def reductions(draw: Draw) -> Case:
    """ReduceMean and Softmax, their axes as attribute and as input, positive and negative."""
    builder, seed = OnnxBuilder(draw(st.sampled_from([11, 13, 18]))), draw(SEEDS)
    shape = (1, *(draw(st.integers(1, 6)) for _ in range(draw(st.integers(1, 3)))))
    x = builder.input(shape)
    axis = draw(st.integers(-len(shape) + 1, len(shape) - 1).filter(lambda a: a != 0))
    if draw(st.booleans()):
        x = builder.node("MaxPool", x, kernel_shape=[1] * (len(shape) - 2)) if len(shape) > 2 else x
        return finish(builder, builder.node("Softmax", x, axis=axis), seed, f"Softmax of {shape} over {axis}")
    axes = sorted({axis, len(shape) - 1}) if draw(st.booleans()) and axis != -1 else [axis]
    keep = draw(st.integers(0, 1))
    if builder.opset < 18:
        result = builder.node("ReduceMean", x, axes=axes, keepdims=keep)
    else:
        result = builder.node("ReduceMean", x, builder.constant(axes, "int64"), keepdims=keep)
    return finish(builder, result, seed, f"ReduceMean of {shape} over {axes}, keepdims {keep}")


@st.composite
def movements(draw: Draw) -> Case:
    """Chains of Transpose, Reshape, Pad, Concat, Squeeze and Unsqueeze between pools: every layout is met."""
    builder, seed = OnnxBuilder(13), draw(SEEDS)
    x, shape = builder.input((1, 3, 4, 6)), [1, 3, 4, 6]
    steps = draw(st.lists(st.sampled_from("TRPCUM"), min_size=1, max_size=5))
    for step in steps:
        if step == "T":
            order = [0, *draw(st.permutations(range(1, len(shape))))]
            x, shape = builder.node("Transpose", x, perm=order), [shape[axis] for axis in order]
        elif step == "R":
            shape = draw(st.sampled_from([[1, 72], [1, 8, 9], [1, 4, 3, 6], [1, 2, 3, 12]]))
            x = builder.node("Reshape", x, builder.constant([*shape[:-1], -1], "int64"))
        elif step == "P":
            x = builder.node("Pad", x, builder.constant([0] * len(shape) + [0] * len(shape), "int64"))
        elif step == "U":
            x = builder.node("Unsqueeze", x, builder.constant([1], "int64"))
            x = builder.node("Squeeze", x, builder.constant([1], "int64"))
        elif step == "M" and len(shape) == 4:
            x = builder.node("MaxPool", x, kernel_shape=[1, 1])
        elif step == "C":
            x = builder.node("Relu", x)
    result = builder.node("Concat", x, builder.node("Relu", x), axis=draw(st.integers(-len(shape) + 1, -1)))
    return finish(builder, result, seed, f"{steps} to {shape}")


@pytest.mark.parametrize(
    ("strategy", "number"),
    [
        (convolutions, 15),
        (dense_layers, 12),
        (element_by_element, 15),
        (functions, 8),
        (pools, 12),
        (reductions, 12),
        (movements, 12),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_float_operators_are_close(strategy: Callable[[], st.SearchStrategy[Case]], number: int) -> None:
    tally = Tally()

    @settings(max_examples=examples(number))
    @given(strategy())
    def generated(case: Case) -> None:
        compare(case, tally, runs=2)

    generated()
    assert tally.values == 0, "a float32 model had integer outputs"
