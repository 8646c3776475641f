# SPDX-License-Identifier: Apache-2.0
"""Kernels lose the rows and columns that only meet padding, and compute the same."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from exactness.quantized import Type
from exactness.single_operator import Case, check, read_bytes
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder

from tvm_stm32.model.network import Arithmetic, Conv2D, Network, Operator, Padding, Tensor
from tvm_stm32.simplify.trim_kernels import trim_kernels


def convolve(network: Network) -> list[float]:
    """The only convolution of a network of one row of values, one channel."""
    operator = network.operators[0]
    x, weights = network.input_tensors(operator)
    y = network.output_tensors(operator)[0]
    attributes = operator.attributes
    assert isinstance(attributes, Conv2D) and weights.data is not None
    values = np.arange(1, x.shape[2] + 1)
    padded = np.pad(values, (attributes.padding.left, attributes.padding.right))
    span = attributes.dilations[1] * (weights.shape[2] - 1) + 1
    starts = [output * attributes.strides[1] for output in range(y.shape[2])]
    windows = [padded[start : start + span : attributes.dilations[1]] for start in starts]
    assert all(len(window) == weights.shape[2] for window in windows)
    return [float(window @ weights.data.ravel()) for window in windows]


@settings(max_examples=200)
@given(
    size=st.integers(1, 6),
    taps=st.integers(1, 7),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 3),
    left=st.integers(0, 8),
    right=st.integers(0, 8),
)
def test_sums_are_the_same(size: int, taps: int, stride: int, dilation: int, left: int, right: int) -> None:
    span = dilation * (taps - 1) + 1
    outputs = (size + left + right - span) // stride + 1
    if outputs < 1 or left >= span or right >= span:
        return
    weights = np.arange(1, taps + 1, dtype=np.float32).reshape(1, 1, taps, 1)
    network = Network(
        {
            "x": Tensor("x", (1, 1, size, 1), "float32"),
            "w": Tensor("w", weights.shape, "float32", None, weights),
            "y": Tensor("y", (1, 1, outputs, 1), "float32"),
        },
        [
            Operator(
                "conv",
                "",
                Conv2D(strides=(1, stride), dilations=(1, dilation), padding=Padding(0, left, 0, right)),
                ["x", "w"],
                ["y"],
                Arithmetic.FLOAT,
            )
        ],
        ["x"],
        ["y"],
    )
    whole = deepcopy(network)
    trim_kernels(network)
    assert convolve(network) == convolve(whole)


def picture(rows: int, columns: int, kernel: tuple[int, int], depthwise: bool) -> bytes:
    """A layer with SAME padding on a small picture."""
    builder, rng = TfliteBuilder(), np.random.default_rng(3)
    x = Type(0.02, -7).input(builder, (1, rows, columns, 4))
    weights = rng.integers(-90, 90, (1 if depthwise else 5, *kernel, 4), np.int8)
    channels = 4 if depthwise else 5
    y = Type(0.4, 3).value(builder, (1, rows, columns, channels))
    operands = [
        x,
        builder.constant(weights, [0.01] * channels, axis=3 if depthwise else 0),
        builder.constant(rng.integers(-900, 900, channels, np.int32), [0.0002] * channels),
    ]
    options = {"padding": 0, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    if depthwise:
        builder.operator("DEPTHWISE_CONV_2D", operands, [y], depthMultiplier=1, **options)
    else:
        builder.operator("CONV_2D", operands, [y], **options)
    return builder.finish([y])


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize(
    ("plane", "kernel", "left"),
    [((1, 1), (7, 7), (1, 1)), ((1, 6), (3, 3), (1, 3)), ((6, 2), (5, 5), (5, 3)), ((4, 4), (3, 3), (3, 3))],
)
def test_of_layers(plane: tuple[int, int], kernel: tuple[int, int], left: tuple[int, int], depthwise: bool) -> None:
    model = picture(*plane, kernel, depthwise)
    network = read_bytes(model)
    trim_kernels(network)
    assert network.tensors[network.operators[0].inputs[1]].shape[1:3] == left
    check(Case(model, 1))


def test_layers_that_share_weights_keep_their_own() -> None:
    network = read_bytes(picture(1, 6, (3, 3), depthwise=False))
    first = network.operators[0]
    x = network.tensors[first.inputs[0]]
    y = network.output_tensors(first)[0]
    network.tensors |= {
        "tall": Tensor("tall", (1, 6, 6, 4), "int8", x.quantization),
        "out": Tensor("out", (1, 6, 6, 5), "int8", y.quantization),
    }
    network.operators.append(
        Operator("second", "", first.attributes, ["tall", *first.inputs[1:]], ["out"], first.arithmetic)
    )
    trim_kernels(network)
    shapes = [network.tensors[operator.inputs[1]].shape for operator in network.operators]
    assert shapes == [(5, 1, 3, 4), (5, 3, 3, 4)]
