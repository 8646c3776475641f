# SPDX-License-Identifier: Apache-2.0
"""Whether an operator's products and requantization fit the microkernels, and the constants with which they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.rows import ACCUMULATOR_LIMIT, SCALE
from tvm_stm32.model.network import Arithmetic, Network, Operator
from tvm_stm32.quantize.rule import accumulator_rule
from tvm_stm32.quantize.thresholds import FixedPoint, NarrowLayer, narrow_layer


@dataclass(frozen=True, slots=True)
class NarrowRule:
    """`biases` have the input's zero point folded in; `layer` requantizes accumulators times `SCALE`."""

    input_zero_point: int
    biases: tuple[int, ...]
    layer: NarrowLayer


def narrow_rule(network: Network, operator: Operator, weights: npt.NDArray[np.int8]) -> NarrowRule | None:
    """The rule of an int8 operator with inputs (x, weights[, bias]) and weights (outputs, products per output).

    None when the arithmetic is another, an accumulator may need more than 24 bits, a clamp binds within the output's
    range, or no proof was found.
    """
    if operator.arithmetic is not Arithmetic.TFLITE:
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
    if max(np.abs(least).max(), np.abs(greatest).max(), np.abs(biases).max()) >= ACCUMULATOR_LIMIT or wide.min() < -127:
        return None
    rule = accumulator_rule(network, operator, weights, bias)
    sign = -1 if rule.helper == "tvm_ai_requantize" else 1
    exponents = [sign * shift for shift in rule.shifts]
    if min(exponents) < 0:
        return None
    fixed = [FixedPoint(m, e) for m, e in zip(rule.multipliers, exponents, strict=True)] * (
        len(wide) if len(rule.shifts) == 1 else 1
    )
    zero_point = y.quantization.zero_point
    reach = [(int(low), int(high)) for low, high in zip(least, greatest, strict=True)]
    if _clamp_binds(fixed, zero_point, (rule.low, rule.high), reach):
        return None
    layer = narrow_layer(fixed, zero_point, SCALE, reach)
    if layer is None:
        return None
    return NarrowRule(x.quantization.zero_point, tuple(int(b) for b in biases), layer)


def _clamp_binds(
    rules: list[FixedPoint], zero_point: int, clamp: tuple[int, int], reach: list[tuple[int, int]]
) -> bool:
    """Whether the activation's clamp changes any output that saturation to int8 leaves."""

    def output(rule: FixedPoint, v: int) -> int:
        high = (v * rule.multiplier + (1 << 30)) >> 31
        if rule.exponent:
            high = (high + (1 << (rule.exponent - 1)) - (high < 0)) >> rule.exponent
        return min(max(high + zero_point, -128), 127)

    return any(
        output(rule, low) < clamp[0] or output(rule, high) > clamp[1]
        for rule, (low, high) in zip(rules, reach, strict=True)
    )
