# SPDX-License-Identifier: Apache-2.0
"""Whether an operator's products and requantization fit the microkernels, and the constants with which they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.rows import ACCUMULATOR_LIMIT, SCALE
from tvm_stm32.kernels.microkernels.winograd import SCALES, transformed_weights
from tvm_stm32.model.network import Arithmetic, Network, Operator
from tvm_stm32.quantize.requantize import onnx_channels
from tvm_stm32.quantize.rule import accumulator_rule
from tvm_stm32.quantize.thresholds import Constant as StepConstant
from tvm_stm32.quantize.thresholds import FixedPoint, NarrowLayer, Steps, narrow_layer


@dataclass(frozen=True, slots=True)
class NarrowRule:
    """`biases` have the input's zero point folded in; `layer` requantizes the accumulators."""

    input_zero_point: int
    biases: tuple[int, ...]
    layer: NarrowLayer


def lane_rule(network: Network, operator: Operator, weights: npt.NDArray[np.int8]) -> NarrowRule | None:
    """The rule for the rows microkernel, which keeps two channels in a lane and 256 times the sum of products.

    None when `narrow_rule` has none, or accumulators or weights do not fit the lanes.
    """
    limit = ACCUMULATOR_LIMIT
    if weights.size and weights.min() < -127:
        return None
    return narrow_rule(network, operator, weights, lambda _, reach: [SCALE] if max(-reach[0], reach[1]) < limit else [])


def plane_rule(network: Network, operator: Operator, weights: npt.NDArray[np.int8]) -> NarrowRule | None:
    """The rule for the depthwise microkernel, which scales each channel's weights up within 16 bits."""

    def scales(row: npt.NDArray[np.int64], reach: tuple[int, int]) -> list[int]:
        largest, sums = int(np.abs(row).max()), max(-reach[0], reach[1])
        return [1 << j for j in range(8, -1, -1) if largest << j < 1 << 15 and sums << j < 1 << 31]

    return narrow_rule(network, operator, weights, scales)


def winograd_rule(network: Network, operator: Operator, weights: npt.NDArray[np.int8], tile: int) -> NarrowRule | None:
    """The rule for the Winograd microkernels, whose tiles are scaled, and whose weights OHWI fit 16 bits scaled too."""

    def scales(row: npt.NDArray[np.int64], reach: tuple[int, int]) -> list[int]:
        u = transformed_weights(row.reshape(3, 3, -1), tile)
        sums = max(-reach[0], reach[1]) * SCALES[tile]
        fitting = [j for j in range(8) if u.max() << j < 1 << 15 and u.min() << j >= -(1 << 15) and sums << j < 1 << 31]
        return [SCALES[tile] << j for j in reversed(fitting)]

    return narrow_rule(network, operator, weights.reshape(len(weights), -1), scales)


def narrow_rule(
    network: Network,
    operator: Operator,
    weights: npt.NDArray[np.int8],
    scales: Callable[[npt.NDArray[np.int64], tuple[int, int]], list[int]],
) -> NarrowRule | None:
    """The rule of an int8 operator with inputs (x, weights[, bias]) and weights (outputs, products per output).

    Args:
        network: the operator's network.
        operator: the operator.
        weights: the weights.
        scales: from a channel's weights and reach to the factors its accumulators may be scaled by, best first.

    Returns:
        None when the arithmetic is float, a clamp binds within the output's range, or no proof was found.
    """
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
        assert data is not None
        bias = data.reshape(-1).astype(np.int64)
    biases = bias - x.quantization.zero_point * wide.sum(axis=1)
    positive, negative = np.maximum(wide, 0).sum(axis=1), np.minimum(wide, 0).sum(axis=1)
    least = biases + positive * -128 + negative * 127
    greatest = biases + positive * 127 + negative * -128
    steps, clamp = _steps(network, operator, weights, bias)
    if min(step.exponent for step in steps) < 0:
        return None
    # the bias alone is where the sum starts, and between the two for any weights that are not all of one sign
    reach = [(int(min(low, b)), int(max(high, b))) for low, high, b in zip(least, greatest, biases, strict=True)]
    zero_point = y.quantization.zero_point
    if any(_clamp_binds(step, zero_point, clamp, bounds) for step, bounds in zip(steps, reach, strict=True)):
        return None
    for channel in np.flatnonzero(~wide.any(axis=1)):  # no weights: the bias, often a huge one, is all there is
        steps[channel] = StepConstant(_rounded(steps[channel], int(biases[channel]), zero_point))
        biases[channel], reach[channel] = 0, (0, 0)
    choices = [scales(row, bounds) for row, bounds in zip(wide, reach, strict=True)]
    layer = narrow_layer(steps, zero_point, choices, reach)
    if layer is None:
        return None
    return NarrowRule(x.quantization.zero_point, tuple(int(b) for b in biases), layer)


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
    if rule.multiplier == 0:
        return not low <= zero_point <= high
    below = low > -128 and rule.threshold(low - zero_point) > reach[0]
    above = high < 127 and rule.threshold(high + 1 - zero_point) <= reach[1]
    return below or above


def _rounded(rule: Steps, v: int, zero_point: int) -> int:
    """What `rule` rounds `v` to, saturated to int8 less the zero point."""
    steps = range(-127 - zero_point, 128 - zero_point)
    if rule.multiplier == 0:
        return 0
    return max((step for step in steps if rule.threshold(step) <= v), default=-128 - zero_point)
