# SPDX-License-Identifier: Apache-2.0
"""Whether an operator's products and requantization fit the microkernels, and the constants with which they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.requantization import LANE_BITS, Requantization
from tvm_stm32.kernels.microkernels.winograd import SCALES, transformed_weights
from tvm_stm32.model.network import Arithmetic, Network, Operator
from tvm_stm32.quantize.requantize import onnx_channels
from tvm_stm32.quantize.rule import accumulator_rule
from tvm_stm32.quantize.split import split_layer
from tvm_stm32.quantize.thresholds import Constant as StepConstant
from tvm_stm32.quantize.thresholds import Delayed, FixedPoint, NarrowLayer, Steps, general_layer, narrow_layer
from tvm_stm32.simplify.products import products_of
from tvm_stm32.simplify.value_range import ValueRange

#: the values of each channel of the network's tensors, where they are known
Ranges = Mapping[str, ValueRange]

#: where the sum of the upper channel of a lane must stay below
LANE_LIMIT = 1 << 31 - LANE_BITS
#: how many offsets of a channel's accumulators are tried
_OFFSETS = 256


@dataclass(frozen=True, slots=True)
class NarrowRule:
    """`biases` have the input's zero point folded in; `layer` requantizes the accumulators.

    lanes: whether weights and sums of two channels fit one lane; bits: log2 of the factor by which accumulators are
    larger than the sum of products; clamp: least and greatest output where saturation to int8 does not do.
    """

    input_zero_point: int
    biases: tuple[int, ...]
    layer: NarrowLayer
    lanes: bool = True
    bits: int = LANE_BITS
    clamp: tuple[int, int] | None = None

    @property
    def requantization(self) -> Requantization:
        """How the microkernels do it."""
        return Requantization(self.layer.shift, self.layer.signed, self.lanes, self.bits, self.clamp)

    def of(self, channels: slice) -> NarrowRule:
        """The rule of some of the channels."""
        layer = replace(self.layer, channels=self.layer.channels[channels])
        return replace(self, biases=self.biases[channels], layer=layer)


def lane_rule(
    network: Network, operator: Operator, weights: npt.NDArray[np.int8], ranges: Ranges | None = None
) -> NarrowRule | None:
    """The rule for the microkernels of convolutions and fully connected layers.

    Weights and sums of two channels share a lane where they fit one; else each has its own. There is one shift for all
    channels where that is proven, else each has its own. None where nothing is proven, or for floating point.
    """
    found = _accumulators(network, operator, weights, ranges)
    if found is None:
        return None
    sums = found.delayed(LANE_LIMIT)
    reach = max((max(-low, high) for low, high in sums.reach), default=0)
    lanes = reach < LANE_LIMIT and not (weights.size and weights.min() < -127)
    bits = LANE_BITS if lanes else min(LANE_BITS, 31 - reach.bit_length())
    if bits < 0:
        return None
    scales = [[1 << bits]] * len(weights)
    arguments = sums.steps, sums.zero_point, scales, sums.reach, sums.clamp or (-128, 127)
    layer = narrow_layer(*arguments) or general_layer(*arguments)
    if layer is None:
        return None
    return NarrowRule(sums.input_zero_point, tuple(sums.biases), layer, lanes, bits, sums.clamp)


def split_rule(
    network: Network, operator: Operator, weights: npt.NDArray[np.int8], ranges: Ranges | None = None
) -> tuple[NarrowRule, int] | None:
    """The rule for cores without long multiplication, and how many bits the lower parts of multipliers have."""
    found = _accumulators(network, operator, weights, ranges)
    if found is None:
        return None
    split = split_layer(found.steps, found.zero_point, found.reach, found.clamp or (-128, 127))
    if split is None:
        return None
    rule = NarrowRule(found.input_zero_point, tuple(found.biases), split.layer, False, 0, found.clamp)
    return rule, split.places


def plane_rule(
    network: Network, operator: Operator, weights: npt.NDArray[np.int8], ranges: Ranges | None = None
) -> NarrowRule | None:
    """The rule for the depthwise microkernels, which scale each channel's weights up within 16 bits.

    One shift for all channels, or one for each, as of `lane_rule`.
    """
    found = _accumulators(network, operator, weights, ranges)
    if found is None:
        return None
    choices = []
    for bounds in found.reach:
        sums = max(-bounds[0], bounds[1])
        choices.append([1 << j for j in range(8, -1, -1) if sums << j < 1 << 31])
    arguments = found.steps, found.zero_point, choices, found.reach, found.clamp or (-128, 127)
    layer = narrow_layer(*arguments) or general_layer(*arguments)
    if layer is None:
        return None
    return NarrowRule(found.input_zero_point, tuple(found.biases), layer, clamp=found.clamp)


def winograd_rule(network: Network, operator: Operator, weights: npt.NDArray[np.int8], tile: int) -> NarrowRule | None:
    """The rule for the Winograd microkernels, whose tiles are scaled, and whose weights OHWI fit 16 bits scaled too.

    None also where a clamp binds within the output's range.
    """
    found = _accumulators(network, operator, weights.reshape(len(weights), -1), None)
    if found is None or found.clamp is not None:
        return None
    choices = []
    for row, bounds in zip(weights.astype(np.int64), found.reach, strict=True):
        u = transformed_weights(row, tile)
        sums = max(-bounds[0], bounds[1]) * SCALES[tile]
        fitting = [j for j in range(8) if u.max() << j < 1 << 15 and u.min() << j >= -(1 << 15) and sums << j < 1 << 31]
        choices.append([SCALES[tile] << j for j in reversed(fitting)])
    layer = narrow_layer(found.steps, found.zero_point, choices, found.reach)
    return NarrowRule(found.input_zero_point, tuple(found.biases), layer) if layer else None


@dataclass(frozen=True, slots=True)
class _Accumulators:
    """Of each channel: the rounding rule, the bias, the least and the greatest sum; and the output's quantization."""

    input_zero_point: int
    zero_point: int
    clamp: tuple[int, int] | None
    steps: Sequence[Steps]
    biases: Sequence[int]
    reach: Sequence[tuple[int, int]]

    def delayed(self, limit: int) -> _Accumulators:
        """The same with sums below `limit` where that is possible: part of a large bias waits for the last addition."""
        offsets = [_offset(step, *bounds, limit) for step, bounds in zip(self.steps, self.reach, strict=True)]
        steps = [Delayed(step, by) if by else step for step, by in zip(self.steps, offsets, strict=True)]
        biases = [bias - by for bias, by in zip(self.biases, offsets, strict=True)]
        reach = [(low - by, high - by) for (low, high), by in zip(self.reach, offsets, strict=True)]
        return replace(self, steps=steps, biases=biases, reach=reach)


def _offset(step: Steps, low: int, high: int, limit: int) -> int:
    """What to subtract from sums so that they stay below `limit`: times the multiplier nearly a whole number."""
    if max(-low, high) < limit or high - low + _OFFSETS >= 2 * limit - 2:
        return 0
    middle = (low + high) // 2
    candidates = range(middle - _OFFSETS // 2, middle + _OFFSETS // 2)
    return min(candidates, key=lambda offset: offset * step.multiplier % (1 << 24))


def _accumulators(
    network: Network, operator: Operator, weights: npt.NDArray[np.int8], ranges: Ranges | None
) -> _Accumulators | None:
    """Of an int8 operator with inputs (x, weights[, bias]) and weights (outputs, products per output)."""
    if operator.arithmetic is Arithmetic.FLOAT:
        return None
    x = network.input_tensors(operator)[0]
    y = network.output_tensors(operator)[0]
    if x.dtype != "int8" or y.dtype != "int8" or x.quantization is None or y.quantization is None:
        return None
    wide = weights.astype(np.int64)
    bias = np.zeros(len(wide), np.int64)
    if len(operator.inputs) > 2:
        data = network.tensors[operator.inputs[2]].data
        if data is None:
            return None
        bias = data.reshape(-1).astype(np.int64)
    zero_point = y.quantization.zero_point
    least, most = _reach(network, operator, wide, ranges)
    biases = bias - x.quantization.zero_point * wide.sum(axis=1)
    reach = [(int(low), int(high)) for low, high in zip(biases + least, biases + most, strict=True)]
    steps, clamp = _steps(network, operator, weights, bias)
    for channel in np.flatnonzero(~wide.any(axis=1)):  # no weights: the bias, often a huge one, is all there is
        steps[channel] = StepConstant(_rounded(steps[channel], int(biases[channel]), zero_point))
        biases[channel], reach[channel] = 0, (0, 0)
    if any(
        max(-low, high) << max(-step.exponent, 0) >= 1 << 31 for step, (low, high) in zip(steps, reach, strict=True)
    ):
        return None
    binds = any(_clamp_binds(step, zero_point, clamp, bounds) for step, bounds in zip(steps, reach, strict=True))
    return _Accumulators(
        x.quantization.zero_point, zero_point, clamp if binds else None, steps, [int(b) for b in biases], reach
    )


def _reach(
    network: Network, operator: Operator, weights: npt.NDArray[np.int64], ranges: Ranges | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The least and the greatest sum of products of each channel, the input's zero point not subtracted."""
    products = products_of(network, operator) if ranges else None
    known = (ranges or {}).get(operator.inputs[0])
    if products is None or known is None:
        positive, negative = np.maximum(weights, 0).sum(axis=1), np.minimum(weights, 0).sum(axis=1)
        return positive * -128 + negative * 127, positive * 127 + negative * -128
    values = known.widened(products.zero_point) if products.padded else known
    ends = [products.weights * bound[products.sources][:, None, :] for bound in (values.low, values.high)]
    return np.minimum(*ends).sum(axis=(1, 2)), np.maximum(*ends).sum(axis=(1, 2))


def _steps(
    network: Network, operator: Operator, weights: npt.NDArray[np.int8], bias: npt.NDArray[np.int64]
) -> tuple[list[Steps], tuple[int, int]]:
    """Each channel's rounding rule, and the activation's clamp in quantized values."""
    rule = accumulator_rule(network, operator, weights, bias)
    if operator.arithmetic is Arithmetic.ONNX:
        return list(onnx_channels(network, operator, weights, bias)), (rule.low, rule.high)
    sign = -1 if rule.helper == "tvm_ai_requantize" else 1
    fixed = [FixedPoint(m, sign * shift) for m, shift in zip(rule.multipliers, rule.shifts, strict=True)]
    return list(fixed * (len(weights) // len(fixed))), (rule.low, rule.high)


def _clamp_binds(rule: Steps, zero_point: int, clamp: tuple[int, int], reach: tuple[int, int]) -> bool:
    """Whether the activation's clamp changes any output that saturation to int8 leaves."""
    low, high = clamp
    below = low > -128 and rule.threshold(low - zero_point) > reach[0]
    above = high < 127 and rule.threshold(high + 1 - zero_point) <= reach[1]
    return below or above


def _rounded(rule: Steps, v: int, zero_point: int) -> int:
    """What `rule` rounds `v` to, saturated to int8 less the zero point."""
    steps = range(-127 - zero_point, 128 - zero_point)
    return max((step for step in steps if rule.threshold(step) <= v), default=-128 - zero_point)
