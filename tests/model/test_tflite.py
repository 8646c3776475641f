# SPDX-License-Identifier: Apache-2.0
"""What is read from a TensorFlow Lite file: names, order, attributes, quantization, constants."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflite_builder import TfliteBuilder

from tvm_stm32.model.network import (
    Activation,
    Arithmetic,
    Clamp,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Network,
    Pad,
    Padding,
    Pool2D,
    Quantization,
    Reshape,
    Softmax,
    Transpose,
)
from tvm_stm32.model.tflite import read_tflite


def read(builder: TfliteBuilder, outputs: list[int], folder: Path) -> Network:
    """The network of a model under construction."""
    path = folder / "model.tflite"
    path.write_bytes(builder.finish(outputs))
    return read_tflite(path)


def convolution(
    picture: tuple[int, int], kernel: tuple[int, int], result: tuple[int, int], **options: int
) -> TfliteBuilder:
    """A float32 convolution of two channels into three; its output is the last tensor."""
    builder = TfliteBuilder()
    x = builder.input((1, *picture, 2), "float32")
    weights = builder.constant(np.zeros((3, *kernel, 2), np.float32))
    y = builder.value((1, *result, 3), "float32")
    settings = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1} | options
    builder.operator("CONV_2D", [x, weights, -1], [y], **settings)
    return builder


def last(builder: TfliteBuilder) -> list[int]:
    """The tensor that was added last, as the only output."""
    return [len(builder.graph.tensors) - 1]


@pytest.mark.parametrize(
    ("picture", "kernel", "options", "result", "padding"),
    [
        ((5, 5), (3, 3), {"padding": 0}, (5, 5), Padding(1, 1, 1, 1)),
        ((6, 6), (3, 3), {"padding": 0, "strideH": 2, "strideW": 2}, (3, 3), Padding(0, 0, 1, 1)),
        ((5, 6), (2, 4), {"padding": 0}, (5, 6), Padding(0, 1, 1, 2)),
        ((7, 7), (3, 2), {"padding": 0, "dilationHFactor": 2, "dilationWFactor": 3}, (7, 7), Padding(2, 1, 2, 2)),
        ((7, 7), (1, 1), {"padding": 0, "strideH": 3, "strideW": 3}, (3, 3), Padding()),
        ((7, 8), (3, 3), {"padding": 1, "strideH": 2, "strideW": 2}, (3, 3), Padding()),
        ((49, 10), (10, 4), {"padding": 0, "strideH": 2, "strideW": 2}, (25, 5), Padding(4, 1, 5, 1)),
    ],
)
def test_padding_is_explicit(
    picture: tuple[int, int],
    kernel: tuple[int, int],
    options: dict[str, int],
    result: tuple[int, int],
    padding: Padding,
    tmp_path: Path,
) -> None:
    builder = convolution(picture, kernel, result, **options)
    (operator,) = read(builder, last(builder), tmp_path).operators
    assert isinstance(operator.attributes, Conv2D)
    assert operator.attributes.padding == padding


def test_convolution_keeps_everything_of_the_file(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x = builder.tensor((1, 4, 4, 4), "int8", [0.1], [5], name="camera")
    builder.graph.inputs.append(x)
    values = np.arange(-24, 24, dtype=np.int8).reshape(6, 2, 2, 2)
    own = [0.01 * (i + 1) for i in range(6)]
    weights = builder.constant(values, own)
    bias = builder.constant(np.arange(6, dtype=np.int32), [np.float32(0.1) * np.float32(s) for s in own])
    y = builder.tensor((1, 2, 3, 6), "int8", [0.5], [-7], name="stem/conv")
    settings = {"padding": 1, "strideH": 2, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    builder.operator("CONV_2D", [x, weights, bias], [y], fusedActivationFunction=3, **settings)
    network = read(builder, [y], tmp_path)
    (operator,) = network.operators
    assert (operator.name, operator.source, operator.arithmetic) == ("stem/conv", "CONV_2D", Arithmetic.TFLITE)
    assert operator.attributes == Conv2D((2, 1), (1, 1), Padding(), groups=2, activation=Activation(0.0, 6.0))
    assert (network.inputs, network.outputs) == (["camera"], ["stem/conv"])
    assert network.tensors["camera"].quantization == Quantization((float(np.float32(0.1)),), (5,))
    read_weights = network.tensors[operator.inputs[1]]
    np.testing.assert_array_equal(read_weights.data, values)
    assert read_weights.quantization == Quantization(tuple(float(np.float32(s)) for s in own), (0,) * 6, axis=0)
    np.testing.assert_array_equal(network.tensors[operator.inputs[2]].data, np.arange(6, dtype=np.int32))
    assert network.notes == []


def test_depthwise_multiplier(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x = builder.input((1, 5, 5, 3), "float32")
    weights = builder.constant(np.zeros((1, 3, 3, 6), np.float32))
    y = builder.value((1, 3, 3, 6), "float32")
    settings = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1, "depthMultiplier": 2}
    builder.operator("DEPTHWISE_CONV_2D", [x, weights], [y], padding=1, fusedActivationFunction=1, **settings)
    (operator,) = read(builder, [y], tmp_path).operators
    assert operator.attributes == DepthwiseConv2D(multiplier=2, activation=Activation(0.0, None))
    assert operator.arithmetic is Arithmetic.FLOAT
    assert len(operator.inputs) == 2


@pytest.mark.parametrize(
    ("shape", "keep", "result"),
    [
        ((1, 2, 2, 4), False, (1, 16)),
        ((2, 3, 16), False, (6, 16)),
        ((2, 3, 16), True, (2, 3, 16)),
        ((16,), False, (1, 16)),
    ],
)
def test_fully_connected_of_any_rank(
    shape: tuple[int, ...], keep: bool, result: tuple[int, ...], tmp_path: Path
) -> None:
    builder = TfliteBuilder()
    x, y = builder.input(shape, "float32"), builder.value(result, "float32")
    weights = builder.constant(np.zeros((16, 16), np.float32))
    builder.operator("FULLY_CONNECTED", [x, weights, -1], [y], keepNumDims=keep)
    (operator,) = read(builder, [y], tmp_path).operators
    assert operator.attributes == FullyConnected()
    assert len(operator.inputs) == 2


def test_pools(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x = builder.input((1, 5, 5, 2), "int8", 0.1, 3)
    y, z = builder.value((1, 3, 3, 2), "int8", 0.1, 3), builder.value((1, 1, 1, 2), "int8", 0.1, 3)
    builder.operator("MAX_POOL_2D", [x], [y], padding=0, filterHeight=3, filterWidth=2, strideH=2, strideW=2)
    settings = {"filterHeight": 3, "filterWidth": 3, "strideH": 3, "strideW": 3}
    builder.operator("AVERAGE_POOL_2D", [y], [z], padding=1, fusedActivationFunction=2, **settings)
    first, second = read(builder, [z], tmp_path).operators
    assert first.attributes == Pool2D("max", (3, 2), (2, 2), Padding(1, 0, 1, 1))
    assert second.attributes == Pool2D("average", (3, 3), (3, 3), Padding(), activation=Activation(-1.0, 1.0))


def test_constants_become_attributes(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x = builder.input((1, 2, 3, 4), "int8", 0.5, 10)
    swapped, padded, mean, flat, scores = (
        builder.value(shape, "int8", scale, zero_point)
        for shape, scale, zero_point in (
            ((1, 3, 2, 4), 0.5, 10),
            ((1, 4, 4, 4), 0.5, 10),
            ((1, 4), 0.25, 0),
            ((4,), 0.25, 0),
            ((4,), 1 / 256, -128),
        )
    )
    builder.operator("TRANSPOSE", [x, builder.constant(np.array([0, 2, 1, 3], np.int32))], [swapped])
    widths = builder.constant(np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int64))
    builder.operator("PADV2", [swapped, widths, builder.constant(np.array(-2, np.int8), [0.5], [10])], [padded])
    builder.operator("MEAN", [padded, builder.constant(np.array([2, -3, 1], np.int32))], [mean])
    builder.operator("SQUEEZE", [mean], [flat], squeezeDims=[0])
    builder.operator("SOFTMAX", [flat], [scores], beta=0.5)
    network = read(builder, [scores], tmp_path)
    assert [op.attributes for op in network.operators] == [
        Transpose((0, 2, 1, 3)),
        Pad(((0, 0), (1, 0), (0, 2), (0, 0)), value=-6.0),
        Mean((1, 2), keep_dims=False),
        Reshape(),
        Softmax(0.5),
    ]
    assert all(len(op.inputs) == 1 for op in network.operators)
    assert len(network.tensors) == 6


@pytest.mark.parametrize(
    ("kind", "activation"),
    [
        ("RELU", Activation(0.0, None)),
        ("RELU6", Activation(0.0, 6.0)),
        ("RELU_N1_TO_1", Activation(-1.0, 1.0)),
        ("RELU_0_TO_1", Activation(0.0, 1.0)),
    ],
)
def test_clamps(kind: str, activation: Activation, tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x, y = builder.input((1, 3), "float32"), builder.value((1, 3), "float32")
    builder.operator(kind, [x], [y])
    (operator,) = read(builder, [y], tmp_path).operators
    assert operator.attributes == Clamp(activation)


def test_relu6_between_quantizations_is_told(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x, y = builder.input((1, 3), "int8", 0.1, 0), builder.value((1, 3), "int8", 0.05, -128)
    builder.operator("RELU6", [x], [y])
    (note,) = read(builder, [y], tmp_path).notes
    assert "without rescaling" in note


def test_dynamic_batch_is_bound_to_one(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x, y = builder.input((-1, 3), "float32"), builder.value((-1, 3), "float32")
    builder.graph.tensors[y].shapeSignature = [-1, 3]
    builder.operator("RELU", [x], [y])
    network = read(builder, [y], tmp_path)
    assert network.tensors["t0"].shape == network.tensors["t1"].shape == (1, 3)
    assert network.notes == ["input 't0': dynamic batch bound to 1"]


def test_names_are_unique(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x, y, z = (builder.tensor((1, 3), "float32", name=name) for name in ("x", "same", "same"))
    builder.graph.inputs.append(x)
    builder.graph.tensors[x].name = None
    builder.operator("RELU", [x], [y])
    builder.operator("RELU6", [y], [z])
    network = read(builder, [z], tmp_path)
    assert [op.name for op in network.operators] == ["same", "same_2"]
    assert network.inputs == ["tensor_0"]


def test_operators_without_effect_are_left_out(tmp_path: Path) -> None:
    """Flatten of a model with an open batch computes its shape; only the reshape itself matters."""
    builder = TfliteBuilder()
    x, y, unused = (builder.value(shape, "float32") for shape in ((1, 2, 3), (1, 6), (1, 2, 3)))
    builder.graph.inputs.append(x)
    shape, start = builder.value((3,), "int32"), builder.constant(np.array([0], np.int32))
    target = builder.value((2,), "int32")
    builder.operator("SHAPE", [x], [shape])
    builder.operator("STRIDED_SLICE", [shape, start, start, start], [target])
    builder.operator("RESHAPE", [x, target], [y])
    builder.operator("SIN", [x], [unused])
    network = read(builder, [y], tmp_path)
    assert [op.source for op in network.operators] == ["RESHAPE"]
    assert list(network.tensors) == ["t0", "t1"]


def test_float16_constants_are_widened(tmp_path: Path) -> None:
    builder = TfliteBuilder()
    x, y = builder.input((1, 3), "float32"), builder.value((1, 2), "float32")
    halves = np.array([[0.5, 1.25, -2.0], [3.0, 0.1, 7.0]], np.float16)
    weights = builder.value((2, 3), "float32")
    builder.operator("DEQUANTIZE", [builder.constant(halves)], [weights])
    builder.operator("FULLY_CONNECTED", [x, weights, -1], [y])
    network = read(builder, [y], tmp_path)
    (operator,) = network.operators
    widened = network.tensors[operator.inputs[1]]
    assert widened.dtype == "float32"
    np.testing.assert_array_equal(widened.data, halves.astype(np.float32))
    assert network.notes == ["float16 constants widened to float32"]


def test_real_network(shared: Path) -> None:
    """The keyword spotter: as many operators as in the file, names as in the file."""
    network = read_tflite(shared / "models" / "kws_int8.tflite")
    assert [op.source for op in network.operators] == [
        "CONV_2D",
        *["DEPTHWISE_CONV_2D", "CONV_2D"] * 4,
        "AVERAGE_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    assert (network.inputs, network.outputs) == (["input_1"], ["Identity"])
    assert network.operators[-2].name.endswith("functional_1/dense/BiasAdd")
    assert network.notes == ["input 'input_1': dynamic batch bound to 1"]
