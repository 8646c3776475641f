# SPDX-License-Identifier: Apache-2.0
"""What cases of convolutions and fully connected layers have in common, whatever their arithmetic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from kernels.host_kernels import layer

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Arithmetic, Conv2D, FullyConnected, Padding, Tensor

NONE, RELU, RELU6 = Activation(), Activation(0.0, None), Activation(0.0, 6.0)


@dataclass(frozen=True)
class WeightedCase(ABC):
    """A convolution; with an empty kernel a fully connected layer of x (rows, inputs). padding: on all sides."""

    x: tuple[int, ...]
    channels: int
    kernel: tuple[int, ...] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    padding: int = 0
    groups: int = 1
    activation: Activation = NONE
    arithmetic: Arithmetic = Arithmetic.FLOAT

    @abstractmethod
    def tensors(self) -> tuple[list[Tensor], Tensor]:
        """Input, weights (`weights_shape`) and bias, and the output (`output_shape`)."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """NHWC, or (rows, inputs)."""
        return (1, *self.x) if self.kernel else self.x

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """OHWI, or (outputs, inputs)."""
        return (self.channels, *self.kernel, self.x[-1] // self.groups)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """NHWC, or (rows, outputs)."""
        if not self.kernel:
            return (self.x[0], self.channels)
        sizes = zip(self.x, self.kernel, self.strides, self.dilations, strict=False)
        return (1, *((n + 2 * self.padding - (k - 1) * d - 1) // s + 1 for n, k, s, d in sizes), self.channels)

    def implementation(self, target: Target) -> Implementation:
        """The kernel for a target."""
        inputs, y = self.tensors()
        attributes: Conv2D | FullyConnected = FullyConnected(self.activation)
        if self.kernel:
            sides = Padding(*(self.padding,) * 4)
            attributes = Conv2D(self.strides, self.dilations, sides, self.groups, self.activation)
        return layer(attributes, inputs, y, self.arithmetic, target)
