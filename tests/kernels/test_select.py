# SPDX-License-Identifier: Apache-2.0
"""Which layers have microkernels on a core with DSP instructions."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.host_kernels import activation, layer

from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import (
    Add,
    Arithmetic,
    Attributes,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Pool2D,
    Quantization,
    Tensor,
)

X = activation("x", (1, 6, 6, 8), scale=0.05, zero_point=-128)


def weights(*shape: int, axis: int = 0) -> Tensor:
    """Small weights."""
    values = np.random.default_rng(0).integers(-60, 61, shape).astype(np.int8)
    return Tensor("w", shape, "int8", Quantization((0.01,) * shape[axis], (0,) * shape[axis], axis), values)


LAYERS: dict[str, tuple[Attributes, list[Tensor], tuple[int, ...], str]] = {
    "conv2d": (Conv2D(), [X, weights(4, 3, 3, 8)], (1, 4, 4, 4), "rows"),
    "conv2d_1x1": (Conv2D(), [X, weights(4, 1, 1, 8)], (1, 6, 6, 4), "flat"),
    "depthwise": (DepthwiseConv2D(), [X, weights(1, 3, 3, 8, axis=3)], (1, 4, 4, 8), "depthwise"),
    "fully_connected": (FullyConnected(), [activation("x", (1, 64), scale=0.05), weights(4, 64)], (1, 4), "dense"),
    "average_pool": (Pool2D("average", (2, 2), (2, 2)), [X], (1, 3, 3, 8), "gather_sum"),
    "max_pool": (Pool2D("max", (2, 2), (2, 2)), [X], (1, 3, 3, 8), "gather_max"),
    "mean": (Mean((1, 2)), [X], (1, 8), "gather_sum"),
    "add": (Add(), [X, activation("b", (1, 6, 6, 8), scale=0.04)], (1, 6, 6, 8), "weighted_sum"),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_fast_layers(kind: str) -> None:
    attributes, inputs, shape, microkernel = LAYERS[kind]
    same = kind == "max_pool"
    y = activation("y", shape, scale=0.05 if same else 0.113, zero_point=-128)
    fast = layer(attributes, inputs, y, Arithmetic.TFLITE, Target(dsp=True))
    plain = layer(attributes, inputs, y, Arithmetic.TFLITE, Target(dsp=False))
    assert any(kernel.name.startswith(microkernel) for kernel in fast.microkernels)
    assert not any(kernel.name.startswith(microkernel) for kernel in plain.microkernels)
