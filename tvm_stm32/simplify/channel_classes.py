# SPDX-License-Identifier: Apache-2.0
"""Channels that stay or go together, and those that have to stay.

Operators that work channel by channel tie a channel of their output to one of each operand: a depthwise convolution, an
addition, a pool, a flattening. All channels that are tied, over the whole network, are one class. Only convolutions and
fully connected layers can do without a channel: without one that they write, always; without one that they read, where
its weights are all zero or where its value is constant and can move into the bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import (
    Add,
    Arithmetic,
    Clamp,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Mul,
    Network,
    Nonlinear,
    Operator,
    Pad,
    Pool2D,
    Quantize,
    Reshape,
    Summation,
    Tensor,
)
from tvm_stm32.simplify.products import Products, products_of
from tvm_stm32.simplify.value_range import ValueRange, channels_of

Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tie:
    """Channel ``source_channels[i]`` of tensor `source` is tied to ``target_channels[i]`` of `target`."""

    source: str
    source_channels: Indices
    target: str
    target_channels: Indices


def is_dense(operator: Operator) -> bool:
    """Whether every output reads every channel: what can do without one."""
    attributes = operator.attributes
    return isinstance(attributes, FullyConnected) or (isinstance(attributes, Conv2D) and attributes.groups == 1)


def unneeded_channels(network: Network, ranges: dict[str, ValueRange]) -> dict[str, Indices]:
    """The classes of channels that no output of `network` depends on.

    Returns:
        Per int8 activation the class of each channel, a number, or -1 for one that has to stay.
    """
    labels = _labels(network)
    pinned = _pinned(network, ranges, {name: len(values) for name, values in labels.items()})
    stay = np.unique(np.concatenate([labels[name][mask] for name, mask in pinned.items()] or [np.zeros(0, np.intp)]))
    return {name: np.where(np.isin(values, stay), -1, values) for name, values in labels.items()}


def _labels(network: Network) -> dict[str, Indices]:
    """One number per class: the least of its channels, counted through all tensors."""
    labels: dict[str, Indices] = {}
    first = 0
    for name, tensor in network.tensors.items():
        if is_activation(tensor):
            labels[name] = np.arange(first, first + channels_of(tensor))
            first += channels_of(tensor)
    ties = [tie for operator in network.operators for tie in ties_of(network, operator) or []]
    changed = True
    while changed:
        changed = False
        for tie in ties:
            source, target = labels[tie.source], labels[tie.target]
            least = np.minimum(source[tie.source_channels], target[tie.target_channels])
            before = source.sum() + target.sum()
            np.minimum.at(source, tie.source_channels, least)
            np.minimum.at(target, tie.target_channels, least)
            changed |= bool(source.sum() + target.sum() < before)
    return labels


def _pinned(network: Network, ranges: dict[str, ValueRange], channels: dict[str, int]) -> dict[str, Mask]:
    """The channels that some operator, or the application, cannot do without."""
    pinned = {name: np.zeros(count, bool) for name, count in channels.items()}
    whole = {*network.inputs, *network.outputs}
    for operator in network.operators:
        products = products_of(network, operator) if is_dense(operator) else None
        x = operator.inputs[0]
        if products is not None and x in pinned:
            pinned[x] |= ~_dispensable(operator, products, ranges[x])
        elif ties_of(network, operator) is None:
            whole.update((*operator.inputs, *operator.outputs))
    for name in whole & pinned.keys():
        pinned[name][:] = True
    return pinned


def _dispensable(operator: Operator, products: Products, x: ValueRange) -> Mask:
    """The channels of x that a dense operator needs not read."""
    unread: Mask = np.asarray(~products.weights.any(axis=(0, 1)))
    at_zero = x.low == products.zero_point
    # In padding the channel is at its zero point, so that no one bias stands for another value. The bias of an ONNX
    # layer may count in a unit of its own, in which the products cannot be expressed exactly.
    moves: Mask = x.constant
    if products.padded or operator.arithmetic is Arithmetic.ONNX:
        moves = np.asarray(moves & at_zero)
    return np.asarray(unread | moves)


def ties_of(network: Network, operator: Operator) -> list[Tie] | None:
    """How an operator ties the channels of its operands to its output's; None where it needs them all as they are."""
    attributes = operator.attributes
    operands = [tensor for tensor in network.input_tensors(operator) if is_activation(tensor)]
    y = network.output_tensors(operator)[0]
    if is_dense(operator) and products_of(network, operator) is not None:
        return []
    if not operands or not all(map(is_activation, (operands[0], y))):
        return None
    x = operands[0]
    if isinstance(attributes, DepthwiseConv2D):
        outputs = np.arange(channels_of(y))
        known = products_of(network, operator) is not None
        return [Tie(x.name, outputs // attributes.multiplier, y.name, outputs)] if known else None
    if isinstance(attributes, Reshape):
        return _regrouped(x, y)
    if isinstance(attributes, Concat):
        return _joined(network, operator, attributes.axis)
    if isinstance(attributes, Add | Mul):
        counts = {channels_of(t) for t in operands}
        constants = {channels_of(t) for t in network.input_tensors(operator) if t.data is not None}
        by_channel = counts == {channels_of(y)} and constants <= {1, channels_of(y)}
        return [_alike(t, y) for t in operands] if by_channel else None
    if isinstance(attributes, Pool2D | Mean) and attributes.summation is Summation.EIGHT_LANES:
        return None  # the order of additions depends on a channel's place
    kept = isinstance(attributes, Pool2D | Clamp | Nonlinear | Quantize)
    kept |= isinstance(attributes, Pad) and attributes.widths[-1] == (0, 0)
    kept |= isinstance(attributes, Mean) and len(x.shape) - 1 not in attributes.axes
    return [_alike(x, y)] if kept else None


def _alike(x: Tensor, y: Tensor) -> Tie:
    return Tie(x.name, np.arange(channels_of(y)), y.name, np.arange(channels_of(y)))


def _regrouped(x: Tensor, y: Tensor) -> list[Tie] | None:
    """A reshape that joins pixels into one axis, or splits them again: the elements stay in their order."""
    few, many = sorted((channels_of(x), channels_of(y)))
    if not few or many % few:
        return None
    place = np.arange(many)
    return [Tie(x.name, place % channels_of(x), y.name, place % channels_of(y))]


def _joined(network: Network, operator: Operator, axis: int) -> list[Tie] | None:
    inputs, y = network.input_tensors(operator), network.output_tensors(operator)[0]
    if not all(map(is_activation, inputs)):
        return None
    if axis != len(y.shape) - 1:
        return [_alike(x, y) for x in inputs]
    starts = np.cumsum([0, *(channels_of(x) for x in inputs)])
    return [
        Tie(x.name, np.arange(channels_of(x)), y.name, start + np.arange(channels_of(x)))
        for x, start in zip(inputs, starts[:-1], strict=True)
    ]


def is_activation(tensor: Tensor) -> bool:
    """Whether the tensor's channels are counted: an int8 value that is computed."""
    return tensor.dtype == "int8" and tensor.data is None
