# SPDX-License-Identifier: Apache-2.0
"""Which microkernels layers share: code for one shape where it saves enough cycles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from kernels.host_kernels import activation, layer

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.sharing import share
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Arithmetic, Conv2D, DepthwiseConv2D, Padding, Quantization, Tensor


def pointwise(size: int, inputs: int, outputs: int, objective: str = "balanced") -> Implementation:
    """A 1x1 convolution."""
    weights = np.random.default_rng(0).integers(-60, 61, (outputs, 1, 1, inputs)).astype(np.int8)
    tensors = [
        activation("x", (1, size, size, inputs), scale=0.05, zero_point=-128),
        Tensor("w", weights.shape, "int8", Quantization((0.01,) * outputs, (0,) * outputs, 0), weights),
    ]
    y = activation("y", (1, size, size, outputs), scale=0.3, zero_point=-128)
    attributes = Conv2D(activation=Activation(0.0, None))
    return layer(attributes, tensors, y, Arithmetic.TFLITE, Target(dsp=True, objective=objective))


def depthwise(size: int, channels: int) -> Implementation:
    """A 3x3 depthwise convolution."""
    weights = np.random.default_rng(0).integers(-60, 61, (1, 3, 3, channels)).astype(np.int8)
    tensors = [
        activation("x", (1, size, size, channels), scale=0.05, zero_point=-128),
        Tensor("w", weights.shape, "int8", Quantization((0.01,) * channels, (0,) * channels, 3), weights),
    ]
    y = activation("y", (1, size, size, channels), scale=0.3, zero_point=-128)
    attributes = DepthwiseConv2D(padding=Padding(1, 1, 1, 1), activation=Activation(0.0, None))
    return layer(attributes, tensors, y, Arithmetic.TFLITE, Target(dsp=True))


def shared(layers: Sequence[Implementation], objective: str) -> list[str]:
    """The microkernel of each layer."""
    return [item.microkernels[-1].name.partition("_p")[0] for item in share(layers, objective)]


def test_a_large_layer_has_a_kernel_of_its_own() -> None:
    assert shared([pointwise(48, 8, 16), pointwise(3, 24, 16)], "balanced") == ["flat_4", "flat_any4"]


def test_many_small_layers_share_a_fast_kernel() -> None:
    layers = [pointwise(8, 4 * n, 64) for n in range(8, 16)]
    assert set(shared(layers, "balanced")) == {"flat_any32"}


def test_a_small_layer_uses_what_is_there() -> None:
    assert shared([pointwise(48, 8, 16), pointwise(3, 8, 16)], "balanced") == ["flat_4", "flat_4"]


def test_code_costs_little_for_time() -> None:
    layers = [pointwise(12, 16, 32, "time"), pointwise(3, 32, 16, "time")]
    assert shared(layers, "balanced") == ["flat_8", "flat_any4"]
    assert shared(layers, "time") == ["pairs_16of16_32of32", "flat_any4"]


def test_small_planes_of_many_channels_share_code() -> None:
    layers = [depthwise(6, channels) for channels in (20, 32, 60, 108)]
    assert len(set(shared(layers, "balanced"))) == 1
    assert len(set(shared(layers, "time"))) == len(layers)


def test_no_layer() -> None:
    assert share([], "balanced") == []
