# SPDX-License-Identifier: Apache-2.0
"""QDQ graphs become integer operators; what cannot stays float and says why."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exactness.onnx_builder import OnnxBuilder, QuantizedType

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Clamp,
    Concat,
    Conv2D,
    Dequantize,
    Mul,
    Network,
    Pad,
    Pool2D,
    Quantize,
    Reshape,
)
from tvm_stm32.model.onnx import read_onnx
from tvm_stm32.quantize.fold import fold

X, Y = QuantizedType(0.02, 3), QuantizedType(0.05, -7)


@pytest.fixture
def builder() -> OnnxBuilder:
    return OnnxBuilder()


def folded(builder: OnnxBuilder, folder: Path, *outputs: str) -> Network:
    path = folder / "model.onnx"
    path.write_bytes(builder.finish(*outputs))
    return fold(read_onnx(path))


def kinds(network: Network) -> list[type]:
    return [type(operator.attributes) for operator in network.operators]


def weights(builder: OnnxBuilder, zero_point: int = 0, low: int = -127, high: int = 127) -> str:
    values = np.random.default_rng(0).integers(low, high, (2, 3, 1, 1), np.int8)
    return builder.quantized_constant(values, np.float32(0.01), zero_point)


def test_a_convolution_takes_relu_and_quantization(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 3, 4, 4), X)
    y = builder.node("Relu", builder.node("Conv", x, weights(builder), name="conv"))
    network = folded(builder, tmp_path, builder.quantize(y, Y))
    (operator,) = network.operators
    assert operator.name == "conv"
    assert operator.arithmetic is Arithmetic.ONNX
    assert operator.outputs == network.outputs
    assert isinstance(operator.attributes, Conv2D)
    assert operator.attributes.activation == Activation(0.0, None)


def test_clamps_in_a_row_are_one(builder: OnnxBuilder, tmp_path: Path) -> None:
    y = builder.node(
        "Relu", builder.node("Add", builder.quantized_input((1, 4), X), builder.quantized_input((1, 4), Y))
    )
    y = builder.node("Clip", y, builder.constant(np.float32(-1)), builder.constant(np.float32(0.5)))
    (operator,) = folded(builder, tmp_path, builder.quantize(y, Y)).operators
    assert operator.attributes == Add(Activation(0.0, 0.5))


@pytest.mark.parametrize("bias", [[0.3, -0.1], [1.0, 0.0]])
def test_float_biases_are_exact(builder: OnnxBuilder, tmp_path: Path, bias: list[float]) -> None:
    x = builder.quantized_input((1, 3, 4, 4), X)
    y = builder.node("Conv", x, weights(builder), builder.constant(bias, "float32"))
    network = folded(builder, tmp_path, builder.quantize(y, Y))
    tensor = network.tensors[network.operators[0].inputs[2]]
    assert tensor.dtype == "int32"
    assert tensor.quantization is not None
    assert tensor.data is not None
    for real, value, scale in zip(np.float32(bias), tensor.data, tensor.quantization.scales, strict=True):
        assert abs(Fraction(scale) * int(value) - Fraction(float(real))) <= Fraction(abs(float(real))) / 2**50


def test_weights_with_a_zero_point_are_centred_where_they_fit(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 3, 4, 4), X)
    y = builder.quantize(builder.node("Conv", x, weights(builder, 10, -90, 90)), Y)
    network = folded(builder, tmp_path, y)
    assert kinds(network) == [Conv2D]
    stored = network.tensors[network.operators[0].inputs[1]]
    assert stored.quantization is not None
    assert stored.quantization.zero_points == (0,)


def test_asymmetric_weights_stay_float_with_a_note(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 3, 4, 4), X)
    y = builder.quantize(builder.node("Conv", x, weights(builder, 100), name="conv"), Y)
    network = folded(builder, tmp_path, y)
    assert kinds(network) == [Dequantize, Conv2D, Quantize]
    assert network.operators[1].arithmetic is Arithmetic.FLOAT
    assert any("layer 'conv' is computed in float32" in note for note in network.notes)
    stored = network.tensors[network.operators[1].inputs[1]]
    assert stored.dtype == "float32"
    assert stored.data is not None


def test_weights_without_quantized_activations_become_float_constants(builder: OnnxBuilder, tmp_path: Path) -> None:
    y = builder.node("Conv", builder.input((1, 3, 4, 4)), weights(builder))
    network = folded(builder, tmp_path, y)
    assert kinds(network) == [Conv2D]
    assert network.tensors[network.operators[0].inputs[1]].dtype == "float32"


def test_movements_need_no_quantization_of_their_own(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.node("MaxPool", builder.quantized_input((1, 3, 4, 4), X), kernel_shape=[2, 2])
    y = builder.node("Conv", x, weights(builder))
    network = folded(builder, tmp_path, builder.quantize(y, Y))
    assert kinds(network) == [Pool2D, Conv2D]
    assert all(network.tensors[operator.outputs[0]].dtype == "int8" for operator in network.operators)


def test_equal_quantizations_cost_nothing_and_others_a_table(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 4), X)
    assert kinds(folded(builder, tmp_path, builder.quantize(x, X))) == [Reshape]
    builder = OnnxBuilder()
    x = builder.quantized_input((1, 4), X)
    assert kinds(folded(builder, tmp_path, builder.quantize(x, Y))) == [Quantize]


def test_concat_requantizes_the_inputs_that_differ(builder: OnnxBuilder, tmp_path: Path) -> None:
    inputs = [builder.quantized_input((1, 4), kind) for kind in (X, Y, X)]
    network = folded(builder, tmp_path, builder.quantize(builder.node("Concat", *inputs, axis=1), X))
    assert kinds(network) == [Quantize, Concat]


def test_pad_writes_what_the_value_is_quantized_to(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 4), X)
    y = builder.node("Pad", x, builder.constant([0, 1, 0, 1], "int64"), builder.constant(np.float32(0.033)))
    (operator,) = folded(builder, tmp_path, builder.quantize(y, X)).operators
    assert isinstance(operator.attributes, Pad)
    assert operator.attributes.value == pytest.approx(0.04)


def test_a_float_scalar_is_an_integer_with_its_scale(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 4), X)
    y = builder.node("Mul", x, builder.constant(np.float32(-0.3)))
    network = folded(builder, tmp_path, builder.quantize(y, Y))
    assert kinds(network) == [Mul]
    scalar = network.tensors[network.operators[0].inputs[1]]
    assert scalar.data is not None
    assert scalar.data.reshape(-1).tolist() == [-1]
    assert scalar.quantization is not None
    assert scalar.quantization.scale == float(np.float32(0.3))


def test_results_that_are_used_as_float_stay_float(builder: OnnxBuilder, tmp_path: Path) -> None:
    x = builder.quantized_input((1, 4), X)
    y = builder.node("Add", x, x)
    network = folded(builder, tmp_path, builder.quantize(y, Y), y)
    assert kinds(network) == [Dequantize, Add, Quantize]


def test_a_clamp_between_quantizations_is_one_operator(builder: OnnxBuilder, tmp_path: Path) -> None:
    y = builder.node("Relu", builder.quantized_input((1, 4), X))
    assert kinds(folded(builder, tmp_path, builder.quantize(y, Y))) == [Clamp]


def test_float_networks_are_left_alone(builder: OnnxBuilder, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(builder.finish(builder.node("Relu", builder.input((1, 4)))))
    network = read_onnx(path)
    assert fold(network) is network
