# SPDX-License-Identifier: Apache-2.0
"""Channels that no output depends on are not computed any more.

A constant channel moves into the biases of what reads it; a channel that nobody reads just goes; both may leave other
channels unread, so that this is repeated until nothing changes. Every output keeps its bytes: sums stay what they were,
term by term, and so does their rounding.

No bias leaves 32 bits: a constant less its zero point is at most 255, so that no bias grows by more than 255 times the
weights which go, and the bound on the accumulators by which `products_of` admits a layer includes just that.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import Add, DepthwiseConv2D, Mul, Network, Operator, Quantization, Tensor
from tvm_stm32.simplify.channel_classes import Indices, Mask, is_dense, unneeded_channels
from tvm_stm32.simplify.products import WEIGHTED, Products, products_of
from tvm_stm32.simplify.ranges import value_ranges
from tvm_stm32.simplify.rewire import unused_name
from tvm_stm32.simplify.value_range import Integers, ValueRange, channels_of

#: kernels are at their best when channels fill words
ROUND = 4


def prune_channels(network: Network) -> None:
    """Remove the channels of `network` that no output depends on, and say in its notes what went."""
    before = _work(network)
    last = None
    while (now := _live_weights(network)) != last:
        last = now
        ranges = value_ranges(network)
        unneeded = unneeded_channels(network, ranges)
        if not any((labels >= 0).any() for labels in unneeded.values()):
            break
        _Rewrite(network, ranges, unneeded).apply()
    after = _work(network)
    if after != before:
        network.notes.append(
            f"channels that no output depends on are left out: {before[0]:,} multiply-accumulates become {after[0]:,},"
            f" {before[1]:,} weights {after[1]:,} (--keep-channels keeps them)"
        )


def _weighted(network: Network) -> list[tuple[Operator, Tensor]]:
    return [(o, network.tensors[o.inputs[1]]) for o in network.operators if isinstance(o.attributes, WEIGHTED)]


def _work(network: Network) -> tuple[int, int]:
    """Multiply-accumulates, and elements of weights."""
    macs = weights = 0
    for operator, tensor in _weighted(network):
        y = network.output_tensors(operator)[0]
        macs += y.elements // max(1, channels_of(y)) * tensor.elements
        weights += tensor.elements
    return macs, weights


def _live_weights(network: Network) -> tuple[int, int]:
    """What only falls while channels go: elements of weights, and how many are not zero."""
    arrays = [tensor.data for _, tensor in _weighted(network) if tensor.data is not None]
    return sum(a.size for a in arrays), sum(int(np.count_nonzero(a)) for a in arrays)


def _to_remove(unneeded: dict[str, Indices]) -> set[int]:
    """The classes that go: all unneeded ones but those that fill a tensor's last word, or are its only channel."""
    removed = {int(label) for labels in unneeded.values() for label in labels if label >= 0}
    for labels in sorted(unneeded.values(), key=len):
        counts = {label: int((labels == label).sum()) for label in sorted(removed.intersection(labels.tolist()))}
        left = len(labels) - sum(counts.values())
        filled, spared = left, []
        for label in counts:
            if filled and filled % ROUND == 0:
                break
            filled += counts[label]
            spared.append(label)
        if filled % ROUND:
            spared = [] if left else spared[:1]
        removed.difference_update(spared)
    return removed


class _Rewrite:
    """One round: constants move, weights of unneeded channels become zero, and all but a few of those are cut out."""

    def __init__(self, network: Network, ranges: dict[str, ValueRange], unneeded: dict[str, Indices]) -> None:
        self.network = network
        self.ranges = ranges
        removed = _to_remove(unneeded)
        self.dead: dict[str, Mask] = {name: labels >= 0 for name, labels in unneeded.items()}
        self.keep: dict[str, Mask] = {
            name: ~np.isin(labels, np.array(sorted(removed), np.intp)) for name, labels in unneeded.items()
        }

    def apply(self) -> None:
        """Rewrite constants, then shapes."""
        for operator in self.network.operators:
            products = products_of(self.network, operator)
            if products is not None and (is_dense(operator) or isinstance(operator.attributes, DepthwiseConv2D)):
                self._rewrite_products(operator, products)
            elif isinstance(operator.attributes, Add | Mul):
                self._slice_constants(operator)
        for name, keep in self.keep.items():
            tensor = self.network.tensors[name]
            if not keep.all():
                self.network.tensors[name] = replace(tensor, shape=(*tensor.shape[:-1], int(keep.sum())))

    def _rewrite_products(self, operator: Operator, products: Products) -> None:
        weights, bias = products.weights.copy(), products.bias.copy()
        x, y = operator.inputs[0], operator.outputs[0]
        if is_dense(operator) and x in self.dead:
            dead, value = self.dead[x], self.ranges[x]
            # A channel that is not constant is dead because its weights are zero.
            moved = np.where(dead & value.constant, value.low - products.zero_point, 0)
            bias += (weights.sum(axis=1) * moved).sum(axis=1)
            weights[:, :, dead] = 0
            weights = weights[:, :, self.keep[x]]
        weights[self.dead[y]], bias[self.dead[y]] = 0, 0
        weights, bias = weights[self.keep[y]], bias[self.keep[y]]
        self._store(operator, 1, _as_stored(self.network, operator, weights), self.keep[y])
        if len(operator.inputs) > 2:
            self._store(operator, 2, bias, self.keep[y])
        elif bias.any():
            name, data = unused_name(self.network, f"{operator.name}/bias"), bias.astype(np.int32)
            self.network.tensors[name] = Tensor(name, data.shape, "int32", None, data)
            operator.inputs.append(name)

    def _slice_constants(self, operator: Operator) -> None:
        """Constant operands by channel."""
        keep = self.keep.get(operator.outputs[0])
        for index, tensor in enumerate(self.network.input_tensors(operator)):
            if keep is not None and tensor.data is not None and channels_of(tensor) == len(keep):
                self._store(operator, index, tensor.data[..., keep].astype(np.int64), None)

    def _store(self, operator: Operator, index: int, values: Integers, keep: Mask | None) -> None:
        """Give an operator a constant of its own; `keep` selects from scales by channel."""
        tensor = self.network.tensors[operator.inputs[index]]
        assert tensor.data is not None
        data: npt.NDArray[np.generic] = np.ascontiguousarray(values.astype(tensor.data.dtype))
        if data.shape == tensor.data.shape and np.array_equal(data, tensor.data):
            return
        shared = len(self.network.consumers(tensor.name)) > 1
        name = unused_name(self.network, f"{operator.name}/{tensor.name}") if shared else tensor.name
        quantization = tensor.quantization
        if quantization is not None and keep is not None and len(quantization.scales) == len(keep) > 1:
            pairs = zip(quantization.scales, quantization.zero_points, keep, strict=True)
            kept = [(scale, zero_point) for scale, zero_point, stays in pairs if stays]
            quantization = Quantization(
                tuple(scale for scale, _ in kept), tuple(zero_point for _, zero_point in kept), quantization.axis
            )
        operator.inputs[index] = name
        self.network.tensors[name] = Tensor(name, data.shape, tensor.dtype, quantization, data)


def _as_stored(network: Network, operator: Operator, weights: Integers) -> Integers:
    """Weights (outputs, taps, inputs) in the layout of the operator's class."""
    shape = network.tensors[operator.inputs[1]].shape
    if isinstance(operator.attributes, DepthwiseConv2D):
        return weights[:, :, 0].T.reshape(*shape[:3], len(weights))
    if len(shape) == 4:
        return weights.reshape(len(weights), shape[1], shape[2], -1)
    return weights.reshape(len(weights), -1)
