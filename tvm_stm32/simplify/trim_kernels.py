# SPDX-License-Identifier: Apache-2.0
"""Rows and columns of a kernel that only ever meet padding are cut off: padding stands for zero, as do its products.

Small planes before large kernels, as at the end of a network or in one that was written for larger pictures, multiply
mostly padding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tvm_stm32.model.network import Conv2D, DepthwiseConv2D, Network, Operator, Padding, Tensor
from tvm_stm32.simplify.rewire import unused_name

#: (first, last + 1) of the kernel's rows or columns that stay, and the padding that is left before and after
_Span = tuple[int, int, int, int]


def trim_kernels(network: Network) -> None:
    """Cut what only meets padding off the kernels of convolutions whose weights are constant."""
    for operator in network.operators:
        attributes = operator.attributes
        weights = network.tensors[operator.inputs[1]] if len(operator.inputs) > 1 else None
        if not isinstance(attributes, Conv2D | DepthwiseConv2D) or weights is None or weights.data is None:
            continue
        x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
        before = (attributes.padding.top, attributes.padding.left)
        steps = zip((1, 2), attributes.strides, attributes.dilations, before, strict=True)
        down, across = (_span(x.shape[axis], y.shape[axis], weights.shape[axis], *step) for axis, *step in steps)
        data = weights.data[:, down[0] : down[1], across[0] : across[1]]
        if data.shape != weights.shape:
            padding = Padding(down[2], across[2], down[3], across[3])
            operator.attributes = replace(attributes, padding=padding)
            _replace_weights(network, operator, replace(weights, shape=data.shape, data=np.ascontiguousarray(data)))


def _span(size: int, outputs: int, taps: int, stride: int, dilation: int, before: int) -> _Span:
    """What stays of one axis of a kernel. Every window reads at least one value if any does."""
    reached = [
        any(0 <= output * stride - before + tap * dilation < size for output in range(outputs)) for tap in range(taps)
    ]
    first, last = 0, taps
    while first < taps - 1 and not reached[first] and before >= dilation:
        first, before = first + 1, before - dilation
    while last > first + 1 and not reached[last - 1]:
        last -= 1
    after = (outputs - 1) * stride + (last - first - 1) * dilation + 1 - before - size
    return first, last, before, max(after, 0)


def _replace_weights(network: Network, operator: Operator, weights: Tensor) -> None:
    """Give an operator weights of its own."""
    name = weights.name
    if len(network.consumers(name)) > 1:
        name = unused_name(network, f"{operator.name}/{name}")
    operator.inputs[1] = name
    network.tensors[name] = replace(weights, name=name)
