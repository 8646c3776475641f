# SPDX-License-Identifier: Apache-2.0
"""Layers of a small convolutional network in NumPy, forward and backward.

Everything is float64 and laid out as ONNX has it: images [N, C, H, W], convolution weights [O, I, K, K], fully
connected weights [O, I]. ``forward`` keeps what ``backward`` needs; ``backward`` takes the gradient of the loss by the
layer's output, stores the gradients of its parameters, and returns the gradient by its input.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Layer(Protocol):
    """What `train` asks of a layer; `parameters` and `gradients` run in parallel."""

    parameters: list[Array]
    gradients: list[Array]

    def forward(self, x: Array) -> Array: ...

    def backward(self, dy: Array) -> Array: ...


def windows(x: Array, kernel: int) -> Array:
    """The kernel x kernel neighbourhood of every pixel, zero-padded: [N, C, H, W] -> [N, H, W, C, K, K]."""
    edge = kernel // 2
    padded = np.pad(x, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(2, 3))
    return view.transpose(0, 2, 3, 1, 4, 5)


def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Initial weights for a layer before a relu (He et al., 2015); axis 0 is the output channel."""
    return rng.normal(0.0, np.sqrt(2.0 / np.prod(shape[1:])), shape)


class Conv:
    """Convolution of stride 1 whose output is as large as its input; by im2col and one matrix product."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int, kernel: int) -> None:
        self.parameters = [he_normal(rng, (outputs, inputs, kernel, kernel)), np.zeros(outputs)]
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        weights, bias = self.parameters
        self.columns = windows(x, weights.shape[2]).reshape(-1, weights[0].size)
        y = self.columns @ weights.reshape(len(weights), -1).T + bias
        return y.reshape(len(x), *x.shape[2:], len(weights)).transpose(0, 3, 1, 2)

    def backward(self, dy: Array) -> Array:
        weights, _ = self.parameters
        rows = dy.transpose(0, 2, 3, 1).reshape(-1, len(weights))
        self.gradients = [(rows.T @ self.columns).reshape(weights.shape), rows.sum(axis=0)]
        # The gradient by the input is the convolution of dy with the kernel turned by 180 degrees.
        turned = weights[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        dx = windows(dy, weights.shape[2]).reshape(len(rows), -1) @ turned.reshape(len(turned), -1).T
        return dx.reshape(len(dy), *dy.shape[2:], len(turned)).transpose(0, 3, 1, 2)


class DepthwiseConv:
    """Convolution of each channel with a kernel of its own, weights [C, 1, K, K]; stride 1, size kept."""

    def __init__(self, rng: np.random.Generator, channels: int, kernel: int) -> None:
        self.parameters = [he_normal(rng, (channels, 1, kernel, kernel)), np.zeros(channels)]
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.columns = self._columns(x)
        return self._weighted(self.columns, self.parameters[0], x.shape) + self.parameters[1][:, np.newaxis, np.newaxis]

    def backward(self, dy: Array) -> Array:
        weights, _ = self.parameters
        rows = dy.transpose(1, 0, 2, 3).reshape(len(weights), 1, -1)
        self.gradients = [(rows @ self.columns).reshape(weights.shape), dy.sum(axis=(0, 2, 3))]
        return self._weighted(self._columns(dy), weights[:, :, ::-1, ::-1], dy.shape)

    def _columns(self, x: Array) -> Array:
        """The neighbourhoods of each channel: [C, N*H*W, K*K]."""
        weights, _ = self.parameters
        return windows(x, weights.shape[2]).transpose(3, 0, 1, 2, 4, 5).reshape(len(weights), -1, weights[0].size)

    @staticmethod
    def _weighted(columns: Array, weights: Array, shape: tuple[int, ...]) -> Array:
        n, c, h, w = shape
        y: Array = columns @ weights.reshape(c, -1, 1)
        return y.reshape(c, n, h, w).transpose(1, 0, 2, 3)


class FullyConnected:
    """Weights [O, I] times the flattened input, plus bias."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        self.parameters = [he_normal(rng, (outputs, inputs)), np.zeros(outputs)]
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        weights, bias = self.parameters
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        y: Array = self.x @ weights.T + bias
        return y

    def backward(self, dy: Array) -> Array:
        self.gradients = [dy.T @ self.x, dy.sum(axis=0)]
        return (dy @ self.parameters[0]).reshape(self.shape)


class Relu:
    """max(x, 0)."""

    def __init__(self) -> None:
        self.parameters: list[Array] = []
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.positive: npt.NDArray[np.bool_] = x > 0
        y: Array = x * self.positive
        return y

    def backward(self, dy: Array) -> Array:
        dx: Array = dy * self.positive
        return dx


class MaxPool:
    """Maximum of 2x2 pixels, stride 2."""

    def __init__(self) -> None:
        self.parameters: list[Array] = []
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        n, c, h, w = x.shape
        tiles = x.reshape(n, c, h // 2, 2, w // 2, 2)
        y: Array = tiles.max(axis=(3, 5), keepdims=True)
        self.is_maximum: npt.NDArray[np.bool_] = tiles == y
        return y.reshape(n, c, h // 2, w // 2)

    def backward(self, dy: Array) -> Array:
        n, c, h, w = dy.shape
        dx: Array = self.is_maximum * dy[:, :, :, np.newaxis, :, np.newaxis]
        return dx.reshape(n, c, 2 * h, 2 * w)


def softmax(logits: Array) -> Array:
    """Probabilities [N, classes] of `logits`."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result
