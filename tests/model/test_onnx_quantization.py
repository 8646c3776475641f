# SPDX-License-Identifier: Apache-2.0
"""What is read of quantization from an ONNX file: types, scales per channel, weights quantized in the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from exactness.onnx_builder import OnnxBuilder, QuantizedType
from model.reading import read
from onnx import helper

from tvm_stm32.model.network import Arithmetic, Dequantize, Quantization, Quantize
from tvm_stm32.model.onnx import read_onnx


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_unsigned_activations_become_signed_inside(folder: Path) -> None:
    builder = OnnxBuilder()
    kind = QuantizedType(0.5, 130, "uint8")
    x = builder.quantized_input((1, 4), kind)
    network = read(folder, builder, builder.quantize(builder.node("Relu", x), kind))
    first, *_, last = network.operators
    assert network.tensors[network.inputs[0]].dtype == "uint8"
    assert network.tensors[network.inputs[0]].quantization == Quantization((0.5,), (130,))
    assert network.tensors[first.outputs[0]].quantization == Quantization((0.5,), (2,))
    assert isinstance(first.attributes, Quantize)
    assert network.tensors[last.outputs[0]].dtype == "uint8"
    assert last.arithmetic is Arithmetic.ONNX


def test_weights_per_channel_keep_their_axis_through_every_layout(folder: Path) -> None:
    builder = OnnxBuilder()
    x = builder.quantized_input((1, 4, 5, 5), QuantizedType(0.5, 0))
    values = np.ones((8, 1, 3, 3), np.int8)
    weights = builder.quantized_constant(values, np.arange(1, 9) / 8, axis=0)
    network = read(folder, builder, builder.node("Conv", x, weights, group=4))
    stored = next(t for t in network.tensors.values() if t.data is not None)
    assert stored.shape == (1, 3, 3, 8)
    assert stored.quantization is not None
    assert stored.quantization.axis == 3
    dense = OnnxBuilder()
    x = dense.quantized_input((1, 4), QuantizedType(0.5, 0))
    weights = dense.quantized_constant(np.ones((4, 3), np.int8), np.arange(1, 4) / 8, axis=-1)
    network = read(folder, dense, dense.node("Gemm", x, weights))
    stored = next(t for t in network.tensors.values() if t.data is not None)
    assert stored.shape == (3, 4)
    assert stored.quantization is not None
    assert stored.quantization.axis == 0


def test_what_dequantizes_need_not_be_what_quantized(folder: Path) -> None:
    builder = OnnxBuilder()
    quantized = builder.quantize(builder.input((1, 4)), QuantizedType(0.5, 0))
    network = read(folder, builder, builder.dequantize(quantized, QuantizedType(0.25, 3)))
    last = network.operators[-1]
    assert isinstance(last.attributes, Dequantize)
    assert network.input_tensors(last)[0].quantization == Quantization((0.25,), (3,))


def test_weights_quantized_in_the_graph_are_folded(folder: Path) -> None:
    """As quantization-aware training exports them: float weights, quantized and dequantized."""
    builder = OnnxBuilder()
    x = builder.quantized_input((1, 2), QuantizedType(0.5, 0))
    kind = QuantizedType(0.25, 0)
    weights = builder.dequantize(builder.quantize(builder.constant([[0.6, -9.0], [40.0, 0.1]], "float32"), kind), kind)
    network = read(folder, builder, builder.node("MatMul", x, weights))
    stored = next(t for t in network.tensors.values() if t.data is not None)
    assert stored.data is not None
    assert stored.data.tolist() == [[2, 127], [-36, 0]]


def test_onnxruntime_s_own_quantization_operators_are_the_standard_ones(folder: Path) -> None:
    builder = OnnxBuilder()
    y = builder.quantize(builder.input((1, 4)), QuantizedType(0.5, 3))
    model = builder.model(y)
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    path = folder / "model.onnx"
    onnx.save(model, str(path))
    assert read_onnx(path).tensors[y].quantization == Quantization((0.5,), (3,))
