# SPDX-License-Identifier: Apache-2.0
"""Small networks quantized by onnxruntime's own quantizer: every layer against onnxruntime without optimizations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from exactness.onnx_builder import OnnxBuilder
from exactness.onnx_check import Compiled, OnnxOracle, Tally, read_bytes
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from tvm_stm32.model.network import Dequantize, Quantize
from tvm_stm32.quantize.fold import fold
from tvm_stm32.simplify.simplify import simplify

SHAPE = (1, 3, 12, 12)


@dataclass(frozen=True)
class Scheme:
    """How the quantizer is told to quantize."""

    activations: QuantType
    weights: QuantType = QuantType.QInt8
    per_channel: bool = False
    symmetric: bool = False


SCHEMES = {
    "int8": Scheme(QuantType.QInt8),
    "int8 per channel": Scheme(QuantType.QInt8, per_channel=True),
    "int8 symmetric per channel": Scheme(QuantType.QInt8, per_channel=True, symmetric=True),
    "uint8 activations": Scheme(QuantType.QUInt8, per_channel=True),
    "uint8 activations symmetric": Scheme(QuantType.QUInt8, symmetric=True),
}


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Random pictures."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.pictures: Iterator[Any] = iter([rng.normal(size=SHAPE).astype(np.float32) for _ in range(8)])

    def get_next(self) -> dict[str, Any] | None:
        picture = next(self.pictures, None)
        return None if picture is None else {"image": picture}


class Layers(OnnxBuilder):
    """Layers with random weights of a sensible size."""

    def __init__(self, opset: int) -> None:
        super().__init__(opset)
        self.rng = np.random.default_rng(1)

    def conv(self, x: str, inputs: int, outputs: int, kernel: int = 3, groups: int = 1, stride: int = 1) -> str:
        """A convolution that keeps the size, or halves it."""
        shape = (outputs, inputs // groups, kernel, kernel)
        weights = self.rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]))
        names = [self.constant(weights, "float32"), self.constant(self.rng.normal(size=outputs) / 4, "float32")]
        pads = [kernel // 2] * 4
        return self.node("Conv", x, *names, group=groups, pads=pads, strides=[stride, stride])

    def relu6(self, x: str) -> str:
        """Clip to [0, 6]."""
        return self.node("Clip", x, self.constant(np.float32(0)), self.constant(np.float32(6)))

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        """Gemm."""
        weights = self.constant(self.rng.normal(size=(outputs, inputs)) / np.sqrt(inputs), "float32")
        return self.node("Gemm", x, weights, self.constant(self.rng.normal(size=outputs) / 4, "float32"), transB=1)


def residual(opset: int) -> Any:
    """Residual adds, depthwise convolutions, an average pool."""
    net = Layers(opset)
    x = net.node("Relu", net.conv(net.input(SHAPE, name="image"), 3, 8))
    y = net.node("Relu", net.conv(x, 8, 8))
    x = net.node("Relu", net.node("Add", net.conv(y, 8, 8), x))
    y = net.relu6(net.conv(x, 8, 8, groups=8, stride=2))
    y = net.conv(y, 8, 16, kernel=1)
    x = net.node("Add", y, net.conv(x, 8, 16, kernel=1, stride=2))
    x = net.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    return net.model(net.node("Softmax", net.dense(x, 16, 10), axis=1))


def branches(opset: int) -> Any:
    """Concatenated branches, max pools, a flattened feature map, a gate that multiplies, a MatMul with bias."""
    net = Layers(opset)
    x = net.node("Relu", net.conv(net.input(SHAPE, name="image"), 3, 8, kernel=5))
    x = net.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = net.node("Concat", net.conv(x, 8, 4, kernel=1), net.node("Relu", net.conv(x, 8, 6)), x, axis=1)
    gate = net.relu6(net.conv(net.node("GlobalAveragePool", x), 18, 18, kernel=1))
    x = net.node("MaxPool", net.node("Mul", x, gate), kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Relu", net.dense(net.node("Flatten", x), 18 * 9, 20))
    matrix = net.constant(net.rng.normal(size=(20, 7)) / 4, "float32")
    return net.model(net.node("Add", net.node("MatMul", x, matrix), net.constant(net.rng.normal(size=7), "float32")))


NETWORKS = {"residual": residual, "branches": branches}


def quantize(model: Any, scheme: Scheme, folder: Path) -> bytes:
    """The model in QDQ form."""
    source, target = folder / "float.onnx", folder / "quantized.onnx"
    onnx.save(model, str(source))
    quantize_static(
        str(source),
        str(target),
        Calibration(),
        quant_format=QuantFormat.QDQ,
        activation_type=scheme.activations,
        weight_type=scheme.weights,
        per_channel=scheme.per_channel,
        extra_options={"ActivationSymmetric": scheme.symmetric, "WeightSymmetric": True},
    )
    return target.read_bytes()


def with_layers(model: bytes, names: list[str]) -> bytes:
    """The model with more outputs: integers after the one that it has."""
    proto = onnx.load_from_string(model)
    unsigned = {tensor.name for tensor in proto.graph.initializer if tensor.data_type == onnx.TensorProto.UINT8}
    for node in proto.graph.node:
        if node.op_type == "QuantizeLinear" and node.output[0] in names:
            dtype = onnx.TensorProto.UINT8 if node.input[2] in unsigned else onnx.TensorProto.INT8
            proto.graph.output.append(helper.make_tensor_value_info(node.output[0], dtype, None))
    content: bytes = proto.SerializeToString()
    return content


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
def test_every_layer(network: Any, scheme: Scheme, tmp_path: Path) -> None:
    model = quantize(network(17), scheme, tmp_path)
    folded = fold(read_bytes(model))
    simplify(folded)
    layers = {op.name: op.outputs[0] for op in folded.operators if folded.tensors[op.outputs[0]].dtype == "int8"}
    oracle = OnnxOracle(with_layers(model, list(layers.values())))
    known = [value.name for value in oracle.session.get_outputs()][1:]
    compiled = Compiled.of(model)
    outputs, inner, rng = Tally(), Tally(), np.random.default_rng(2)
    for _ in range(20):
        (image,) = oracle.inputs(rng)
        probabilities, *values = oracle.run([image])
        expected = dict(zip(known, values, strict=True))
        (found,) = compiled.run([image], [probabilities])
        step = folded.tensors[folded.operators[-1].inputs[0]].quantization.scale  # type: ignore[union-attr]
        outputs.add(np.rint(found / step).astype(int), np.rint(probabilities / step).astype(int), "outputs")
        traced = compiled.host.trace([np.ascontiguousarray(np.moveaxis(image, 1, -1))])
        for layer, array in traced.items():
            wanted = expected.get(layers.get(layer, ""))
            if wanted is not None:
                wanted = (wanted.astype(np.int16) - (128 if wanted.dtype == np.uint8 else 0)).astype(np.int8)
                wanted = np.moveaxis(wanted, 1, -1) if wanted.ndim == 4 else wanted
                inner.add(array.reshape(wanted.shape), wanted, layer)
    assert inner.values > 20 * 1000, "hardly any layer was compared"
    outputs.check()
    inner.check()


@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=list(SCHEMES))
def test_everything_is_in_integers(network: Any, scheme: Scheme, tmp_path: Path) -> None:
    folded = fold(read_bytes(quantize(network(17), scheme, tmp_path)))
    first, *inner, last = folded.operators
    assert isinstance(first.attributes, Quantize)
    assert isinstance(last.attributes, Dequantize)
    for operator in inner:
        assert folded.tensors[operator.outputs[0]].dtype == "int8", operator
    assert not any(operator.source == "Transpose" for operator in folded.operators)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=list(NETWORKS))
@pytest.mark.parametrize("opset", [11, 13, 21])
def test_float_networks(network: Any, opset: int, tmp_path: Path) -> None:
    path = tmp_path / "float.onnx"
    onnx.save(network(opset), str(path))
    oracle, compiled, rng = OnnxOracle(path.read_bytes()), Compiled.of(path.read_bytes()), np.random.default_rng(3)
    for _ in range(3):
        inputs = oracle.inputs(rng)
        (expected,) = oracle.run(inputs)
        (found,) = compiled.run(inputs, [expected])
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
