# SPDX-License-Identifier: Apache-2.0
"""Quantized networks, layer by layer, with filters that are dead in every way a filter can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Attributes,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Function,
    Mean,
    Network,
    Nonlinear,
    Operator,
    Padding,
    Pool2D,
    Quantization,
    Reshape,
    Tensor,
)

SCALE = 0.05


class Layers:
    """A network that grows; a method adds a layer and returns the name of its output, which is also the layer's."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0, arithmetic: Arithmetic = Arithmetic.TFLITE) -> None:
        self.rng = np.random.default_rng(seed)
        self.arithmetic = arithmetic
        self.network = Network({}, [], ["x"], [])
        self._value("x", shape, 3)

    def _value(self, name: str, shape: Sequence[int], zero_point: int) -> None:
        self.network.tensors[name] = Tensor(name, tuple(shape), "int8", Quantization((SCALE,), (zero_point,)))

    def shape(self, name: str) -> tuple[int, ...]:
        return self.network.tensors[name].shape

    def zero_point(self, name: str) -> int:
        quantization = self.network.tensors[name].quantization
        assert quantization is not None
        return quantization.zero_point

    def _layer(self, attributes: Attributes, inputs: list[str], shape: Sequence[int], zero_point: int) -> str:
        name = f"layer{len(self.network.operators)}"
        self._value(name, shape, zero_point)
        self.network.operators.append(Operator(name, "TEST", attributes, inputs, [name], self.arithmetic))
        return name

    def _constants(self, weights: npt.NDArray[np.int64], bias: npt.NDArray[np.int64], axis: int) -> list[str]:
        name = f"constant{len(self.network.tensors)}"
        scales = tuple(np.float32(s) for s in self.rng.uniform(0.004, 0.02, len(bias)))
        quantization = Quantization(tuple(map(float, scales)), (0,) * len(bias), axis)
        unit = Quantization(tuple(float(s) * SCALE for s in scales), (0,) * len(bias), 0)
        self.network.tensors |= {
            name: Tensor(name, weights.shape, "int8", quantization, weights.astype(np.int8)),
            f"{name}/bias": Tensor(f"{name}/bias", bias.shape, "int32", unit, bias.astype(np.int32)),
        }
        return [name, f"{name}/bias"]

    def _filters(self, shape: tuple[int, ...], dead: dict[int, int]) -> tuple[npt.NDArray[np.int64], ...]:
        """Weights (O, ...) and bias; filter k of `dead` has no weights and the bias ``dead[k]``."""
        weights, bias = self.rng.integers(-60, 60, shape), self.rng.integers(-2000, 2000, shape[0])
        for k, value in dead.items():
            weights[k], bias[k] = 0, value
        return weights, bias

    def conv(
        self,
        x: str,
        outputs: int,
        kernel: int = 1,
        padding: int = 0,
        dead: dict[int, int] | None = None,
        unread: Sequence[int] = (),
        zero_point: int = -128,
    ) -> str:
        """A convolution; the channels `unread` of x have no weights."""
        _, rows, columns, inputs = self.shape(x)
        weights, bias = self._filters((outputs, kernel, kernel, inputs), dead or {})
        weights[..., list(unread)] = 0
        attributes = Conv2D(padding=Padding(*(padding,) * 4), activation=Activation(0.0))
        plane = rows + 2 * padding - kernel + 1, columns + 2 * padding - kernel + 1
        return self._layer(attributes, [x, *self._constants(weights, bias, 0)], (1, *plane, outputs), zero_point)

    def depthwise(self, x: str, padding: int = 1, dead: dict[int, int] | None = None, zero_point: int = -128) -> str:
        """A 3x3 depthwise convolution."""
        _, rows, columns, channels = self.shape(x)
        weights, bias = self._filters((channels, 3, 3), dead or {})
        constants = self._constants(np.moveaxis(weights, 0, -1)[None], bias, 3)
        shape = (1, rows + 2 * padding - 2, columns + 2 * padding - 2, channels)
        attributes = DepthwiseConv2D(padding=Padding(*(padding,) * 4))
        return self._layer(attributes, [x, *constants], shape, zero_point)

    def dense(self, x: str, outputs: int, unread: Sequence[int] = ()) -> str:
        """A fully connected layer."""
        weights, bias = self._filters((outputs, self.shape(x)[-1]), {})
        weights[:, list(unread)] = 0
        return self._layer(FullyConnected(), [x, *self._constants(weights, bias, 0)], (1, outputs), 0)

    def add(self, a: str, b: str) -> str:
        return self._layer(Add(), [a, b], self.shape(a), -10)

    def concat(self, a: str, b: str) -> str:
        shape = self.shape(a)
        return self._layer(Concat(3), [a, b], (*shape[:3], shape[3] + self.shape(b)[3]), self.zero_point(a))

    def pool(self, x: str, mode: str = "max") -> str:
        _, rows, columns, channels = self.shape(x)
        return self._layer(
            Pool2D(mode, (2, 2), (2, 2)), [x], (1, rows // 2, columns // 2, channels), self.zero_point(x)
        )  # fmt: skip

    def mean(self, x: str) -> str:
        return self._layer(Mean((1, 2)), [x], (1, self.shape(x)[3]), self.zero_point(x) + 5)

    def nonlinear(self, x: str, function: Function) -> str:
        return self._layer(Nonlinear(function, 0.1), [x], self.shape(x), -60)

    def flatten(self, x: str) -> str:
        return self._layer(Reshape(), [x], (1, int(np.prod(self.shape(x)))), self.zero_point(x))

    def done(self, *outputs: str) -> Network:
        self.network.outputs = list(outputs)
        return self.network
