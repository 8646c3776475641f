# SPDX-License-Identifier: Apache-2.0
"""What each objective chooses: cycles against bytes."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.host_kernels import activation, layer

from tvm_stm32.kernels.choice import choose
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Arithmetic, Conv2D, Padding, Quantization, Tensor


def family(x: tuple[int, int, int], channels: int, objective: str, padding: int = 1) -> str:
    """The kernel family that is chosen for a 3x3 convolution."""
    weights = np.random.default_rng(0).integers(-60, 61, (channels, 3, 3, x[2])).astype(np.int8)
    inputs = [
        activation("x", (1, *x), scale=0.05, zero_point=-128),
        Tensor("w", weights.shape, "int8", Quantization((0.01,) * channels, (0,) * channels, 0), weights),
        Tensor("b", (channels,), "int32", Quantization((0.0005,) * channels, (0,) * channels, 0), np.zeros(channels)),
    ]
    height, width = x[0] + 2 * padding - 2, x[1] + 2 * padding - 2
    y = activation("y", (1, height, width, channels), scale=0.3, zero_point=-128)
    attributes = Conv2D(padding=Padding(padding, padding, padding, padding), activation=Activation(0.0, None))
    target = Target(dsp=True, objective=objective)
    return layer(attributes, inputs, y, Arithmetic.TFLITE, target).specification.family


@pytest.mark.parametrize(
    ("x", "channels", "time", "balanced"),
    [
        ((32, 32, 16), 16, "conv2d_winograd4", "conv2d_winograd4"),  # few weights, used often
        ((16, 16, 32), 32, "conv2d_winograd4", "conv2d_rows"),
        ((8, 8, 64), 64, "conv2d_winograd4", "conv2d_rows"),  # many weights, used seldom
        ((48, 3, 32), 16, "conv2d_winograd2", "conv2d_rows"),  # too narrow for the larger tile
        ((16, 16, 3), 16, "conv2d_rows", "conv2d_rows"),
    ],
)
def test_three_by_three(x: tuple[int, int, int], channels: int, time: str, balanced: str) -> None:
    assert family(x, channels, "time") == time
    assert family(x, channels, "balanced") == balanced
    assert family(x, channels, "ram") == "conv2d_rows"


def test_none_of_none() -> None:
    assert choose([None, None], "time") is None
