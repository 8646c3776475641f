# SPDX-License-Identifier: Apache-2.0
"""Networks with random weights, quantized as post-training quantization does it.

Every layer is computed in float on a sample of inputs while the network is built; the range that the sample shows gives
the scale and zero point of the layer's output. Weights are normal, symmetric, with the largest of each output channel
at 127.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_builder import TfliteBuilder

Array = npt.NDArray[Any]
NONE, RELU, RELU6 = 0, 1, 3  #: ActivationFunctionType
SAME, VALID = 0, 1  #: Padding
SAMPLES = 2


@dataclass(frozen=True)
class Value:
    """A tensor of the network: its index in the file, its values on the sample, and its quantization, if any."""

    index: int
    sample: Array
    scale: float | None
    zero_point: int

    @property
    def shape(self) -> tuple[int, ...]:
        """With the sample's size as 1."""
        return (1, *self.sample.shape[1:])


@dataclass(frozen=True)
class Quantization:
    """How weights and outputs become int8.

    gain: how far strengths of channels differ, as the standard deviation of their logarithm. In trained networks it is
        0.2 to 0.5, in depthwise-separable ones up to 1.3.
    per_channel: a scale for every output channel, else one for all.
    least: the least weight that may occur; -127 in symmetric quantization.
    spread: the output's range relative to what the sample shows; below 1 values saturate.
    below: how far the output's range reaches below 0 after an activation, relative to its upper end; above 0 the
        activation's clamp has to be computed.
    """

    gain: float = 0.3
    per_channel: bool = True
    least: int = -127
    spread: float = 1.0
    below: float = 0.0


TRAINED = Quantization()


class SampledNetwork:
    """A network under construction. Methods add a layer and answer with its output."""

    def __init__(self, seed: int, dtype: str = "int8") -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.builder = TfliteBuilder()

    def input(self, *shape: int) -> Value:
        """An input of (height, width, channels) or (elements), smooth like pictures and sounds."""
        noise = self.rng.normal(size=(SAMPLES, *shape))
        for axis in range(1, max(len(shape), 2)):
            noise = noise + np.roll(noise, 1, axis)
        sample = (noise / np.abs(noise).max()).astype(np.float32)
        if self.dtype == "float32":
            return Value(self.builder.input((1, *shape), "float32"), sample, None, 0)
        scale = float(np.float32(1 / 128))
        return Value(self.builder.input((1, *shape), "int8", scale, 0), sample, scale, 0)

    def conv2d(
        self,
        x: Value,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        strides: tuple[int, int] = (1, 1),
        dilations: tuple[int, int] = (1, 1),
        padding: int = SAME,
        activation: int = RELU,
        quantization: Quantization = TRAINED,
        like: Value | None = None,
    ) -> Value:
        """CONV_2D; the output is quantized as `like` is, if that is given."""
        depth = x.shape[3]
        weights = self._weights((filters, *kernel, depth), 0, quantization)
        patches = _patches(x.sample, kernel, strides, dilations, padding)
        result = np.einsum("nhwijc,oijc->nhwo", patches, weights, optimize=True)
        options = _window(strides, padding) | {"dilationHFactor": dilations[0], "dilationWFactor": dilations[1]}
        return self._weighted("CONV_2D", x, weights, 0, result, activation, quantization, options, like)

    def depthwise(
        self,
        x: Value,
        kernel: tuple[int, int] = (3, 3),
        strides: tuple[int, int] = (1, 1),
        dilations: tuple[int, int] = (1, 1),
        padding: int = SAME,
        activation: int = RELU,
        multiplier: int = 1,
        quantization: Quantization = TRAINED,
    ) -> Value:
        """DEPTHWISE_CONV_2D."""
        depth = x.shape[3]
        weights = self._weights((1, *kernel, depth * multiplier), 3, quantization)
        patches = _patches(x.sample, kernel, strides, dilations, padding)
        split = weights[0].reshape(*kernel, depth, multiplier)
        result = np.einsum("nhwijc,ijcm->nhwcm", patches, split, optimize=True)
        result = result.reshape(*result.shape[:3], depth * multiplier)
        options = _window(strides, padding) | {"dilationHFactor": dilations[0], "dilationWFactor": dilations[1]}
        options |= {"depthMultiplier": multiplier}
        return self._weighted("DEPTHWISE_CONV_2D", x, weights, 3, result, activation, quantization, options)

    def dense(self, x: Value, outputs: int, activation: int = RELU, quantization: Quantization = TRAINED) -> Value:
        """FULLY_CONNECTED over everything but the sample."""
        flat = x.sample.reshape(SAMPLES, -1)
        weights = self._weights((outputs, flat.shape[1]), 0, quantization)
        return self._weighted("FULLY_CONNECTED", x, weights, 0, flat @ weights.T, activation, quantization, {})

    def add(self, a: Value, b: Value, activation: int = RELU) -> Value:
        """ADD."""
        y = self._value(_activated(a.sample + b.sample, activation), activation)
        self.builder.operator("ADD", [a.index, b.index], [y.index], fusedActivationFunction=activation)
        return y

    def concat(self, *values: Value) -> Value:
        """CONCATENATION of channels; all must have the first one's quantization."""
        sample = np.concatenate([value.sample for value in values], axis=-1)
        y = self._value(sample, NONE, values[0])
        self.builder.operator("CONCATENATION", [value.index for value in values], [y.index], axis=3)
        return y

    def pool(self, kind: str, x: Value, size: tuple[int, int], strides: tuple[int, int], padding: int = VALID) -> Value:
        """MAX_POOL_2D or AVERAGE_POOL_2D (the sample of either is that of the largest)."""
        patches = _patches(x.sample, size, strides, (1, 1), padding)
        result = patches.max(axis=(3, 4)) if kind == "MAX_POOL_2D" else patches.mean(axis=(3, 4))
        y = self._value(result, NONE, x)
        options = _window(strides, padding) | {"filterHeight": size[0], "filterWidth": size[1]}
        self.builder.operator(kind, [x.index], [y.index], **options)
        return y

    def mean(self, x: Value) -> Value:
        """MEAN over height and width."""
        y = self._value(x.sample.mean(axis=(1, 2)), NONE)
        axes = self.builder.constant(np.array([1, 2], np.int32))
        self.builder.operator("MEAN", [x.index, axes], [y.index], keepDims=False)
        return y

    def softmax(self, x: Value) -> Value:
        """SOFTMAX."""
        scores = np.exp(x.sample - x.sample.max(axis=-1, keepdims=True))
        sample = scores / scores.sum(axis=-1, keepdims=True)
        if self.dtype == "float32":
            y = Value(self.builder.value((1, *sample.shape[1:]), "float32"), sample, None, 0)
        else:
            y = Value(self.builder.value((1, *sample.shape[1:]), "int8", 1 / 256, -128), sample, 1 / 256, -128)
        self.builder.operator("SOFTMAX", [x.index], [y.index], beta=1.0)
        return y

    def finish(self, *outputs: Value) -> bytes:
        """The file's bytes."""
        return self.builder.finish([value.index for value in outputs])

    def _weights(self, shape: tuple[int, ...], axis: int, quantization: Quantization) -> Array:
        """Normal, for outputs about as large as the inputs; some channels are stronger than others."""
        fan = int(np.prod(shape)) // shape[axis]
        gain = np.exp(self.rng.normal(size=shape[axis], scale=quantization.gain)) * np.sqrt(2 / fan)
        aligned = gain.reshape([-1 if position == axis else 1 for position in range(len(shape))])
        weights: Array = (self.rng.normal(size=shape) * aligned).astype(np.float32)
        return weights

    def _weighted(
        self,
        kind: str,
        x: Value,
        weights: Array,
        axis: int,
        result: Array,
        activation: int,
        quantization: Quantization,
        options: dict[str, int],
        like: Value | None = None,
    ) -> Value:
        """An operator with weights; `result` is without its bias."""
        bias = (self.rng.normal(size=weights.shape[axis]) * 0.2 * result.std()).astype(np.float32)
        y = self._value(_activated(result + bias, activation), activation, like, quantization)
        if x.scale is None:
            operands = [x.index, self.builder.constant(weights), self.builder.constant(bias)]
        else:
            others = tuple(position for position in range(weights.ndim) if position != axis)
            largest = np.abs(weights).max(axis=others if quantization.per_channel else None, keepdims=True)
            scales = (np.maximum(largest, 1e-9) / 127).astype(np.float32)
            rounded = np.clip(np.round(weights / scales), -127, 127)
            data = np.where(rounded == -127, quantization.least, rounded).astype(np.int8)
            flat = [float(scale) for scale in scales.ravel()]
            bias_scales = np.float32(x.scale) * scales.ravel()
            whole = np.round(bias / bias_scales).astype(np.int32)
            operands = [
                x.index,
                self.builder.constant(data, flat, axis=axis),
                self.builder.constant(whole, [float(scale) for scale in bias_scales]),
            ]
        self.builder.operator(kind, operands, [y.index], fusedActivationFunction=activation, **options)
        return y

    def _value(
        self, sample: Array, activation: int, like: Value | None = None, quantization: Quantization = TRAINED
    ) -> Value:
        """An activation whose quantization covers the sample, or is that of `like`."""
        shape = (1, *sample.shape[1:])
        if self.dtype == "float32":
            return Value(self.builder.value(shape, "float32"), sample, None, 0)
        if like is not None and like.scale is not None:
            scale, zero_point = like.scale, like.zero_point
        else:
            spread = quantization.spread
            low, high = min(float(sample.min()), 0.0) * spread, max(float(sample.max()), 1e-6) * spread
            if activation == RELU6 and spread == 1.0:
                high = 6.0
            low -= quantization.below * high
            scale = float(np.float32((high - low) / 255))
            zero_point = int(np.clip(np.round(-128 - low / scale), -128, 127))
        return Value(self.builder.value(shape, "int8", scale, zero_point), sample, scale, zero_point)


def _window(strides: tuple[int, int], padding: int) -> dict[str, int]:
    return {"strideH": strides[0], "strideW": strides[1], "padding": padding}


def _activated(values: Array, activation: int) -> Array:
    if activation == NONE:
        return values
    return np.clip(values, 0, 6 if activation == RELU6 else None)


def _patches(x: Array, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], padding: int) -> Array:
    """The windows of `x`, as [samples, height, width, kernel height, kernel width, channels]."""
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    if padding == SAME:
        around = []
        for size, extent, stride in zip(x.shape[1:3], extents, strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + extent - size, 0)
            around.append((total // 2, total - total // 2))
        x = np.pad(x, [(0, 0), *around, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, extents, axis=(1, 2))
    windows = windows[:, :: strides[0], :: strides[1], :, :: dilations[0], :: dilations[1]]
    patches: Array = np.moveaxis(windows, 3, 5)
    return patches
