# SPDX-License-Identifier: Apache-2.0
"""The values that each channel of an int8 tensor can have: an interval per index of its last axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import Tensor
from tvm_stm32.quantize.tflite import INTEGER_RANGES

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ValueRange:
    """Quantized values from `low` to `high`, both (channels,)."""

    low: Integers
    high: Integers

    @staticmethod
    def full(tensor: Tensor) -> ValueRange:
        """Every value of the tensor's type."""
        low, high = INTEGER_RANGES[tensor.dtype]
        channels = channels_of(tensor)
        return ValueRange(np.full(channels, low, np.int64), np.full(channels, high, np.int64))

    @staticmethod
    def of_constant(tensor: Tensor) -> ValueRange:
        """The values of a constant."""
        assert tensor.data is not None
        values = tensor.data.astype(np.int64).reshape(-1, channels_of(tensor))
        return ValueRange(values.min(axis=0), values.max(axis=0))

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Which channels have one value only."""
        return np.asarray(self.low == self.high)

    def widened(self, value: int) -> ValueRange:
        """The same and `value`."""
        return ValueRange(np.minimum(self.low, value), np.maximum(self.high, value))

    def clipped(self, bounds: tuple[int, int]) -> ValueRange:
        """Clamped to `bounds`."""
        return ValueRange(np.clip(self.low, *bounds), np.clip(self.high, *bounds))

    def regrouped(self, channels: int) -> ValueRange:
        """The same elements in the same order with a last axis of `channels`.

        Element i of the flattened tensor is in channel i modulo the length of the last axis, before and after.
        """
        common = math.gcd(len(self.low), channels)
        low, high = self.low.reshape(-1, common).min(axis=0), self.high.reshape(-1, common).max(axis=0)
        return ValueRange(np.tile(low, channels // common), np.tile(high, channels // common))


def hull(ranges: Sequence[ValueRange]) -> ValueRange:
    """The values of any of `ranges`."""
    low = np.min(np.stack([r.low for r in ranges]), axis=0)
    return ValueRange(low, np.max(np.stack([r.high for r in ranges]), axis=0))


def channels_of(tensor: Tensor) -> int:
    """Length of the last axis; a scalar is one channel."""
    return tensor.shape[-1] if tensor.shape else 1
