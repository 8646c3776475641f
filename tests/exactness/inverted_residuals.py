# SPDX-License-Identifier: Apache-2.0
"""Networks of inverted residual blocks: 1x1 to many channels, depthwise, 1x1 to few, and the input added to that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tflite_builder import TfliteBuilder
from tflite_builder import schema as tflite

_SCALE = 1 / 16


class Blocks:
    """A network that grows block by block; `values` are its tensors so far with their shapes (H, W, C)."""

    def __init__(self, size: tuple[int, int], channels: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = TfliteBuilder()
        self.shape = (*size, channels)
        self.value = self.builder.input([1, *self.shape], "int8", _SCALE, -4)

    def block(self, times: int, outputs: int, stride: int = 1) -> int:
        """A block that has `times` its input's channels between; returns the depthwise convolution's output."""
        x, inputs = self.value, self.shape
        self.convolution("CONV_2D", inputs[2] * times)
        between = self.convolution("DEPTHWISE_CONV_2D", inputs[2] * times, stride)
        self.convolution("CONV_2D", outputs)
        if self.shape == inputs:
            y = self._tensor()
            self.builder.operator("ADD", [x, self.value], [y])
            self.value = y
        return between

    def convolution(self, operator: str, channels: int, stride: int = 1) -> int:
        """A 1x1 or a 3x3 depthwise convolution."""
        height, width, inputs = self.shape
        depthwise = operator == "DEPTHWISE_CONV_2D"
        shape = (1, 3, 3, channels) if depthwise else (channels, 1, 1, inputs)
        scale = 1 / 256 if depthwise else 1 / (32 * inputs**0.5)
        weights = self.builder.constant(self.random.integers(-127, 128, shape).astype(np.int8), [scale], [0])
        bias = self.random.integers(-900, 900, channels).astype(np.int32)
        inputs_of = [self.value, weights, self.builder.constant(bias, [scale * _SCALE], [0])]
        self.shape = (-(-height // stride), -(-width // stride), channels)
        self.value = self._tensor()
        strides = {"strideH": stride, "strideW": stride, "dilationHFactor": 1, "dilationWFactor": 1}
        times = {"depthMultiplier": 1} if depthwise else {}
        self.builder.operator(operator, inputs_of, [self.value], padding=tflite.Padding.SAME, **strides, **times)
        return self.value

    def finish(self, others: Sequence[int] = ()) -> bytes:
        """The file; its outputs are the last tensor and `others`."""
        return self.builder.finish([self.value, *others])

    def _tensor(self) -> int:
        return self.builder.value([1, *self.shape], "int8", _SCALE, 3)
