# SPDX-License-Identifier: Apache-2.0
"""What is fused or dropped, what is left alone, and that both compute the same."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from exactness.single_operator import SETTINGS, compile_on_host

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Attributes,
    Clamp,
    Conv2D,
    Dequantize,
    Network,
    Operator,
    Pad,
    Padding,
    Pool2D,
    Quantization,
    Quantize,
    Reshape,
    Tensor,
)
from tvm_stm32.simplify.simplify import simplify

Q = Quantization((0.05,), (3,))
RELU = Clamp(Activation(0.0))
SHAPE = (1, 4, 5, 3)


class Builder:
    """A network, layer by layer; every tensor is called as the layer that writes it."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        self.network = Network({}, [], ["x"], [])
        self.tensor("x", SHAPE)

    def tensor(self, name: str, shape: tuple[int, ...], quantization: Quantization | None = Q) -> None:
        exact = self.arithmetic is Arithmetic.FLOAT or quantization is None
        self.network.tensors[name] = Tensor(
            name, shape, "float32" if exact else "int8", None if exact else quantization
        )  # fmt: skip

    def layer(
        self,
        name: str,
        attributes: Attributes,
        *inputs: str,
        shape: tuple[int, ...] = SHAPE,
        quantization: Quantization | None = Q,
    ) -> Builder:
        self.tensor(name, shape, quantization)
        self.network.operators.append(Operator(name, "", attributes, list(inputs), [name], self.arithmetic))
        return self

    def conv(self, name: str, x: str, padding: int, shape: tuple[int, ...] = SHAPE) -> Builder:
        rng = np.random.default_rng(7)
        weights, bias = rng.integers(-40, 40, (3, 3, 3, 3)), rng.integers(-500, 500, 3)
        constants = self.network.tensors
        if self.arithmetic is Arithmetic.FLOAT:
            constants["w"] = Tensor("w", weights.shape, "float32", None, (weights / 64).astype(np.float32))
            constants["b"] = Tensor("b", bias.shape, "float32", None, (bias / 500).astype(np.float32))
        else:
            constants["w"] = Tensor("w", weights.shape, "int8", Quantization((0.01,), (0,)), weights.astype(np.int8))
            constants["b"] = Tensor("b", bias.shape, "int32", None, bias.astype(np.int32))
        attributes = Conv2D(padding=Padding(padding, padding, padding, padding))
        return self.layer(name, attributes, x, "w", "b", shape=shape)

    def done(self, *outputs: str) -> Network:
        self.network.outputs = list(outputs)
        return self.network


def names(network: Network) -> list[str]:
    return [operator.name for operator in network.operators]


@pytest.mark.parametrize("arithmetic", [Arithmetic.FLOAT, Arithmetic.TFLITE])
def test_fused_and_not_fused_compute_the_same(arithmetic: Arithmetic) -> None:
    """Convolution and clamp, an addition and two clamps, a pool and a clamp: kept apart by outputs, then fused."""
    build = Builder(arithmetic).conv("conv", "x", 1).layer("relu", RELU, "conv")
    build.layer("add", Add(Activation(-2.0)), "relu", "x").layer("clip", Clamp(Activation(-1.0, 2.5)), "add")
    build.layer("low", Clamp(Activation(-3.0, -0.5)), "clip")
    build.layer("pool", Pool2D("average", (2, 2)), "low", shape=(1, 3, 4, 3))
    network = build.layer("end", Clamp(Activation(None, -0.8)), "pool", shape=(1, 3, 4, 3)).done("end")
    apart = deepcopy(network)
    apart.outputs = [operator.outputs[0] for operator in network.operators][::-1]
    rng = np.random.default_rng(3)
    fused, separate = compile_on_host(network, SETTINGS), compile_on_host(apart, SETTINGS)
    clamps = 0 if arithmetic is Arithmetic.FLOAT else 1
    assert (len(fused.manifest.calls), len(separate.manifest.calls)) == (3 + clamps, 7)
    for _ in range(20):
        x = rng.normal(size=SHAPE) * 2
        value = x.astype(np.float32) if arithmetic is Arithmetic.FLOAT else np.clip(x * 40, -128, 127).astype(np.int8)
        np.testing.assert_array_equal(fused.run([value])[0], separate.run([value])[0])


def test_a_clamp_is_not_fused_where_the_unclamped_value_is_read() -> None:
    network = Builder(Arithmetic.FLOAT).conv("conv", "x", 1).layer("relu", RELU, "conv").done("relu", "conv")
    simplify(network)
    assert names(network) == ["conv", "relu"]


def test_a_clamp_between_scales_is_not_fused() -> None:
    build = Builder(Arithmetic.TFLITE).layer("add", Add(), "x", "x")
    network = build.layer("relu", RELU, "add", quantization=Quantization((0.04,), (3,))).done("relu")
    simplify(network)
    assert names(network) == ["add", "relu"]


@pytest.mark.parametrize("arithmetic", [Arithmetic.FLOAT, Arithmetic.TFLITE])
def test_padding_becomes_the_convolutions_own(arithmetic: Arithmetic) -> None:
    build = Builder(arithmetic).layer("pad", Pad(((0, 0), (0, 1), (1, 0), (0, 0))), "x", shape=(1, 5, 6, 3))
    network = build.conv("conv", "pad", 1, (1, 5, 6, 3)).done("conv")
    apart = deepcopy(network)
    apart.outputs = ["conv", "pad"]
    simplify(network)
    assert names(network) == ["conv"]
    assert network.operators[0].attributes == Conv2D(padding=Padding(1, 2, 2, 1))
    value = np.arange(60).reshape(SHAPE).astype(np.float32 if arithmetic is Arithmetic.FLOAT else np.int8)
    found, expected = compile_on_host(network).run([value])[0], compile_on_host(apart).run([value])[0]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("pad", "shape"),
    [
        (Pad(((0, 0), (0, 1), (1, 0), (0, 0)), value=1.0), (1, 5, 6, 3)),
        (Pad(((0, 0), (0, 0), (0, 3), (0, 0))), (1, 4, 8, 3)),
    ],
    ids=["not zero", "wider than the kernel"],
)
def test_other_padding_stays(pad: Pad, shape: tuple[int, int, int, int]) -> None:
    plane = (1, shape[1] - 2, shape[2] - 2, 3)
    network = Builder(Arithmetic.TFLITE).layer("pad", pad, "x", shape=shape).conv("conv", "pad", 0, plane).done("conv")
    simplify(network)
    assert names(network) == ["pad", "conv"]


def test_conversions_that_change_nothing_go() -> None:
    build = Builder(Arithmetic.TFLITE).layer("real", Dequantize(), "x", quantization=None)
    build.layer("back", Quantize(), "real").layer("again", Quantize(), "back")
    build.layer("sum", Add(), "back", "again").layer("out", Quantize(), "sum")
    network = build.layer("other", Quantize(), "back", quantization=Quantization((0.05,), (4,))).done("out", "other")
    simplify(network)
    assert [(o.name, o.inputs) for o in network.operators] == [("sum", ["x", "x"]), ("out", ["sum"]), ("other", ["x"])]
    assert network.operators[1].attributes == Reshape()


def test_every_value_survives_dequantization() -> None:
    """What `drop_identities` relies on, in float32 as both kernels compute."""
    values = np.arange(-255, 256).astype(np.float32)
    for scale in np.random.default_rng(1).lognormal(-4, 4, 2000).astype(np.float32):
        assert (np.abs(values * scale / scale - values) < 1e-3).all()
